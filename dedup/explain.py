"""One pair of texts: what they have in common, and why that makes them what they are to each other."""

from __future__ import annotations

from dataclasses import dataclass

from dedup.relate import NO_RELATION, RELATIONS, explain, relate
from dedup.settings import Settings
from dedup.story import Overlap
from dedup.verify import compare_texts


@dataclass(frozen=True, slots=True)
class Explanation:
    """A compared pair and the reason for its relation, in a sentence."""

    overlap: Overlap
    reason: str


def compare(text_a: str, text_b: str, *, settings: Settings | None = None) -> Overlap:
    """Compare two texts.

    Returns their pair record with the ids "a" and "b"; ``relation`` is None where they have none.

    >>> import dedup
    >>> lead = "The two ministers signed a joint statement on shared fishing rights in the northern strait"
    >>> dedup.compare(lead, lead.upper()).relation
    <Relation.IDENTICAL: 'identical'>
    """
    return explain_texts(text_a, text_b, settings=settings).overlap


def explain_texts(
    text_a: str, text_b: str, *, id_a: str = "a", id_b: str = "b", settings: Settings | None = None
) -> Explanation:
    """Compare two texts and say why they have the relation they have, or none."""
    settings = settings or Settings()
    pair = compare_texts(text_a, text_b, settings)
    code = int(relate(pair, settings)[0])
    relation = None if code == NO_RELATION else RELATIONS[code]
    return Explanation(pair.overlap(0, id_a, id_b, relation), explain(pair, 0, settings))
