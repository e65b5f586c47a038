"""A whole story for a page: paragraphs whose passages are numbered and whose changed words are marked; long stretches
without a passage are folded away."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from dedup.files import printable
from dedup.report.aligned import Span, Words, changed_spans
from dedup.story import Passage

_FOLDED: Final = 150  # words in a row without a passage that are folded, but for those at the edges
_EDGE: Final = 40  # words left open beside a passage
_STRETCHED: Final = 40  # words by which an edge may be longer, to end with a line or a sentence
_SPACE: Final = re.compile(r"[\t\r\f\v ]+")
_ENDS: Final = re.compile(r"\n|[.!?。！？؟۔]")


class Part(NamedTuple):
    """Text of a passage, or outside of one, all of it changed or not; fit to be shown, but for HTML's own characters."""

    text: str
    changed: bool


class Group(NamedTuple):
    """Text of one paragraph, in the passage of that number or in none (0); ``begins`` and ``ends`` where that does."""

    passage: int
    begins: bool
    ends: bool
    parts: list[Part]


Paragraph = list[Group]


class Section(NamedTuple):
    """Paragraphs; if ``folded`` is not 0, those that no passage is in, and how many words they have."""

    folded: int
    paragraphs: list[Paragraph]


class _Piece(NamedTuple):
    """A part of a text on the way there."""

    span: Span
    passage: int = 0
    folded: int = 0
    changed: tuple[Span, ...] = ()


def marked(texts: tuple[str, str], passages: Sequence[Passage]) -> tuple[list[Section], list[Section]]:
    """Two stories, ready to be shown beside each other; passages are numbered from 1 in the order they are given."""
    spans: tuple[list[_Piece], list[_Piece]] = ([], [])
    for number, passage in enumerate(passages, 1):
        ranges = passage.a, passage.b
        changes = changed_spans(*(text[slice(*span)] for text, span in zip(texts, ranges, strict=True)))
        for pieces, (begin, end), changed in zip(spans, ranges, changes, strict=True):
            moved = tuple((begin + first, begin + last) for first, last in changed)
            pieces.append(_Piece((begin, end), number, changed=moved))
    first, second = (
        list(_sections(text, list(_pieces(Words(text), sorted(pieces))))) for text, pieces in zip(texts, spans, strict=True)
    )
    return first, second


def one_marked(text: str, spans: Sequence[Span]) -> list[Section]:
    """A story without the other: its passages, numbered in their order, nothing in them marked."""
    pieces = [_Piece(span, number) for number, span in enumerate(spans, 1)]
    return list(_sections(text, list(_pieces(Words(text), sorted(pieces)))))


def _pieces(words: Words, passages: Iterable[_Piece]) -> Iterator[_Piece]:
    """All of a text in order: passages, and what lies between, which may be folded."""
    reached = 0
    for piece in passages:
        begin = max(piece.span[0], reached)
        end = max(piece.span[1], begin)  # of one that lies within others only the number is left
        yield from _between(words, (reached, begin), before=True)
        yield piece._replace(span=(begin, end))
        reached = end
    yield from _between(words, (reached, len(words.text)), before=False)


def _between(words: Words, span: Span, *, before: bool) -> Iterator[_Piece]:
    begins = [begin for begin, _ in words.spans[_at(words, span[0]) : _at(words, span[1])]]
    if len(begins) <= _FOLDED:
        if span[0] < span[1]:
            yield _Piece(span)
        return
    first = _end_between(words.text, begins[_EDGE], begins[_EDGE + _STRETCHED]) or begins[_EDGE]
    last = span[1]
    if before:
        last = _end_between(words.text, begins[-_EDGE - _STRETCHED], begins[-_EDGE]) or begins[-_EDGE]
    yield _Piece((span[0], first))
    yield _Piece((first, last), folded=bisect_left(begins, last) - bisect_left(begins, first))
    if last < span[1]:
        yield _Piece((last, span[1]))


def _at(words: Words, place: int) -> int:
    return bisect_left(words.spans, (place, place))


def _end_between(text: str, first: int, last: int) -> int | None:
    """Where a line or a sentence ends between two places."""
    found = _ENDS.search(text, first, last)
    return found.end() if found else None


def _sections(text: str, pieces: Sequence[_Piece]) -> Iterator[Section]:
    open_: list[Paragraph] = [[]]
    for piece in pieces:
        paragraphs = list(_paragraphs(text, piece))
        if piece.folded:
            yield from _section(0, open_)
            yield from _section(piece.folded, paragraphs)
            open_ = [[]]
            continue
        open_[-1] += paragraphs[0]
        open_ += paragraphs[1:]
    yield from _section(0, open_)


def _section(folded: int, paragraphs: Iterable[Paragraph]) -> Iterator[Section]:
    shown = [paragraph for paragraph in paragraphs if any(_says(group) for group in paragraph)]
    if shown:
        yield Section(folded, shown)


def _says(group: Group) -> bool:
    return (group.passage > 0 and group.begins) or any(part.text.strip() for part in group.parts)


def _paragraphs(text: str, piece: _Piece) -> Iterator[Paragraph]:
    """What a piece gives to the paragraph it begins in, and to each one after that."""
    begin, end = piece.span
    place = begin
    for line in text[begin:end].split("\n"):
        stop = place + len(line)
        parts = list(_parts(text, (place, stop), piece.changed))
        group = Group(piece.passage, place == begin, stop == end, parts)
        numbered = piece.passage and group.begins
        yield [group] if parts or numbered else []
        place = stop + 1


def _parts(text: str, span: Span, changed: Sequence[Span]) -> Iterator[Part]:
    place, end = span
    for first, last in changed[max(0, bisect_left(changed, (place, 0)) - 1) :]:
        first, last = max(first, place), min(last, end)
        if first >= end:
            break
        if first >= last:
            continue
        if place < first:
            yield Part(_shown(text[place:first]), changed=False)
        yield Part(_shown(text[first:last]), changed=True)
        place = last
    if place < end:
        yield Part(_shown(text[place:end]), changed=False)


def _shown(text: str) -> str:
    return printable(_SPACE.sub(" ", text))
