"""Stories with the same tokens: which pairs to list, and which copies the other channels may pass over."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dedup.candidates.ranks import Ranks
from dedup.kernels import UNDATED


class Classes(NamedTuple):
    """Identical stories by rank.

    ``head`` is the first of each story's class; ``active`` is 0 for a copy that takes part through it only; ``pairs`` holds
    the ``(later, earlier)`` ranks to list, ascending.
    """

    head: npt.NDArray[np.uint32]
    active: npt.NDArray[np.uint8]
    pairs: npt.NDArray[np.uint32]


def identical_classes(ranks: Ranks, full_class: int) -> Classes:
    """Classes of up to ``full_class`` stories in full, larger ones as a star around their first: listing stays linear.

    With a window, a copy belongs to a story of its class that is no further away in time.
    """
    head = ranks.corpus.identical_heads(ranks.order)
    if ranks.window is not None:
        head = within(head, ranks.published, ranks.window)
    own = np.arange(len(head), dtype=np.uint32)
    size = np.bincount(head, minlength=len(head))[head]
    is_copy = head != own
    active = (~is_copy | (size <= full_class)).astype(np.uint8)
    star = np.column_stack([own[is_copy], head[is_copy]])
    copies: dict[int, list[int]] = {}
    more = []
    for rank in np.flatnonzero(is_copy & (size <= full_class)).tolist():
        others = copies.setdefault(int(head[rank]), [])
        more += [(rank, other) for other in others]
        others.append(rank)
    further = np.asarray(more, np.uint32).reshape(-1, 2)
    further = further[ranks.in_window(further)]
    pairs = np.concatenate([star, further])
    return Classes(head, active, np.ascontiguousarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]))


def within(head: npt.NDArray[np.uint32], published: npt.NDArray[np.int64], window: int) -> npt.NDArray[np.uint32]:
    """Classes cut so that no copy is further from its head than the window; a story without a date is near every other."""
    new = head.copy()
    dated: dict[int, tuple[list[int], list[int]]] = {}  # of a class: the dates of its heads, ascending, and their ranks
    undated: dict[int, int] = {}
    members = np.flatnonzero(np.bincount(head, minlength=len(head))[head] > 1)
    for rank, old, when in zip(members.tolist(), head[members].tolist(), published[members].tolist(), strict=True):
        dates, heads = dated.setdefault(old, ([], []))
        if when == UNDATED:
            new[rank] = old
            if rank == old:
                undated[old] = rank
            continue
        near = bisect_left(dates, when - window)
        if near < len(dates) and dates[near] <= when + window:
            new[rank] = heads[near]
        elif old in undated:
            new[rank] = undated[old]
        else:
            place = bisect_left(dates, when)
            dates.insert(place, when)
            heads.insert(place, rank)
            new[rank] = rank
    return new
