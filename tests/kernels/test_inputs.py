"""What the core takes for a list of texts: sequences of str and Arrow strings of every layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from corpora import TEXTS
from hypothesis import given
from hypothesis import strategies as st

from dedup import kernels

SAMPLE = [
    "The quick brown fox jumps over the lazy dog near the river bank",
    None,
    "",
    "a b c d e f",
    "a b c d e fg",  # 12 bytes stand in a string view itself,
    "a b c d e f g",  # 13 elsewhere
    "Ülkemizde yağmur yağıyor, hava çok soğuk ve rüzgârlı bugün",
    "東京都は今日も雨が降っている",
    "one two three four five",
]
TEXT_TYPES = [pa.string(), pa.large_string(), pa.string_view()]


def expected(texts: list[str | None]) -> bytes:
    return kernels.signatures([text or "" for text in texts]).tobytes()


@pytest.mark.parametrize("kind", TEXT_TYPES, ids=str)
def test_an_arrow_array_is_read_as_its_texts(kind: pa.DataType) -> None:
    assert kernels.signatures(pa.array(SAMPLE, kind)).tobytes() == expected(SAMPLE)


@pytest.mark.parametrize("kind", TEXT_TYPES, ids=str)
def test_a_slice_begins_and_ends_where_it_should(kind: pa.DataType) -> None:
    array = pa.array(SAMPLE * 3, kind)
    for start in range(len(array)):
        for length in (0, 1, 9, len(array)):
            piece = array.slice(start, length)
            assert kernels.signatures(piece).tobytes() == expected((SAMPLE * 3)[start : start + length])


@pytest.mark.parametrize("kind", TEXT_TYPES, ids=str)
def test_chunks_follow_one_another(kind: pa.DataType) -> None:
    chunked = pa.chunked_array([pa.array(SAMPLE[:3], kind), pa.array([], kind), pa.array(SAMPLE[3:], kind).slice(1)])
    assert kernels.signatures(chunked).tobytes() == expected(SAMPLE[:3] + SAMPLE[4:])
    assert kernels.signatures(pa.chunked_array([], kind)).shape == (0, 128)


@pytest.mark.parametrize("kind", TEXT_TYPES, ids=str)
def test_arrays_of_nothing_and_of_nulls(kind: pa.DataType) -> None:
    assert kernels.signatures(pa.array([], kind)).shape == (0, 128)
    assert kernels.signatures(pa.nulls(3, kind)).tobytes() == expected(["", "", ""])


@given(st.lists(st.none() | TEXTS.map(lambda text: text.encode("utf-8", "replace").decode()), max_size=30))
def test_any_texts_in_any_layout(texts: list[str | None]) -> None:
    for kind in TEXT_TYPES:
        array = pa.array(texts, kind)
        assert kernels.token_counts(array).tolist() == kernels.token_counts([text or "" for text in texts]).tolist()
        assert kernels.signatures(array).tobytes() == expected(texts)


def test_a_scanner_of_batches_is_read_to_its_end() -> None:
    batches = [pa.record_batch({"text": [text or "" for text in SAMPLE]})] * 2
    column = pa.RecordBatchReader.from_batches(batches[0].schema, batches).read_all()["text"]
    assert kernels.signatures(column).tobytes() == expected(SAMPLE * 2)


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (pa.array(["a", "b", "a"]).dictionary_encode(), "dictionary"),
        (pa.chunked_array([pa.array(["a", "b"]).dictionary_encode()]), "dictionary"),
        (pa.array([1, 2]), "l"),
        (pa.array([b"a"]), "z"),
        (pa.array([["a"]]), r"\+l"),
        (pa.table({"text": ["a"]}), r"\+s"),
    ],
)
def test_arrays_of_another_type_are_refused_by_name(array: Any, kind: str) -> None:
    with pytest.raises(ValueError, match=f"Arrow array of type '{kind}' holds no strings; cast it to string"):
        kernels.signatures(array)


def test_bytes_that_are_no_utf8_count_as_separators() -> None:
    """An Arrow producer may not have checked its bytes; each ill-formed one stands for U+FFFD."""
    cut_off = [b"\xc3", b"\xe6\x9d", b"\xf0\x9f\x98", b"x" * 63 + b"\xe2\x80"]
    for raw in [*cut_off, b"a\xffb", b"\xc0\xaf", b"\xf5\x80\x80\x80", b"\x80"]:
        lengths = np.array([0, len(raw)], np.int32)
        array = pa.StringArray.from_buffers(1, pa.py_buffer(lengths.tobytes()), pa.py_buffer(raw))
        decoded = raw.decode("utf-8", "replace")
        assert kernels.token_counts(array).tolist() == kernels.token_counts([decoded]).tolist()


@pytest.mark.parametrize("make", [list, tuple, lambda texts: iter(texts), lambda texts: np.array(texts, object)])
def test_any_iterable_of_str(make: Any) -> None:
    texts = [text or "" for text in SAMPLE]
    assert kernels.signatures(make(texts)).tobytes() == expected(SAMPLE)


def test_no_texts_give_no_rows() -> None:
    assert kernels.signatures([]).shape == (0, 128)
    assert kernels.token_counts([]).shape == (0,)


@pytest.mark.parametrize("wrong", [None, 3, b"bytes", ["nested"], float("nan")])
def test_an_element_that_is_no_str_is_named(wrong: Any) -> None:
    texts: list[Any] = ["a", "b", wrong, "d"]
    for call in (kernels.signatures, kernels.token_counts, kernels.shingle_hashes, kernels.Corpus().add):
        with pytest.raises(TypeError, match=f"text 2: expected str, got {type(wrong).__name__}"):
            call(texts)


def test_a_single_str_is_refused() -> None:
    for call in (kernels.signatures, kernels.token_counts, kernels.shingle_hashes, kernels.Corpus().add):
        with pytest.raises(TypeError, match="got one str; put it in a list"):
            call("one text")


@pytest.mark.parametrize("wrong", [None, 3, 1.5, object()])
def test_what_holds_no_texts_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError):
        kernels.signatures(wrong)


def test_a_failing_call_leaves_a_corpus_as_it_was() -> None:
    corpus = kernels.Corpus()
    corpus.add(["one two three four five six"])
    with pytest.raises(TypeError):
        corpus.add(["fine", 3])
    assert len(corpus) == 1
    assert corpus.token_counts().tolist() == [6]


def test_lone_surrogates_fail_no_text() -> None:
    texts = ["a \ud800 b", "\udfff" * 70, "plain words here", "\ud83d\ude00"]
    assert kernels.token_counts(texts).tolist() == [2, 0, 3, 0]
    assert kernels.tokens("ab \udc80\udc80 cd") == [("ab", 0, 2), ("cd", 6, 8)]


def test_judging_takes_one_value_a_rank_and_a_pair() -> None:
    corpus = kernels.Corpus()
    corpus.add([" ".join(f"word{at}" for at in range(20))] * 2)
    order, pairs = np.arange(2, dtype=np.uint32), np.array([[1, 0]], np.uint32)
    shared = kernels.SharedKeys(corpus, order, pairs)
    keys, logs = len(shared.values()), np.zeros(1)
    assert keys > 0
    kept, elsewhere = np.ones(2, np.uint8), np.zeros(keys, np.int64)
    assert shared.commonness(kept, 0, elsewhere, logs).tolist() == [[0.0, 0.0]]
    with pytest.raises(ValueError, match="kept: one value a rank"):
        shared.commonness(kept[:1], 0, elsewhere, logs)
    with pytest.raises(ValueError, match="elsewhere: one value a key"):
        shared.commonness(kept, 0, elsewhere[1:], logs)
    with pytest.raises(ValueError, match="logs: at least one value"):
        shared.commonness(kept, 0, elsewhere, logs[:0])
    stars = kernels.Stars(2)
    with pytest.raises(ValueError, match="edges: one value each"):
        stars.add(order[1:], order[:1], np.ones(2))
    stars.add(order[1:], order[:1], np.ones(1))
    strength = np.zeros(256, np.uint8)
    assert stars.absorb(np.zeros(1, np.uint8), strength, 1).tolist() == [-1, 0]
    with pytest.raises(ValueError, match="codes: one a pair"):
        stars.absorb(np.zeros(2, np.uint8), strength, 1)
    with pytest.raises(ValueError, match="strength: 256 values"):
        stars.absorb(np.zeros(1, np.uint8), strength[1:], 1)
