"""Both channels over stories in keep order: propose, verify, judge, and follow who is kept. A scan and a filter share it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from dedup import kernels
from dedup.candidates import NO_PAIRS, Proposal, Ranks, band_pairs, identical_classes, passage_pairs
from dedup.cluster import KEPT
from dedup.collection import Collection
from dedup.relate import Past
from dedup.verified import Verified
from dedup.verify import compare_pairs

Step = Callable[[str], None]
"""Called with the name of each stage as it begins."""

OnPairs = Callable[[npt.NDArray[np.uint32], int], None]
"""Called with the pairs that a channel proposed, ``(n, 2)`` story numbers, and how many of them may have a relation."""


class Matching:
    """Stories in keep order: the pairs verified so far, and who is kept by them.

    With a ``past`` the first ranks are kept stories of an index, which are not matched with each other again.
    """

    def __init__(
        self,
        stories: Collection,
        order: npt.NDArray[np.uint32],
        dropping: Sequence[int],
        window: timedelta | None,
        *,
        past: Past | None = None,
        on_pairs: OnPairs | None = None,
    ) -> None:
        self.stories, self.order, self.window, self.on_pairs = stories, order, window, on_pairs
        self._first = past.first if past else 0
        self._everyone = self.ranks(np.ones(len(order), np.uint8))
        self._classes = identical_classes(self._everyone, stories.settings.full_class)
        self.rank = np.empty(len(order), np.uint32)
        self.rank[order] = np.arange(len(order), dtype=np.uint32)
        self.verified = Verified(stories, order, self._classes.head, dropping, past)
        self._waiting = NO_PAIRS

    def run(self, given: npt.NDArray[np.uint32] = NO_PAIRS, on_step: Step | None = None) -> None:
        """Both channels, after the ``given`` pairs of (later, earlier) ranks, those with the past."""
        step = on_step or (lambda stage: None)
        step("finding identical stories")
        identical = self._classes.pairs[self._classes.pairs[:, 0] >= self._first]
        known = Proposal(np.unique(np.concatenate([identical, given]), axis=0) if len(given) else identical)
        self.verify(known.pairs)
        active = self._classes.active.copy()
        active[: self._first] = 0
        ranks = self.ranks(active)
        step("comparing whole stories")
        known = self.band_channel(ranks, known)
        step("comparing passages")
        self.verify(passage_pairs(ranks, self.stories.settings, self.verified.kept(), known).pairs)
        self.verify_waiting()
        self.follow_heads()

    def ranks(self, active: npt.NDArray[np.uint8]) -> Ranks:
        """The stories by rank, of which those with ``active`` 1 take part."""
        window = None if self.window is None else self.window // timedelta(microseconds=1)
        published = self.stories.published[self.order]
        return Ranks(self.stories.corpus, self.order, active, published, window, self.stories.threads)

    def in_window(self, pairs: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """For each row of two ranks whether the window lets them be compared."""
        return self._everyone.in_window(pairs)

    def verify(self, pairs: npt.NDArray[np.uint32], *, if_kept: bool = False) -> None:
        """Compare (later, earlier) ranks and keep the pairs that may have a relation, ``if_kept`` only while the earlier one
        is kept."""
        settings = self.stories.settings
        compared = compare_pairs(self.stories.corpus, self.order[pairs], settings, self.stories.threads)
        if self.on_pairs:
            self.on_pairs(self.order[pairs], len(compared))
        ranks = np.column_stack([self.rank[compared.column("a")], self.rank[compared.column("b")]])
        self.verified.add(compared, ranks, if_kept=if_kept)
        self.stories.check_memory()

    def band_channel(self, ranks: Ranks, known: Proposal) -> Proposal:
        """The story channel. Where crowded buckets were not compared in full, what is kept after that is compared with the
        kept ones before it."""
        settings = self.stories.settings
        found = band_pairs(ranks, settings, settings.full_bucket, settings.crowded_bucket, known)
        self.verify_proposed(found.pairs)
        known = known.joined(found.pairs)
        crowded = np.zeros_like(ranks.active)
        crowded[found.cut] = 1
        while len(found.cut):
            # Again while it finds something: what was absorbed may be kept once its own keeper is absorbed.
            survivors = self.ranks(crowded & self.verified.kept())
            more = band_pairs(survivors, settings, settings.kept_bucket, settings.kept_bucket, known)
            if not len(more.pairs):
                break
            self.verify(more.pairs)
            self.verify_waiting()
            known = known.joined(more.pairs)
        return known

    def verify_proposed(self, pairs: npt.NDArray[np.uint32]) -> None:
        """Compare (later, earlier) ranks, ascending. A story that looks like more others than a full bucket holds is
        compared with the first one, and then with those that are kept: what a stream would have met."""
        settings, stories = self.stories.settings, self.stories
        least = settings.threshold * settings.num_perm
        waits = kernels.crowded(stories.corpus, self.order, pairs, least, settings.full_bucket, stories.threads) == 1
        self.verify(pairs[~waits])
        self._waiting = pairs[waits]
        self.verify_waiting()

    def verify_waiting(self) -> None:
        """Compare stories with many partners with those of them that are kept by now, again while there are some: what was
        absorbed may be kept once its own keeper is absorbed."""
        while len(self._waiting):
            wanted = self.verified.kept()[self._waiting[:, 1]] == 1
            if not wanted.any():
                return
            pairs, self._waiting = self._waiting[wanted], self._waiting[~wanted]
            self.verify(pairs, if_kept=True)

    def follow_heads(self) -> None:
        """Where the head of a class was absorbed, compare its inactive copies with the story that absorbed it: to them it
        is what it is to their head. Again while that moves some head to another story."""
        copies = np.flatnonzero(self._classes.active == 0)
        heads = self._classes.head[copies]
        while True:
            keeper = self.verified.keepers()
            behind = (keeper[copies] == KEPT) & (keeper[heads] != KEPT)
            pairs = np.column_stack([copies[behind], keeper[heads[behind]]]).astype(np.uint32)
            pairs = pairs[self._everyone.in_window(pairs)]
            if not len(pairs):
                return
            self.verify(pairs)
            self.verify_waiting()
