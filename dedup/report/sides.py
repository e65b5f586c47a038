"""Two passages for a terminal: rows of two columns that keep in step, long alike stretches cut out, changed words marked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from dedup.files import printable
from dedup.report.aligned import Block, Span, Words, align

_WHOLE: Final = 120  # words up to which a passage is shown as it is
_AROUND: Final = 12  # words left in front of and behind what is cut out
_CUT: Final = 30  # words in a row that are worth cutting out
_CHANGED: Final = 40  # changed words shown in one place
_ROW: Final = 24  # words from which a row ends with a sentence
_LONG_ROW: Final = 60  # words after which it ends anywhere
_STACKED_BELOW: Final = 50  # columns, below which the sides stand one above the other
_GAP: Final = 2
_SPACE: Final = re.compile(r"\s+")
_SENTENCE_END: Final = re.compile(r"[.!?。！？؟۔।…]")
_RIGHT_TO_LEFT: Final = frozenset(("R", "AL", "AN"))
_ISOLATE, _POP = "\u2068", "\u2069"  # first strong isolate


class Marks(NamedTuple):
    """What stands around changed words."""

    begin: str
    end: str

    @classmethod
    def apart_from(cls, *texts: str) -> Marks:
        """Brackets that the texts themselves do not have, if there are such."""
        for pair in ("[]", "⟦⟧", "{}"):
            if not any(mark in text for mark in pair for text in texts):
                return cls(*pair)
        return cls("[", "]")


class Piece(NamedTuple):
    """Words in a row of one block, or, with ``skipped``, how many stand for nothing shown."""

    block: Block
    skipped: int = 0


def isolated(text: str) -> str:
    """Printable text; between isolates if some of it runs from right to left, so that it moves nothing beside it."""
    shown = printable(text)
    return f"{_ISOLATE}{shown}{_POP}" if _runs_left(shown) else shown


def _runs_left(text: str) -> bool:
    return not text.isascii() and any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)


class Wrapped:
    """A text that wraps where it must; lines that run from right to left stand between isolates, each by itself."""

    def __init__(self, text: str) -> None:
        self._text = Text(printable(text))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _lines(console, self._text, options.max_width)


class SideBySide:
    """Rows of two cells in two columns of equal width, or one above the other where there is no room for that."""

    def __init__(self, names: tuple[str, str], rows: Sequence[tuple[Text, Text]]) -> None:
        self._names, self._rows = names, rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width < _STACKED_BELOW:
            for name, side in zip(self._names, zip(*self._rows, strict=True), strict=True):
                yield Text(name, style="dim")
                yield from _lines(console, Text(" ").join(side), options.max_width)
            return
        width = (options.max_width - _GAP) // 2
        for left, right in [(Text(self._names[0], style="dim"), Text(self._names[1], style="dim")), *self._rows]:
            for one, other in zip_longest(_lines(console, left, width), _lines(console, right, width)):
                line = _padded(one or Text(), width)
                line.append_text(other or Text())
                yield from line.render(console)
                yield Segment.line()


def _lines(console: Console, cell: Text, width: int) -> Iterator[Text]:
    leftwards = _runs_left(cell.plain)
    # Two columns less, where the isolates are taken for characters that show.
    for line in cell.wrap(console, width - 2 if leftwards else width, overflow="fold"):
        line.rstrip()
        yield Text.assemble(_ISOLATE, line, _POP) if leftwards else line


def _padded(line: Text, width: int) -> Text:
    shown = line.copy()
    shown.append(" " * (width - line.cell_len + _GAP))
    return shown


def side_by_side(names: tuple[str, str], a: str, b: str, marks: Marks, most: int) -> tuple[SideBySide, bool]:
    """Two passages, of long ones ``most`` words or so, and whether any word in them is marked."""
    words = Words(a), Words(b)
    blocks = align(*words)
    rows = list(_rows(_shortened(blocks, most), words, marks))
    return SideBySide(names, rows), any(not block.equal for block in blocks)


def _shortened(blocks: Sequence[Block], most: int) -> list[Piece]:
    """The blocks, and in place of what would be too long how many words are not shown."""
    rest = sum(map(_length, blocks))
    if rest <= _WHOLE:
        return [Piece(block) for block in blocks]
    pieces: list[Piece] = []
    left = most
    for piece in (piece for block in blocks for piece in _cut(block)):
        length = _length(piece.block)
        if not piece.skipped:
            if length > left:
                return [*pieces, Piece(piece.block._replace(equal=False), rest)]
            left -= length
        rest -= length
        pieces.append(piece)
    return pieces


def _length(block: Block) -> int:
    return max(_size(block.a), _size(block.b))


def _cut(block: Block) -> Iterator[Piece]:
    """A block of alike words without its middle; of changed ones the first."""
    (a0, a1), (b0, b1) = block.a, block.b
    most = 2 * _AROUND if block.equal else _CHANGED
    if max(a1 - a0, b1 - b0) <= most + _CUT:
        yield Piece(block)
    elif block.equal:
        yield Piece(Block(True, (a0, a0 + _AROUND), (b0, b0 + _AROUND)))
        yield Piece(Block(True, (a0 + _AROUND, a1 - _AROUND), (b0 + _AROUND, b1 - _AROUND)), a1 - a0 - 2 * _AROUND)
        yield Piece(Block(True, (a1 - _AROUND, a1), (b1 - _AROUND, b1)))
    else:
        cut_a, cut_b = min(a1, a0 + _CHANGED), min(b1, b0 + _CHANGED)
        yield Piece(Block(False, (a0, cut_a), (b0, cut_b)))
        yield Piece(Block(False, (cut_a, a1), (cut_b, b1)), max(a1 - cut_a, b1 - cut_b))


def _size(words: Span) -> int:
    return words[1] - words[0]


def _rows(pieces: Sequence[Piece], words: tuple[Words, Words], marks: Marks) -> Iterator[tuple[Text, Text]]:
    cells = _Cell(words[0], marks), _Cell(words[1], marks)
    for piece in pieces:
        sides = piece.block.a, piece.block.b
        if piece.skipped:
            yield from _taken(cells)
            said = Text(f"… {piece.skipped:,} {'words alike' if piece.block.equal else 'more words'} …", style="dim")
            yield said, said
        elif not piece.block.equal:
            for cell, side in zip(cells, sides, strict=True):
                cell.add(side, changed=True)
        else:
            for ahead in range(_size(sides[0])):
                places = [side[0] + ahead for side in sides]
                if cells[0].may_end(places[0]) or cells[1].may_end(places[1]):
                    yield from _taken(cells)
                for cell, place in zip(cells, places, strict=True):
                    cell.add((place, place + 1), changed=False)
    yield from _taken(cells)


def _taken(cells: tuple[_Cell, _Cell]) -> Iterator[tuple[Text, Text]]:
    row = cells[0].take(), cells[1].take()
    if row[0] or row[1]:
        yield row


class _Cell:
    """One side of the row being made."""

    def __init__(self, words: Words, marks: Marks) -> None:
        self._words, self._marks = words, marks
        self._text, self._count, self._at = Text(), 0, -1

    def add(self, words: Span, *, changed: bool) -> None:
        begin, end = words
        if begin == end:
            return
        between = self._words.between(begin)
        self._text.append(_plain(between) if self._text else _parted(between)[1])
        said = _plain(self._words.text[slice(*self._words.span(words))])
        self._text.append(f"{self._marks.begin}{said}{self._marks.end}" if changed else said, "bold" if changed else "")
        self._count += end - begin
        self._at = end

    def may_end(self, place: int) -> bool:
        """Whether the row may end in front of a word."""
        ends = place == self._at and _SENTENCE_END.search(self._words.between(place)) is not None
        return self._count >= _LONG_ROW or (self._count >= _ROW and ends)

    def take(self) -> Text:
        """The cell as it is; the next one begins."""
        text = self._text
        if text:
            text.append(_parted(self._words.between(self._at))[0])
        self._text, self._count = Text(), 0
        return text


def _parted(between: str) -> tuple[str, str]:
    """Of what stands between two words that part, what goes with the first and what with the second."""
    closing, space, opening = _plain(between).partition(" ")
    if space:
        return closing, opening.rpartition(" ")[2]
    bare = closing
    while bare and unicodedata.category(bare[-1]) in ("Ps", "Pi"):
        bare = bare[:-1]
    return bare, closing[len(bare) :]


def _plain(text: str) -> str:
    return printable(_SPACE.sub(" ", text))
