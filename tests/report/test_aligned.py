"""Two texts word for word: equal blocks are equal, all words are in a block, and it takes no quadratic time."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.report.aligned import Words, align, changed_spans


def said(a: str, b: str) -> tuple[list[str], list[str]]:
    """The changed words of each text."""
    spans = changed_spans(a, b)
    first, second = ([text[x:y] for x, y in found] for text, found in zip((a, b), spans, strict=True))
    return first, second


@pytest.mark.parametrize(
    ("a", "b", "changed"),
    [
        ("A new era.", "a NEW, era", ([], [])),
        ("a new era", "a wholly new era", ([], ["wholly"])),
        ("paid on May 30, then", "paid on September 6, then", (["May 30"], ["September 6"])),
        ("مكتبة في محطة", "مَكْتَبَةً في قاعة", (["محطة"], ["قاعة"])),
        ("随即和乘客", "随后和乘客", (["即"], ["后"])),  # one letter, not the whole run
        ("新しい橋が完成した。", "新しい橋が開通した。", (["完成"], ["開通"])),
        ("", "all of it", ([], ["all of it"])),
        ("...", "!!!", ([], [])),
    ],
)
def test_what_changed(a: str, b: str, changed: tuple[list[str], list[str]]) -> None:
    assert said(a, b) == changed


TEXTS = st.lists(st.sampled_from("a b c d the of 東 京 é E".split()), max_size=60).map(" ".join)


@given(TEXTS, TEXTS)
def test_blocks_hold_every_word_once_and_equal_ones_are_equal(a: str, b: str) -> None:
    first, second = Words(a), Words(b)
    at_a = at_b = 0
    for block in align(first, second):
        assert (block.a[0], block.b[0]) == (at_a, at_b)
        at_a, at_b = block.a[1], block.b[1]
        if block.equal:
            assert first.folded[slice(*block.a)] == second.folded[slice(*block.b)]
    assert (at_a, at_b) == (len(first), len(second))


def long_words(count: int, seed: int) -> list[str]:
    chosen = random.Random(seed)
    return [f"w{int(chosen.paretovariate(0.6)) % 20_000}" for _ in range(count)]


def test_a_long_text_with_scattered_edits_is_aligned_around_them() -> None:
    words = long_words(60_000, 1)
    edited = words.copy()
    for place in range(500, 60_000, 1000):
        edited[place] = "edited"
    first, second = Words(" ".join(words)), Words(" ".join(edited))
    began = time.process_time()
    changed = [block for block in align(first, second) if not block.equal]
    assert time.process_time() - began < 5
    assert [block.b for block in changed] == [(place, place + 1) for place in range(500, 60_000, 1000)]


@pytest.mark.parametrize(
    ("a", "b"), [("x " * 100_000, "y x " * 60_000), ("a b c " * 30_000, "c b a " * 30_000), ("a " * 60_000, "b " * 60_000)]
)
def test_texts_without_anything_to_hold_on_to_end_soon(a: str, b: str) -> None:
    first, second = Words(a), Words(b)
    began = time.process_time()
    align(first, second)
    assert time.process_time() - began < 5
