"""The geometry of a page's plots: how many pairs there are of each kind, and where they lie by their scores.

Every plot is bounded, however many pairs there are: what is too much is counted in bins, and the plot says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from dedup.relate import RELATIONS
from dedup.report.reportdata import PageData
from dedup.story import Relation

SHOWN: Final = (
    Relation.IDENTICAL,
    Relation.NEAR_DUPLICATE,
    Relation.CONTAINED,
    Relation.SHARED_PASSAGE,
    Relation.TEMPLATE,
)
"""The relations as a page names them: ``contains`` is ``contained``, seen from the other side."""

GLYPHS: Final = dict(zip(SHOWN, "=≈⊂∩#", strict=True))
"""A sign a relation, so that colour is never all that tells them apart."""

SCATTER_POINTS: Final = 1_500
"""Pairs up to which each is a mark of its own in the scatter plot."""

_CELLS: Final = 50  # to a side of the scatter plot, once pairs are counted in bins
_SIZES: Final = (
    ("2", 2, 2),
    ("3", 3, 3),
    ("4", 4, 4),
    ("5–9", 5, 9),
    ("10–19", 10, 19),
    ("20–49", 20, 49),
    ("50 and more", 50, 1 << 62),
)


class Bar(NamedTuple):
    """A row of a bar chart; ``share`` of the longest bar, from 0 to 100."""

    name: str
    number: int
    share: float


class Mark(NamedTuple):
    """A point of a plot: its place in the picture, how much larger than a single one it is, and how many it stands for."""

    x: float
    y: float
    scale: float
    number: int
    relation: str


class Line(NamedTuple):
    """A threshold, or a tick, at a place in the picture, with its name."""

    place: float
    label: str


@dataclass(frozen=True)
class Scatter:
    """Jaccard similarity (x) against the greater containment (y), in a picture of ``width`` by ``height``."""

    width: int
    height: int
    left: int
    bottom: int
    marks: Sequence[Mark]
    x_ticks: Sequence[Line]
    y_ticks: Sequence[Line]
    x_threshold: Line
    y_threshold: Line
    cells: int


def relation_bars(data: PageData) -> list[Bar]:
    """How many pairs have each relation."""
    counts = np.bincount(data.relations, minlength=len(RELATIONS)).tolist()
    found = {relation: counts[RELATIONS.index(relation)] for relation in SHOWN}
    found[Relation.CONTAINED] += counts[RELATIONS.index(Relation.CONTAINS)]
    return _bars(found.items())


def cluster_bars(data: PageData) -> list[Bar]:
    """How many clusters have how many stories, the kept one among them."""
    dropped = data.keeper[data.keeper != np.arange(len(data.keeper))]
    sizes = np.unique(dropped, return_counts=True)[1] + 1
    bars = [(name, int(((sizes >= low) & (sizes <= high)).sum())) for name, low, high in _SIZES]
    while bars and not bars[-1][1]:
        bars.pop()
    return _bars(bars)


def _bars(counts: Iterable[tuple[str, int]]) -> list[Bar]:
    known = list(counts)
    most = max((count for _, count in known), default=0) or 1
    return [Bar(name, count, round(100 * count / most, 1)) for name, count in known]


def scatter(data: PageData) -> Scatter:
    """Where the pairs lie by their scores: each one, or cells of a grid where there are more than ``SCATTER_POINTS``."""
    left, bottom, top, side = 44, 40, 12, 300
    x = np.array([pair.jaccard for pair in data.pairs])
    y = np.array([max(pair.containment_a, pair.containment_b) for pair in data.pairs])
    contains, contained = map(RELATIONS.index, (Relation.CONTAINS, Relation.CONTAINED))
    codes = np.where(data.relations == contains, contained, data.relations)
    cells = _CELLS if len(data.pairs) > SCATTER_POINTS else 0
    if cells:
        x, y = ((np.minimum((scores * cells).astype(int), cells - 1) + 0.5) / cells for scores in (x, y))
    points, counts = np.unique(np.column_stack([codes, x, y]), axis=0, return_counts=True)

    def across(share: float) -> float:
        return round(left + share * side * 1.35, 1)

    def down(share: float) -> float:
        return round(top + (1 - share) * side, 1)

    marks = [
        Mark(across(px), down(py), round(min(0.8 + 0.25 * float(np.log10(count)), 2.0), 2), count, RELATIONS[int(code)])
        for (code, px, py), count in zip(points.tolist(), counts.tolist(), strict=True)
    ]
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    return Scatter(
        width=round(left + side * 1.35 + 16),
        height=top + side + bottom,
        left=left,
        bottom=top + side,
        marks=marks,
        x_ticks=[Line(across(tick), f"{tick:g}") for tick in ticks],
        y_ticks=[Line(down(tick), f"{tick:.0%}") for tick in ticks],
        x_threshold=Line(across(data.settings.threshold), f"near-duplicate from {data.settings.threshold:g}"),
        y_threshold=Line(down(data.settings.containment), f"contained from {data.settings.containment:.0%}"),
        cells=cells,
    )
