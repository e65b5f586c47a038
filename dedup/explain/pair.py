"""One pair of stories: what they have in common, what each has alone, and why they are what they are to each other."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from dedup import kernels
from dedup.collection import microseconds
from dedup.explain.records import Basis, Explanation, Facts, Side, Source, Span, Stretch
from dedup.relate import NO_RELATION, RELATIONS, Commonness, Judgement, explain, relate, scores
from dedup.result import update_of
from dedup.settings import Settings
from dedup.story import Overlap, Story
from dedup.verify import Compared, compare_texts

_FIGURE = 1
_ALONE = "judged by these two texts alone; a scan or an index also goes by how common their words are"


def compare(text_a: str, text_b: str, *, settings: Settings | None = None) -> Overlap:
    """Compare two texts.

    Returns their pair record with the ids "a" and "b"; ``relation`` is None where they have none.

    >>> import dedup
    >>> lead = "The two ministers signed a joint statement on shared fishing rights in the northern strait"
    >>> dedup.compare(lead, lead.upper()).relation
    <Relation.IDENTICAL: 'identical'>
    """
    return explain_stories(Story(id="a", text=text_a), Story(id="b", text=text_b), settings=settings).overlap


def explain_stories(a: Story, b: Story, *, settings: Settings | None = None) -> Explanation:
    """Compare two stories and say why they have the relation they have, or none, going by their texts alone."""
    settings = settings or Settings()
    pair = compare_texts(a.text, b.text, settings)
    notes = (_ALONE,) if len(Judgement(pair, settings).open) and int(relate(pair, settings)[0]) != NO_RELATION else ()
    return explanation_of(pair, a, b, settings, None, Basis(by=Source.TEXTS, notes=notes))


def explanation_of(
    pair: Compared, a: Story, b: Story, settings: Settings, common: Commonness | None, basis: Basis
) -> Explanation:
    """The explanation of one compared pair; ``common`` as for ``dedup.relate.relate``."""
    code = int(relate(pair, settings, common)[0])
    relation = None if code == NO_RELATION else RELATIONS[code]
    older = None
    if relation is not None:
        older = update_of(relation, (a.id, microseconds(a.published)), (b.id, microseconds(b.published)))
    overlap = pair.overlap(0, a.id, b.id, relation, older)
    facts = [_facts(found.tolist()) for found in kernels.facts_apart(a.text, b.text)]
    return Explanation(
        overlap=overlap,
        reason=explain(pair, 0, settings, common),
        scores=tuple(scores(pair, 0, settings, common)),
        a=Side(story=a, facts=facts[0], alone=alone(a.text, [passage.a for passage in overlap.passages])),
        b=Side(story=b, facts=facts[1], alone=alone(b.text, [passage.b for passage in overlap.passages])),
        basis=basis,
    )


def _facts(rows: list[list[int]]) -> Facts:
    places = [((begin, end), role) for begin, end, role in rows]
    return Facts(
        figures=tuple(span for span, role in places if role == _FIGURE),
        names=tuple(span for span, role in places if role != _FIGURE),
    )


def alone(text: str, covered: Sequence[Span]) -> tuple[Stretch, ...]:
    """The stretches of a text outside the ``covered`` spans, those without a word left out.

    >>> alone("One two, three. Four", [(4, 7)])
    (Stretch(span=(0, 3), words=1), Stretch(span=(9, 20), words=2))
    """
    spans = [(begin, end) for _, begin, end in kernels.tokens(text)]
    begins = [begin for begin, _ in spans]
    found, reached = [], 0
    for begin, end in [*sorted(covered), (len(text), len(text))]:
        first, last = bisect_left(begins, reached), bisect_left(begins, begin)
        if first < last:
            found.append(Stretch((spans[first][0], spans[last - 1][1]), last - first))
        reached = max(reached, end)
    return tuple(found)
