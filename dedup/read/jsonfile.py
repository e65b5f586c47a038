"""A file of JSON that is not one record a line: one record, an array of them, or an object around such an array."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Final

import msgspec

from dedup.read import ninjs
from dedup.read.decoding import decoded_chunks
from dedup.read.fields import Unreadable, own_names
from dedup.read.jsonl import Records, read_records
from dedup.read.mending import nests_deeper, without_lone_surrogates
from dedup.read.options import ReadOptions, size
from dedup.read.source import Report, Source
from dedup.read.stream import Damage, Unfinished
from dedup.read.utf8 import BOM
from dedup.story import Problem, Story

_OUTSIDE: Final = re.compile(rb'["{}\[\],]')
_INSIDE: Final = re.compile(rb'["\\]')
_BREAKS: Final = bytes.maketrans(b"\r\n", b"  ")
# What news APIs call the array that their answer is wrapped around.
_WRAPPED: Final = tuple("articles stories items documents docs records data response results entries news hits".split())
_CUT_OFF: Final = "cut off: the file ends inside its JSON; fetch it again"


def read_json(source: Source, options: ReadOptions, report: Report) -> Iterator[Story]:
    """The stories of a JSON file. One that holds a record a line after all is read as such."""
    begin, chunks = _begun(source, options)
    first = begin.lstrip()[:1]
    source = replace(source, chunks=chunks, file=None)
    if first == b"[":
        yield from _Documents(source, options, report).array()
    elif first == b"{" and _one_a_line(begin):
        yield from read_records(source, options, report)
    else:
        yield from _Documents(source, options, report).single()


def _begun(source: Source, options: ReadOptions) -> tuple[bytes, Iterator[bytes]]:
    """The beginning of the file up to the end of its first line that is not blank, and all of it, as UTF-8."""
    taken: list[bytes] = []
    chunks = source.chunks
    try:
        first = next(chunks, b"")
        chunks = chain([first], chunks)
        if first.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")):
            texts, _ = decoded_chunks(chunks, options)
            chunks = (text.encode("utf-8", "surrogatepass") for text in texts)
        for chunk in chunks:
            taken.append(chunk)
            begin = b"".join(taken).removeprefix(BOM).lstrip()
            if b"\n" in begin or sum(map(len, taken)) > options.max_line_bytes:
                break
    except Damage as damage:
        return b"".join(taken).removeprefix(BOM), chain(taken, _raised(damage))
    return b"".join(taken).removeprefix(BOM), chain(taken, chunks)


def _raised(damage: Damage) -> Iterator[bytes]:
    raise damage
    yield b""


def _one_a_line(begin: bytes) -> bool:
    """Whether the first line is an object by itself, and is not all there is."""
    line, ended, rest = begin.lstrip().partition(b"\n")
    return bool(ended) and line.rstrip().endswith(b"}") and rest.lstrip()[:1] in (b"{", b"")


class _Documents:
    """The records of one file."""

    def __init__(self, source: Source, options: ReadOptions, report: Report) -> None:
        self._options, self._report = options, report
        self._source = replace(source, origin=msgspec.structs.replace(source.origin, parts=True))
        self._whole = source

    def array(self) -> Iterator[Story]:
        """The elements of an array, one by one: the file may be larger than memory."""
        records = Records(self._source, self._options, self._report)
        number = 0
        try:
            for number, element in enumerate(_elements(self._after_bracket(), self._options.max_line_bytes), 1):
                yield from self._element(records, number, element)
        except Damage as damage:
            self._note(f"{damage} (met behind record {number:,})", failed=True)

    def single(self) -> Iterator[Story]:
        """The file as one record, or the array in it."""
        document = Unfinished(self._options.max_line_bytes)
        try:
            for chunk in self._whole.chunks:
                document.add(chunk)
                if document.size > self._options.max_line_bytes:
                    limit = size(self._options.max_line_bytes)
                    self._note(f"a record of over {limit}; to read it, raise --max-line-bytes", failed=True)
                    return
        except Damage as damage:
            self._note(f"{damage} (the record is not read in part)", failed=True)
            return
        data = (document.take() or b"").removeprefix(BOM).strip()
        if not data:
            self._note("empty; there is no record in it", failed=False)
            return
        wrapped = self._wrapped(data)
        if wrapped:
            name, elements = wrapped
            self._note(f"takes the records from {name!r}", failed=False)
            records = Records(self._source, self._options, self._report)
            for number, element in enumerate(_elements(iter([elements[1:]]), self._options.max_line_bytes), 1):
                yield from self._element(records, number, element)
            return
        yield from self._alone(data)

    def _wrapped(self, data: bytes) -> tuple[str, bytes] | None:
        """The array that an object without a text of its own is wrapped around."""
        if nests_deeper(data, self._options.max_depth):
            return None
        try:
            members = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if ninjs.is_item(members):
            return None
        found = {name.lower(): name for name in members}
        for wanted in _WRAPPED:
            value = bytes(members[found[wanted]]) if wanted in found else b""
            if value.startswith(b"{"):
                return self._wrapped(value)
            if value[1:].lstrip().startswith(b"{"):
                return found[wanted], value
        return None

    def _alone(self, data: bytes) -> Iterator[Story]:
        records = Records(self._whole, self._options, self._report)
        for story in self._item_or_record(records, 0, data):
            place = f"{self._whole.id}#0"
            yield msgspec.structs.replace(story, line=0, id=self._whole.id if story.id == place else story.id)

    def _element(self, records: Records, number: int, element: bytes | None) -> Iterator[Story]:
        if element is None:
            limit = size(self._options.max_line_bytes)
            records.note(number, f"a record of over {limit}; to read it, raise --max-line-bytes", failed=True)
            return
        yield from self._item_or_record(records, number, element.strip())

    def _item_or_record(self, records: Records, number: int, data: bytes) -> Iterator[Story]:
        item = None
        if b'"uri"' in data and not nests_deeper(data, self._options.max_depth):
            good, _ = without_lone_surrogates(data.decode("utf-8", "replace").encode())
            item = good if ninjs.is_item(own_names(good)) else None
        story = self._item(records, number, item) if item else records.story(number, data)
        if story is not None:
            yield msgspec.structs.replace(story, record=_on_one_line(data))

    def _item(self, records: Records, number: int, data: bytes) -> Story | None:
        source = self._source if number else self._whole
        try:
            return ninjs.item(data, source, number, self._options, partial(records.note, number))
        except ninjs.Textless as reason:
            records.note(number, str(reason))
        except (Unreadable, msgspec.DecodeError, RecursionError) as reason:
            records.note(number, str(reason), failed=True)
        return None

    def _after_bracket(self) -> Iterator[bytes]:
        opened = False
        for chunk in self._whole.chunks:
            if opened:
                yield chunk
            elif b"[" in chunk:
                opened = True
                yield chunk.partition(b"[")[2]

    def _note(self, reason: str, *, failed: bool) -> None:
        self._report(Problem(where=self._whole.where, reason=reason, failed=failed))


def _on_one_line(data: bytes) -> bytes:
    """A record without its line breaks: in JSON they can only stand between values."""
    try:
        return msgspec.json.format(data, indent=-1)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return data.translate(_BREAKS)


def _elements(chunks: Iterator[bytes], limit: int) -> Iterator[bytes | None]:
    """The elements of an array whose opening bracket was taken, as they stand; None for one of over ``limit`` bytes.

    :raises Damage: from the chunks, and where they end before the array, or something follows it.
    """
    unfinished = Unfinished(limit)
    depth, in_string, escaped = 0, False, False
    for chunk in chunks:
        start = place = 0
        while place < len(chunk):
            if escaped:
                escaped, place = False, place + 1
                continue
            found = (_INSIDE if in_string else _OUTSIDE).search(chunk, place)
            if found is None:
                break
            place, mark = found.end(), found[0]
            if in_string:
                escaped, in_string = mark == b"\\", mark != b'"'
            elif mark == b'"':
                in_string = True
            elif mark in b"{[":
                depth += 1
            elif depth and mark in b"}]":
                depth -= 1
            elif not depth:
                element = unfinished.take(chunk[start : found.start()])
                if mark == b"," or (element is None or element.strip()):
                    yield element
                if mark != b",":
                    _check_end(chunk[place:], chunks)
                    return
                start = place
        unfinished.add(chunk[start:])
    raise Damage(_CUT_OFF)


def _check_end(rest: bytes, chunks: Iterator[bytes]) -> None:
    for chunk in chain([rest], chunks):
        if chunk.strip():
            raise Damage("something follows the array; fetch it again, or send it as JSON lines", whole=True)
