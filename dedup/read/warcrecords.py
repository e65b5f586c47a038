"""The records of a WARC, split by what their headers say, and where those lie, by where the next record begins.

A splitter of our own and no library: the bytes come from :mod:`dedup.read.stream`, with its limits and what it saves of a
damaged file, and the known libraries decompress for themselves, hold a record whole or stop at the first bad one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dedup.read.options import KIB, MIB
from dedup.read.stream import Damage

LONGEST_HEAD: Final = 64 * KIB
"""Bytes of a header, a record's or that of an answer in it: some bear a whole ``data:`` address."""

_NO_RECORD: Final = "not a WARC record where one should begin; fetch it again"
_CUT_OFF: Final = "cut off: the file ends inside a record; fetch it again"
_TOO_MANY: Final = "too many records whose lengths are wrong; fetch it again"
_LOST: Final = "no WARC record where one should begin; what lies before the next one is lost; fetch it again"
_BAD_HEAD: Final = "a record whose header is damaged; fetch it again"
_WRONG: Final = "the record's length is wrong by {}; read up to the next record"
_SWALLOWED: Final = "cut off: the next record begins inside this one; fetch it again"

_MAGIC: Final = b"WARC/"
_BLANK: Final = re.compile(rb"[\r\n]*")
_HEAD_END: Final = re.compile(rb"\n\r?\n")
_NEXT: Final = re.compile(rb"(?<=\n)WARC/\d")
_INSIDE: Final = re.compile(rb"WARC/\d\.\d+\r?\n[A-Za-z-]{1,40}:")
_TRAILER: Final = re.compile(rb"\r?\n\r?\n\Z")
_LOOK: Final = 64  # bytes behind a record
_MOST_AGAIN: Final = 256 * MIB  # bytes read twice, as a wrong length had taken them in


@dataclass(frozen=True, slots=True)
class Record:
    """A record: its fields by their names in lower case, and its block, or only the ``begin`` of one over the limit.

    ``failed`` says why its block is not to be used, ``note`` what is to be said of it.
    """

    headers: dict[str, str]
    block: bytes | None
    begin: bytes = b""
    failed: str = ""
    note: str = ""


class Records:
    """All records of a WARC that comes in chunks; of each at most ``limit`` bytes are held."""

    def __init__(self, chunks: Iterator[bytes], limit: int) -> None:
        self._bytes = _Bytes(chunks)
        self._limit = limit
        self._damage: Damage | None = None
        self._again = 0

    def next(self) -> Record | None:
        """The next record; None at the end.

        :raises Damage: the file is cut off, damaged or no WARC; every record that was whole before has been given.
        """
        if self._damage:
            raise self._damage
        if not self._bytes.skip_blank():
            return None
        if self._bytes.peek(len(_MAGIC)) != _MAGIC:
            self._to_next(0)
            return Record({}, None, failed=_LOST)
        head = self._bytes.head()
        if head is None:
            self._to_next(0)
            return Record({}, None, failed=_BAD_HEAD)
        headers = fields_of(head)
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdecimal() and len(length) < 20):
            self._to_next(0)
            return Record(headers, None, failed="a record that does not tell its length; fetch it again")
        return self._with_block(headers, int(length))

    def _with_block(self, headers: dict[str, str], length: int) -> Record:
        if length > self._limit:
            begin = self._bytes.take(LONGEST_HEAD)
            self._bytes.skip(length - len(begin))
            if not self._ends_here():
                self._to_next(0, lost=False)
            return Record(headers, None, begin)
        block = self._bytes.take(length)
        if len(block) == length and self._ends_here():
            return Record(headers, block)
        cut = None if len(block) == length else self._bytes.damage or Damage(_CUT_OFF)
        return self._of_wrong_length(headers, block, cut)

    def _of_wrong_length(self, headers: dict[str, str], block: bytes, cut: Damage | None) -> Record:
        """A record behind whose block something else than a record follows, or nothing where ``cut``."""
        inside = _INSIDE.search(block + self._bytes.peek(_LOOK))
        if inside:
            taken = block[inside.start() :] if inside.start() < len(block) else b""
            self._again += len(taken)
            if self._again > _MOST_AGAIN:
                raise Damage(_TOO_MANY)
            self._bytes.put_back(taken)
            return self._mended(headers, block, block[: inside.start()] + self._bytes.take(inside.start() - len(block)))
        if cut:
            raise cut
        more = self._to_next(self._limit - len(block), lost=False)
        if more is None:  # what follows is no record at all, and told next
            return Record(headers, block)
        if len(block) + len(more) > self._limit:
            return Record(headers, None, block[:LONGEST_HEAD])
        return self._mended(headers, block, block + more)

    @staticmethod
    def _mended(headers: dict[str, str], told: bytes, found: bytes) -> Record:
        """A record by what lies before the next one, which a blank line parts from it if it is whole."""
        trailer = _TRAILER.search(found)
        if trailer is None:
            return Record(headers, None, failed=_SWALLOWED)
        wrong = abs(len(told) - trailer.start())
        return Record(headers, found[: trailer.start()], note=_WRONG.format(f"{wrong:,} byte{'' if wrong == 1 else 's'}"))

    def _ends_here(self) -> bool:
        """Whether what follows is the next record, or the end."""
        behind = self._bytes.peek(_LOOK)
        blank = _BLANK.match(behind)
        rest = behind[blank.end() if blank else 0 :]
        return rest[: len(_MAGIC)] == _MAGIC[: len(rest)]

    def _to_next(self, keep: int, *, lost: bool = True) -> bytes | None:
        """What lies before the next record, at most a little more than ``keep`` bytes of it; None if there is none.

        Then the end is told as damage: at once, or where what came before is not ``lost``, with the next record.
        """
        passed = self._bytes.up_to(_NEXT, keep)
        if passed is None:
            self._damage = self._bytes.damage or Damage(_NO_RECORD)
            if lost:
                raise self._damage
        return passed


