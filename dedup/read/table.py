"""A table whose rows are stories: comma- or tab-separated values under a line of names."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import msgspec

from dedup.read.decoding import decoded_chunks
from dedup.read.fields import Value
from dedup.read.options import ReadOptions, size
from dedup.read.record import no_text, story_of
from dedup.read.roles import Roles, guessed_roles, told
from dedup.read.source import Report, Source
from dedup.read.stream import Damage, split_lines
from dedup.story import Problem, Story

_DELIMITERS: Final = ",;\t|"


def read_csv(source: Source, options: ReadOptions, report: Report) -> Iterator[Story]:
    """The rows of a table; what separates its cells is told by its first line."""
    return _Table(source, options, report, None).stories()


def read_tsv(source: Source, options: ReadOptions, report: Report) -> Iterator[Story]:
    """The same with tabs between the cells."""
    return _Table(source, options, report, "\t").stories()


class _Lines:
    """The lines of a table for ``csv``, that remembers those of the row being read."""

    def __init__(self, chunks: Iterator[bytes], limit: int) -> None:
        self._lines = split_lines(chunks, limit)
        self._limit = limit
        self._first: str | None = None
        self.damage: Damage | None = None
        self.begin_row()
        self.number = 0

    def begin_row(self) -> None:
        """What comes next begins a row."""
        self.start, self.quotes, self.over = 0, 0, False
        self._length = 0

    def peek(self) -> str:
        """The first line that is not blank, which will be given again; "" if there is none."""
        for line in self:
            if line.strip():
                self._first = line
                return line
        return ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._first
        if line is None:
            line = self._read()
        self._first = None
        self.start = self.start or self.number
        self.quotes += line.count('"')
        return line

    def _read(self) -> str:
        try:
            self.number, data = next(self._lines)
        except Damage as damage:
            self.damage = damage
            raise StopIteration from None
        self._length += len(data or b"")
        if data is None or self._length > self._limit:
            self.over = True
            raise StopIteration
        return data.decode("utf-8", "replace") + "\n"


class _Table:
    """One table."""

    def __init__(self, source: Source, options: ReadOptions, report: Report, delimiter: str | None) -> None:
        self._source = replace(source, origin=msgspec.structs.replace(source.origin, parts=True))
        self._options, self._report, self._delimiter = options, report, delimiter
        texts, self._note_encoding = _decoded(source.chunks, options)
        self._lines = _Lines((text.encode() for text in texts), options.max_line_bytes)

    def stories(self) -> Iterator[Story]:
        """The stories of all rows."""
        # The module has one limit for all; the rows are measured here.
        csv.field_size_limit(max(csv.field_size_limit(), 2**31 - 1))
        if self._note_encoding:
            self._note(0, self._note_encoding, failed=False)
        head = self._lines.peek()
        if not head:
            self._finish(empty=True)
            return
        rows = csv.reader(self._lines, delimiter=self._delimiter or _sniffed(head), skipinitialspace=True)
        names = next(self._rows(rows), [])
        if names:
            yield from self._under(names, rows)
        self._finish()

    def _under(self, names: Sequence[str], rows: Iterator[list[str]]) -> Iterator[Story]:
        names = [name.strip().removeprefix("\ufeff") for name in names]
        roles = guessed_roles(self._options, names)
        place = {name: number for number, name in reversed(list(enumerate(names)))}
        if roles.text not in place:
            self._note(self._lines.number, str(no_text(roles, msgspec.UNSET, names)), failed=True)
            return
        guess = told(roles, self._options)
        twice = [name for name, count in Counter(names).items() if count > 1 and name in roles]
        if twice:
            guess = f"{guess}; two columns are called {twice[0]!r}, the first is taken".removeprefix("; ")
        if guess:
            self._note(1, guess, failed=False)
        for row in self._rows(rows):
            story = self._story(row, roles, place, len(names))
            if story is not None:
                yield story

    def _rows(self, rows: Iterator[list[str]]) -> Iterator[list[str]]:
        """Rows that are not blank; a bad one is told, and the next one tried."""
        while True:
            self._lines.begin_row()
            try:
                row = next(rows)
            except StopIteration:
                if not self._over_limit():
                    return
                continue
            except csv.Error as error:
                self._note(self._lines.start, f"no row of a table: {error}; mend or remove it", failed=True)
                continue
            if self._over_limit():
                continue
            if self._lines.quotes % 2 and self._lines.number > self._lines.start:
                said = "a quotation mark that opens in this row is never closed, so all that follows was taken for one cell"
                self._note(self._lines.start, f"{said}; mend it", failed=True)
                return
            if any(row):
                yield row

    def _over_limit(self) -> bool:
        """Whether the row was over the limit, which is told."""
        if not self._lines.over:
            return False
        limit = size(self._options.max_line_bytes)
        said = f"a row of over {limit}; close its quotation marks, or raise --max-line-bytes to read it"
        self._note(self._lines.start or self._lines.number, said, failed=True)
        return True

    def _story(self, row: Sequence[str], roles: Roles, place: dict[str, int], width: int) -> Story | None:
        start = self._lines.start
        if len(row) > width and any(row[width:]):
            said = f"{len(row)} cells under {width} names; put cells that hold the delimiter in quotation marks"
            self._note(start, said, failed=True)
            return None

        def cell(name: str) -> Value:
            number = place.get(name, len(row))
            return row[number] if number < len(row) else msgspec.UNSET

        identity, text, title, outlet, url, date = (cell(name) for name in roles)
        if isinstance(text, str) and len(text.encode("utf-8", "replace")) > self._options.max_story_bytes:
            limit = size(self._options.max_story_bytes)
            self._note(start, f"a text of over {limit}; to read it, raise --max-story-bytes", failed=True)
            return None
        values = (identity, text, title, outlet, url, date)
        story = story_of(values, self._source, start, note=partial(self._note, start, failed=False))
        if story is None:
            self._note(start, f"{len(row)} cells under {width} names; none for the text, {roles.text!r}", failed=True)
        return story

    def _finish(self, *, empty: bool = False) -> None:
        damage = self._lines.damage
        if damage:
            self._note(damage.line, f"{damage} (met in line {damage.line})", failed=True)
        elif empty:
            self._note(0, "empty; there is no table in it", failed=False)

    def _note(self, line: int, reason: str, *, failed: bool) -> None:
        where = f"{self._source.where}:{line}" if line else self._source.where
        self._report(Problem(where=where, reason=reason, failed=failed))


def _decoded(chunks: Iterator[bytes], options: ReadOptions) -> tuple[Iterator[str], str]:
    """As ``decoded_chunks``, with damage met in the first look kept for later."""
    held: list[Damage] = []

    def until_damage() -> Iterator[bytes]:
        try:
            yield from chunks
        except Damage as damage:
            held.append(damage)

    texts, note = decoded_chunks(until_damage(), options)

    def with_damage() -> Iterator[str]:
        yield from texts
        if held:
            raise held[0]

    return with_damage(), note


def _sniffed(head: str) -> str:
    """The delimiter that a line of names has most of outside quotation marks; a comma if it has none."""
    bare = "".join(head.split('"')[::2])
    return max(_DELIMITERS, key=lambda delimiter: (bare.count(delimiter), -_DELIMITERS.index(delimiter)))
