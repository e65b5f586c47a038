"""The native core: takes texts, gives sketches, candidate pairs and exact comparisons, knows nothing of stories.

Guarantees: the same bytes out for any number of threads and any processor; the GIL is released while it works; it never
prints and never aborts. ``threads`` is everywhere the most threads used, 0 meaning one a core.
"""

from __future__ import annotations

from dedup.kernels._native import (
    FOLD_VERSION,
    OPENING,
    UNDATED,
    Corpus,
    Names,
    Postings32,
    Postings64,
    SharedKeys,
    Stars,
    Strings,
    band_pairs,
    crowded,
    facts_apart,
    line_counts,
    merged,
    moments,
    passage_keys,
    passage_pairs,
    permute_hashes,
    set_simd_level,
    shingle_hashes,
    signatures,
    simd_level,
    token_counts,
    tokens,
    xxh3_64,
)

__all__ = [
    "FACT_COLUMNS",
    "FOLD_VERSION",
    "OPENING",
    "OVERLAP_COLUMNS",
    "QUOTE_COLUMNS",
    "UNDATED",
    "Corpus",
    "Names",
    "Postings32",
    "Postings64",
    "SharedKeys",
    "Stars",
    "Strings",
    "band_pairs",
    "crowded",
    "facts_apart",
    "line_counts",
    "merged",
    "moments",
    "passage_keys",
    "passage_pairs",
    "permute_hashes",
    "set_simd_level",
    "shingle_hashes",
    "signatures",
    "simd_level",
    "token_counts",
    "tokens",
    "xxh3_64",
]

OVERLAP_COLUMNS = (
    "a", "b", "identical", "shared", "shingles_a", "shingles_b", "tokens_a", "tokens_b", "words_a", "words_b",
    "longest", "prose", "run", "figures_a", "figures_b", "figures_shared",
    "names_a", "names_b", "names_shared_a", "names_shared_b",
    "opening_a", "opening_b",
)  # fmt: skip
"""Columns of the first array of ``Corpus.compare_pairs``; ``Overlap`` in compare.hpp says what each holds."""

QUOTE_COLUMNS = ("a_begin", "a_end", "b_begin", "b_end", "words")
"""Columns of its second array: code points of the two texts, ends excluded, and the words equal on both sides."""

FACT_COLUMNS = ("begin", "end", "role")
"""Columns of both arrays of ``facts_apart``, the figures and names of a that b does not have and those of b that a does not
have: code points of the first place, end excluded, and 1 for a figure, 2 for a name."""
