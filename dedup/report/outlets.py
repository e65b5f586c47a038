"""The geometry of what a page shows of outlets: who shares text with whom, and how a story spread among them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple

import numpy as np

from dedup.relate import RELATIONS
from dedup.report.reportdata import PageData
from dedup.story import Relation

MATRIX_OUTLETS: Final = 14
"""Outlets of the matrix: those of the most frequent pairs."""

TIMELINES: Final = 4
"""Stories whose spread is drawn: those that the most outlets had."""

_ROWS: Final = 8  # outlets of a timeline
_HEAT: Final = 5  # steps of colour in the matrix
_LEFT, _WIDTH, _ROW = 180, 600, 22
_UNKNOWN: Final = "outlet not known"
_TEMPLATE: Final = RELATIONS.index(Relation.TEMPLATE)


@dataclass(frozen=True)
class Matrix:
    """Pairs by the outlets of their two stories, templates aside.

    ``places`` are the outlets' in ``PageData.outlets``; ``heat`` is 0 for none up to 5 for the most.
    """

    outlets: Sequence[str]
    places: Sequence[int]
    counts: Sequence[Sequence[int]]
    heat: Sequence[Sequence[int]]
    left_out: int


class Moment(NamedTuple):
    """A story on a timeline; ``role`` is what it is to the kept one: kept, dropped, or shares."""

    x: float
    role: str
    label: str


class Row(NamedTuple):
    """An outlet's line of a timeline."""

    outlet: str
    y: int
    moments: Sequence[Moment]


@dataclass(frozen=True)
class Timeline:
    """How one story spread: ``pair`` is one to open it by, ``outlets`` counts those that are known."""

    title: str
    pair: int
    stories: int
    outlets: int
    first: str
    last: str
    lasted: str
    left: int
    width: int
    height: int
    rows: Sequence[Row]
    left_out: int


def matrix(data: PageData) -> Matrix | None:
    """Who shares text with whom; None if fewer than two outlets are known."""
    sources = [story.source for story in data.stories]
    pairs: Counter[tuple[str, str]] = Counter()
    for a, b, relation in zip(data.a.tolist(), data.b.tolist(), data.relations.tolist(), strict=True):
        one, other = sources[a], sources[b]
        if relation != _TEMPLATE and one and other:
            pairs[min(one, other), max(one, other)] += 1
    known = {outlet for pair in pairs for outlet in pair}
    if len(known) < 2:
        return None
    outlets = _closest(pairs)
    counts = [[pairs[min(row, column), max(row, column)] for column in outlets] for row in outlets]
    scale = np.log1p(max(map(max, counts)))
    heat = [[int(np.ceil(_HEAT * np.log1p(count) / scale)) if count else 0 for count in row] for row in counts]
    return Matrix(outlets, [data.outlets.index(name) for name in outlets], counts, heat, len(known) - len(outlets))


def _closest(pairs: Counter[tuple[str, str]]) -> list[str]:
    """The outlets of the most frequent pairs, as many as the matrix takes; pairs of two outlets before those of one."""
    chosen: set[str] = set()
    for pair in sorted(pairs, key=lambda pair: (pair[0] == pair[1], -pairs[pair], pair)):
        if len(chosen | set(pair)) <= MATRIX_OUTLETS:
            chosen |= set(pair)
    return sorted(chosen)


def timelines(data: PageData) -> list[Timeline]:
    """The stories that spread to the most outlets, and what is known of when; none where no two dates of one are known."""
    around: dict[int, dict[int, int]] = defaultdict(dict)
    removals = data.removals.tolist()
    for row, (a, b, relation) in enumerate(zip(data.a.tolist(), data.b.tolist(), data.relations.tolist(), strict=True)):
        if relation != _TEMPLATE:
            for one, other in ((a, b), (b, a)):
                if data.keeper[one] == one and (removals[row] or data.keeper[other] == other):
                    around[one][other] = row
    return [_timeline(data, story, around[story]) for story in islice(_most_spread(data, around), TIMELINES)]


def _most_spread(data: PageData, around: dict[int, dict[int, int]]) -> Iterator[int]:
    dates, stories = data.published, data.stories
    spread = []
    for story, others in around.items():
        members = [one for one in (story, *others) if dates[one] is not None]
        if len({dates[one] for one in members}) > 1:
            spread.append((-len({stories[one].source for one in members}), -len(members), stories[story].id, story))
    shown: set[int] = set()
    for *_, story in sorted(spread):
        if not shown & {story, *around[story]}:
            shown |= {story, *around[story]}
            yield story


def _timeline(data: PageData, story: int, others: dict[int, int]) -> Timeline:
    dates = {one: date for one in (story, *others) if (date := data.published[one]) is not None}
    begin, end = min(dates.values()), max(dates.values())
    by_outlet: dict[str, list[int]] = defaultdict(list)
    for one in sorted(dates, key=lambda one: (dates[one], one)):
        by_outlet[data.stories[one].source or _UNKNOWN].append(one)
    rows = []
    for at, outlet in enumerate(_rows(list(by_outlet), data.stories[story].source)):
        members = by_outlet[outlet]
        marks: dict[tuple[float, str], Moment] = {}
        for one in members:
            x = round(_LEFT + 10 + (dates[one] - begin) / (end - begin) * (_WIDTH - _LEFT - 20))
            role = "kept" if one == story else "shares" if data.keeper[one] == one else "dropped"
            marks.setdefault((x, role), Moment(x, role, f"{when(dates[one])}, {role}: {data.stories[one].id}"))
        rows.append(Row(outlet, _ROW * at + _ROW // 2, list(marks.values())))
    kept = data.stories[story]
    return Timeline(
        title=kept.title or kept.id,
        pair=next(iter(others.values())),
        stories=len(dates),
        outlets=len(by_outlet.keys() - {_UNKNOWN}),
        first=when(begin),
        last=when(end),
        lasted=_span(timedelta(seconds=end - begin)),
        left=_LEFT,
        width=_WIDTH,
        height=_ROW * len(rows),
        rows=rows,
        left_out=len(by_outlet) - len(rows),
    )


def _rows(outlets: list[str], keeper: str | None) -> list[str]:
    """The outlets to draw, in the order they came: all, or the first, the last, that of the kept story, and some between."""
    if len(outlets) <= _ROWS:
        return outlets
    places = {round(at * (len(outlets) - 1) / (_ROWS - 2)) for at in range(_ROWS - 1)}
    kept = outlets.index(keeper or _UNKNOWN) if (keeper or _UNKNOWN) in outlets else 0
    return [outlets[place] for place in sorted(places | {kept})]


def when(seconds: int) -> str:
    """A time in UTC, to the minute; the date alone at midnight, where a clock was most likely not known.

    >>> when(86_400)
    '1970-01-02'
    """
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%d" if seconds % 86_400 == 0 else "%Y-%m-%d %H:%M")


def _span(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes / 60:.0f} h" if minutes < 60 * 72 else f"{minutes / 1440:.0f} days"
