"""The words in a marked-up text as a person reads them: a paragraph is a line, with an empty line before the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dedup.read.xmlitems import local

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_PARAGRAPHS: Final = frozenset(
    "p hl1 hl2 h1 h2 h3 h4 h5 h6 ol ul dl pre table caption div block blockquote bq fn hr section article".split()
)
_LINES: Final = frozenset("br tr li dt dd".split())
_CELLS: Final = frozenset("td th".split())
# What may stand among the paragraphs and is not of the text: pictures with their captions, who wrote it and where, and what
# no reader sees. An agency that wants its dateline read puts it into the first paragraph, as its clients print it; to add
# the one given apart would double it there, and tell a copy that lost it from the story.
_ASIDE: Final = frozenset(
    "media figure byline dateline copyrite distributor body.head body.end head script style note annotation".split()
)
_SLICE: Final = 64 << 10


class _Lines:
    """Gathers words: white space counts as one space, and what is asked for between the pieces."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._between = ""

    def add(self, text: str) -> None:
        """Some text that goes on where the last ended; in slices, as all words of a long one would fill the memory."""
        for start in range(0, len(text), _SLICE):
            piece = text[start : start + _SLICE]
            words = " ".join(piece.split())
            if not words or piece[0].isspace():
                self.part(" ")
            if words:
                if self._between and self._pieces:
                    self._pieces.append(self._between)
                self._between = ""
                self._pieces.append(words)
                if piece[-1].isspace():
                    self.part(" ")

    def part(self, by: str) -> None:
        """Set the next words apart by at least this, the longer the stronger."""
        if by not in self._between and (by != " " or not self._between):
            self._between = by

    def text(self) -> str:
        """All lines."""
        return "".join(self._pieces)


def prose(element: Element) -> str:
    """The paragraphs below an element of NITF or XHTML, without what stands aside. No recursion: any depth will do."""
    lines = _Lines()
    pending: list[tuple[Element, bool]] = [(element, True)]
    while pending:
        each, entering = pending.pop()
        name = local(each.tag)
        if name not in _ASIDE or each is element:
            lines.part(_apart(name))
            if entering:
                lines.add(each.text or "")
                pending.append((each, False))
                pending.extend((child, True) for child in reversed(each))
                continue
        if each is not element:
            lines.add(each.tail or "")
    return lines.text()


def line_of(element: Element | None) -> str | None:
    """All words in an element as one line; None if there are none."""
    if element is None:
        return None
    lines = _Lines()
    for piece in element.itertext():
        lines.add(piece)
    return lines.text() or None


def _apart(name: str) -> str:
    if name in _PARAGRAPHS:
        return "\n\n"
    return "\n" if name in _LINES else " " if name in _CELLS else ""
