"""Label files: CSV, TSV or JSON lines that say which stories are the same.

Either pairs (columns a, b, label) or groups (columns id, group); further columns are passed over. The story file itself
may be the label file, if its records have a group field.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath

import msgspec

from dedup.errors import InputError, UsageError
from dedup.files import StrPath, printable
from dedup.read.fields import Fields, Nested, Unreadable, Value, own_names
from dedup.read.folder import failure
from dedup.read.kinds import CODECS
from dedup.read.mending import nests_deeper
from dedup.read.options import ReadOptions, size
from dedup.read.roles import Roles
from dedup.read.stream import Damage, OpenFile, chunks, split_lines
from dedup.read.utf8 import BOM
from dedup.story import Problem

Report = Callable[[Problem], None]
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON = (".jsonl", ".ndjson")
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold what: ``a``, ``b`` and ``label`` of pairs, ``id`` and ``group`` of groups."""

    a: str = "a"
    b: str = "b"
    label: str = "label"
    id: str = "id"
    group: str = "group"

    def kind(self, found: list[str], where: str) -> bool:
        """Whether a file with these columns holds pairs; UsageError if it holds neither pairs nor groups."""
        if {self.a, self.b, self.label} <= set(found):
            return True
        if {self.id, self.group} <= set(found):
            return False
        listed = ", ".join(map(repr, found[:_SHOWN])) + (" and more" if len(found) > _SHOWN else "")
        raise UsageError(
            f"{where}: labels need the columns {self.a!r}, {self.b!r}, {self.label!r} (pairs) or {self.id!r}, "
            f"{self.group!r} (groups), and this file has {listed or 'none'}; name them with --a-field, --b-field, "
            "--label-field, --id-field and --group-field"
        )


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two ids and what someone said they are to each other."""

    a: str
    b: str
    label: str
    line: int


@dataclass(frozen=True, slots=True)
class Grouped:
    """An id and the group it belongs to."""

    id: str
    group: str
    line: int


@dataclass(frozen=True, slots=True)
class Labels:
    """What a label file holds: pairs or groups, in file order."""

    path: str
    pairs: list[LabelledPair]
    groups: list[Grouped]

    @property
    def are_pairs(self) -> bool:
        """Whether the file labels pairs."""
        return bool(self.pairs)

    def where(self, line: int) -> str:
        """A line of the file as messages show it."""
        return f"{printable(self.path)}:{line}"


def read_labels(path: StrPath, columns: Columns, options: ReadOptions, report: Report) -> Labels:
    """The labels of a file, by its suffix: .csv, .tsv, .jsonl or .ndjson, each also as .gz or .zst.

    A line that can't be understood is reported and passed over; so is one that says again, or otherwise, what an earlier
    one said. Lines without a group are stories of which nothing is known.

    UsageError for another suffix, for columns that are neither pairs nor groups, and for a file without a label.
    InputError for one that can't be read; what ``report`` raises passes.
    """
    name = os.fspath(path)
    suffixes = [suffix.lower() for suffix in PurePath(name).suffixes]
    codec = CODECS.get(suffixes.pop().encode()) if suffixes and suffixes[-1].encode() in CODECS else None
    kind = suffixes[-1] if suffixes else ""
    if kind not in (*_DELIMITERS, *_JSON):
        raise UsageError(f"{name!r}: labels are read from .csv, .tsv or .jsonl, each also as .gz or .zst; convert the file")
    taker = _Taker(name, columns, report)
    try:
        with OpenFile(os.fsencode(name), follow=True) as file:
            if file.node:
                raise InputError(f"{name!r}: {file.node}, not a file; name a file of labels")
            lines = split_lines(chunks(file, codec, options), options.max_line_bytes)
            if kind in _JSON:
                _take_json(lines, columns, options, taker)
            else:
                _take_table(lines, _DELIMITERS[kind], options, taker)
    except OSError as error:
        raise InputError(f"{name!r}: {failure(error)}") from None
    except Damage as damage:
        raise InputError(f"{taker.labels.where(damage.line)}: {damage}") from None
    if not taker.labels.pairs and not taker.labels.groups:
        raise UsageError(f"{name!r}: holds no labels; give a file with a line for each pair or story")
    return taker.labels


Lines = Iterator[tuple[int, bytes | None]]


class _Taker:
    """Takes rows in, and says which are no use. ``pairs`` tells whether they are pairs, once the columns are known."""

    def __init__(self, path: str, columns: Columns, report: Report) -> None:
        self.labels = Labels(path, [], [])
        self.columns = columns
        self._report = report
        self._seen: dict[object, tuple[str, int]] = {}
        self.pairs: bool | None = None

    def note(self, line: int, reason: str, *, failed: bool = True) -> None:
        """Report something about a line."""
        self._report(Problem(where=self.labels.where(line), reason=reason, failed=failed))

    def header(self, names: list[str]) -> None:
        """The columns there are, told before the first row."""
        self.pairs = self.columns.kind(names, repr(self.labels.path))

    def row(self, line: int, value: Callable[[str], str]) -> None:
        """A row; ``value`` gives what is in a column, "" for nothing."""
        columns = self.columns
        if not self.pairs:
            name, group = value(columns.id), value(columns.group)
            if not group:
                return
            if not name:
                self.note(line, f"no {columns.id!r}; give the id of the story")
            elif self._is_new(name, group, line):
                self.labels.groups.append(Grouped(name, group, line))
            return
        a, b, label = value(columns.a), value(columns.b), value(columns.label)
        missing = [column for column, cell in ((columns.a, a), (columns.b, b), (columns.label, label)) if not cell]
        if missing:
            self.note(line, f"no {', '.join(map(repr, missing))}; give both ids and the label, or remove the line")
        elif a == b:
            self.note(line, f"pairs {a!r} with itself; name two stories, or remove the line")
        elif self._is_new(frozenset((a, b)), label, line):
            self.labels.pairs.append(LabelledPair(a, b, label, line))

    def _is_new(self, key: object, label: str, line: int) -> bool:
        before = self._seen.setdefault(key, (label, line))
        if before[1] == line:
            return True
        if before[0] == label:
            self.note(line, f"says again what line {before[1]} says; counted once", failed=False)
        else:
            self.note(line, f"says {label!r}, and line {before[1]} says {before[0]!r}, which counts; keep one of the two")
        return False


def _take_table(lines: Lines, delimiter: str, options: ReadOptions, taker: _Taker) -> None:
    rows = csv.reader(_texts(lines, options, taker), delimiter=delimiter, strict=True)
    place: dict[str, int] = {}
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as error:
            taker.note(rows.line_num, f"not a row of cells: {error}; mend or remove the line")
            continue
        if cells is None:
            return
        if not cells:
            continue
        if not place:
            names = [name.strip() for name in cells]
            taker.header(names)
            place = {name: at for at, name in enumerate(names)}
        else:
            taker.row(rows.line_num, partial(_cell, cells, place))


def _cell(cells: list[str], place: dict[str, int], column: str) -> str:
    at = place[column]
    return cells[at].strip() if at < len(cells) else ""


def _texts(lines: Lines, options: ReadOptions, taker: _Taker) -> Iterator[str]:
    """Each line as text; an empty one for a bad one, so that the others keep their numbers."""
    for number, line in lines:
        text = ""
        if line is None:
            taker.note(number, f"a line of over {size(options.max_line_bytes)}; shorten it, or raise --max-line-bytes")
        else:
            try:
                text = line.removeprefix(BOM if number == 1 else b"").decode()
            except UnicodeDecodeError:
                taker.note(number, "not UTF-8; convert the file")
        yield text + "\n"


def _take_json(lines: Lines, columns: Columns, options: ReadOptions, taker: _Taker) -> None:
    # The reader of stories takes six fields out of a record, reaching into nested ones, whatever they are called.
    order = (columns.id, columns.label, columns.a, columns.b, columns.group)
    fields = Fields(Roles(*order, date=order[0]), options.max_line_bytes)
    for number, line in lines:
        record = line.removeprefix(BOM if number == 1 else b"") if line else line
        if record is None:
            taker.note(number, f"a line of over {size(options.max_line_bytes)}; shorten it, or raise --max-line-bytes")
        elif record.strip():
            _take_record(number, record, fields, order, options, taker)


def _take_record(
    number: int, record: bytes, fields: Fields, order: tuple[str, ...], options: ReadOptions, taker: _Taker
) -> None:
    try:
        if nests_deeper(record, options.max_depth):
            raise Unreadable(f"nested more than {options.max_depth} deep; flatten the record")
        values = fields.values(record)
    except (msgspec.DecodeError, UnicodeDecodeError, Unreadable) as error:
        reason = str(error) if isinstance(error, Unreadable) else f"not a JSON object: {error}; mend or remove the line"
        taker.note(number, reason)
        return
    cells = dict(zip(order, map(_text, values), strict=False))
    # A record of a story file may have no id of its own; it is then called as the reader of stories calls it.
    cells[order[0]] = cells[order[0]] or f"{PurePath(taker.labels.path).name}#{number}"
    if taker.pairs is None:
        present = [name for name, value in zip(order, values, strict=False) if value is not msgspec.UNSET]
        found = [*own_names(record), *(name for name in present if "." in name)]
        taker.header([*found, order[0]] if taker.columns.group in present else found)
    taker.row(number, cells.__getitem__)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, msgspec.UnsetType | Nested):
        return ""
    return str(value).strip()
