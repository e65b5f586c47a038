"""Arbitrary bytes, read as text in several ways, through every step of the native core: nothing breaks, what it says holds.

Run under the sanitizers by ``tests/sanitize.sh``. ``DEDUP_FUZZ`` says how many pairs are tried, 400 unless given.
"""

from __future__ import annotations

import os
import random

import numpy as np
from corpora import scan_stories

import dedup
from dedup.settings import Settings
from dedup.sketch import new_corpus
from dedup.story import Overlap
from dedup.verify import compare_texts

ROUNDS = int(os.environ.get("DEDUP_FUZZ", "400"))
SEED = int(os.environ.get("DEDUP_SEED", "1"))
WAYS = ("utf-8", "latin-1", "utf-16-le", "utf-32-le", "gb18030")
WORDS = [
    "the",
    "council",
    "vóted",
    "12.5%",
    "İstanbul",
    "橋",
    "ﬁ",
    "\u0301",
    "\u200d",
    "\0",
    "ß",
    "\U0001f600",
    "a\u0301\u0323",
    "ا",
]


def text(draw: random.Random) -> str:
    if draw.random() < 0.4:
        way = draw.choice(WAYS)
        return draw.randbytes(draw.choice([0, 1, 3, 50, 700])).decode(way, "replace")
    count = draw.choice([0, 1, 4, 5, 6, 16, 17, 200])
    return draw.choice([" ", "", "\n", "-"]).join(draw.choices(WORDS, k=count))


def edited(original: str, draw: random.Random) -> str:
    """A text that shares some of another."""
    for _ in range(draw.randrange(4)):
        start, end = sorted(draw.choices(range(len(original) + 1), k=2))
        original = draw.choice(
            [
                original[:start] + original[end:],
                original[:start] + text(draw) + original[start:],
                original[start:end] * draw.choice([1, 3]),
                original.swapcase(),
            ]
        )
    return original


def holds(found: Overlap, a: str, b: str) -> None:
    for share in (found.jaccard, found.containment_a, found.containment_b):
        assert 0.0 <= share <= 1.0
    assert found.jaccard <= min(found.containment_a, found.containment_b) + 1e-9
    for passage in found.passages:
        assert 0 <= passage.a[0] < passage.a[1] <= len(a)
        assert 0 <= passage.b[0] < passage.b[1] <= len(b)
        assert passage.words > 0
    assert found.longest_passage <= found.shared_words or not found.passages


def test_arbitrary_texts() -> None:
    draw, settings = random.Random(SEED), Settings()
    texts: list[str] = []
    for _ in range(ROUNDS):
        a = text(draw)
        b = edited(a, draw) if draw.random() < 0.8 else text(draw)
        one = compare_texts(a, b, settings).overlap(0, "a", "b", None)
        other = compare_texts(b, a, settings).overlap(0, "b", "a", None)
        holds(one, a, b)
        holds(other, b, a)
        assert (one.jaccard, one.containment_a) == (other.jaccard, other.containment_b)
        texts += [a, b]
    corpus = new_corpus(settings)
    corpus.add(texts)
    assert np.array_equal(dedup.signatures(texts), dedup.signatures(texts[::-1])[::-1])
    result = scan_stories([dedup.Story(id=str(number), text=each) for number, each in enumerate(texts)])
    assert len(result.decisions) == len(texts)
    for pair in result.pairs:
        holds(pair, texts[int(pair.a)], texts[int(pair.b)])
