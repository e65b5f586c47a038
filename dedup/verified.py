"""The verified pairs of a run, judged together: a pair's relation may depend on who was kept before, and who is kept on
the relations of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dedup.cluster import KEPT, Edges, absorb
from dedup.collection import Collection
from dedup.relate import NO_RELATION, Judgement, Past, SharedKeys, running
from dedup.settings import Settings
from dedup.verify import Compared, concatenate

_NO_RANKS = np.empty(0, np.uint32)
_NO_CODES = np.empty(0, np.uint8)
_NO_SCORES = np.empty(0, np.float64)
_ROUNDS = 100  # three or four settle real collections; crafted chains are cut here, the same way every time


class Verified:
    """Pairs of (later, earlier) stories, added as they are compared.

    ``head`` is for each rank the first one of the same tokens: a copy is judged as if it had come when its head came, so
    that they are the same to everyone.
    """

    def __init__(
        self,
        stories: Collection,
        order: npt.NDArray[np.uint32],
        head: npt.NDArray[np.uint32],
        dropping: Sequence[int],
        past: Past | None = None,
    ) -> None:
        self._stories, self._order, self._head, self._dropping, self._past = stories, order, head, dropping, past
        self._parts: list[_Part] = []
        self._later, self._earlier, self._jaccard = [_NO_RANKS], [_NO_RANKS], [_NO_SCORES]
        self._kept = np.zeros(len(order), np.uint8)
        self._settled: tuple[Edges, npt.NDArray[np.int64]] | None = None

    def add(self, compared: Compared, ranks: npt.NDArray[np.uint32], *, if_kept: bool = False) -> None:
        """Take in pairs and their ``(later, earlier)`` ranks; ``if_kept`` ones count only where the earlier one is kept in
        the end."""
        if not len(compared):
            return
        judgement, keys = Judgement(compared, self._stories.settings), None
        if len(judgement.open):
            heads = self._head[ranks[judgement.open]]
            keys = SharedKeys(self._stories.corpus, self._order, heads, self._stories.threads, self._past)
        self._parts.append(_Part(compared, judgement, keys, if_kept))
        self._later.append(np.ascontiguousarray(ranks[:, 0]))
        self._earlier.append(np.ascontiguousarray(ranks[:, 1]))
        self._jaccard.append(compared.jaccard)
        self._settled = None

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
                self._settled = edges, absorbed
                break
        earlier = np.append(edges.earlier.astype(np.int64), KEPT)  # KEPT, being -1, finds itself
        keepers: npt.NDArray[np.int64] = earlier[absorbed]
        return keepers

    def result(self) -> tuple[Compared, npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """The pairs that have a relation, their relations, and for each rank the row by which it is absorbed or ``KEPT``.

        Ends the judging: nothing can be added after it.
        """
        edges, absorbed = self._judge()
        compared = concatenate([part.compared for part in self._parts])
        if_kept = np.repeat([part.if_kept for part in self._parts], [len(part.compared) for part in self._parts]).astype(
            bool
        )
        self._parts.clear()
        related = (edges.code != NO_RELATION) & ~(if_kept & (self._kept[edges.earlier] == 0))
        row = np.append(np.cumsum(related) - 1, KEPT)
        return compared.take(np.flatnonzero(related)), edges.code[related], row[absorbed]

    def _judge(self) -> tuple[Edges, npt.NDArray[np.int64]]:
        """One round; none where nothing came since they were settled."""
        if self._settled:
            return self._settled
        settings = self._stories.settings
        if len(self._later) > 1:  # something came since the last round
            self._later, self._earlier = [np.concatenate(self._later)], [np.concatenate(self._earlier)]
            self._jaccard = [np.concatenate(self._jaccard)]
        before = running(self._kept)
        codes = np.concatenate([_NO_CODES, *(part.codes(self._kept, before, settings) for part in self._parts)])
        edges = Edges(self._later[0], self._earlier[0], codes, self._jaccard[0])
        absorbed = absorb(len(self._order), edges, self._dropping)
        self._kept = (absorbed == KEPT).astype(np.uint8)
        return edges, absorbed


class _Part(NamedTuple):
    """Pairs that were added together, and who else holds what the open ones of them share."""

    compared: Compared
    judgement: Judgement
    keys: SharedKeys | None
    if_kept: bool

    def codes(
        self, kept: npt.NDArray[np.uint8], kept_before: npt.NDArray[np.int64], settings: Settings
    ) -> npt.NDArray[np.uint8]:
        """Their relations if those with ``kept`` 1 are the kept stories, so many of them before each rank."""
        return self.judgement.codes(self.keys.commonness(kept, settings, kept_before) if self.keys else None)
