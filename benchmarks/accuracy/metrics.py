"""Takes what was wanted and what was found, gives precision, recall, F1, its interval, and the likeness of partitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives and false negatives."""

    hits: int
    false: int
    missed: int

    @classmethod
    def of(cls, wanted: Iterable[bool], found: Iterable[bool]) -> Counts:
        """From two answers an item."""
        pairs = Counter(zip(wanted, found, strict=True))
        return cls(pairs[True, True], pairs[False, True], pairs[True, False])

    @property
    def precision(self) -> float:
        """1.0 if nothing was found."""
        found = self.hits + self.false
        return self.hits / found if found else 1.0

    @property
    def recall(self) -> float:
        """1.0 if nothing was wanted."""
        wanted = self.hits + self.missed
        return self.hits / wanted if wanted else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1.0 if nothing was wanted and nothing found."""
        either = 2 * self.hits + self.false + self.missed
        return 2 * self.hits / either if either else 1.0


def bootstrap_f1(
    wanted: Sequence[bool], found: Sequence[bool], *, draws: int = 4000, share: float = 0.9, seed: int = 1
) -> tuple[float, float]:
    """The central interval that holds ``share`` of the F1 of so many samples of the items, drawn with replacement.

    The percentile bootstrap (Efron 1979): what another sample of as many pairs might have said.
    """
    truth, answers = np.array(wanted, np.bool_), np.array(found, np.bool_)
    drawn = np.random.RandomState(seed).randint(len(truth), size=(draws, len(truth)))
    hits = (truth & answers)[drawn].sum(axis=1)
    either = truth[drawn].sum(axis=1) + answers[drawn].sum(axis=1)
    scores = np.where(either == 0, 1.0, 2 * hits / np.maximum(either, 1))
    low, high = np.quantile(scores, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def best_threshold(scores: Sequence[float], wanted: Sequence[bool]) -> tuple[float, Counts]:
    """The threshold of the best F1 for "found if the score reaches it", chosen with the labels in hand: an upper bound.

    The largest of equally good ones.
    """
    options = ((threshold, Counts.of(wanted, [score >= threshold for score in scores])) for threshold in set(scores))
    return max(options, key=lambda option: (option[1].f1, option[0]))


@dataclass(frozen=True, slots=True)
class PairsOfPairs:
    """How many pairs of items two partitions put together: both of them, the first, the second, and all pairs."""

    both: int
    first: int
    second: int
    every: int


def pairs_together(first: Sequence[Hashable], second: Sequence[Hashable]) -> PairsOfPairs:
    """From the block of each item under two partitions, by their contingency table."""
    both = Counter(zip(first, second, strict=True))
    return PairsOfPairs(
        _pairs(both.values()), _pairs(Counter(first).values()), _pairs(Counter(second).values()), _choose_two(len(first))
    )


def pair_counts(truth: Sequence[Hashable], found: Sequence[Hashable]) -> Counts:
    """Of the pairs of items that belong together, those found together, and so on."""
    pairs = pairs_together(truth, found)
    return Counts(pairs.both, pairs.second - pairs.both, pairs.first - pairs.both)


def adjusted_rand(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Hubert & Arabie, "Comparing Partitions", Journal of Classification 2 (1985), eq. 5.

    1.0 for equal partitions, 0 on average for independent ones. Where chance could do no worse (both all singletons, or
    both one block) they are equal: 1.0.
    """
    pairs = pairs_together(first, second)
    expected = pairs.first * pairs.second / pairs.every if pairs.every else 0.0
    most = (pairs.first + pairs.second) / 2
    return 1.0 if most == expected else (pairs.both - expected) / (most - expected)


def _pairs(sizes: Iterable[int]) -> int:
    return sum(map(_choose_two, sizes))


def _choose_two(count: int) -> int:
    return count * (count - 1) // 2


def components(count: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """For each of ``count`` items the smallest item it is connected to."""
    parent = list(range(count))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = item = parent[parent[item]]
        return item

    for a, b in edges:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return [root(item) for item in range(count)]


def confusion(labels: Sequence[str], answers: Sequence[str]) -> dict[str, Counter[str]]:
    """For each label how often each answer was given, in the order of first appearance."""
    table: dict[str, Counter[str]] = {}
    for label, answer in zip(labels, answers, strict=True):
        table.setdefault(label, Counter())[answer] += 1
    return table
