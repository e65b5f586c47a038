"""Stories with the same tokens, and what a window makes of them."""

from __future__ import annotations

import random

import pytest
import reference
from corpora import ranks_of, words
from hypothesis import given
from hypothesis import strategies as st

from dedup.candidates import Classes, identical_classes
from dedup.kernels import UNDATED

STORY = " ".join(words(30))


def classes_of(texts: list[str], full_class: int = 4, order: list[int] | None = None) -> Classes:
    return identical_classes(ranks_of(texts, order=order), full_class)


def classes_in_time(dates: list[int], window: int | None, full_class: int = 4) -> Classes:
    """Copies of one story, published then."""
    return identical_classes(ranks_of([STORY] * len(dates), published=dates, window=window), full_class)


@pytest.mark.parametrize(("copies", "rows"), [(1, 0), (2, 1), (3, 3), (4, 6), (5, 4), (10, 9)])
def test_small_classes_are_listed_in_full_and_large_ones_as_a_star(copies: int, rows: int) -> None:
    classes = classes_of([STORY] * copies + [" ".join(words(30, 100))])
    assert len(classes.pairs) == rows
    assert classes.head.tolist() == [0] * copies + [copies]
    assert classes.active.tolist() == [1] + [int(copies <= 4)] * (copies - 1) + [1]
    if copies > 4:
        assert classes.pairs.tolist() == [[rank, 0] for rank in range(1, copies)]


TEXTS = st.lists(
    st.sampled_from(["", ".", "a", "A!", "a b", "ab", "b a", "a a", "ａ", "á b", "a a a", "aa a", "猫", "猫猫"]), max_size=14
)


@given(TEXTS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_classes_are_those_of_equal_tokens(texts: list[str], full_class: int, rng: random.Random) -> None:
    order = list(range(len(texts)))
    rng.shuffle(order)
    head, active, pairs = classes_of(texts, full_class, order)
    tokens = [tuple(token.text for token in reference.tokenize(texts[story])) for story in order]
    expected = []
    for rank, own in enumerate(tokens):
        same = [other for other in range(len(order)) if own and tokens[other] == own] or [rank]
        earlier = [other for other in same if other < rank]
        expected += [[rank, other] for other in (earlier if len(same) <= full_class else earlier[:1])]
        assert head[rank] == same[0]
        assert active[rank] == (len(same) <= full_class or not earlier)
    assert pairs.tolist() == expected


def test_no_stories_at_all() -> None:
    head, active, pairs = classes_of([])
    assert (head.shape, active.shape, pairs.shape) == ((0,), (0,), (0, 2))


def test_stories_without_a_word_equal_nothing() -> None:
    assert len(classes_of(["", "", " \n", "—", "—"]).pairs) == 0


def test_texts_whose_sets_collapse_are_not_equal() -> None:
    """Fault 22: strings of one letter, and words repeated more or less often, make the same set but not the same story."""
    texts = ["aa", "aaa", "aaaaab", *(" ".join(["aa"] * count) for count in range(2, 12)), "aa aaa", "aaa aa"]
    assert len(classes_of(texts).pairs) == 0


def test_word_borders_are_part_of_a_story() -> None:
    assert len(classes_of(["ab c", "a bc", "abc", "a b c"]).pairs) == 0


def test_case_marks_punctuation_and_form_are_not() -> None:
    texts = ["Café: three, FOUR five!", "cafe three four five", "Cafe\u0301 three four\u200b five"]
    assert len(classes_of(texts).pairs) == 3


DATES = st.lists(st.sampled_from([UNDATED, 0, 3, 10, 12, 20, 21, 33, 50]), min_size=1, max_size=9)


@given(DATES, st.integers(1, 5), st.sampled_from([0, 9, 10, 30]))
def test_no_pair_is_listed_from_outside_the_window(dates: list[int], full_class: int, window: int) -> None:
    def near(x: int, y: int) -> bool:
        return UNDATED in (dates[x], dates[y]) or abs(dates[x] - dates[y]) <= window

    head, active, pairs = classes_in_time(dates, window, full_class)
    rows = [tuple(pair) for pair in pairs.tolist()]
    assert rows == sorted(set(rows))
    assert all(near(later, earlier) and earlier < later for later, earlier in rows)
    # A copy is listed with its head, and what takes no part in the other channels has one.
    assert all(near(rank, first) and first <= rank for rank, first in enumerate(head.tolist()))
    assert {(rank, first) for rank, first in enumerate(head.tolist()) if first < rank} <= set(rows)
    assert all(active[rank] or head[rank] < rank for rank in range(len(dates)))
    # So a copy stands alone only where none before it is near.
    assert all(not near(rank, 0) for rank in range(1, len(dates)) if head[rank] == rank)


@given(DATES, st.integers(1, 5))
def test_a_window_as_wide_as_time_changes_nothing(dates: list[int], full_class: int) -> None:
    wide, none = classes_in_time(dates, 50, full_class), classes_in_time(dates, None, full_class)
    assert [part.tolist() for part in wide] == [part.tolist() for part in none]


def test_copies_a_year_apart_are_two_classes() -> None:
    year = 365 * 24 * 3600 * 10**6
    head, active, pairs = classes_in_time([0, 5, year, year + 5, 7, year + 9, 9], year // 2, full_class=2)
    assert head.tolist() == [0, 0, 2, 2, 0, 2, 0]
    assert pairs.tolist() == [[1, 0], [3, 2], [4, 0], [5, 2], [6, 0]]
    assert active.tolist() == [1, 0, 1, 0, 0, 0, 0]
