"""How common what two stories share is, among the stories kept: a form's phrases return, a story's own words do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dedup import kernels
from dedup.settings import Settings
from dedup.verify.compared import Shares

Pairs = npt.NDArray[np.uint32]


class Commonness(NamedTuple):
    """Of each pair the mean of ln(1 + n) over the passage keys that both stories hold, n being the other kept stories with
    the key, up to the df cap; 0.0 where they share none.

    ``before`` counts kept stories before the later of the two in keep order, which are those that a stream has met, and
    adds what is to be feared of what few stories could show; ``anywhere`` counts those of the whole collection.
    """

    before: Shares
    anywhere: Shares


def unknown(pairs: int, settings: Settings) -> Commonness:
    """Of pairs without a collection around them."""
    return Commonness(unseen(np.zeros(pairs, np.int64), settings), np.zeros(pairs))


def extremes(pairs: int, settings: Settings) -> tuple[Commonness, Commonness]:
    """The least and the most that it can be of any pair, among whatever stories."""
    most = np.full(pairs, np.log1p(settings.passage_df_cap))
    return Commonness(np.zeros(pairs), np.zeros(pairs)), Commonness(most + settings.evidence_unseen, most)


def unseen(stories: npt.NDArray[np.int64], settings: Settings) -> Shares:
    """What to add to the commonness found among so many kept stories: that none of a few has a phrase tells little."""
    return settings.evidence_unseen / (1.0 + stories / settings.evidence_seen)


class Past(NamedTuple):
    """What an index holds before the stories at hand: ``kept`` stories, and ``counts`` that tell how many of them hold each
    of some keys, up to one more than the df cap. The ``first`` ranks are stories of it that are at hand, too."""

    kept: int
    counts: Callable[[npt.NDArray[np.uint64]], npt.NDArray[np.uint32]]
    first: int


class SharedKeys:
    """The passage keys that both stories of each pair hold, and who else holds them.

    ``order`` are story numbers in keep order, ``pairs`` ``(n, 2)`` ranks.
    """

    def __init__(
        self,
        corpus: kernels.Corpus,
        order: npt.NDArray[np.uint32],
        pairs: Pairs,
        threads: int = 0,
        past: Past | None = None,
    ) -> None:
        pairs = np.sort(pairs, axis=1)[:, ::-1]  # the later first
        self._ascending = np.lexsort((pairs[:, 1], pairs[:, 0]))
        self._shared = kernels.SharedKeys(corpus, order, np.ascontiguousarray(pairs[self._ascending]), threads)
        values = self._shared.values()
        self._met, self._first = (past.kept, past.first) if past else (0, 0)
        self._elsewhere = past.counts(values).astype(np.int64) if past else np.zeros(len(values), np.int64)
        self._later = pairs[:, 0]

    def commonness(
        self, kept: npt.NDArray[np.uint8], settings: Settings, kept_before: npt.NDArray[np.int64] | None = None
    ) -> Commonness:
        """How common the keys are when the stories with ``kept`` 1, by rank, are the kept ones.

        ``kept_before`` is ``running(kept)``, for who asks of many pairs apart.
        """
        kept_before = running(kept) if kept_before is None else kept_before
        logs = np.log1p(np.arange(settings.passage_df_cap + 1))
        means = np.empty((len(self._later), 2))
        # Those of the past are counted there, among others that are not at hand.
        means[self._ascending] = self._shared.commonness(kept, self._first, self._elsewhere, logs)
        met = np.maximum(kept_before[self._later] - self._first, 0) + self._met
        return Commonness(means[:, 0] + unseen(met, settings), means[:, 1])


def running(flags: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """How many of the flags before each place, and before the end, are 1."""
    total: npt.NDArray[np.int64] = np.concatenate([[0], np.cumsum(flags, dtype=np.int64)])
    return total
