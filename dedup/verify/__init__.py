"""Takes candidate pairs, gives exact comparisons: shared shingles, passages, figures and names in common.

Guarantees: counts are exact, on the sets of 64-bit shingle hashes; *identical* is decided on the tokens themselves; a pair
that reaches none of the floors is left out; (a, b) and (b, a) mirror each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dedup import kernels
from dedup.settings import Settings
from dedup.verify.compared import Compared, concatenate

__all__ = ["Compared", "compare_all", "compare_pairs", "compare_texts", "concatenate"]


def compare_pairs(corpus: kernels.Corpus, pairs: npt.NDArray[np.uint32], settings: Settings, threads: int = 0) -> Compared:
    """Compare ``pairs``, ``(n, 2)`` story numbers, and keep those that may have a relation."""
    floors = (min(settings.threshold, 0.5), settings.containment, settings.passage_words, settings.passage_shingles)
    arrays = corpus.compare_pairs(
        np.ascontiguousarray(pairs, np.uint32), settings.passage_gap, settings.passage_min_words, *floors, threads
    )
    return Compared(*arrays)


def compare_all(
    corpus: kernels.Corpus, pairs: npt.NDArray[np.uint32], settings: Settings, threads: int = 0, *, rewritten: bool = False
) -> Compared:
    """Compare ``pairs`` whatever they have in common: a row for each, in their order.

    With ``rewritten``, the passages are also those that one story took from the other in other words or another order, each
    in place of the verbatim ones in it; the rows stay the same.
    """
    floors = (0.0, 0.0, 0, 0)
    arrays = corpus.compare_pairs(
        np.ascontiguousarray(pairs, np.uint32), settings.passage_gap, settings.passage_min_words, *floors, threads, rewritten
    )
    return Compared(*arrays)


def compare_texts(text_a: str, text_b: str, settings: Settings, *, rewritten: bool = True) -> Compared:
    """Compare two texts whatever they have in common, rewritten passages included; the result always has one row."""
    corpus = kernels.Corpus(settings.shingle, settings.passage_window, settings.num_perm)
    corpus.add([text_a, text_b], 1)
    return compare_all(corpus, np.array([[0, 1]], np.uint32), settings, 1, rewritten=rewritten)
