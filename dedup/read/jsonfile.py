"""A file of JSON that is not one record a line: one record, an array of them, or an object around such an array."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Final, Literal

import msgspec

from dedup.read import ninjs
from dedup.read.fields import Fields, Unreadable, own_names
from dedup.read.jsonl import Records, read_records
from dedup.read.mending import nests_deeper, without_lone_surrogates
from dedup.read.options import MIB, ReadOptions, size
from dedup.read.roles import guessed_roles
from dedup.read.source import Report, Source
from dedup.read.stream import Damage, Unfinished
from dedup.read.utf8 import BOM, is_utf8, mended, not_utf8, too_long
from dedup.story import Problem, Stories, Story

_Shape = Literal["array", "lines", "document"]


class _Hit(msgspec.Struct):
    """What Elasticsearch and its like answer with: a record, and its name beside it."""

    source: msgspec.Raw | msgspec.UnsetType = msgspec.field(name="_source", default=msgspec.UNSET)
    id: str | None = msgspec.field(name="_id", default=None)


# All up to the next mark that counts, between elements and inside one; whole strings without escapes are passed by.
_BETWEEN: Final = re.compile(rb'[^"{}\[\],]*+(?:"[^"\\]*+"[^"{}\[\],]*+)*+')
_INSIDE: Final = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+"[^"{}\[\]]*+)*+')
_QUOTE, _COMMA, _BACKSLASH, *_OPENING = b'",\\{['
_BREAKS: Final = bytes.maketrans(b"\r\n", b"  ")
# What news APIs call the array that their answer is wrapped around.
_WRAPPED: Final = tuple("articles stories items documents docs records data response results entries news hits".split())
_SPELT: Final = tuple(spelt for name in _WRAPPED for spelt in (name, name.title(), name.upper()))
_WRAPPED_DEEP: Final = 3
_RAW: Final = msgspec.Raw | msgspec.UnsetType
# A struct skips every other member, where a dict would hold all that a crafted document has.
_ARRAYS: Final = msgspec.json.Decoder(msgspec.defstruct("Arrays", [(name, _RAW, msgspec.UNSET) for name in _SPELT]))
_HIT: Final = msgspec.json.Decoder(_Hit)
_OBJECTS: Final = re.compile(rb"\[\s*([{\]])")
_CUT_OFF: Final = "cut off: the file ends inside its JSON; fetch it again"


def read_json(source: Source, options: ReadOptions, report: Report) -> Iterator[Story | Stories]:
    """The stories of a JSON file. One that holds a record a line after all is read as such."""
    shape, chunks = _told(_utf8(source.chunks), options.max_line_bytes)
    source = replace(source, chunks=chunks, file=None)
    if shape == "lines":
        yield from read_records(source, options, report)
        return
    documents = _Documents(source, options, report)
    yield from documents.array() if shape == "array" else documents.single()


def _utf8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks without a byte-order mark, as UTF-8 if theirs is of a wider encoding."""
    begin = b""
    for chunk in chunks:
        begin += chunk
        if len(begin) >= len(codecs.BOM_UTF32):
            break
    wide = begin.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE))
    if not wide and not begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield begin.removeprefix(BOM)
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder("utf-32" if wide else "utf-16")("replace")
    for chunk in chain([begin], chunks):
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()


def _told(chunks: Iterator[bytes], limit: int) -> tuple[_Shape, Iterator[bytes]]:
    """What the file is, by its first line and what follows it, and all of its chunks again."""
    taken: list[bytes] = []
    line: list[bytes] = []
    length, ended = 0, False
    try:
        for chunk in chunks:
            taken.append(chunk)
            if not line:
                chunk = chunk.lstrip()
                if chunk and not chunk.startswith(b"{"):
                    return "array" if chunk.startswith(b"[") else "document", chain(taken, chunks)
            if not ended:
                piece, found, chunk = chunk.partition(b"\n")
                line += [piece] if piece else []
                length, ended = length + len(piece), bool(found)
            following = chunk.lstrip() if ended else b""
            if following:
                return "lines" if _is_record(b"".join(line), following) else "document", chain(taken, chunks)
            if length > limit:
                break
    except Damage as damage:
        # Of lines, those before the damage count; of anything else, nothing but the whole.
        cut = ended and not damage.whole and _is_record(b"".join(line), b"{")
        return "lines" if cut else "document", chain(taken, _raised(damage))
    return "document", chain(taken, chunks)


