"""Takes compared pairs, gives their relations, each with a reason.

Guarantees: a relation is judged from the pair itself, so it does not change with what else is in the collection;
exchanging a and b mirrors it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dedup.relate.rules import NO_RELATION, RELATIONS, judge, reason
from dedup.relate.signals import Signals, measure
from dedup.settings import Settings
from dedup.story import Relation
from dedup.verify import Compared

__all__ = ["NO_RELATION", "RELATIONS", "code_of", "explain", "relate"]


def relate(pairs: Compared, settings: Settings) -> npt.NDArray[np.uint8]:
    """The relation of each pair, read "a *relation* b", as a place in ``RELATIONS``, or ``NO_RELATION``."""
    return judge(measure(pairs), settings)


def explain(pairs: Compared, row: int, settings: Settings) -> str:
    """Why one pair has its relation, or none."""
    signals: Signals = measure(pairs)
    return reason(signals, row, settings)


def code_of(relation: Relation) -> int:
    """The code that stands for a relation in ``relate``'s result."""
    return RELATIONS.index(relation)
