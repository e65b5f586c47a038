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
from dedup.relate import RELATIONS, Commonness, SharedKeys
from dedup.story import Cluster, Decision, Overlap, Problem, Relation
from dedup.verify import Compared

_MIRRORED = np.array([RELATIONS.index(relation.mirrored) for relation in RELATIONS], np.uint8)
_AT_ONCE = 4096
_VERSIONS = (Relation.NEAR_DUPLICATE, Relation.CONTAINS, Relation.CONTAINED)


class Pairs(Sequence[Overlap]):
    """Verified pairs as ``Overlap`` records, made when asked for; sorted by id, ``a`` the smaller."""

    def __init__(self, stories: Collection, compared: Compared, codes: npt.NDArray[np.uint8]) -> None:
        place = stories.id_places()
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

    def _make(self, row: int) -> Overlap:
        a, b, shared_words, longest = self._counts[row].tolist()
        jaccard, containment_a, containment_b = self._scores[row].tolist()
        relation = RELATIONS[self._codes[row]]
        dated = [(self._ids[story], int(self._published[story])) for story in (a, b)]
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
            update_of=update_of(relation, *dated),
        )


def update_of(relation: Relation, a: tuple[str, int], b: tuple[str, int]) -> str | None:
    """The id of the older of two versions of one story, each given as its id and time; None if that is not known."""
    if relation not in _VERSIONS or UNDATED in (a[1], b[1]) or a[1] == b[1]:
        return None
    return min(a, b, key=lambda story: story[1])[0]


class Decisions(Sequence[Decision]):
    """What becomes of each story, made when asked for; sorted by id."""

    def __init__(self, result: ScanResult) -> None:
        self._result = result
        self._by_id = np.empty(len(result.stories), np.uint32)
        self._by_id[result.stories.id_places()] = np.arange(len(self._by_id), dtype=np.uint32)

    def __len__(self) -> int:
        return len(self._by_id)

    @overload
    def __getitem__(self, index: int) -> Decision: ...
    @overload
    def __getitem__(self, index: slice) -> list[Decision]: ...
    def __getitem__(self, index: int | slice) -> Decision | list[Decision]:
        if isinstance(index, slice):
            return list(map(self._result.decision, self._by_id[index].tolist()))
        return self._result.decision(int(self._by_id[index]))

    def __iter__(self) -> Iterator[Decision]:
        for first in range(0, len(self), _AT_ONCE):
            yield from self[first : first + _AT_ONCE]


