"""The decision table: the first rule that holds gives the relation, and says why.

Every rule is symmetric, or comes with its mirror, so exchanging a and b mirrors the relation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dedup.relate.signals import Flags, Signals
from dedup.settings import Settings
from dedup.story import Relation

RELATIONS = tuple(Relation)
NO_RELATION = 255
"""The code of a pair that no rule fits; other codes are places in ``RELATIONS``."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``holds`` tells for which pairs; ``reason`` says it in words, with ``{signal}`` and ``{setting}`` fields."""

    relation: Relation
    holds: Callable[[Signals, Settings], Flags]
    reason: str


def _other_facts(s: Signals, t: Settings) -> Flags:
    return (s.figures < t.template_figures) | (s.names < t.template_names)


def _contained(s: Signals, t: Settings) -> Flags:
    return (s.containment_a >= t.containment) & (s.length_a < 1.0) & (s.length_a <= t.contained_length)


def _contains(s: Signals, t: Settings) -> Flags:
    return (s.containment_b >= t.containment) & (s.length_b < 1.0) & (s.length_b <= t.contained_length)


def _alike(s: Signals, t: Settings) -> Flags:
    return s.jaccard >= t.threshold


def _same_length(s: Signals, t: Settings) -> Flags:
    """Neither is short enough to be an excerpt."""
    shorter = np.minimum(s.length_a, s.length_b)
    whole = np.maximum(s.containment_a, s.containment_b) >= t.containment
    return whole & ((shorter > t.contained_length) | (shorter >= 1.0))


def _passage(s: Signals, t: Settings) -> Flags:
    return s.longest >= t.passage_words


def _template(s: Signals, t: Settings) -> Flags:
    """Stories that would be related by their words, were they not about other facts."""
    related = _contained(s, t) | _contains(s, t) | _alike(s, t) | _same_length(s, t) | _passage(s, t)
    return related & (s.jaccard < t.template_jaccard) & (s.coverage >= t.template_coverage) & _other_facts(s, t)


RULES = (
    Rule(Relation.IDENTICAL, lambda s, t: s.identical, "the same words in the same order"),
    Rule(
        Relation.TEMPLATE,
        _template,
        "passages cover {coverage:.0%} of the shorter story, but of its figures only {figures:.0%} and of its names "
        "{names:.0%} are in the other (the same story would share {template_figures:.0%} and {template_names:.0%})",
    ),
    Rule(
        Relation.CONTAINED,
        _contained,
        "the second holds {containment_a:.0%} of the first (from {containment:.0%} on) and is longer",
    ),
    Rule(
        Relation.CONTAINS,
        _contains,
        "the first holds {containment_b:.0%} of the second (from {containment:.0%} on) and is longer",
    ),
    Rule(Relation.NEAR_DUPLICATE, _alike, "Jaccard similarity {jaccard:.2f} (from {threshold:.2f} on)"),
    Rule(
        Relation.NEAR_DUPLICATE,
        _same_length,
        "alike in length, and the second holds {containment_a:.0%} of the first, the first {containment_b:.0%} of the "
        "second (one from {containment:.0%} on)",
    ),
    Rule(
        Relation.SHARED_PASSAGE,
        _passage,
        "different stories with a passage of {longest} words in common (from {passage_words} on)",
    ),
)


def judge(signals: Signals, settings: Settings) -> npt.NDArray[np.uint8]:
    """The relation of each pair as a place in ``RELATIONS``, or ``NO_RELATION``."""
    codes = [RELATIONS.index(rule.relation) for rule in RULES]
    fits = [rule.holds(signals, settings) for rule in RULES]
    return np.select(fits, codes, NO_RELATION).astype(np.uint8)


def reason(signals: Signals, row: int, settings: Settings) -> str:
    """Why one pair is judged as it is, for a person to read."""
    values = {name: getattr(signals, name)[row] for name in Signals.__dataclass_fields__}
    for rule in RULES:
        if rule.holds(signals, settings)[row]:
            return rule.reason.format(**{**{f: getattr(settings, f) for f in settings.__struct_fields__}, **values})
    return (
        f"too little in common: Jaccard similarity {values['jaccard']:.2f}, longest passage {values['longest']} words "
        f"(from {settings.passage_words} on)"
    )
