"""Counts into figures: precision, recall and F1 of pairs, the likeness of two partitions, and the components of a graph."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

THRESHOLDS = tuple(percent / 100 for percent in range(5, 100, 5))


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How well what was found agrees with what was wanted.

    ``hits`` were wanted and found, ``wrong`` found only, ``missed`` wanted only. Precision is 1.0 where nothing was found,
    recall where nothing was wanted, F1 where neither.
    """

    precision: float
    recall: float
    f1: float
    hits: int
    wrong: int
    missed: int

    @classmethod
    def of_counts(cls, hits: int, wrong: int, missed: int) -> Score:
        """From counts of pairs."""
        return cls(
            precision=_ratio(hits, hits + wrong),
            recall=_ratio(hits, hits + missed),
            f1=_ratio(2 * hits, 2 * hits + wrong + missed),
            hits=hits,
            wrong=wrong,
            missed=missed,
        )

    @classmethod
    def of(cls, wanted: Flags, found: Flags) -> Score:
        """From two answers a pair.

        >>> Score.of(np.array([True, True, False, False]), np.array([True, False, True, False])).f1
        0.5
        """
        hits = int((wanted & found).sum())
        return cls.of_counts(hits, int(found.sum()) - hits, int(wanted.sum()) - hits)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


class Partitions(msgspec.Struct, frozen=True):
    """How many pairs of items two partitions put together: both of them, the first, the second; and all pairs."""

    both: int
    first: int
    second: int
    every: int

    @classmethod
    def of(cls, first: Numbers, second: Numbers) -> Partitions:
        """From the block of each item under each partition: blocks are any numbers of 0 or more."""
        cells = np.unique(np.column_stack([first, second]), axis=0, return_counts=True)[1]
        return cls(
            _pairs(cells),
            _pairs(np.unique(first, return_counts=True)[1]),
            _pairs(np.unique(second, return_counts=True)[1]),
            len(first) * (len(first) - 1) // 2,
        )

    @property
    def score(self) -> Score:
        """The first as what was wanted, the second as what was found, pair by pair."""
        return Score.of_counts(self.both, self.second - self.both, self.first - self.both)

    @property
    def adjusted_rand(self) -> float:
        """Hubert & Arabie, "Comparing Partitions", Journal of Classification 2 (1985), eq. 5.

        1.0 for equal partitions, 0 on average for independent ones of the same block sizes. Where all such partitions are
        equal (all items alone, or all together, in both) it is 1.0.
        """
        expected = self.first * self.second / self.every if self.every else 0.0
        most = (self.first + self.second) / 2
        return 1.0 if most == expected else (self.both - expected) / (most - expected)


def _pairs(sizes: npt.NDArray[np.intp]) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


class Components:
    """Items that edges connect: each component goes by its smallest item."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def join(self, edges: npt.NDArray[np.integer]) -> None:
        """Take in ``(n, 2)`` edges."""
        for a, b in edges.tolist():
            low, high = sorted((self._root(a), self._root(b)))
            self._parent[high] = low

    def _root(self, item: int) -> int:
        parent = self._parent
        while parent[item] != item:
            parent[item] = item = parent[parent[item]]
        return item

    def numbers(self) -> Numbers:
        """The component of each item."""
        return np.array([self._root(item) for item in range(len(self._parent))], np.int64)


def graph_at_thresholds(count: int, edges: npt.NDArray[np.integer], jaccard: npt.NDArray[np.float64]) -> Iterator[Numbers]:
    """For each of ``THRESHOLDS``, from the last down, the components that the edges at or above it make."""
    components = Components(count)
    upper = np.inf
    for threshold in reversed(THRESHOLDS):
        components.join(edges[(jaccard >= threshold) & (jaccard < upper)])
        upper = threshold
        yield components.numbers()


def confusion(labels: list[str], answers: list[str]) -> dict[str, dict[str, int]]:
    """For each label, in order, how often each answer was given."""
    table: dict[str, dict[str, int]] = {label: {} for label in sorted(set(labels))}
    for label, answer in zip(labels, answers, strict=True):
        table[label][answer] = table[label].get(answer, 0) + 1
    return table
