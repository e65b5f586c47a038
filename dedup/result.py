"""What a scan gives back: pairs, decisions, clusters, and the counts for a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, overload

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

    def __len__(self) -> int:
        return len(self._codes)

    @overload
    def __getitem__(self, index: int) -> Overlap: ...
    @overload
    def __getitem__(self, index: slice) -> list[Overlap]: ...
    def __getitem__(self, index: int | slice) -> Overlap | list[Overlap]:
        if isinstance(index, slice):
            return [self._made(row, row + 1)[0] for row in range(len(self))[index]]
        row = range(len(self))[index]
        return self._made(row, row + 1)[0]

    def __iter__(self) -> Iterator[Overlap]:
        for first in range(0, len(self), _AT_ONCE):
            yield from self._made(first, min(first + _AT_ONCE, len(self)))

    def _made(self, first: int, last: int) -> list[Overlap]:
        """The pairs from ``first`` on, ``last`` excluded: many at once, as one alone is half looking things up."""
        block = self._pairs.block(first, last)
        a, b = block.column("a"), block.column("b")
        columns = zip(
            self._ids.of(a),
            self._ids.of(b),
            self._codes[first:last].tolist(),
            *self._scores[first:last].T.tolist(),
            block.column("words_a").tolist(),
            block.column("longest").tolist(),
            self._pairs.passages_of(first, last),
            self._published[a].tolist(),
            self._published[b].tolist(),
            strict=True,
        )
        return [
            Overlap(
                a=id_a,
                b=id_b,
                relation=RELATIONS[code],
                jaccard=jaccard,
                containment_a=in_a,
                containment_b=in_b,
                shared_words=shared_words,
                longest_passage=longest,
                passages=passages,
                update_of=update_of(RELATIONS[code], (id_a, time_a), (id_b, time_b)),
            )
            for id_a, id_b, code, jaccard, in_a, in_b, shared_words, longest, passages, time_a, time_b in columns
        ]


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
            return self._result.decisions_on(self._by_id[index])
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
        return self.decisions_on(np.array([story], np.uint32))[0]

    def decisions_on(self, stories: npt.NDArray[np.uint32]) -> list[Decision]:
        """Those for the stories of these numbers."""
        edges = self.absorbed[self.ranks[stories]]
        dropped = edges != KEPT
        rows = edges[dropped]
        keepers = zip(
            self.stories.ids.of(self._keepers[rows]),
            self.codes[rows].tolist(),
            self._jaccard[rows].tolist(),
            strict=True,
        )
        decisions = []
        for story, id, is_dropped in zip(stories.tolist(), self.stories.ids.of(stories), dropped.tolist(), strict=True):
            path = self.stories.origin(story).path
            if not is_dropped:
                decisions.append(Decision(id=id, keep=True, cluster=id, path=path))
                continue
            kept, code, jaccard = next(keepers)
            decisions.append(
                Decision(
                    id=id, keep=False, duplicate_of=kept, relation=RELATIONS[code], jaccard=jaccard, cluster=kept, path=path
                )
            )
        return decisions

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
        stars, ids = self._stars, self.stories.ids
        kept = ids.of(stars.kept)
        found = [Cluster(kept=id, dropped=tuple(ids.of(self.order[stars.ranks(star)]))) for star, id in enumerate(kept)]
        return sorted(found, key=lambda cluster: (-len(cluster.dropped), cluster.kept))

    @property
    def cluster_count(self) -> int:
        """How many ``clusters`` there are."""
        return len(self._stars.kept)

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
        stars = self._stars
        order = np.lexsort((self.stories.id_places()[stars.kept], -np.diff(stars.ends, prepend=0)))
        return [self.decisions_on(self.order[stars.ranks(star)]) for star in order[:top].tolist()]

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

    @cached_property
    def _stars(self) -> _Stars:
        dropped = np.flatnonzero(self.absorbed != KEPT)
        keepers = self._keepers[self.absorbed[dropped]]
        by_keeper = np.argsort(keepers, kind="stable")
        kept, sizes = np.unique(keepers, return_counts=True)
        return _Stars(kept, np.cumsum(sizes), dropped[by_keeper])


class _Stars(NamedTuple):
    """Kept stories that absorbed others, by number; the ranks of those of each end before its place in ``ends``."""

    kept: npt.NDArray[np.uint32]
    ends: npt.NDArray[np.int64]
    dropped: npt.NDArray[np.int64]

    def ranks(self, star: int) -> npt.NDArray[np.int64]:
        """The ranks of the stories that the one at this place absorbed, ascending."""
        return self.dropped[self.ends[star - 1] if star else 0 : self.ends[star]]
