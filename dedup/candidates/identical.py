"""Stories with the same tokens: which pairs to list, and which copies the other channels may pass over."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dedup import kernels


class Classes(NamedTuple):
    """Identical stories by rank: ``active`` is 0 for a copy that takes part through the first of its class only, ``pairs``
    holds the ``(later, earlier)`` ranks to list."""

    active: npt.NDArray[np.uint8]
    pairs: npt.NDArray[np.uint32]


def identical_classes(corpus: kernels.Corpus, order: npt.NDArray[np.uint32], full_class: int) -> Classes:
    """Classes of up to ``full_class`` stories in full, larger ones as a star around their first: listing stays linear."""
    head = np.asarray(corpus.identical_heads(order), np.uint32)
    ranks = np.arange(len(head), dtype=np.uint32)
    size = np.bincount(head, minlength=len(head))[head]
    is_copy = head != ranks
    active = (~is_copy | (size <= full_class)).astype(np.uint8)
    star = np.column_stack([ranks[is_copy], head[is_copy]])
    small = np.flatnonzero(is_copy & (size <= full_class) & (size > 2))
    copies: dict[int, list[int]] = {}
    more = []
    for rank in small.tolist():
        others = copies.setdefault(int(head[rank]), [])
        more += [(rank, other) for other in others]
        others.append(rank)
    pairs = np.concatenate([star, np.asarray(more, np.uint32).reshape(-1, 2)]) if more else star
    return Classes(active, np.ascontiguousarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]))
