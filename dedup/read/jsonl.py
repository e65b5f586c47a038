"""A file of records, one JSON object a line, each of them one story."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from datetime import datetime

import msgspec

from dedup.files import printable
from dedup.read.dates import parse_date
from dedup.read.fields import Fields, Nested, Unreadable, Value, Values, own_names
from dedup.read.mending import nests_deeper, without_lone_surrogates
from dedup.read.options import MIB, ReadOptions, size
from dedup.read.source import Damage, Report, Source
from dedup.read.stream import split_lines
from dedup.read.utf8 import BOM, is_utf8, mended, not_utf8, too_long
from dedup.story import Problem, Story

_NAMES_SHOWN = 8
_BRIEF = reprlib.Repr()
_BRIEF.maxstring = 80


def read_records(source: Source, options: ReadOptions, report: Report) -> Iterator[Story]:
    """The stories of the file's lines, in order; blank lines are skipped, and a bad one fails alone."""
    records = _Records(source, options, report)
    try:
        for number, line in split_lines(source.chunks, options.max_line_bytes):
            story = records.story(number, line)
            if story is not None:
                yield story
    except Damage as damage:
        last = records.last(damage)
        if last is not None:
            yield last
        records.note(damage.line, f"{damage} (met {'behind' if last else 'in'} line {damage.line})", failed=True)


def has_field(record: bytes, name: str) -> bool:
    """Whether the record of a story has a field of its own of this name, however it is spelt."""
    if name.encode() not in record and rb"\u" not in record:
        return False
    text, _ = without_lone_surrogates(record.decode(errors="replace").encode())
    return name in own_names(text)


class _Records:
    """Turns the lines of one file into stories."""

    def __init__(self, source: Source, options: ReadOptions, report: Report) -> None:
        self._source = source
        self._options = options
        self._report = report
        self._fields = Fields(options)

    def story(self, number: int, line: bytes | None) -> Story | None:
        """The story in a line (None: one over the limit); if there is none, None, and unless it is blank a report."""
        if line is None:
            limit = size(self._options.max_line_bytes)
            self.note(number, f"a line of over {limit}; to read it, raise --max-line-bytes", failed=True)
            return None
        if number == 1:
            line = line.removeprefix(BOM)
        if not line or line.isspace():
            return None
        try:
            return self._story(number, line)
        except Unreadable as reason:
            self.note(number, str(reason), failed=True)
            return None

    def last(self, damage: Damage) -> Story | None:
        """The story in the unfinished line before the damage, if it is all there: no part of an object is one."""
        try:
            return self._story(damage.line, damage.rest.removeprefix(BOM)) if damage.rest else None
        except Unreadable:
            return None

    def note(self, number: int, reason: str, *, failed: bool = False) -> None:
        """Report something about a line."""
        self._report(Problem(where=f"{printable(self._source.path)}:{number}", reason=reason, failed=failed))

    def _story(self, number: int, line: bytes) -> Story:
        (identity, text, title, outlet, url, date), notes = self._values(line)
        if type(text) is not str:
            raise Unreadable(self._no_text(line, text))
        published = _published(date, notes)
        for reason in notes:
            self.note(number, reason)
        return Story(
            id=_identity(identity) or f"{self._source.id}#{number}",
            text=text,
            title=_known(title),
            source=_known(outlet),
            url=_known(url),
            published=published,
            origin=self._source.origin,
            line=number,
            record=line,
        )

    def _values(self, line: bytes) -> tuple[Values, list[str]]:
        """The fields in a line, mended where need be, and what was mended."""
        notes = []
        if not line.isascii() and not is_utf8(line):
            good = mended(line, self._options.max_line_bytes)
            if good is None:
                raise Unreadable(too_long(self._options.max_line_bytes, "--max-line-bytes"))
            line, count = good
            notes.append(not_utf8(count))
        deepest = self._options.max_depth
        if nests_deeper(line, deepest):
            raise Unreadable(f"nested more than {deepest} deep; flatten the record")
        try:
            return self._decoded(line), notes
        except Unreadable:
            line, count = without_lone_surrogates(line)
            if not count:
                raise
        notes.append(f"{count} lone surrogate{'s were' if count > 1 else ' was'} read as U+FFFD")
        return self._decoded(line), notes

    def _decoded(self, line: bytes) -> Values:
        try:
            return self._fields.values(line)
        except msgspec.DecodeError as error:
            raise Unreadable(f"not a JSON object: {error}; mend or remove the line") from None
        except RecursionError:
            raise Unreadable("nested too deep; flatten the record") from None

    def _no_text(self, line: bytes, found: Value) -> str:
        field = self._options.text_field
        reason = f"no field {field!r}" if found is msgspec.UNSET else f"field {field!r} is {_kind(found)}, not a string"
        # A long line may hold millions of names; the user is helped by those of any other.
        names = own_names(line) if len(line) <= MIB else []
        if not names:
            return f"{reason}; say which field holds the text with --text-field"
        listed = ", ".join(_BRIEF.repr(name) for name in names[:_NAMES_SHOWN])
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        return f"{reason}; say which of its fields holds the text with --text-field: {listed}{more}"


def _published(date: Value, notes: list[str]) -> datetime | None:
    if date is None or isinstance(date, msgspec.UnsetType) or date == "":
        return None
    published = parse_date(date)
    if published is None:
        value = date if isinstance(date, Nested) else _BRIEF.repr(date)
        notes.append(f"date not understood: {value}; the story is read without one")
    return published


def _identity(value: Value) -> str:
    if type(value) is str:
        return value
    return str(value) if type(value) is int else ""


def _known(value: Value) -> str | None:
    return value or None if type(value) is str else None


def _kind(value: Value) -> str:
    if isinstance(value, Nested):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else "a number"
