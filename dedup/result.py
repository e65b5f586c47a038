"""What a scan gives back: pairs, decisions, clusters, and the counts for a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
import numpy.typing as npt

from dedup.cluster import KEPT
from dedup.collection import Collection
from dedup.kernels import UNDATED
from dedup.relate import RELATIONS
from dedup.story import Cluster, Decision, Overlap, Problem, Relation
from dedup.verify import Compared

_MIRRORED = np.array([RELATIONS.index(relation.mirrored) for relation in RELATIONS], np.uint8)
_VERSIONS = (Relation.NEAR_DUPLICATE, Relation.CONTAINS, Relation.CONTAINED)


class Pairs(Sequence[Overlap]):
    """Verified pairs as ``Overlap`` records, made when asked for; sorted by id, ``a`` the smaller."""

    def __init__(self, stories: Collection, compared: Compared, codes: npt.NDArray[np.uint8]) -> None:
        place = np.empty(len(stories), np.int64)
        place[sorted(range(len(stories)), key=stories.ids.__getitem__)] = np.arange(len(stories))
        at_a, at_b = place[compared.column("a")], place[compared.column("b")]
        swapped = at_a > at_b
        order = np.lexsort((np.maximum(at_a, at_b), np.minimum(at_a, at_b)))
        pairs = compared.mirrored(swapped).take(order)
        self._ids, self._published, self._pairs = stories.ids, stories.published, pairs
        self._codes = np.where(swapped, _MIRRORED[codes], codes)[order]
        self._scores = np.column_stack([pairs.jaccard, pairs.containment_a, pairs.containment_b])
        self._counts = np.column_stack([pairs.column(name) for name in ("a", "b", "words_a", "longest")])

    def __len__(self) -> int:
        return len(self._codes)

    @overload
    def __getitem__(self, index: int) -> Overlap: ...
    @overload
    def __getitem__(self, index: slice) -> list[Overlap]: ...
    def __getitem__(self, index: int | slice) -> Overlap | list[Overlap]:
        if isinstance(index, slice):
            return [self._make(row) for row in range(len(self))[index]]
        return self._make(range(len(self))[index])

    def __iter__(self) -> Iterator[Overlap]:
        return (self._make(row) for row in range(len(self)))

    def counts(self) -> Counter[Relation]:
        """How many pairs have each relation; ``contains`` counts as ``contained``, the same seen from the other side."""
        found = Counter({RELATIONS[code]: int(count) for code, count in enumerate(np.bincount(self._codes)) if count})
        found[Relation.CONTAINED] += found.pop(Relation.CONTAINS, 0)
        return +found

    def _make(self, row: int) -> Overlap:
        a, b, shared_words, longest = self._counts[row].tolist()
        jaccard, containment_a, containment_b = self._scores[row].tolist()
        relation = RELATIONS[self._codes[row]]
        return Overlap(
            a=self._ids[a],
            b=self._ids[b],
            relation=relation,
            jaccard=jaccard,
            containment_a=containment_a,
            containment_b=containment_b,
            shared_words=shared_words,
            longest_passage=longest,
            passages=self._pairs.passages(row),
            update_of=self._update_of(a, b) if relation in _VERSIONS else None,
        )

    def _update_of(self, a: int, b: int) -> str | None:
        when_a, when_b = int(self._published[a]), int(self._published[b])
        if UNDATED in (when_a, when_b) or when_a == when_b:
            return None
        return self._ids[a if when_a < when_b else b]


@dataclass(frozen=True)
class ScanResult:
    """A scanned collection. ``order`` holds story numbers in keep order; ``absorbed`` for each rank the row of
    ``edges`` by which it was absorbed, or ``KEPT``."""

    stories: Collection
    pairs: Pairs
    problems: Sequence[Problem]
    order: npt.NDArray[np.uint32]
    absorbed: npt.NDArray[np.int64]
    edges: Compared
    edge_codes: npt.NDArray[np.uint8]

    @cached_property
    def decisions(self) -> list[Decision]:
        """One for each story, sorted by id."""
        ids, origins = self.stories.ids, self.stories.origins
        earlier, jaccard = self.edges.column("b"), self.edges.jaccard
        made = []
        for story, edge in zip(self.order.tolist(), self.absorbed.tolist(), strict=True):
            if edge == KEPT:
                made.append(Decision(id=ids[story], keep=True, cluster=ids[story], path=origins[story].path))
                continue
            kept = ids[earlier[edge]]
            made.append(
                Decision(
                    id=ids[story],
                    keep=False,
                    duplicate_of=kept,
                    relation=RELATIONS[self.edge_codes[edge]],
                    jaccard=float(jaccard[edge]),
                    cluster=kept,
                    path=origins[story].path,
                )
            )
        return sorted(made, key=lambda decision: decision.id)

    @cached_property
    def clusters(self) -> list[Cluster]:
        """Kept stories that absorbed others, the largest first, then by id."""
        ids = self.stories.ids
        members: dict[str, list[str]] = {}
        earlier = self.edges.column("b")
        for story, edge in zip(self.order.tolist(), self.absorbed.tolist(), strict=True):
            if edge != KEPT:
                members.setdefault(ids[earlier[edge]], []).append(ids[story])
        found = [Cluster(kept=kept, dropped=tuple(dropped)) for kept, dropped in members.items()]
        return sorted(found, key=lambda cluster: (-len(cluster.dropped), cluster.kept))

    @property
    def kept(self) -> int:
        """How many stories stay."""
        return int((self.absorbed == KEPT).sum())

    @property
    def failed(self) -> int:
        """How many files or records could not be read."""
        return sum(problem.failed for problem in self.problems)