class _Bytes:
    """Chunks as one stream of bytes, of which some can be put back. Damage is kept, and looks like the end until then."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._data = b""
        self._at = 0
        self._endless = 0
        self.damage: Damage | None = None

    def _more(self) -> bool:
        """Take in another chunk behind what is left; False at the end."""
        if self.damage:
            return False
        try:
            chunk = next(self._chunks, None)
        except Damage as damage:
            self.damage = damage
            return False
        self._endless = max(0, self._endless - self._at)
        self._data = self._data[self._at :] + (chunk or b"")
        self._at = 0
        return chunk is not None

    def skip_blank(self) -> bool:
        """Go on to what is no end of a line; False if there is nothing, Damage if that is because of one."""
        while True:
            blank = _BLANK.match(self._data, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._data):
                return True
            if not self._more():
                if self.damage:
                    raise self.damage
                return False

    def peek(self, count: int) -> bytes:
        """The next bytes, which stay; fewer only at the end."""
        while len(self._data) - self._at < count and self._more():
            pass
        return self._data[self._at : self._at + count]

    def head(self) -> bytes | None:
        """A header with the blank line that ends it; None if it is too long, and one byte passed by."""
        while True:
            # What has been searched for an end before is not searched again.
            end = _HEAD_END.search(self._data, max(self._at, self._endless - 2), self._at + LONGEST_HEAD)
            if end:
                head, self._at = self._data[self._at : end.end()], end.end()
                return head
            self._endless = min(len(self._data), self._at + LONGEST_HEAD)
            if self._endless == self._at + LONGEST_HEAD:
                self._at += 1
                return None
            if not self._more():
                raise self.damage or Damage(_CUT_OFF)

    def take(self, count: int) -> bytes:
        """So many bytes; fewer only at the end."""
        pieces, left = [], count
        while left > 0:
            piece = self._data[self._at : self._at + left]
            self._at += len(piece)
            left -= len(piece)
            pieces.append(piece)
            if left and not self._more():
                break
        return b"".join(pieces)

    def skip(self, count: int) -> None:
        """Pass so many bytes by; Damage if there are fewer."""
        while True:
            step = min(count, len(self._data) - self._at)
            self._at += step
            count -= step
            if not count:
                return
            if not self._more():
                raise self.damage or Damage(_CUT_OFF)

    def put_back(self, data: bytes) -> None:
        """Let these be the next bytes."""
        self._data = data + self._data[self._at :]
        self._at = self._endless = 0

    def up_to(self, pattern: re.Pattern[bytes], keep: int) -> bytes | None:
        """Go on to a match; what was passed by, at most ``keep`` and a chunk's bytes of it. None if there is no match."""
        pieces: list[bytes] = []
        have = 0
        while True:
            found = pattern.search(self._data, self._at)
            # A match may lie across two chunks.
            end = found.start() if found else max(self._at, len(self._data) - len(_MAGIC) - 2)
            if have <= keep:
                pieces.append(self._data[self._at : end])
                have += end - self._at
            self._at = end
            if found:
                return b"".join(pieces)
            if not self._more():
                return None


def fields_of(head: bytes) -> dict[str, str]:
    """The fields of a header behind its first line, by their names in lower case: of each name the first.

    >>> fields_of(b"WARC/1.0\\r\\nWARC-Type: response\\r\\nContent-Length:\\r\\n 12\\r\\n\\r\\n")
    {'warc-type': 'response', 'content-length': '12'}
    """
    fields: dict[str, str] = {}
    # What begins with a space goes on with the line before (RFC 822, 3.1.1).
    for line in re.sub(rb"\r?\n[ \t]+", b" ", head).split(b"\n")[1:]:
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), value.strip())
    return fields
