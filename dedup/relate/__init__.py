"""Takes compared pairs, gives their relations, each with a reason.

Guarantees: a relation for which a story may be dropped is judged from the pair itself and from what was kept before it;
only whether a passage is a common phrase depends on the whole collection. Exchanging a and b mirrors the relation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dedup.relate import bounds, rules
from dedup.relate.bounds import Limit, Score, Unit
from dedup.relate.judgement import Judgement
from dedup.relate.rarity import Commonness, Past, SharedKeys, running, unknown
from dedup.relate.rules import NO_RELATION, RELATIONS, judge, reason
from dedup.relate.signals import measure
from dedup.settings import Settings
from dedup.story import Overlap, Relation
from dedup.verify import Compared

__all__ = [
    "NO_RELATION",
    "RELATIONS",
    "Commonness",
    "Judgement",
    "Limit",
    "Past",
    "Score",
    "SharedKeys",
    "Unit",
    "code_of",
    "explain",
    "recorded_scores",
    "relate",
    "running",
    "scores",
    "unknown",
]


def relate(pairs: Compared, settings: Settings, common: Commonness | None = None) -> npt.NDArray[np.uint8]:
    """The relation of each pair, read "a *relation* b", as a place in ``RELATIONS``, or ``NO_RELATION``.

    Without ``common`` the pairs are judged as if nobody else had what they share.
    """
    return judge(measure(pairs, common or unknown(len(pairs), settings)), settings)


def explain(pairs: Compared, row: int, settings: Settings, common: Commonness | None = None) -> str:
    """Why one pair has its relation, or none; ``common`` as for ``relate``."""
    return reason(measure(pairs, common or unknown(len(pairs), settings)), row, settings)


def scores(pairs: Compared, row: int, settings: Settings, common: Commonness | None = None) -> list[Score]:
    """What one pair scores, beside what it is held against: the scores that matter for the relation it has."""
    return rules.scores(measure(pairs, common or unknown(len(pairs), settings)), row, settings)


def recorded_scores(pair: Overlap, settings: Settings) -> list[Score]:
    """What can be held against the settings of a pair that only its record is left of."""
    known = {
        bounds.ALIKE: pair.jaccard,
        bounds.HELD_A: pair.containment_a,
        bounds.HELD_B: pair.containment_b,
        bounds.LONG_PASSAGE: pair.longest_passage,
    }
    return [bound.score_of(value, settings) for bound, value in known.items()]


def code_of(relation: Relation) -> int:
    """The code that stands for a relation in ``relate``'s result."""
    return RELATIONS.index(relation)
