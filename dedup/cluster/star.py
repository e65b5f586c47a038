"""Star clusters: every dropped story hangs on a kept one directly, so no chain can join strangers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

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
    strength = np.full(256, len(dropping))
    strength[list(dropping)] = np.arange(len(dropping))
    of_edge = strength[edges.code]
    drops = np.flatnonzero(of_edge < len(dropping))
    best_first = np.lexsort((edges.earlier[drops], -edges.jaccard[drops], of_edge[drops], edges.later[drops]))
    drops = drops[best_first]
    later = edges.later[drops]
    bounds = np.flatnonzero(np.diff(later, prepend=-1, append=-1) != 0) if len(later) else np.empty(0, np.intp)
    absorbed = [KEPT] * stories
    earlier = edges.earlier[drops].tolist()
    for start, end in pairwise(bounds.tolist()):
        for place in range(start, end):
            if absorbed[earlier[place]] == KEPT:
                absorbed[int(later[start])] = int(drops[place])
                break
    return np.array(absorbed, np.int64)
