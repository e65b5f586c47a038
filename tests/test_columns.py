"""Flat columns: against lists of Python's own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.columns import Column, Names
from dedup.kernels import Corpus

STRINGS = st.text(st.characters(), max_size=12) | st.sampled_from(["", "a", "a\ud800", "\U0001f600", "a\0", "a\0b", "é"])


@given(st.lists(st.lists(STRINGS | st.none(), max_size=5), max_size=6))
def test_a_column_gives_back_what_it_was_given(parts: list[list[str | None]]) -> None:
    column, expected = Column(Corpus()), []
    for part in parts:
        column.extend(part)
        expected += part
    assert list(column) == expected
    assert column[1:-1] == expected[1:-1]
    assert [column[at - len(expected)] for at in range(len(expected))] == expected


@pytest.mark.parametrize("wrong", [["a", 3], ["a", b"b"], "ab", None, 7])
def test_what_is_no_string_is_refused_and_nothing_taken(wrong: Any) -> None:
    column, names = Column(Corpus()), Names()
    column.extend(["x"])
    with pytest.raises(TypeError):
        column.extend(wrong)
    with pytest.raises(TypeError):
        names.take_all(wrong, range(2))
    assert list(column) == ["x"]
    assert list(names) == []


@pytest.mark.parametrize("kind", [lambda: Column(Corpus()), Names])
@pytest.mark.parametrize("index", [0, -1, 5])
def test_there_is_nothing_in_an_empty_one(kind: Callable[[], Column | Names], index: int) -> None:
    with pytest.raises(IndexError):
        kind()[index]


@given(st.lists(st.lists(STRINGS, max_size=40), max_size=8))
def test_names_take_all_or_none(parts: list[list[str]]) -> None:
    names: Names = Names()
    expected: list[str] = []
    for part in parts:
        new = len({*expected, *part}) == len(expected) + len(part)
        taken = names.take_all(part, range(len(part)))
        assert (taken is part) == new
        expected += taken
        assert len(set(expected)) == len(expected)
    assert list(names) == expected
    assert all(name in names for name in expected)
    assert not any(name + "#" in names and name + "#" not in expected for name in expected)
    assert object() not in names
    assert [name for _, name in sorted(zip(names.places().tolist(), names, strict=True))] == sorted(expected)


def test_many_names() -> None:
    names = Names()
    ids = [f"story-{number}" for number in range(5000)]
    for start in range(0, len(ids), 700):
        assert names.take_all(ids[start : start + 700], range(700)) == ids[start : start + 700]
    assert names.index("story-4321") == 4321
    assert names.of(np.array([4321, 0, 4321], np.uint32)) == ["story-4321", "story-0", "story-4321"]
    with pytest.raises(IndexError):
        names.of(np.array([5000], np.uint32))
    assert names.take_all(["new", "story-4321", "new"], range(1, 4)) == ["new", "story-4321#2", "new#3"]


@pytest.mark.parametrize("spilled", [False, True])
def test_a_long_column_lies_in_pieces(spilled: bool) -> None:
    with tempfile.TemporaryFile() as file:
        corpus = Corpus(spill=file.fileno()) if spilled else Corpus()
        column = Column(corpus)
        expected = [None if number % 7 == 0 else f"{number}" * (number % 5) for number in range(40_000)]
        for start in range(0, len(expected), 999):
            column.extend(expected[start : start + 999])
        corpus.trim()
        assert list(column) == expected
        assert (corpus.spilled() > 0) == spilled
        del corpus
        assert column[39_999] == expected[39_999]  # what it lies in lives as long as it does
        assert column[0] is None
