"""The public signatures: what users pass on to their own datasketch LSH."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import reference
from corpora import changed, fresh_words, ranks_of, words
from datasketch import MinHash, MinHashLSH

from dedup.candidates import Proposal, passage_pairs
from dedup.candidates.ranks import NO_PAIRS
from dedup.settings import Settings
from dedup.sketch import signatures

TEXT = " ".join(words(100))


def test_a_row_a_text() -> None:
    found = signatures([TEXT, "", TEXT + " end"], num_perm=64, shingle=3)
    assert found.dtype == np.uint32
    assert found.shape == (3, 64)
    assert (found[0] == reference.signature(TEXT, 64, 3)).all()


def test_a_text_without_shingles_is_as_an_empty_datasketch_sketch() -> None:
    empty = MinHash(128, seed=1, scheme="affine32")
    assert (signatures(["", "four words are short"]) == np.asarray(empty.hashvalues, np.uint32)).all()


def test_nulls_of_arrow_count_as_empty() -> None:
    assert (signatures(pa.array([TEXT, None])) == signatures([TEXT, ""])).all()


def test_options_are_given_by_name() -> None:
    with pytest.raises(TypeError):
        signatures([TEXT], 64)  # type: ignore[call-arg]


def test_datasketchs_own_lsh_takes_them_unchanged() -> None:
    near = " ".join(changed(TEXT.split(), [50], fresh_words(1000)))
    other = " ".join(words(100, 2000))
    lsh = MinHashLSH(threshold=0.5, num_perm=128)
    rows: Any = signatures([TEXT, near, other])
    sketches = [MinHash(128, seed=1, scheme="affine32", hashvalues=row) for row in rows]
    lsh.insert("text", sketches[0])
    lsh.insert("other", sketches[2])
    assert lsh.query(sketches[1]) == ["text"]


def test_a_corpus_is_sketched_as_the_settings_say() -> None:
    """One shared run of 4 words in 3-shingles, window 2: proposed by a passage key, which the defaults would not have."""
    texts = [" ".join([*words(9, start), *words(4, 500)]) for start in (0, 100)]
    kept = np.ones(2, np.uint8)
    for settings, proposed in ((Settings(), 0), (Settings(shingle=3, passage_window=2), 1)):
        assert len(passage_pairs(ranks_of(texts, settings), settings, kept, Proposal(NO_PAIRS)).pairs) == proposed
