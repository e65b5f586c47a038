"""Star clusters: every dropped story hangs on a kept one directly, so no chain can join strangers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dedup import kernels

KEPT = -1


class Stars:
    """Verified pairs of ranks below ``stories``, and by which of them a story is absorbed.

    Ranks are walked in keep order. A story is absorbed by the best *kept* story before it to which its relation is in
    ``dropping`` (codes, the strongest first): the strongest relation, then the highest Jaccard similarity, then the
    earliest.
    """

    def __init__(self, stories: int, dropping: Sequence[int]) -> None:
        self._stars = kernels.Stars(stories)
        self._strength = np.full(256, len(dropping), np.uint8)
        self._strength[list(dropping)] = np.arange(len(dropping), dtype=np.uint8)
        self._none = len(dropping)

    def __len__(self) -> int:
        return len(self._stars)

    def add(self, later: npt.NDArray[np.uint32], earlier: npt.NDArray[np.uint32], jaccard: npt.NDArray[np.float64]) -> None:
        """Take in pairs, numbered from 0 as they come. ValueError for two ranks of which the later is not first."""
        self._stars.add(later, earlier, jaccard)

    def absorbed(self, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        """For each rank the number of the pair by which a kept story absorbs it, or ``KEPT``; ``codes`` has the relation of
        each pair, read "later *relation* earlier"."""
        return self._stars.absorb(codes, self._strength, self._none)
