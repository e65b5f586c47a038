"""The verified pairs of a run, judged together: a pair's relation may depend on who was kept before, and who is kept on
the relations of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dedup.cluster import KEPT, Stars
from dedup.collection import Collection
from dedup.relate import NO_RELATION, Judgement, Past, SharedKeys, running
from dedup.settings import Settings
from dedup.verify import Compared, concatenate

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
        self._stories, self._order, self._head, self._past = stories, order, head, past
        self._parts: list[_Part] = []
        self._stars = Stars(len(order), dropping)
        self._codes = np.empty(0, np.uint8)
        self._absorbed = np.full(len(order), KEPT, np.int64)
        self._kept = np.ones(len(order), np.uint8)
        self._settled = False

    def add(self, compared: Compared, ranks: npt.NDArray[np.uint32], *, if_kept: bool = False) -> None:
        """Take in pairs and their ``(later, earlier)`` ranks; ``if_kept`` ones count only where the earlier one is kept in
        the end."""
        if not len(compared):
            return
        judgement, keys = Judgement(compared, self._stories.settings), None
        if len(judgement.open):
            heads = self._head[ranks[judgement.open]]
            keys = SharedKeys(self._stories.corpus, self._order, heads, self._stories.threads, self._past)
        later, earlier = (np.ascontiguousarray(column) for column in ranks.T)
        self._parts.append(_Part(compared, judgement, keys, earlier, if_kept))
        self._stars.add(later, earlier, compared.jaccard)
        self._settled = False

    def kept(self) -> npt.NDArray[np.uint8]:
        """1 for each rank that no pair so far makes a dropped story."""
        self._settle()
        return self._kept

    def keepers(self) -> npt.NDArray[np.int64]:
        """For each rank the rank of the kept story that absorbs it, or ``KEPT``."""
        self._settle()
        earlier = np.concatenate([*(part.earlier.astype(np.int64) for part in self._parts), [KEPT]])
        keepers: npt.NDArray[np.int64] = earlier[self._absorbed]  # KEPT, being -1, finds itself
        return keepers

    def result(self) -> tuple[Compared, npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """The pairs that have a relation, their relations, and for each rank the row by which it is absorbed or ``KEPT``.

        Ends the judging: nothing can be added after it.
        """
        self._settle()
        compared = concatenate([part.compared for part in self._parts])
        forgone = [np.empty(0, np.bool_), *(part.forgone(self._kept) for part in self._parts)]
        self._parts.clear()
        related = (self._codes != NO_RELATION) & ~np.concatenate(forgone)
        row = np.append(np.cumsum(related) - 1, KEPT)
        return compared.take(np.flatnonzero(related)), self._codes[related], row[self._absorbed]

    def _settle(self) -> None:
        """Judge until who is kept is also by whom all were judged.

        Whether the story of one rank is kept depends on those before it only, so each round settles one rank at the least.
        """
        for _ in range(0 if self._settled else _ROUNDS):
            before = running(self._kept)
            parts = [part.codes(self._kept, before, self._stories.settings) for part in self._parts]
            codes = np.concatenate([np.empty(0, np.uint8), *parts])
            if len(codes) == len(self._codes) and np.array_equal(codes, self._codes):
                break  # and so would all else be
            self._codes, judged_by = codes, self._kept
            self._absorbed = self._stars.absorbed(codes)
            self._kept = (self._absorbed == KEPT).astype(np.uint8)
            if np.array_equal(judged_by, self._kept):
                break
        self._settled = True


class _Part(NamedTuple):
    """Pairs that were added together, and who else holds what the open ones of them share."""

    compared: Compared
    judgement: Judgement
    keys: SharedKeys | None
    earlier: npt.NDArray[np.uint32]
    if_kept: bool

    def codes(
        self, kept: npt.NDArray[np.uint8], kept_before: npt.NDArray[np.int64], settings: Settings
    ) -> npt.NDArray[np.uint8]:
        """Their relations if those with ``kept`` 1 are the kept stories, so many of them before each rank."""
        return self.judgement.codes(self.keys.commonness(kept, settings, kept_before) if self.keys else None)

    def forgone(self, kept: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Which of them do not count in the end."""
        return kept[self.earlier] == 0 if self.if_kept else np.zeros(len(self.compared), np.bool_)
