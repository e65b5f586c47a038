"""Star clusters: every dropped story hangs on a kept one directly, so no chain can join strangers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dedup import kernels

KEPT = -1


@dataclass(frozen=True, slots=True)
class Edges:
    """Verified pairs, one value each: ``later`` and ``earlier`` ranks, the code of "later *relation* earlier", and their
    Jaccard similarity."""

    later: npt.NDArray[np.uint32]
    earlier: npt.NDArray[np.uint32]
    code: npt.NDArray[np.uint8]
    jaccard: npt.NDArray[np.float64]


def absorb(stories: int, edges: Edges, dropping: Sequence[int]) -> npt.NDArray[np.int64]:
    """For each rank the edge by which a kept story absorbs it, or ``KEPT``.

    Ranks are walked in keep order. A story is absorbed by the best *kept* story before it to which its relation is in
    ``dropping`` (codes, the strongest first): the strongest relation, then the highest Jaccard similarity, then the
    earliest.
    """
    strength = np.full(256, len(dropping), np.uint8)
    strength[list(dropping)] = np.arange(len(dropping), dtype=np.uint8)
    return kernels.absorb(stories, edges.later, edges.earlier, strength[edges.code], edges.jaccard, none=len(dropping))
