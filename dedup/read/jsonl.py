"""A file of records, one JSON object a line, each of them one story."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dedup.read.fields import Fields, Unreadable, Values, own_names
from dedup.read.mending import flat_lines, nests_deeper, without_lone_surrogates
from dedup.read.options import MIB, ReadOptions, size
from dedup.read.record import no_text, stories_of, story_of
from dedup.read.roles import Roles, asked_roles, guessed_roles, told
from dedup.read.source import Report, Source
from dedup.read.stream import Damage, lines_of, split_blocks
from dedup.read.utf8 import BOM, is_utf8, mended, not_utf8, too_long
from dedup.story import Problem, Stories, Story


def read_records(source: Source, options: ReadOptions, report: Report) -> Iterator[Story | Stories]:
    """The stories of the file's lines, in order; blank lines are skipped, and a bad one fails alone."""
    records = Records(source, options, report)
    take = records.at_once if source.in_blocks else records.one_by_one
    try:
        for number, block in split_blocks(source.chunks, options.max_line_bytes):
            yield from take(number, block)
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


class Records:
    """Turns JSON objects, numbered from 1, into the stories of one source."""

    def __init__(self, source: Source, options: ReadOptions, report: Report) -> None:
        self._source = source
        self._options = options
        self._report = report
        self._settled = False
        self._use(asked_roles(options))

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

    def one_by_one(self, number: int, block: bytes | None) -> Iterator[Story]:
        """The stories of the lines of a block, the first of this number."""
        for place, line in lines_of(number, block, self._options.max_line_bytes):
            story = self.story(place, line)
            if story is not None:
                yield story

    def at_once(self, number: int, block: bytes | None) -> Iterator[Story | Stories]:
        """The same, taken all at once where none of them needs a closer look."""
        start = 0
        while block and start < len(block) and not self._settled:
            end = block.find(b"\n", start) % (len(block) + 1)
            yield from self.one_by_one(number, block[start:end])
            number, start = number + 1, end + 1
        block = block and block[start:]
        stories = self._every(number, block) if block else None
        if stories is None:
            yield from self.one_by_one(number, block)
        else:
            yield stories

    def _every(self, number: int, block: bytes) -> Stories | None:
        lines = flat_lines(block, self._options.max_depth) if len(block) <= self._options.max_line_bytes else None
        columns = self._fields.every(block, lines) if lines else None
        return stories_of(columns, self._source, range(number, number + len(columns[0]))) if columns else None

    def last(self, damage: Damage) -> Story | None:
        """The story in the unfinished line before the damage, if it is all there: no part of an object is one."""
        try:
            return self._story(damage.line, damage.rest.removeprefix(BOM)) if damage.rest else None
        except Unreadable:
            return None

    def note(self, number: int, reason: str, *, failed: bool = False) -> None:
        """Report something about a line, or with the number 0 about a file that is one record."""
        where = f"{self._source.where}:{number}" if number else self._source.where
        self._report(Problem(where=where, reason=reason, failed=failed))

    def _use(self, roles: Roles) -> None:
        self._roles = roles
        self._fields = Fields(roles, self._options.max_story_bytes)

    def _story(self, number: int, line: bytes) -> Story:
        values, good, notes = self._values(line)
        if not self._settled:
            values = self._guessed(number, good, values)
        story = story_of(values, self._source, number, note=notes.append, record=line)
        if story is None:
            raise no_text(self._roles, values[1], _names(good))
        for reason in notes:
            self.note(number, reason)
        return story

    def _guessed(self, number: int, line: bytes, values: Values) -> Values:
        """The values once more, of the likeliest fields; the first record that has a text settles them."""
        roles = guessed_roles(self._options, _names(line))
        if roles != self._roles:
            self._use(roles)
            values = self._decoded(line)
        if type(values[1]) is str:
            self._settled = True
            guess = told(roles, self._options)
            if guess:
                self.note(number, guess)
        return values

    def _values(self, line: bytes) -> tuple[Values, bytes, list[str]]:
        """The fields in a line, the line mended where need be, and what was mended."""
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
            return self._decoded(line), line, notes
        except Unreadable:
            line, count = without_lone_surrogates(line)
            if not count:
                raise
        notes.append(f"{count} lone surrogate{'s were' if count > 1 else ' was'} read as U+FFFD")
        return self._decoded(line), line, notes

    def _decoded(self, line: bytes) -> Values:
        try:
            return self._fields.values(line)
        except msgspec.DecodeError as error:
            raise Unreadable(f"not a JSON object: {error}; mend or remove the line") from None
        except RecursionError:
            raise Unreadable("nested too deep; flatten the record") from None


def _names(line: bytes) -> list[str]:
    # A long line may hold millions of names; the user is helped by those of any other.
    return own_names(line) if len(line) <= MIB else []
