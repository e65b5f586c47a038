"""Sketching while the caller reads on: nothing lost, nothing out of order, and failures come back."""

from __future__ import annotations

from typing import Any

import pytest

from dedup import kernels
from dedup.sketch import Sketching

TEXTS = [" ".join(f"w{number}x{place}" for place in range(30)) for number in range(200)]


def added_and_awaited(sketching: Sketching, texts: list[Any]) -> None:
    sketching.add(texts)
    sketching.wait()


@pytest.mark.parametrize("threads", [0, 1, 2, 5])
def test_texts_lie_in_the_order_they_were_added(threads: int) -> None:
    corpus, expected = kernels.Corpus(), kernels.Corpus()
    sketching = Sketching(corpus, threads)
    for first in range(0, len(TEXTS), 7):
        sketching.add(TEXTS[first : first + 7])
    sketching.wait()
    expected.add(TEXTS, 1)
    assert corpus.band_keys(42, 3).tolist() == expected.band_keys(42, 3).tolist()
    assert corpus.token_counts().tolist() == expected.token_counts().tolist()


@pytest.mark.parametrize("threads", [1, 3])
def test_a_failure_is_raised_once_and_ends_nothing(threads: int) -> None:
    corpus = kernels.Corpus()
    sketching = Sketching(corpus, threads)
    with pytest.raises(TypeError, match="text 0: expected str, got int"):
        added_and_awaited(sketching, [5])
    sketching.wait()
    sketching.add(["one two three"])
    sketching.wait()
    assert corpus.token_counts().tolist() == [3]
