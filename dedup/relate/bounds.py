"""The scores of a pair, each with the setting it is held against: rules are made of these, and explanations show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec
import numpy as np

from dedup.relate.signals import Flags, Signals
from dedup.settings import Settings
from dedup.verify.compared import Counts, Shares


class Limit(StrEnum):
    """On which side of its setting a score must lie."""

    FROM = "from"
    UP_TO = "up to"
    BELOW = "below"


_COMPARED = {Limit.FROM: np.greater_equal, Limit.UP_TO: np.less_equal, Limit.BELOW: np.less}


class Unit(StrEnum):
    """What a score counts; ``STORIES`` are ln(1 + n), as commonness is reckoned."""

    SHARE = "share"
    NUMBER = "number"
    WORDS = "words"
    COUNT = "count"
    STORIES = "stories"


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A score of one pair. Without a ``setting`` it is part of another score, and held against nothing itself.

    ``label`` says in words what it is; ``limit`` on which side of ``threshold``, the value of the ``setting``, it must lie,
    and ``met`` whether it does. Scores and thresholds in stories are how many there are.
    """

    name: str
    label: str
    unit: Unit
    value: float
    setting: str | None = None
    threshold: float | None = None
    limit: Limit | None = None
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """A score and the setting that bounds it; ``value`` gives it for every pair."""

    name: str
    label: str
    value: Callable[[Signals, Settings], Shares | Counts]
    setting: str | None = None
    limit: Limit = Limit.FROM
    unit: Unit = Unit.SHARE

    def met(self, s: Signals, t: Settings) -> Flags:
        """Which pairs are on the right side of it."""
        found = self.value(s, t)
        if self.setting is None:
            return np.ones(len(found), np.bool_)
        met: Flags = _COMPARED[self.limit](found, getattr(t, self.setting))
        return met

    def score(self, s: Signals, row: int, t: Settings) -> Score:
        """The score of one pair."""
        return self.score_of(float(self.value(s, t)[row]), t)

    def score_of(self, value: float, t: Settings) -> Score:
        """A score that is known."""
        if self.setting is None:
            return Score(name=self.name, label=self.label, unit=self.unit, value=self._shown(value))
        threshold = float(getattr(t, self.setting))
        return Score(
            name=self.name,
            label=self.label,
            unit=self.unit,
            value=self._shown(value),
            setting=self.setting,
            threshold=self._shown(threshold),
            limit=self.limit,
            met=bool(_COMPARED[self.limit](value, threshold)),
        )

    def _shown(self, value: float) -> float:
        return float(np.expm1(value)) if self.unit is Unit.STORIES else value


def all_met(bounds: tuple[Bound, ...], s: Signals, t: Settings) -> Flags:
    """Which pairs are on the right side of all of them."""
    met: Flags = np.logical_and.reduce([bound.met(s, t) for bound in bounds])
    return met


def _evidence(s: Signals, t: Settings) -> Shares:
    # As if one more figure were shared: a single one that differs is little to go by where there are few.
    figures = 1.0 - s.figures_missing / (s.figures_fewer + 1.0)
    return s.containment + t.evidence_figures * figures - t.evidence_common * s.common


def _shorter(s: Signals, t: Settings) -> Shares:
    return np.minimum(s.length_a, s.length_b)


def _passage(s: Signals, t: Settings) -> Counts:
    """A quotation counts by its verbatim runs only."""
    return np.maximum(s.prose, s.run)


_UP_TO, _BELOW, _WORDS, _COUNT = Limit.UP_TO, Limit.BELOW, Unit.WORDS, Unit.COUNT

ALIKE = Bound("jaccard", "Jaccard similarity", lambda s, t: s.jaccard, "threshold", unit=Unit.NUMBER)
HELD_A = Bound("containment_a", "shingles of the first in the second", lambda s, t: s.containment_a, "containment")
HELD_B = Bound("containment_b", "shingles of the second in the first", lambda s, t: s.containment_b, "containment")
HELD = Bound("containment", "shingles of the smaller in the other", lambda s, t: s.containment, "containment")
SHORTER_A = Bound("length_a", "length of the first, of the second's", lambda s, t: s.length_a, "contained_length", _UP_TO)
SHORTER_B = Bound("length_b", "length of the second, of the first's", lambda s, t: s.length_b, "contained_length", _UP_TO)
EXCERPT = Bound("length", "length of the shorter, of the longer's", _shorter, "contained_length", _UP_TO)

LONG_PASSAGE = Bound("passage", "longest passage, words", _passage, "passage_words", unit=_WORDS)
MUCH_SHARED = Bound("shared", "shingles in common", lambda s, t: s.shared, "passage_shingles", unit=_COUNT)
SPECIFIC = Bound(
    "common_anywhere",
    "other stories with the passages",
    lambda s, t: s.common_anywhere,
    "passage_common",
    _UP_TO,
    Unit.STORIES,
)

NO_CORRECTION = Bound(
    "jaccard", "Jaccard similarity, were it a form", lambda s, t: s.jaccard, "template_jaccard", _BELOW, Unit.NUMBER
)
COVERED = Bound("coverage", "words in passages, were it a form", lambda s, t: s.coverage, "template_coverage")
EVIDENCE = Bound("evidence", "evidence of one story, not a form", _evidence, "evidence", unit=Unit.NUMBER)
SAME_NAMES = Bound("names", "names of the fewer in the other", lambda s, t: s.names, "template_names")
FIGURES = Bound("figures", "figures of the fewer in the other", lambda s, t: s.figures)
COMMON = Bound("common", "other stories with the passages before", lambda s, t: s.common, unit=Unit.STORIES)

AGREEING_FIGURES = Bound("figures", "figures of the fewer in the other", lambda s, t: s.figures, "agreement_figures")
AGREEING_NAMES = Bound("names", "names of the fewer in the other", lambda s, t: s.names, "agreement_names")
MANY_FACTS = Bound("facts", "figures and names in common", lambda s, t: s.facts, "agreement_facts", unit=_COUNT)
LITTLE_HELD = Bound(
    "containment", "shingles of the smaller in the other", lambda s, t: s.containment, "version_containment", _BELOW
)

VERSION_HELD = Bound(
    "containment", "shingles of the smaller in the other", lambda s, t: s.containment, "version_containment"
)
OPENING = Bound("opening", "words of the opening in passages", lambda s, t: s.opening, "version_opening")
ADDS_LITTLE = Bound(
    "own_words", "words of the shorter in no passage", lambda s, t: s.own_words, "version_own_words", _UP_TO, _WORDS
)
SOME_FACTS = Bound("facts", "figures and names in common", lambda s, t: s.facts, "version_facts", unit=_COUNT)
FEW_MISSING = Bound(
    "figures_missing",
    "figures of the fewer not in the other",
    lambda s, t: s.figures_missing,
    "version_figures_missing",
    _UP_TO,
    _COUNT,
)

ALWAYS = (ALIKE, HELD_A, HELD_B, LONG_PASSAGE, MUCH_SHARED)
"""What every pair is held against, but for identical ones."""

SAME_FACTS = (EVIDENCE, SAME_NAMES)
"""What tells one story from a form filled in twice."""

FORM = (COVERED, NO_CORRECTION, EVIDENCE, FIGURES, SAME_NAMES, COMMON)
"""What makes a template, and what that rests on."""

AGREEING = (AGREEING_FIGURES, AGREEING_NAMES)
"""Facts that agree though the evidence is weak."""

VERSION = (VERSION_HELD, OPENING, ADDS_LITTLE, SOME_FACTS, FEW_MISSING)
"""What makes two stories versions of one."""
