"""What a terminal shows of one pair: the verdict and why, the scores beside what they are held against, the passages side by
side, the figures and names of one story only, and what each has alone. Long stories are shown in excerpts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dedup.explain import Explanation, Side, Span
from dedup.files import printable
from dedup.relate import Score, Unit
from dedup.report.sides import Marks, Wrapped, isolated, side_by_side
from dedup.story import Passage, Relation

_PASSAGES: Final = 8
_WORDS: Final = 720  # of all passages shown
_WORDS_EACH: Final = 240
_FACTS: Final = 30
_STRETCHES: Final = 5
_EXCERPT: Final = 160  # code points, two lines or so
_SHORT: Final = 5  # words of a stretch that is counted only

VERDICTS: Final = {
    None: "unrelated",
    Relation.IDENTICAL: "identical",
    Relation.NEAR_DUPLICATE: "near-duplicate",
    Relation.CONTAINS: "contains: the first holds the second",
    Relation.CONTAINED: "contained: the second holds the first",
    Relation.SHARED_PASSAGE: "shared-passage",
    Relation.TEMPLATE: "template: one form filled in twice",
}
"""The relation of a pair in words."""


def explanation_table(explanation: Explanation) -> Group:
    """All that makes a person trust the verdict, within the width there is."""
    pair = explanation.overlap
    parts: list[RenderableType] = [
        _listed(("first", Wrapped(pair.a)), ("second", Wrapped(pair.b))),
        "",
        Text(VERDICTS[pair.relation], style="bold"),
        *map(_sentence, notes_of(explanation)),
        "",
        _scores(explanation.scores),
        *_passages(explanation),
        *_facts(explanation),
    ]
    for name, side in (("first", explanation.a), ("second", explanation.b)):
        parts += _alone(name, side)
    return Group(*parts)


def notes_of(explanation: Explanation) -> Iterator[str]:
    """The reason for the verdict, which story is the newer version, and by what the pair was judged."""
    yield explanation.reason
    if explanation.overlap.update_of is not None:
        yield f"the newer is a later version of {explanation.overlap.update_of!r}"
    yield from explanation.basis.notes


def _sentence(note: str) -> Text:
    return Text(printable(note))


def _listed(*rows: tuple[str, Text | Wrapped]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return table


def _scores(scores: Sequence[Score]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("score", overflow="fold")
    table.add_column("", justify="right")
    table.add_column("needed", justify="left")
    table.add_column("met")
    for score in scores:
        table.add_row(score.label, value_text(score), needed_text(score), met_text(score))
    return table


def value_text(score: Score) -> str:
    """The value of a score as a person reads it."""
    return _number(score.value, score.unit)


def needed_text(score: Score) -> str:
    """What a score is held against; "" if nothing."""
    return "" if score.threshold is None else f"{score.limit} {_number(score.threshold, score.unit)}"


def met_text(score: Score) -> str:
    """Whether it is met; "" if it need not be."""
    return {None: "", True: "yes", False: "no"}[score.met]


def _number(value: float, unit: Unit) -> str:
    if unit is Unit.SHARE:
        return f"{value:.1%}"
    if unit is Unit.STORIES:
        return f"{value:.1f}"
    return f"{value:.3f}" if unit is Unit.NUMBER else f"{value:,.0f}"


def _passages(explanation: Explanation) -> Iterator[RenderableType]:
    passages = explanation.overlap.passages
    shown = set(sorted(passages, key=lambda passage: -passage.words)[:_PASSAGES])
    texts = explanation.a.story.text, explanation.b.story.text
    marks = Marks.apart_from(*(text[slice(*span)] for p in shown for text, span in zip(texts, (p.a, p.b), strict=True)))
    most = min(_WORDS_EACH, _WORDS // max(1, len(shown)))
    changed = False
    for number, passage in enumerate(passages, 1):
        if passage not in shown:
            continue
        yield Text(f"\npassage {number}, {passage.words:,} words", style="bold")
        if explanation.a.text_kept and explanation.b.text_kept:
            names = f"first {_span(passage.a)}", f"second {_span(passage.b)}"
            sides, marked = side_by_side(names, texts[0][slice(*passage.a)], texts[1][slice(*passage.b)], marks, most)
            changed = changed or marked
            yield sides
        else:
            yield from _one_side(explanation, passage)
    if len(passages) > len(shown):
        words = sum(passage.words for passage in passages) - sum(passage.words for passage in shown)
        yield Text(f"\nand {len(passages) - len(shown):,} shorter passages of {words:,} words; --format html shows them all")
    if changed:
        yield Text(f"\n{marks.begin} {marks.end} words that the other story does not have there")


def _one_side(explanation: Explanation, passage: Passage) -> Iterator[RenderableType]:
    for name, side, span in (("first", explanation.a, passage.a), ("second", explanation.b, passage.b)):
        said = excerpt(side.story.text, span, 4 * _EXCERPT) if side.text_kept else "(text not kept)"
        yield _listed((f"{name} {_span(span)}", Wrapped(said)))


def _span(span: Span) -> str:
    return f"{span[0]:,}–{span[1]:,}"


def _facts(explanation: Explanation) -> Iterator[RenderableType]:
    if not (explanation.a.text_kept and explanation.b.text_kept):
        return
    yield Text("\nfigures and names that only one story has", style="bold")
    none = True
    for name, side in (("first", explanation.a), ("second", explanation.b)):
        for kind, places in (("figures", side.facts.figures), ("names", side.facts.names)):
            if places:
                none = False
                yield _listed((f"{name + ',':<7} {kind:<7}", Text(_joined(phrases(side.story.text, places)))))
    if none:
        yield Text("none: every figure and name of each is in the other")


def phrases(text: str, places: Sequence[Span]) -> list[str]:
    """What stands at some places; those with one space between them as one."""
    found: list[list[int]] = []
    for begin, end in places:
        if found and found[-1][1] + 1 == begin and text[begin - 1] == " ":
            found[-1][1] = end
        else:
            found.append([begin, end])
    return [text[begin:end] for begin, end in found]


def _joined(values: Sequence[str]) -> str:
    shown = "; ".join(map(isolated, values[:_FACTS]))
    return shown + (f"; and {len(values) - _FACTS:,} more" if len(values) > _FACTS else "")


def _alone(name: str, side: Side) -> Iterator[RenderableType]:
    if not side.text_kept:
        return
    words, count = side.alone_words, len(side.alone)
    if not words:
        yield Text(f"\nthe {name} has no words of its own", style="bold")
        return
    pieces = f"{count:,} {'stretch' if count == 1 else 'stretches'}"
    yield Text(f"\nthe {name} alone: {words:,} {'word' if words == 1 else 'words'} in {pieces}", style="bold")
    longest = sorted(side.alone, key=lambda stretch: -stretch.words)[:_STRETCHES]
    shown = sorted((stretch for stretch in longest if stretch.words >= _SHORT or count <= 2), key=lambda one: one.span)
    for stretch in shown:
        said = excerpt(side.story.text, stretch.span, _EXCERPT)
        yield _listed((f"{stretch.words:>7,}", Wrapped(said)))
    if left := count - len(shown):
        words -= sum(stretch.words for stretch in shown)
        yield Text(
            f"{words:>7,}  in {left:,} {'more' if shown else 'short'} {'stretch' if left == 1 else 'stretches'}", style="dim"
        )


def excerpt(text: str, span: Span, most: int) -> str:
    """The beginning of a piece of a text, on one line, cut at a space if there is one, and how much more there is."""
    begin, end = span
    said = " ".join(text[begin : min(end, begin + 2 * most)].split())
    if len(said) <= most and end - begin <= 2 * most:
        return said
    cut = said.rfind(" ", most // 2, most)
    return f"{said[: cut if cut > 0 else most]} …"
