"""The verified pairs of a run, judged together: a pair's relation may depend on who was kept before, and who is kept on
the relations of pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dedup.candidates import NO_PAIRS
from dedup.cluster import KEPT, Edges, absorb
from dedup.collection import Collection
from dedup.relate import NO_RELATION, Past, SharedKeys, may_depend, relate
from dedup.settings import Settings
from dedup.verify import Compared, concatenate

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
        self._kept = np.zeros(len(order), np.uint8)
        self._settled: tuple[Edges, npt.NDArray[np.int64]] | None = None

    def add(self, compared: Compared, ranks: npt.NDArray[np.uint32]) -> None:
        """Take in pairs and their ``(later, earlier)`` ranks."""
        if not len(compared):
            return
        settings, threads = self._stories.settings, self._stories.threads
        open, keys = may_depend(compared, settings), None
        if len(open):
            keys = SharedKeys(self._stories.corpus, self._order, self._head[ranks], open, threads, self._past)
        self._parts.append(_Part(compared, ranks, keys, compared.jaccard))
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
        self._parts.clear()
        related = edges.code != NO_RELATION
        row = np.append(np.cumsum(related) - 1, KEPT)
        return compared.take(np.flatnonzero(related)), edges.code[related], row[absorbed]

    def _judge(self) -> tuple[Edges, npt.NDArray[np.int64]]:
        """One round; none where nothing came since they were settled."""
        if self._settled:
            return self._settled
        settings = self._stories.settings
        ranks = np.concatenate([NO_PAIRS, *(part.ranks for part in self._parts)])
        codes = np.concatenate([_NO_CODES, *(part.codes(self._kept, settings) for part in self._parts)])
        jaccard = np.concatenate([_NO_SCORES, *(part.jaccard for part in self._parts)])
        edges = Edges(ranks[:, 0], ranks[:, 1], codes, jaccard)
        absorbed = absorb(len(self._order), edges, self._dropping)
        self._kept = (absorbed == KEPT).astype(np.uint8)
        return edges, absorbed


class _Part:
    """Pairs that were added together."""

    def __init__(
        self,
        compared: Compared,
        ranks: npt.NDArray[np.uint32],
        keys: SharedKeys | None,
        jaccard: npt.NDArray[np.float64],
    ) -> None:
        self.compared, self.ranks, self.jaccard = compared, ranks, jaccard
        self._keys = keys
        self._codes: npt.NDArray[np.uint8] | None = None

    def codes(self, kept: npt.NDArray[np.uint8], settings: Settings) -> npt.NDArray[np.uint8]:
        """Their relations if those with ``kept`` 1 are the kept stories. Where none depends on that, judged once."""
        if self._keys is not None:
            return relate(self.compared, settings, self._keys.commonness(kept, settings))
        if self._codes is None:
            self._codes = relate(self.compared, settings)
        return self._codes