@dataclass(frozen=True)
class ScanResult:
    """A scanned collection.

    ``order`` holds story numbers in keep order; ``absorbed`` for each rank the row of ``compared`` by which it was absorbed,
    or ``KEPT``; ``compared`` the verified pairs as (later, earlier) story numbers, with their relations in ``codes``.
    """

    stories: Collection
    problems: Sequence[Problem]
    order: npt.NDArray[np.uint32]
    absorbed: npt.NDArray[np.int64]
    compared: Compared
    codes: npt.NDArray[np.uint8]

    @cached_property
    def pairs(self) -> Pairs:
        """Every verified pair that has a relation."""
        return Pairs(self.stories, self.compared, self.codes)

    @cached_property
    def decisions(self) -> Decisions:
        """One for each story, sorted by id."""
        return Decisions(self)

    def decision(self, story: int) -> Decision:
        """The one for the story of that number."""
        return self._decision(story, int(self.absorbed[self.ranks[story]]))

    @cached_property
    def ranks(self) -> npt.NDArray[np.int64]:
        """The place of each story in keep order."""
        ranks = np.empty(len(self.order), np.int64)
        ranks[self.order] = np.arange(len(self.order))
        return ranks

    def commonness(self, pairs: npt.NDArray[np.uint32]) -> Commonness:
        """How common what pairs share is, among the stories that are kept; ``(n, 2)`` story numbers, proposed or not."""
        head = self.stories.corpus.identical_heads(self.order)
        heads = head[self.ranks[pairs]]
        differing = np.flatnonzero(heads[:, 0] != heads[:, 1])
        keys = SharedKeys(self.stories.corpus, self.order, heads[differing], self.stories.threads)
        common = Commonness(np.zeros(len(pairs)), np.zeros(len(pairs)))
        found = keys.commonness((self.absorbed == KEPT).astype(np.uint8), self.stories.settings)
        common.before[differing], common.anywhere[differing] = found
        return common

    @cached_property
    def clusters(self) -> list[Cluster]:
        """Kept stories that absorbed others, the largest first, then by id."""
        ids = self.stories.ids
        found = [
            Cluster(kept=ids[kept], dropped=tuple(ids[one] for one in self.order[ranks])) for kept, ranks in self._stars()
        ]
        return sorted(found, key=lambda cluster: (-len(cluster.dropped), cluster.kept))

    @property
    def kept(self) -> int:
        """How many stories stay."""
        return int((self.absorbed == KEPT).sum())

    @property
    def failed(self) -> int:
        """How many files or records could not be read."""
        return sum(problem.failed for problem in self.problems)

    def relation_counts(self) -> Counter[Relation]:
        """How many pairs have each relation; ``contains`` counts as ``contained``, the same seen from the other side."""
        found = Counter({RELATIONS[code]: int(count) for code, count in enumerate(np.bincount(self.codes)) if count})
        found[Relation.CONTAINED] += found.pop(Relation.CONTAINS, 0)
        return +found

    def largest_clusters(self, top: int) -> list[list[Decision]]:
        """The decisions on the ``top`` first of ``clusters``, the dropped ones only."""
        place = self.stories.id_places()
        stars = sorted(self._stars(), key=lambda star: (-len(star[1]), place[star[0]]))
        return [
            [self._decision(int(self.order[rank]), int(self.absorbed[rank])) for rank in ranks] for _, ranks in stars[:top]
        ]

    def longest_overlaps(self, top: int) -> tuple[list[Overlap], int]:
        """The ``top`` pairs of kept stories with the most shared words, and how many such pairs there are."""
        kept = np.empty(len(self.order), np.bool_)
        kept[self.order] = self.absorbed == KEPT
        a, b = self.compared.column("a"), self.compared.column("b")
        between = np.flatnonzero(kept[a] & kept[b])
        place = self.stories.id_places()
        words = np.where(place[a] < place[b], self.compared.column("words_a"), self.compared.column("words_b"))[between]
        at_a, at_b = place[a[between]], place[b[between]]
        best = between[np.lexsort((np.maximum(at_a, at_b), np.minimum(at_a, at_b), -words.astype(np.int64)))[:top]]
        chosen = Pairs(self.stories, self.compared.take(best), self.codes[best])
        return sorted(chosen, key=lambda pair: (-pair.shared_words, pair.a, pair.b)), len(between)

    @cached_property
    def _keepers(self) -> npt.NDArray[np.uint32]:
        return self.compared.column("b")

    @cached_property
    def _jaccard(self) -> npt.NDArray[np.float64]:
        return self.compared.jaccard

    def _stars(self) -> list[tuple[int, list[int]]]:
        """Of each cluster the kept story's number, and the ranks of the dropped ones."""
        dropped = np.flatnonzero(self.absorbed != KEPT)
        keepers = self._keepers[self.absorbed[dropped]]
        stars: dict[int, list[int]] = {}
        for rank, keeper in zip(dropped.tolist(), keepers.tolist(), strict=True):
            stars.setdefault(keeper, []).append(rank)
        return list(stars.items())

    def _decision(self, story: int, edge: int) -> Decision:
        name, path = self.stories.ids[story], self.stories.origin(story).path
        if edge == KEPT:
            return Decision(id=name, keep=True, cluster=name, path=path)
        kept = self.stories.ids[int(self._keepers[edge])]
        relation, jaccard = RELATIONS[self.codes[edge]], float(self._jaccard[edge])
        return Decision(id=name, keep=False, duplicate_of=kept, relation=relation, jaccard=jaccard, cluster=kept, path=path)
