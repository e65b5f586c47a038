"""Stories with the same tokens."""

from __future__ import annotations

import random

import numpy as np
import pytest
import reference
from corpora import corpus_of, words
from hypothesis import given
from hypothesis import strategies as st

from dedup.candidates import Classes, identical_classes


def classes_of(texts: list[str], full_class: int = 4, order: list[int] | None = None) -> Classes:
    ranks = np.array(range(len(texts)) if order is None else order, np.uint32)
    return identical_classes(corpus_of(texts), ranks, full_class)


@pytest.mark.parametrize(("copies", "rows"), [(1, 0), (2, 1), (3, 3), (4, 6), (5, 4), (10, 9)])
def test_small_classes_are_listed_in_full_and_large_ones_as_a_star(copies: int, rows: int) -> None:
    texts = [" ".join(words(30))] * copies + [" ".join(words(30, 100))]
    active, pairs = classes_of(texts)
    assert len(pairs) == rows
    assert active.tolist() == [1] * (copies if copies <= 4 else 1) + [0] * (copies - 1 if copies > 4 else 0) + [1]
    if copies > 4:
        assert pairs.tolist() == [[rank, 0] for rank in range(1, copies)]


TEXTS = st.lists(st.sampled_from(["", ".", "a", "A!", "a b", "ab", "b a", "a a", "ａ", "á b", "a a a", "aa a", "猫", "猫猫"]), max_size=14)


@given(TEXTS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_classes_are_those_of_equal_tokens(texts: list[str], full_class: int, rng: random.Random) -> None:
    order = list(range(len(texts)))
    rng.shuffle(order)
    active, pairs = classes_of(texts, full_class, order)
    tokens = [tuple(token.text for token in reference.tokenize(texts[story])) for story in order]
    members = [[r for r in range(len(order)) if tokens[r] and tokens[r] == tokens[rank]] for rank in range(len(order))]
    expected = []
    for rank, same in enumerate(members):
        earlier = [other for other in same if other < rank]
        expected += [[rank, other] for other in (earlier if len(same) <= full_class else earlier[:1])]
        assert active[rank] == (len(same) <= full_class or not earlier)
    assert pairs.tolist() == expected


def test_no_stories_at_all() -> None:
    active, pairs = classes_of([])
    assert active.shape == (0,)
    assert pairs.shape == (0, 2)


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
