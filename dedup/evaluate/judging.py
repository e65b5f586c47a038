"""Pairs judged directly, whether or not the scan proposed them, and what became of their stories in the scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dedup.candidates import choose_bands
from dedup.cluster import KEPT
from dedup.collection import Collection
from dedup.evaluate.cost import Meter, Pairs
from dedup.evaluate.metrics import Flags, Numbers, Score
from dedup.evaluate.records import CurvePoint, Mistake
from dedup.relate import NO_RELATION, RELATIONS, Commonness, code_of, explain, relate
from dedup.result import ScanResult
from dedup.settings import Settings
from dedup.story import Relation
from dedup.verify import Compared, compare_all

NONE = "none"
_ALIKE = [code_of(name) for name in (Relation.IDENTICAL, Relation.NEAR_DUPLICATE, Relation.CONTAINS, Relation.CONTAINED)]


def found_alike(codes: npt.NDArray[np.uint8]) -> Flags:
    """For each relation whether it says that two stories are the same."""
    return np.isin(codes, _ALIKE)


def kept_stories(result: ScanResult) -> Numbers:
    """For each story the number of the kept one of its cluster."""
    kept: Numbers = np.arange(len(result.order), dtype=np.int64)
    dropped = np.flatnonzero(result.absorbed != KEPT)
    kept[result.order[dropped]] = result.compared.column("b")[result.absorbed[dropped]]
    return kept


@dataclass(frozen=True)
class Judged:
    """Pairs of story numbers, compared whatever they have in common, and judged as in the scan."""

    stories: Collection
    pairs: Pairs
    compared: Compared
    common: Commonness
    codes: npt.NDArray[np.uint8]
    proposed: Flags

    @classmethod
    def of(cls, pairs: Pairs, result: ScanResult, meter: Meter) -> Judged:
        """Compare and judge pairs."""
        stories = result.stories
        compared = compare_all(stories.corpus, pairs, stories.settings, stories.threads)
        common = result.commonness(pairs)
        return cls(stories, pairs, compared, common, relate(compared, stories.settings, common), meter.proposed(pairs))

    def relation(self, row: int) -> str:
        """The relation of a pair, or "none"."""
        code = int(self.codes[row])
        return NONE if code == NO_RELATION else str(RELATIONS[code])

    def worst(self, where: Flags, labels: Sequence[str], count: int, *, most_alike: bool) -> list[Mistake]:
        """The first ``count`` of the pairs at ``where``: the most alike, or the least, by Jaccard similarity, then by id."""
        rows = np.flatnonzero(where)
        jaccard = self.compared.jaccard[rows]
        place = self.stories.id_places()[self.pairs[rows]]
        order = np.lexsort((place[:, 1], place[:, 0], -jaccard if most_alike else jaccard))
        return [self._mistake(row, labels[row]) for row in rows[order[:count]].tolist()]

    def _mistake(self, row: int, label: str) -> Mistake:
        one = self.compared.take(np.array([row]))
        common = Commonness(self.common.before[[row]], self.common.anywhere[[row]])
        a, b = self.pairs[row].tolist()
        return Mistake(
            a=self.stories.ids[a],
            b=self.stories.ids[b],
            label=label,
            relation=self.relation(row),
            proposed=bool(self.proposed[row]),
            jaccard=float(one.jaccard[0]),
            containment_a=float(one.containment_a[0]),
            containment_b=float(one.containment_b[0]),
            longest_passage=int(one.column("longest")[0]),
            reason=explain(one, 0, self.stories.settings, common),
        )


def curve_point(threshold: float, score: Score, settings: Settings) -> CurvePoint:
    """A score at a threshold, with what the bands in force propose there."""
    bands = choose_bands(settings.threshold, settings.recall, settings.num_perm)
    return CurvePoint(
        threshold=threshold,
        precision=score.precision,
        recall=score.recall,
        f1=score.f1,
        proposed=bands.probability(threshold),
    )
