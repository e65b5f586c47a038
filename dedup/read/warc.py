"""Web archives: of what a crawler fetched, the pages and plain texts are stories. ISO 28500, WARC 1.0 and 1.1.

The date of a record is when it was fetched; a story's is what the page itself says.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from dedup.read.decoding import decode
from dedup.read.fields import Unreadable
from dedup.read.markup import page
from dedup.read.options import ReadOptions, size
from dedup.read.source import Report, Source
from dedup.read.stream import Damage
from dedup.story import Problem, Story

_LONGEST_LINE: Final = 64 << 10
_MOST_LINES: Final = 1000  # of a header
_PAGES: Final = ("text/html", "application/xhtml+xml")
_TEXTS: Final = ("text/plain",)
_HELD: Final = ("response", "resource", "conversion")
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
_NO_RECORD: Final = "not a WARC record where one should begin; fetch it again"
_CUT_OFF: Final = "cut off: the file ends inside a record; fetch it again"


def read_warc(source: Source, options: ReadOptions, report: Report) -> Iterator[Story]:
    """The stories in a WARC; what is no page is counted, and told in one note."""
    return _Warc(source, options, report).stories()


@dataclass(frozen=True, slots=True)
class _Record:
    headers: dict[str, str]
    payload: bytes | None  # None: over the limit

    @property
    def kind(self) -> str:
        return self.headers.get("warc-type", "").lower()

    @property
    def url(self) -> str | None:
        return self.headers.get("warc-target-uri", "").strip("<>") or None


class _Warc:
    """One file."""

    def __init__(self, source: Source, options: ReadOptions, report: Report) -> None:
        self._source = replace(source, origin=msgspec.structs.replace(source.origin, parts=True))
        self._options, self._report = options, report
        # A page comes with the headers of its answer.
        self._bytes = _Bytes(source.chunks, options.max_story_bytes + _LONGEST_LINE)
        self._passed: Counter[str] = Counter()

    def stories(self) -> Iterator[Story]:
        """The story of every record that has one, in order."""
        number = 0
        try:
            while (record := self._bytes.record()) is not None:
                number += 1
                if self._bytes.lost:
                    self._note("the record before this one is damaged; fetch it again", number=number, failed=True)
                story = self._story(number, record)
                if story is not None:
                    yield story
        except Damage as damage:
            self._note(f"{damage} (met in record {number + 1:,})", failed=True)
        if self._passed:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self._passed.items()))
            self._note(f"records that are no pages, passed over: {kinds}", failed=False)

    def _story(self, number: int, record: _Record) -> Story | None:
        if record.kind not in _HELD:
            self._passed[record.kind or "without a kind"] += 1
            return None
        if record.payload is None:
            limit = size(self._options.max_story_bytes)
            self._note(f"a record of over {limit}; to read it, raise --max-story-bytes", number=number, failed=True)
            return None
        content, body = record.headers.get("content-type", ""), record.payload
        try:
            if content.lower().startswith("application/http"):
                status, headers, body = _answer(body)
                content = headers.get("content-type", "")
                if status != 200:
                    self._passed[f"with status {status}"] += 1
                    return None
                body = self._decoded(headers, body)
            return self._from_body(number, record.url, content, body)
        except Unreadable as reason:
            self._note(str(reason), number=number, failed=True)
            return None

    def _from_body(self, number: int, url: str | None, content: str, body: bytes) -> Story | None:
        kind = content.partition(";")[0].strip().lower()
        charset = _CHARSET.search(content)
        declared = charset[1] if charset else None
        identity = url or f"{self._source.id}#{number}"
        if kind in _TEXTS:
            text, note = decode(body, self._options, declared)
            story = Story(id=identity, text=text, url=url, origin=self._source.origin, line=number)
        elif kind in _PAGES:
            found = page(body, self._options, declared=declared, url=url)
            if found is None:
                self._passed["pages without a main text"] += 1
                return None
            note = found.note
            story = Story(
                id=identity,
                text=found.text,
                title=found.title,
                source=found.source,
                url=found.url,
                published=found.published,
                origin=self._source.origin,
                line=number,
            )
        else:
            self._passed[kind or "without a type"] += 1
            return None
        if note:
            self._note(note, number=number, failed=False)
        return story

    def _decoded(self, headers: dict[str, str], body: bytes) -> bytes:
        """The body of an answer without its encodings for the way."""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            body = _joined(body)
        for coding in reversed([each.strip() for each in headers.get("content-encoding", "").lower().split(",")]):
            if coding in ("gzip", "x-gzip", "deflate"):
                body = self._inflated(body)
            elif coding not in ("", "identity"):
                raise Unreadable(f"a page packed as {coding!r}, which is not read; fetch it as gzip")
        return body

    def _inflated(self, body: bytes) -> bytes:
        limit = self._options.max_story_bytes
        for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # gzip or zlib; some servers send neither's header
            inflater = zlib.decompressobj(wbits=bits)
            try:
                data = inflater.decompress(body, limit + 1)
            except zlib.error:
                continue
            if len(data) > limit:
                raise Unreadable(f"a page of over {size(limit)}; to read it, raise --max-story-bytes")
            return data
        if body.lstrip()[:1] == b"<":
            return body  # unpacked when it was archived, and the header left as it was
        raise Unreadable("a page whose packed bytes are damaged; fetch it again")

    def _note(self, reason: str, *, failed: bool, number: int = 0) -> None:
        where = f"{self._source.where}:{number}" if number else self._source.where
        self._report(Problem(where=where, reason=reason, failed=failed))


class _Bytes:
    """The chunks of a WARC, taken record by record."""

    def __init__(self, chunks: Iterator[bytes], limit: int) -> None:
        self._chunks = chunks
        self._limit = limit
        self._left = b""
        self._ended = False
        self.lost = False
        """Whether something that is no record had to be passed by to find the last one."""

    def record(self) -> _Record | None:
        """The next one; None at the end.

        :raises Damage: the file is cut off or is no WARC; what came before was whole.
        """
        line = self._line()
        while line in (b"\r\n", b"\n"):
            line = self._line()
        if not line:
            return None
        self.lost = not line.startswith(b"WARC/")
        while line and not line.startswith(b"WARC/"):
            line = self._line()
        if not line:
            raise Damage(_NO_RECORD)
        headers = self._headers()
        try:
            length = int(headers.get("content-length", ""))
        except ValueError:
            length = -1
        if length < 0:
            raise Damage("a record that does not tell its length; fetch it again")
        return _Record(headers, self._take(length))

    def _headers(self) -> dict[str, str]:
        lines: list[bytes] = []
        for _ in range(_MOST_LINES):
            line = self._line()
            if not line.endswith(b"\n"):
                raise Damage(_CUT_OFF)
            if not line.strip():
                return _fields(lines)
            lines.append(line)
        raise Damage(f"a record with over {_MOST_LINES:,} lines of headers; fetch it again")

    def _line(self) -> bytes:
        while b"\n" not in self._left and self._more():
            if len(self._left) > _LONGEST_LINE and b"\n" not in self._left:
                raise Damage(_NO_RECORD)
        line, end, self._left = self._left.partition(b"\n")
        return line + end

    def _take(self, length: int) -> bytes | None:
        """So many bytes; None, and nothing held, if they are more than the limit."""
        pieces, wanted = [], length
        while wanted:
            if not self._left and not self._more():
                raise Damage(_CUT_OFF)
            piece, self._left = self._left[:wanted], self._left[wanted:]
            wanted -= len(piece)
            if length <= self._limit:
                pieces.append(piece)
        return b"".join(pieces) if length <= self._limit else None

    def _more(self) -> bool:
        if self._ended:
            return False
        chunk = next(self._chunks, None)
        self._ended = chunk is None
        self._left += chunk or b""
        return not self._ended


def _fields(lines: list[bytes]) -> dict[str, str]:
    """Header lines, the first of each name, in lower case; a line that begins with a space goes on with the one before."""
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text[:1] in (" ", "\t") and name:
            fields[name] += " " + text.strip()
            continue
        name, _, value = text.partition(":")
        name = name.strip().lower()
        fields.setdefault(name, value.strip())
    return fields


def _answer(payload: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an HTTP answer."""
    for gap in (b"\r\n\r\n", b"\n\n"):
        head, found, body = payload.partition(gap)
        if found:
            break
    else:
        head, body = payload, b""
    first, *lines = head.split(b"\n")
    words = first.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise Unreadable("not an HTTP answer, though the record says so; fetch it again")
    return int(words[1][:4]), _fields(lines[:_MOST_LINES]), body


def _joined(body: bytes) -> bytes:
    """A chunked body in one; as far as it goes, and as it is if it was joined when it was archived (RFC 9112, 7.1)."""
    pieces: list[bytes] = []
    place = 0
    while (end := body.find(b"\n", place)) >= 0:
        try:
            length = int(body[place:end].partition(b";")[0].strip() or b"x", 16)
        except ValueError:
            return b"".join(pieces) or body
        if length <= 0:
            break
        pieces.append(body[end + 1 : end + 1 + length])
        place = end + 1 + length + (2 if body[end + 1 + length : end + 3 + length] == b"\r\n" else 1)
    return b"".join(pieces)