def _is_record(line: bytes, following: bytes) -> bool:
    """Whether a line before ``following`` is an object by itself."""
    if not line.rstrip().endswith(b"}"):
        return False
    if following.startswith(b"{"):
        return True
    return len(line) <= MIB and bool(own_names(line))


def _raised(damage: Damage) -> Iterator[bytes]:
    raise damage
    yield b""


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
        data = self._document()
        if data is None:
            return
        found = None if nests_deeper(data, self._options.max_depth) else self._wrapped(data)
        if found is None:
            yield from self._alone(data)
            return
        del data
        name, array = found
        self._note(f"takes the records from {name!r}", failed=False)
        records = Records(self._source, self._options, self._report)
        pieces = (bytes(array[start : start + MIB]) for start in range(1, len(array), MIB))
        for number, element in enumerate(_elements(pieces, self._options.max_line_bytes), 1):
            yield from (
                self._hit(records, number, element) if name.lower() == "hits" else self._element(records, number, element)
            )

    def _hit(self, records: Records, number: int, element: bytes | None) -> Iterator[Story]:
        """The story in a hit of a search engine, around which it puts a name of its own."""
        try:
            hit = None if element is None else _HIT.decode(element)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            hit = None
        inner = element if hit is None or hit.source is msgspec.UNSET else bytes(hit.source)
        for story in self._element(records, number, inner):
            named = hit is not None and hit.id and story.id == f"{self._source.id}#{number}"
            yield msgspec.structs.replace(story, id=hit.id) if hit and named else story

    def _document(self) -> bytes | None:
        """All of the file; None, and a report, if it is empty, too long or damaged."""
        limit = self._options.max_line_bytes
        document = Unfinished(limit)
        try:
            for chunk in self._whole.chunks:
                document.add(chunk)
                if document.size > limit:
                    self._note(f"a record of over {size(limit)}; to read it, raise --max-line-bytes", failed=True)
                    return None
        except Damage as damage:
            self._note(str(damage) if damage.whole else f"{damage} (the record is not read in part)", failed=True)
            if not damage.whole:
                return None
        data = (document.take() or b"").strip()
        if not data:
            self._note("empty; there is no record in it", failed=False)
        return data or None

    def _wrapped(self, data: bytes | memoryview, deep: int = 1) -> tuple[str, memoryview] | None:
        """The array that an object without a text of its own is wrapped around, and its name."""
        if ninjs.is_item(data) or self._has_text(bytes(data)):
            return None
        try:
            members = msgspec.structs.astuple(_ARRAYS.decode(data))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        found = None
        for name, raw in zip(_SPELT, members, strict=True):
            value = memoryview(b"" if raw is msgspec.UNSET else raw)
            opened = _OBJECTS.match(value)
            if opened and opened[1] == b"{":
                return name, value
            if opened:
                found = found or (name, value)
            elif bytes(value[:1]) == b"{" and deep < _WRAPPED_DEEP:
                inner = self._wrapped(value, deep + 1)
                if inner:
                    return inner
        return found

    def _has_text(self, data: bytes) -> bool:
        """Whether an object has the field of a text, be it asked for or guessed."""
        roles = guessed_roles(self._options, own_names(data) if len(data) <= MIB else [])
        try:
            text = Fields(roles, self._options.max_story_bytes).values(data)[1]
            return type(text) is str and bool(text)
        except Unreadable:
            return True  # its text is too long
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False

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
        # Few records have this name; it is the quickest to tell.
        is_item = b'"uri"' in data and not nests_deeper(data, self._options.max_depth) and ninjs.is_item(_paired(data)[0])
        story = self._item(records, number, data) if is_item else records.story(number, data)
        if story is not None:
            yield msgspec.structs.replace(story, record=_on_one_line(data))

    def _item(self, records: Records, number: int, data: bytes) -> Story | None:
        source = self._source if number else self._whole
        notes: list[str] = []
        try:
            story = ninjs.item(self._mended(data, notes), source, number, self._options, notes.append)
        except ninjs.Textless as reason:
            if self._has_text(data):  # somebody else's, who has properties of the same names
                return records.story(number, data)
            records.note(number, str(reason))
            return None
        except (Unreadable, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
            records.note(number, str(reason), failed=True)
            return None
        for said in notes:
            records.note(number, said)
        return story

    def _mended(self, data: bytes, notes: list[str]) -> bytes:
        if not data.isascii() and not is_utf8(data):
            limit = self._options.max_line_bytes
            good = mended(data, limit)
            if good is None:
                raise Unreadable(too_long(limit, "--max-line-bytes"))
            data = good[0]
            notes.append(not_utf8(good[1]))
        data, count = _paired(data)
        if count:
            notes.append(f"{count} lone surrogate{'s were' if count > 1 else ' was'} read as U+FFFD")
        return data

    def _after_bracket(self) -> Iterator[bytes]:
        chunks = iter(self._whole.chunks)
        for chunk in chunks:
            _, found, rest = chunk.partition(b"[")
            if found:
                yield rest
                break
        yield from chunks

    def _note(self, reason: str, *, failed: bool) -> None:
        self._report(Problem(where=self._whole.where, reason=reason, failed=failed))


def _paired(data: bytes) -> tuple[bytes, int]:
    """Without lone surrogates, which no parser takes, and their number."""
    return without_lone_surrogates(data) if rb"\u" in data else (data, 0)


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
        while True:
            if in_string:
                place, escaped = _string_end(chunk, place, escaped)
                if place < 0:
                    break
                in_string = False
            passed = (_INSIDE if depth else _BETWEEN).match(chunk, place)
            place = passed.end() if passed else place
            if place == len(chunk):
                break
            mark = chunk[place]
            place += 1
            if mark == _QUOTE:
                in_string = True
            elif mark in _OPENING:
                depth += 1
            elif depth:
                depth -= 1
            else:
                element = unfinished.take(chunk[start : place - 1])
                if mark == _COMMA or element is None or element.strip():
                    yield element
                if mark != _COMMA:
                    _check_end(chunk[place:], chunks)
                    return
                start = place
        unfinished.add(chunk[start:])
    raise Damage(_CUT_OFF)


def _string_end(chunk: bytes, place: int, escaped: bool) -> tuple[int, bool]:
    """Where the string ends in which ``place`` lies, -1 if in a later chunk, whose first character is ``escaped`` or not."""
    # The next quotation mark is found fastest, and mostly ends it; but not behind an odd number of backslashes.
    begin = place + escaped
    quote = chunk.find(b'"', begin)
    while quote >= 0:
        if quote == begin or chunk[quote - 1] != _BACKSLASH or _backslashes(chunk[begin:quote]) % 2 == 0:
            return quote + 1, False
        begin = quote + 1
        quote = chunk.find(b'"', begin)
    if begin > len(chunk):
        return -1, True  # the chunk is empty
    return -1, _backslashes(chunk[begin:]) % 2 == 1


def _backslashes(text: bytes) -> int:
    """How many of them it ends with."""
    return len(text) - len(text.rstrip(b"\\"))


def _check_end(rest: bytes, chunks: Iterator[bytes]) -> None:
    for chunk in chain([rest], chunks):
        if chunk.strip():
            raise Damage("something follows the array; fetch it again, or send it as JSON lines", whole=True)
