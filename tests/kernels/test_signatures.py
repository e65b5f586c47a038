"""Signatures, shingle hashes and passage keys against datasketch and the plain reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import reference
from corpora import TEXTS, words
from hypothesis import given
from hypothesis import strategies as st

from dedup import kernels

SIZES = st.sampled_from([1, 16, 63, 64, 65, 128, 200])
SENTENCES = st.lists(st.sampled_from([*words(12), "Ñandú", "Zürich", "東京", "x" * 40, "7"]), max_size=60).map(" ".join)


@given(st.one_of(TEXTS, SENTENCES), st.integers(1, 8), SIZES)
def test_a_signature_is_datasketchs(text: str, shingle: int, num_perm: int) -> None:
    signature = kernels.signatures([text], num_perm=num_perm, shingle=shingle)
    assert signature.dtype == np.uint32
    assert signature.tobytes() == reference.signature(text, num_perm, shingle).tobytes()


@given(SENTENCES)
def test_the_formula_written_out_agrees_too(text: str) -> None:
    assert kernels.signatures([text]).tobytes() == reference.signature_by_formula(text).tobytes()


def test_many_permutations_and_long_shingles() -> None:
    text = " ".join(words(300))
    assert (kernels.signatures([text], num_perm=1000, shingle=64)[0] == reference.signature(text, 1000, 64)).all()


@given(st.lists(SENTENCES, max_size=8), st.integers(1, 8))
def test_shingle_hashes_are_the_references_in_text_order(texts: list[str], shingle: int) -> None:
    values, ends = kernels.shingle_hashes(texts, shingle)
    expected = [reference.shingle_hashes(text, shingle) for text in texts]
    assert values.tolist() == [value for hashes in expected for value in hashes]
    assert ends.tolist() == np.cumsum([len(hashes) for hashes in expected], dtype=int).tolist()


@given(st.lists(SENTENCES, max_size=8), SIZES)
def test_permuting_shingle_hashes_gives_the_signatures(texts: list[str], num_perm: int) -> None:
    permuted = kernels.permute_hashes(*kernels.shingle_hashes(texts), num_perm=num_perm)
    assert permuted.shape == (len(texts), num_perm)
    assert permuted.tobytes() == kernels.signatures(texts, num_perm=num_perm).tobytes()


@pytest.mark.parametrize("ends", [[3], [2, 1], [0, 2, 1]])
def test_ends_that_cannot_be_are_refused(ends: list[int]) -> None:
    with pytest.raises(IndexError, match="ends"):
        kernels.permute_hashes(np.arange(2, dtype=np.uint64), np.array(ends, np.uint64))


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6])
def test_shingles_begin_at_five_words(count: int) -> None:
    """Fault 29: texts of 4, 5 and 6 tokens have 0, 1 and 2 shingles; without any, a signature is all ones."""
    text = " ".join(words(count))
    values, _ = kernels.shingle_hashes([text])
    assert len(values) == max(0, count - 4)
    assert (kernels.signatures([text]) == 0xFFFFFFFF).all() == (count < 5)


@given(st.one_of(TEXTS, SENTENCES), st.integers(1, 6), st.integers(1, 20))
def test_passage_keys_are_the_window_minima(text: str, shingle: int, window: int) -> None:
    keys = kernels.passage_keys(text, shingle=shingle, window=window)
    assert keys.dtype == np.uint64
    assert keys.tolist() == reference.passage_keys(text, window, shingle)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(16, 30))
def test_a_common_run_of_16_words_gives_a_common_key(a: int, b: int, behind_a: int, behind_b: int, run: int) -> None:
    shared = words(run)
    first = [*words(a, 1000), *shared, *words(behind_a, 2000)]
    second = [*words(b, 3000), *shared, *words(behind_b, 4000)]
    assert set(kernels.passage_keys(" ".join(first)).tolist()) & set(kernels.passage_keys(" ".join(second)).tolist())


@given(st.lists(st.sampled_from(words(3)), min_size=16, max_size=60), st.data())
def test_a_common_run_of_repeated_words_gives_a_common_key(text: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 16))
    piece = kernels.passage_keys(" ".join(text[start : start + 16]))
    assert len(piece) == 1
    assert piece[0] in kernels.passage_keys(" ".join(text))


@pytest.mark.parametrize(("option", "value"), [("shingle", 0), ("shingle", 65), ("num_perm", 0), ("num_perm", 65537)])
def test_options_out_of_range_are_refused(option: str, value: int) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises(ValueError, match=option):
        kernels.signatures(["text"], **options)
    with pytest.raises(ValueError, match=option):
        kernels.Corpus(**options)


@pytest.mark.parametrize("options", [{"shingle": -1}, {"num_perm": 1.5}, {"threads": -1}, {"permutations": 128}])
def test_options_of_the_wrong_kind_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        kernels.signatures(["text"], **options)
