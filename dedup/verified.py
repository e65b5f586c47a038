"""The verified pairs of a run, judged together: a pair's relation may depend on who was kept before, and who is kept on
the relations of pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dedup.cluster import KEPT, Edges, absorb
from dedup.collection import Collection
from dedup.relate import NO_RELATION, SharedKeys, may_depend, relate
from dedup.verify import Compared, concatenate

_ROUNDS = 100  # three or four settle real collections; crafted chains are cut here, the same way every time


class Verified:
    """Pairs of (later, earlier) stories, added as they are compared.

    ``head`` is for each rank the first one of the same tokens: a copy is judged as if it had come when its head came, so
    that they are the same to everyone.
    """

    def __init__(
        self, stories: Collection, order: npt.NDArray[np.uint32], head: npt.NDArray[np.uint32], dropping: Sequence[int]
    ) -> None:
        self._stories, self._order, self._head, self._dropping = stories, order, head, dropping
        self._parts: list[tuple[Compared, SharedKeys]] = []
        self._ranks: list[npt.NDArray[np.uint32]] = []
        self._kept = np.zeros(len(order), np.uint8)

    def add(self, compared: Compared, ranks: npt.NDArray[np.uint32]) -> None:
        """Take in pairs and their ``(later, earlier)`` ranks."""
        settings, threads = self._stories.settings, self._stories.threads
        keys = SharedKeys(self._stories.corpus, self._order, self._head[ranks], may_depend(compared, settings), threads)
        self._parts.append((compared, keys))
        self._ranks.append(ranks)

    def kept(self) -> npt.NDArray[np.uint8]:
        """1 for each rank that no pair so far makes a dropped story."""
        self.settle()
        return self._kept

    def settle(self) -> npt.NDArray[np.int64]:
        """Judge until who is kept is also by whom all were judged; for each rank the rank of the kept story that absorbs it,
        or ``KEPT``.

        Whether the story of one rank is kept depends on those before it only, so each round settles one rank at the least.
        """
        for _ in range(_ROUNDS):
            before = self._kept
            edges, absorbed = self._judge()
            if np.array_equal(before, self._kept):
                break
        earlier = np.append(edges.earlier.astype(np.int64), KEPT)  # KEPT, being -1, finds itself
        keepers: npt.NDArray[np.int64] = earlier[absorbed]
        return keepers

    def result(self) -> tuple[Compared, npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """The pairs that have a relation, their relations, and for each rank the row by which it is absorbed or ``KEPT``.

        Ends the judging: nothing can be added after it.
        """
        edges, absorbed = self._judge()
        compared = concatenate([part for part, _ in self._parts])
        self._parts.clear()
        related = edges.code != NO_RELATION
        row = np.append(np.cumsum(related) - 1, KEPT)
        return compared.take(np.flatnonzero(related)), edges.code[related], row[absorbed]

    def _judge(self) -> tuple[Edges, npt.NDArray[np.int64]]:
        settings = self._stories.settings
        codes = [relate(part, settings, keys.commonness(self._kept, settings)) for part, keys in self._parts]
        ranks = np.concatenate(self._ranks)
        jaccard = np.concatenate([part.jaccard for part, _ in self._parts])
        edges = Edges(ranks[:, 0], ranks[:, 1], np.concatenate(codes), jaccard)
        absorbed = absorb(len(self._order), edges, self._dropping)
        self._kept = (absorbed == KEPT).astype(np.uint8)
        return edges, absorbed
