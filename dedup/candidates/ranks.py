"""What both channels know of the stories: their keep order, who takes part, and when each was published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dedup import kernels

_NOBODY = np.empty(0, np.uint32)
NO_PAIRS = np.empty((0, 2), np.uint32)
_NO_DATES = np.empty(0, np.int64)


Arguments = tuple[
    kernels.Corpus,
    npt.NDArray[np.uint32],
    npt.NDArray[np.uint8],
    npt.NDArray[np.int64],
    int,
    npt.NDArray[np.uint32],
    int,
]


class Proposal(NamedTuple):
    """Candidate pairs as ``(later rank, earlier rank)`` rows of uint32, ascending; ``cut`` are the ranks, ascending, that
    stood in buckets not compared in full."""

    pairs: npt.NDArray[np.uint32]
    cut: npt.NDArray[np.uint32] = _NOBODY

    def joined(self, other: npt.NDArray[np.uint32]) -> Proposal:
        """With further pairs, which must be none of these."""
        return Proposal(kernels.merged(self.pairs, other), self.cut) if len(other) else self


@dataclass(frozen=True, slots=True)
class Ranks:
    """Stories by rank, their place in keep order.

    ``order[rank]`` is the story's number in ``corpus``; ``active`` is 0 where a story takes no part; ``published`` holds
    microseconds since 1970 or ``kernels.UNDATED``, one a rank. Two dated stories more than ``window`` microseconds apart
    are not proposed; None: whatever lies between them.
    """

    corpus: kernels.Corpus
    order: npt.NDArray[np.uint32]
    active: npt.NDArray[np.uint8]
    published: npt.NDArray[np.int64]
    window: int | None = None
    threads: int = 0

    def arguments(self, known: Proposal | None) -> Arguments:
        """The leading arguments of both native joins; pairs in ``known`` are not proposed again."""
        dates = _NO_DATES if self.window is None else self.published
        pairs = NO_PAIRS if known is None else known.pairs
        return self.corpus, self.order, self.active, dates, self.window or 0, pairs, self.threads

    def in_window(self, pairs: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """For each row of two ranks whether the window lets them be compared."""
        if self.window is None:
            return np.ones(len(pairs), np.bool_)
        x, y = self.published[pairs[:, 0]], self.published[pairs[:, 1]]
        undated = (x == kernels.UNDATED) | (y == kernels.UNDATED)
        apart = np.where(undated, 0, np.maximum(x, y) - np.minimum(x, y))
        near: npt.NDArray[np.bool_] = apart <= self.window
        return near
