"""The statements of one transaction on an SQLite index, and the check of every row read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, islice
from typing import Any

from dedup.errors import IndexFault
from dedup.index.connection import RESTORE, telling
from dedup.index.contract import Entry, Mark, Removal
from dedup.index.schema import checksum, removals_kept

NARROW = "seq, id, digest, added, published, keeper, answer, row_sum"
WIDE = f"{NARROW}, bands, keys, sketch_sum"
_CHUNK = 400
_PAGE = 500
_UNDONE = "a change failed; the whole transaction is undone"

Row = tuple[Any, ...]


class SqliteTransaction:
    """See ``Transaction``. Its iterators end with it."""

    def __init__(self, connection: sqlite3.Connection, shown: str, timeout: float, *, write: bool) -> None:
        self._connection, self._shown, self._timeout, self._write = connection, shown, timeout, write
        self._over: str | None = None
        self._process = os.getpid()

    def mark(self) -> Mark:
        """The last story and the last removal there were."""
        return Mark(self.last_seq(), self._on_record()[1] or 0)

    def last_seq(self) -> int:
        """The highest ``seq`` ever given, 0 at first."""
        found = self.rows("SELECT value, (SELECT max(seq) FROM story) FROM meta WHERE name = 'last_seq'")
        if not found or not isinstance(found[0][0], int) or found[0][0] < (found[0][1] or 0):
            raise self._damaged("its count of stories is wrong")
        return found[0][0]

    def news(self, mark: Mark) -> Iterator[Entry]:
        """Kept entries after ``mark.seq``, ascending, with their sketches."""
        query = f"SELECT {WIDE} FROM story WHERE seq > ? AND keeper IS NULL ORDER BY seq LIMIT {_PAGE}"
        return (self.entry(row) for row in self.paged(query, mark.seq))

    def removals(self, mark: Mark) -> Iterator[Removal] | None:
        """The kept stories removed after ``mark.removal``, ascending; None if some are not on record any more.

        Whoever knows of no story yet (``mark.seq`` is 0) is given the last one only: the number to go on from.
        """
        oldest, newest = self._on_record()
        after = mark.removal if mark.seq or not newest else newest - 1
        if after > (newest or 0) or (oldest is not None and after < oldest - 1):
            return None
        return self.removals_after(after) if after < (newest or 0) else iter(())

    def _on_record(self) -> tuple[int | None, int | None]:
        """The first and the last removal."""
        ((oldest, newest),) = self.rows("SELECT min(removal), max(removal) FROM removal")
        return oldest, newest

    def removals_after(self, number: int) -> Iterator[Removal]:
        """Those on record after the ``number``-th, ascending."""
        query = f"SELECT removal, seq, bands, keys, sketch_sum FROM removal WHERE removal > ? ORDER BY removal LIMIT {_PAGE}"
        return map(self._removal, self.paged(query, number))

    def by_id(self, ids: Sequence[str]) -> Mapping[str, Entry]:
        """The entries with these ids, without sketches."""
        found = self._among(f"SELECT {NARROW} FROM story WHERE id IN", map(_encoded, ids))
        return {entry.id: entry for entry in map(self.entry, found)}

    def by_digest(self, digests: Sequence[bytes]) -> Mapping[bytes, Entry]:
        """For each digest its earliest entry, without sketch."""
        # A step into the index for each: a thousand copies of one story must not be read to find the first.
        given, first = iter(dict.fromkeys(digests)), list[int]()
        while chunk := list(islice(given, _CHUNK)):
            asked = f"(VALUES (?){',(?)' * (len(chunk) - 1)}) AS asked"
            found = self.rows(f"SELECT (SELECT min(seq) FROM story WHERE digest = asked.column1) FROM {asked}", chunk)
            first += [seq for (seq,) in found if seq is not None]
        return {entry.digest: entry for entry in self.by_seq(first).values()}

    def by_seq(self, seqs: Sequence[int]) -> Mapping[int, Entry]:
        """The entries with these places, without sketches."""
        found = self._among(f"SELECT {NARROW} FROM story WHERE seq IN", seqs)
        return {entry.seq: entry for entry in map(self.entry, found)}

    def texts(self, seqs: Sequence[int]) -> Mapping[int, str]:
        """The texts of kept stories."""
        found = self._among("SELECT seq, text, text_sum FROM text WHERE seq IN", seqs)
        texts = {row[0]: self.text(*row) for row in found}
        for (seq,) in self._among("SELECT seq FROM story WHERE keeper IS NULL AND seq IN", set(seqs) - texts.keys()):
            raise self._damaged(f"the text of story {seq} is missing")
        return texts

    def text(self, seq: int, text: bytes, text_sum: int) -> str:
        """A text as it is stored; IndexFault if it is not what was stored."""
        if checksum(seq, text) != text_sum:
            raise self._damaged(f"the text of story {seq} does not fit its checksum")
        return text.decode("utf-8", "surrogatepass")

    def append(self, entries: Iterable[tuple[Entry, str | None]]) -> None:
        """Add entries, their ``seq`` going on from ``last_seq()``, with the text of each kept one."""
        self._writing()
        numbers, given = count(self.last_seq() + 1), iter(entries)
        while chunk := self._next_chunk(given, numbers):
            texts = ((entry.seq, _encoded(text)) for entry, text in chunk if text is not None)
            self._change(f"INSERT INTO story ({WIDE}) VALUES (?{',?' * 10})", (_row(entry) for entry, _ in chunk))
            self._change("INSERT INTO text VALUES (?, ?, ?)", ((*text, checksum(*text)) for text in texts))
            self._change("UPDATE meta SET value = ? WHERE name = 'last_seq'", [(chunk[-1][0].seq,)])

    def _next_chunk(
        self, given: Iterator[tuple[Entry, str | None]], numbers: Iterator[int]
    ) -> list[tuple[Entry, str | None]]:
        try:
            chunk = list(islice(given, _CHUNK))
            for entry, text in chunk:
                _check_entry(entry, text, next(numbers))
        except BaseException:
            self.end(_UNDONE)  # chunks before it are in: whoever catches this must not commit them
            raise
        return chunk

    def remove(self, seqs: Sequence[int]) -> None:
        """Forget stories, and with a kept one all that were dropped for it."""
        self._writing()
        kept = [(seq,) for (seq,) in self._among("SELECT seq FROM story WHERE keeper IS NULL AND seq IN", seqs)]
        kept.sort()
        self._change(
            "INSERT INTO removal (seq, bands, keys, sketch_sum) "
            "SELECT seq, bands, keys, sketch_sum FROM story WHERE seq = ?",
            kept,
        )
        self._change("DELETE FROM text WHERE seq = ?", kept)
        self._change("DELETE FROM story WHERE keeper = ?", kept)
        self._change("DELETE FROM story WHERE seq = ?", ((seq,) for seq in seqs))
        # Places in between may be empty: counting stories would read a whole tree.
        ((places,),) = self.rows("SELECT coalesce((SELECT max(seq) FROM story) - (SELECT min(seq) FROM story), 0)")
        on_record = removals_kept(places, len(kept))
        self._change("DELETE FROM removal WHERE removal <= (SELECT max(removal) FROM removal) - ?", [(on_record,)])

    def added_before(self, when: int, limit: int) -> list[int]:
        """``seq`` of up to ``limit`` stories added before a time, the oldest first."""
        found = self.rows("SELECT seq FROM story WHERE added < ? ORDER BY added, seq LIMIT ?", (when, max(limit, 0)))
        return [seq for (seq,) in found]

    def end(self, why: str = "its transaction has ended; begin another") -> None:
        """Refuse to be used from now on."""
        self._over = self._over or why

    def ensure_usable(self) -> None:
        """IndexFault if a change failed, if it has ended, or in another process than it began in."""
        if os.getpid() != self._process:
            self.end("this process was forked in the middle of its transaction; fork before, or spawn")
        if self._over:
            raise IndexFault(f"{self._shown!r}: {self._over}")

    def _writing(self) -> None:
        self.ensure_usable()
        if not self._write:
            raise IndexFault(f"{self._shown!r}: this transaction only reads; begin one that writes")

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """What a query gives."""
        self.ensure_usable()
        with telling(self._shown, self._timeout):
            return self._connection.execute(query, values).fetchall()

    def _among(self, query: str, values: Iterable[object]) -> Iterator[Row]:
        given = iter(dict.fromkeys(values))
        while chunk := list(islice(given, _CHUNK)):
            yield from self.rows(f"{query} (?{',?' * (len(chunk) - 1)})", chunk)

    def paged(self, query: str, after: int) -> Iterator[Row]:
        """What a query gives page by page, rows by their first column, from ``after`` on."""
        # A statement left open would see what is appended meanwhile, and a damaged tree can lead in a circle.
        while rows := self.rows(query, (after,)):
            for row in rows:
                if not isinstance(row[0], int) or row[0] <= after:
                    raise self._damaged("its entries are out of order")
                after = row[0]
                yield row

    def _change(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        self.ensure_usable()
        try:
            with telling(self._shown, self._timeout):
                self._connection.executemany(statement, rows)
        except BaseException:
            # SQLite may have rolled back: whatever came next would be a change of its own.
            self.end(_UNDONE)
            raise

    def entry(self, row: Row) -> Entry:
        """An entry as it is stored, with or without sketch; IndexFault if it is not what was stored."""
        seq, id, digest, added, published, keeper, answer, row_sum, *sketch = row
        if checksum(*row[:7]) != row_sum or (sketch and checksum(seq, *sketch[:2]) != sketch[2]):
            raise self._damaged(f"story {seq} does not fit its checksum")
        bands, keys = sketch[:2] or (b"", b"")
        return Entry(
            seq=seq,
            id=id.decode("utf-8", "surrogatepass"),
            digest=digest,
            added=added,
            published=published,
            keeper=keeper,
            answer=answer,
            bands=bands,
            keys=keys,
        )

    def _removal(self, row: Row) -> Removal:
        number, seq, bands, keys, sketch_sum = row
        if checksum(seq, bands, keys) != sketch_sum:
            raise self._damaged(f"removal {number} does not fit its checksum")
        return Removal(number, seq, bands, keys)

    def _damaged(self, what: str) -> IndexFault:
        return IndexFault(f"{self._shown!r}: is damaged, {what}; {RESTORE}")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _row(entry: Entry) -> Row:
    narrow = (
        entry.seq,
        _encoded(entry.id),
        entry.digest,
        entry.added,
        entry.published,
        entry.keeper,
        entry.answer,
    )
    sketch = (entry.bands, entry.keys)
    return (*narrow, checksum(*narrow), *sketch, checksum(entry.seq, *sketch))


def _check_entry(entry: Entry, text: str | None, seq: int) -> None:
    """The caller's mistakes, which must not get into a file."""
    if entry.seq != seq or len(entry.digest) != 16 or (entry.keeper is None) != (text is not None):
        raise ValueError(f"entry {entry.id!r}: wants seq {seq}, 16 bytes of digest, and a text just if it is kept")
