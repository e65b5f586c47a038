"""The decision table: the first rule that holds gives the relation, and says why.

Every rule is symmetric, or comes with its mirror, so exchanging a and b mirrors the relation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dedup.relate.bounds import (
    AGREEING,
    ALIKE,
    ALWAYS,
    COVERED,
    EVIDENCE,
    EXCERPT,
    FIGURES,
    FORM,
    HELD,
    HELD_A,
    HELD_B,
    LITTLE_HELD,
    LONG_PASSAGE,
    MANY_FACTS,
    MUCH_SHARED,
    NO_CORRECTION,
    SAME_FACTS,
    SHORTER_A,
    SHORTER_B,
    SPECIFIC,
    VERSION,
    Bound,
    Score,
    all_met,
)
from dedup.relate.rarity import Commonness, extremes
from dedup.relate.signals import Flags, Signals
from dedup.settings import Settings
from dedup.story import Relation

RELATIONS = tuple(Relation)
NO_RELATION = 255
"""The code of a pair that no rule fits; other codes are places in ``RELATIONS``."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``holds`` tells for which pairs; ``reason`` says it in words, with ``{signal}`` and ``{setting}`` fields; ``bounds``
    are the scores to show beside those that are shown of every pair."""

    relation: Relation
    holds: Callable[[Signals, Settings], Flags]
    reason: str
    bounds: tuple[Bound, ...] = ()


def _same_facts(s: Signals, t: Settings) -> Flags:
    """What they share is much, agrees in its figures, and is no everyday phrase."""
    return all_met(SAME_FACTS, s, t)


def _beyond_doubt(s: Signals, t: Settings) -> Flags:
    """So many facts agree that it matters no more how many others have the words: they are copies, too."""
    return all_met((*AGREEING, MANY_FACTS, HELD), s, t)


def _one_subject(s: Signals, t: Settings) -> Flags:
    """Little of the text in common, and yet the facts agree: reports of one matter that quote the same."""
    return all_met((*AGREEING, LITTLE_HELD), s, t)


def _contained(s: Signals, t: Settings) -> Flags:
    return all_met((HELD_A, SHORTER_A), s, t) & (s.length_a < 1.0)


def _contains(s: Signals, t: Settings) -> Flags:
    return all_met((HELD_B, SHORTER_B), s, t) & (s.length_b < 1.0)


def _same_length(s: Signals, t: Settings) -> Flags:
    """Neither is short enough to be an excerpt."""
    same = np.minimum(s.length_a, s.length_b) >= 1.0
    return HELD.met(s, t) & (~EXCERPT.met(s, t) | same)


def _passage(s: Signals, t: Settings) -> Flags:
    return LONG_PASSAGE.met(s, t) | (MUCH_SHARED.met(s, t) & (s.longest > 0))


def _specific_passage(s: Signals, t: Settings) -> Flags:
    return _passage(s, t) & SPECIFIC.met(s, t)


def _related(s: Signals, t: Settings) -> Flags:
    """Stories that would be related by their words, were they not about other facts."""
    return _contained(s, t) | _contains(s, t) | ALIKE.met(s, t) | _same_length(s, t) | _passage(s, t)


def _template(s: Signals, t: Settings) -> Flags:
    other = (s.other_facts > 0) & ~(_same_facts(s, t) | _beyond_doubt(s, t) | _one_subject(s, t))
    return _related(s, t) & all_met((NO_CORRECTION, COVERED), s, t) & other


def _version(s: Signals, t: Settings) -> Flags:
    """The same news told at other length: much rewritten, but it opens alike and its facts agree."""
    return _passage(s, t) & all_met(VERSION, s, t) & _same_facts(s, t)


_VERSION = (
    "the same news at other length: it opens alike, {held:.0%} of the smaller one's shingles and {figures:.0%} of its "
    "figures are in the other; evidence {evidence_found:.2f} (from {evidence:.2f} on)"
)

RULES = (
    Rule(Relation.IDENTICAL, lambda s, t: s.identical, "the same words in the same order"),
    Rule(
        Relation.TEMPLATE,
        _template,
        "passages cover {coverage:.0%} of the shorter story, but {figures:.0%} of its figures and {names:.0%} of its names "
        "are in the other, and what they share stands in {elsewhere:.1f} other stories: evidence {evidence_found:.2f} of "
        "one story (from {evidence:.2f} on, with {template_names:.0%} of the names)",
    ),
    Rule(
        Relation.CONTAINED,
        _contained,
        "the second holds {containment_a:.0%} of the first (from {containment:.0%} on) and is longer",
        (SHORTER_A,),
    ),
    Rule(
        Relation.CONTAINS,
        _contains,
        "the first holds {containment_b:.0%} of the second (from {containment:.0%} on) and is longer",
        (SHORTER_B,),
    ),
    Rule(Relation.NEAR_DUPLICATE, ALIKE.met, "Jaccard similarity {jaccard:.2f} (from {threshold:.2f} on)"),
    Rule(
        Relation.NEAR_DUPLICATE,
        _same_length,
        "alike in length, and {held:.0%} of the smaller one's shingles are in the other (from {containment:.0%} on)",
        (EXCERPT,),
    ),
    Rule(Relation.CONTAINED, lambda s, t: _version(s, t) & (s.length_a < 1.0), _VERSION, VERSION),
    Rule(Relation.CONTAINS, lambda s, t: _version(s, t) & (s.length_b < 1.0), _VERSION, VERSION),
    Rule(
        Relation.SHARED_PASSAGE,
        _specific_passage,
        "different stories with a passage of {longest} words in common (from {passage_words} on)",
    ),
)


def judge(signals: Signals, settings: Settings) -> npt.NDArray[np.uint8]:
    """The relation of each pair as a place in ``RELATIONS``, or ``NO_RELATION``."""
    codes = [RELATIONS.index(rule.relation) for rule in RULES]
    fits = [rule.holds(signals, settings) for rule in RULES]
    return np.select(fits, codes, NO_RELATION).astype(np.uint8)


def may_depend(signals: Signals, codes: npt.NDArray[np.uint8], settings: Settings) -> npt.NDArray[np.intp]:
    """The row numbers of the pairs that might have another relation than ``codes`` says, were what they share more, or
    less, common.

    Only whether the evidence suffices and whether a passage is a stock phrase hang on that, each at one threshold: a pair
    that is the same at all four corners is the same everywhere.
    """
    near = np.flatnonzero(~signals.identical & (signals.jaccard < settings.template_jaccard))
    signals, codes = signals.take(near), codes[near]
    varies = np.zeros(len(near), np.bool_)
    for before in extremes(len(near), settings):
        for anywhere in extremes(len(near), settings):
            corner = signals.seen(Commonness(before.before, anywhere.anywhere))
            varies |= judge(corner, settings) != codes
    return near[varies]


def reason(signals: Signals, row: int, settings: Settings) -> str:
    """Why one pair is judged as it is, for a person to read."""
    values = {name: getattr(signals, name)[row] for name in Signals.__dataclass_fields__}
    values["held"] = signals.containment[row]
    values["elsewhere"] = np.expm1(values["common"])
    values["evidence_found"] = EVIDENCE.value(signals, settings)[row]
    for rule in RULES:
        if rule.holds(signals, settings)[row]:
            return rule.reason.format(**{**{f: getattr(settings, f) for f in settings.__struct_fields__}, **values})
    if _passage(signals, settings)[row]:
        return (
            f"too common: the shared passages stand in {np.expm1(values['common_anywhere']):.1f} other stories on average "
            f"(a story's own words in {np.expm1(settings.passage_common):.1f} at most)"
        )
    if values["longest"] >= settings.passage_words:
        return (
            f"only quotations in common, the longest verbatim run {values['run']} words (from {settings.passage_words} on)"
        )
    return (
        f"too little in common: Jaccard similarity {values['jaccard']:.2f}, longest passage {values['longest']} words "
        f"(from {settings.passage_words} on)"
    )


def scores(signals: Signals, row: int, settings: Settings) -> list[Score]:
    """The scores that made one pair what it is, or nothing: those of every pair, those of the rule that holds, and where
    their words alone would relate two stories with other facts, those that tell whether they are a form filled in twice."""
    fits = [rule for rule in RULES if rule.holds(signals, settings)[row]]
    bounds = [*ALWAYS, *(fits[0].bounds if fits else ())]
    if signals.identical[row]:
        bounds = [ALIKE, HELD_A, HELD_B]
    elif _related(signals, settings)[row] and signals.other_facts[row] > 0:
        bounds += _form(signals, row, settings)
    if _passage(signals, settings)[row] and (not fits or fits[0].relation is Relation.SHARED_PASSAGE):
        bounds.append(SPECIFIC)
    return [bound.score(signals, row, settings) for bound in dict.fromkeys(bounds)]


def _form(s: Signals, row: int, t: Settings) -> tuple[Bound, ...]:
    """What tells whether one pair, its words alike and some facts not, is a form filled in twice."""
    for bound in (COVERED, NO_CORRECTION):
        if not bound.met(s, t)[row]:
            return (bound,)
    by_agreement = not (_same_facts(s, t)[row] or _template(s, t)[row])
    if not by_agreement:
        return FORM
    return (*(bound for bound in FORM if bound is not FIGURES), *AGREEING, MANY_FACTS, LITTLE_HELD)
