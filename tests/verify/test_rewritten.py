"""Passages that one story took from another in other words or another order: what is found, and what is left as it is."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest
from corpora import TEXTS, changed, fresh_words, words, zipf_texts
from hypothesis import given
from hypothesis import strategies as st

from dedup.settings import Settings
from dedup.story import Passage
from dedup.verify import Compared, compare_texts

VOCABULARY = words(300)
RANDOM = st.integers(0, 2**32 - 1).map(Random)
ORIGINAL = words(60, 5000)
FILLERS = [text.split() for text in zipf_texts(20, 120, 3000, 7)]
FILLER_PAIRS = st.permutations(range(20)).map(lambda order: (FILLERS[order[0]], FILLERS[order[1]]))


def passages(a: list[str], b: list[str]) -> tuple[Passage, ...]:
    return compare_texts(" ".join(a), " ".join(b), Settings()).passages(0)


def rewritten(original: list[str], random: Random, replaced: float = 0.15, deleted: float = 0.1) -> list[str]:
    """The words shuffled four by four, some exchanged for new ones, some left out."""
    pieces = [random.sample(piece, len(piece)) for piece in (original[at : at + 4] for at in range(0, len(original), 4))]
    moved = [word for piece in pieces for word in piece]
    places = random.sample(range(len(moved)), round(len(moved) * replaced))
    other = changed(moved, places, fresh_words(20_000))
    gone = set(random.sample(range(len(other)), round(len(other) * deleted)))
    return [word for place, word in enumerate(other) if place not in gone]


@st.composite
def related(draw: st.DrawFn) -> tuple[str, str]:
    """Two stories of one vocabulary, with pieces of the first in the second, rewritten or not."""
    random = draw(RANDOM)
    first = random.choices(VOCABULARY, k=draw(st.integers(0, 200)))
    second: list[str] = []
    for start, length in draw(st.lists(st.tuples(st.integers(0, 150), st.integers(10, 80)), max_size=4)):
        second += random.choices(VOCABULARY, k=draw(st.integers(0, 30)))
        piece = first[start : start + length]
        second += draw(st.sampled_from([piece, rewritten(piece, random), rewritten(piece, random, 0.3, 0.3)]))
    return " ".join(first), " ".join(second)


PAIRS = st.one_of(related(), st.tuples(TEXTS, TEXTS))


def overlapping(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


def covered(span: tuple[int, int], text: str, words_of: list[str]) -> float:
    """The share of a piece of ``text`` that a span covers."""
    start = text.index(" ".join(words_of))
    end = start + len(" ".join(words_of))
    return max(0, min(span[1], end) - max(span[0], start)) / (end - start)


def both(pair: tuple[str, str]) -> tuple[Compared, Compared]:
    """The pair with rewritten passages and without."""
    return compare_texts(*pair, Settings()), compare_texts(*pair, Settings(), rewritten=False)


@given(PAIRS)
def test_exchanging_the_stories_mirrors_the_passages(pair: tuple[str, str]) -> None:
    forth, back = compare_texts(*pair, Settings()), compare_texts(*pair[::-1], Settings())
    assert forth.mirrored(np.array([True])).passages(0) == back.passages(0)


@given(PAIRS)
def test_passages_lie_in_the_texts_and_apart_from_each_other(pair: tuple[str, str]) -> None:
    found, verbatim = (compared.passages(0) for compared in both(pair))
    for passage in found:
        assert 0 <= passage.a[0] < passage.a[1] <= len(pair[0])
        assert 0 <= passage.b[0] < passage.b[1] <= len(pair[1])
    for one, other in combinations(found, 2):
        if one not in verbatim or other not in verbatim:
            assert not overlapping(one.a, other.a)
            assert not overlapping(one.b, other.b)


@given(PAIRS)
def test_what_is_counted_are_the_verbatim_passages(pair: tuple[str, str]) -> None:
    found, verbatim = both(pair)
    assert (found.rows == verbatim.rows).all()


@given(PAIRS)
def test_a_verbatim_passage_is_left_or_taken_up(pair: tuple[str, str]) -> None:
    found, verbatim = (compared.passages(0) for compared in both(pair))
    for passage in verbatim:
        assert any(overlapping(passage.a, other.a) or overlapping(passage.b, other.b) for other in found)
    for other in set(found).difference(verbatim):  # each adds something to what it has taken up
        assert all(other.words > passage.words for passage in verbatim if overlapping(passage.a, other.a))


@given(RANDOM, FILLER_PAIRS)
def test_a_rewritten_passage_is_found(random: Random, fillers: tuple[list[str], list[str]]) -> None:
    before, behind = fillers
    copy = rewritten(ORIGINAL, random)
    a = [*words(70, 9000), *ORIGINAL, *behind]
    b = [*before, *copy, *words(30, 11_000)]
    [passage] = passages(a, b)
    assert covered(passage.a, " ".join(a), ORIGINAL) >= 0.8
    assert covered(passage.b, " ".join(b), copy) >= 0.8
    assert passage.words >= 40


@pytest.mark.parametrize("length", [100, 400, 1500])
def test_unrelated_texts_have_none(length: int) -> None:
    for a, b in combinations(zipf_texts(16, length, 5000, length), 2):
        assert compare_texts(a, b, Settings()).passages(0) == ()


@given(st.integers(8, 60), st.sampled_from(FILLERS))
def test_a_copied_run_keeps_its_ends(run: int, before: list[str]) -> None:
    copied = words(run, 5000)
    pair = " ".join(before + copied + words(40, 9000)), " ".join(words(25, 11_000) + copied + words(80, 13_000))
    found, verbatim = (compared.passages(0) for compared in both(pair))
    assert found == verbatim
    assert pair[0][slice(*found[0].a)] == " ".join(copied)


def test_paragraphs_in_another_order_are_one_passage() -> None:
    first, second, third = ORIGINAL[:25], ORIGINAL[25:40], ORIGINAL[40:]
    a, b = " ".join(first + second + third), " ".join(third + second + first)
    found, verbatim = (compared.passages(0) for compared in both((a, b)))
    assert len(verbatim) == 3
    assert found == (Passage((0, len(a)), (0, len(b)), 60),)


def test_single_characters_tell_little() -> None:
    """Twenty letters in another order are no passage; as many words are."""
    letters = [chr(0x4E00 + number) for number in range(20)]
    assert passages([*letters, *words(30)], [*letters[::-1], *words(30, 100)]) == ()
    assert len(passages([*words(20, 200), *words(30)], [*words(20, 200)[::-1], *words(30, 100)])) == 1


@pytest.mark.parametrize("repeats", [1, 2, 5, 30_000])
def test_long_and_repetitive_texts_are_bounded_work(repeats: int) -> None:
    """A word's points are no more than 25, a point's neighbours 128 on either side, and boxes 256; this would not end
    in any test's time if one of them were the square of the length."""
    text = words(30_000 // repeats) * repeats
    moved = [word for at in range(0, len(text), 40) for word in text[at : at + 40][::-1]]
    assert len(passages(text, moved)) == 1
