"""Takes measured figures, gives the one table: dedup, the baseline, what is to beat and what is the goal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.accuracy.baseline import THRESHOLDS
from dedup.explain import explain_stories
from dedup.settings import Settings
from dedup.story import Story

HEADER = ("set", "measure", "dedup", *(f"LSH {threshold}" for threshold in THRESHOLDS), "to beat", "goal", "reached", "")
_NUMBERS = range(2, 6)
NONE = "none"
"""Stands where a relation would, for a pair that has none."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be."""

    sign: str
    value: float

    def met(self, figure: float) -> bool:
        comparisons = {
            ">=": figure >= self.value,
            "<=": figure <= self.value,
            ">": figure > self.value,
            "=": figure == self.value,
        }
        return comparisons[self.sign]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measure on one set. ``baselines`` are datasketch's at ``THRESHOLDS``, None where it has none.

    ``digits`` after the point: 0 for counts. ``note`` stands at the end of the row.
    """

    set: str
    measure: str
    figure: float
    baselines: Sequence[float | None] = (None,) * len(THRESHOLDS)
    to_beat: float | None = None
    goal: Goal | None = None
    digits: int = 3
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """None without a goal."""
        return None if self.goal is None else self.goal.met(self.figure)

    def cells(self) -> tuple[str, ...]:
        figures = [self._show(figure) for figure in (self.figure, *self.baselines, self.to_beat)]
        goal = f"{self.goal.sign} {self._show(self.goal.value)}" if self.goal else "-"
        reached = {None: "-", True: "yes", False: "NO"}[self.reached]
        return (self.set, self.measure, *figures, goal, reached, self.note)

    def _show(self, figure: float | None) -> str:
        return "-" if figure is None else f"{figure:.{self.digits}f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A pair that came out other than its label says. The larger ``weight``, the further off."""

    set: str
    a: str
    b: str
    texts: tuple[str, str]
    label: str
    answer: str
    weight: float

    def line(self, settings: Settings) -> str:
        """One line, with the reason that dedup gives."""
        a, b = (Story(id=id, text=text) for id, text in zip((self.a, self.b), self.texts, strict=True))
        reason = explain_stories(a, b, settings=settings).reason
        return f"{self.set}  {self.a} / {self.b}  label {self.label}, came out {self.answer}: {reason}"


@dataclass(slots=True)
class Report:
    """What a set gives: rows of the table, tables of its own, the mistakes, and how long it took."""

    rows: list[Row] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    seconds: float = 0.0

    def worst(self, count: int) -> list[Mistake]:
        """The mistakes that are furthest off, then by id."""
        return sorted(self.mistakes, key=lambda mistake: (-mistake.weight, mistake.a, mistake.b))[:count]


def table(rows: Sequence[Row]) -> str:
    """As a Markdown table that reads as plain text, too."""
    return aligned([HEADER, *(row.cells() for row in rows)], _NUMBERS)


def confusion_table(title: str, counts: Mapping[str, Counter[str]], answers: Sequence[str]) -> str:
    """Labels down, answers across."""
    cells = [
        (title, *answers),
        *((label, *(str(counts[label][answer]) for answer in answers)) for label in counts),
    ]
    return aligned(cells, range(1, len(answers) + 1))


def aligned(cells: Sequence[Sequence[str]], numbers: range) -> str:
    """Rows of cells, the first of them the header; the columns of ``numbers`` to the right."""
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(cells[0]))]
    lines = [_line(row, widths, numbers) for row in cells]
    rules = ["-" * (width - 1) + (":" if column in numbers else "-") for column, width in enumerate(widths)]
    return "\n".join([lines[0], _line(rules, widths, numbers), *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int], numbers: range) -> str:
    padded = [
        cell.rjust(width) if column in numbers else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"
