"""The statements of one transaction on an index in PostgreSQL. Rows are checked as SQLite's are: by the same code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count, islice
from typing import Any, cast

from dedup.index.contract import Entry, Mark, Removal
from dedup.index.postgres_connection import UNDONE, Connection, telling
from dedup.index.schema import checksum, removals_kept
from dedup.index.transaction import NARROW, WIDE, Row, SqliteTransaction, _encoded, _row

_AT_ONCE = 1024
_PAGE = 500

STATE = """SELECT (SELECT value FROM dedup_meta WHERE name = 'salt'),
    (SELECT number FROM dedup_meta WHERE name = 'schema'),
    (SELECT number FROM dedup_meta WHERE name = 'last_seq'), (SELECT max(seq) FROM dedup_story),
    (SELECT min(removal) FROM dedup_removal), (SELECT max(removal) FROM dedup_removal)"""
"""Asked for as a transaction begins, for one round trip: salt and schema version, then what the transaction is given."""

_ADD = f"""WITH added AS (
    INSERT INTO dedup_story ({WIDE}) SELECT * FROM unnest(%s::bigint[], %s::bytea[], %s::bytea[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::bytea[], %s::bigint[], %s::bytea[], %s::bytea[], %s::bigint[])
), spelt AS (
    INSERT INTO dedup_text (seq, text, text_sum) SELECT * FROM unnest(%s::bigint[], %s::bytea[], %s::bigint[])
) UPDATE dedup_meta SET number = %s WHERE name = 'last_seq'"""

_REMOVE = (
    """INSERT INTO dedup_removal (removal, seq, bands, keys, sketch_sum)
        SELECT (SELECT coalesce(max(removal), 0) FROM dedup_removal) + row_number() OVER (ORDER BY seq),
            seq, bands, keys, sketch_sum
        FROM dedup_story WHERE keeper IS NULL AND seq = ANY(%(seqs)s::bigint[])""",
    "DELETE FROM dedup_text WHERE seq = ANY(%(seqs)s::bigint[])",
    "DELETE FROM dedup_story WHERE keeper = ANY(%(seqs)s::bigint[])",
    "DELETE FROM dedup_story WHERE seq = ANY(%(seqs)s::bigint[])",
)
_FORGET = "DELETE FROM dedup_removal WHERE removal <= (SELECT max(removal) FROM dedup_removal) - %s"


class PostgresTransaction(SqliteTransaction):
    """See ``Transaction``. Its iterators end with it. All SQL is its own, the rest is inherited."""

    def __init__(self, connection: Connection, state: Row, shown: str, timeout: float, *, write: bool) -> None:
        super().__init__(cast(Any, connection), shown, timeout, write=write)
        self._session = connection
        self._last, self._highest, *self._removed = state

    def last_seq(self) -> int:
        """The highest ``seq`` ever given, 0 at first."""
        self.ensure_usable()
        if not isinstance(self._last, int) or self._last < (self._highest or 0):
            raise self._damaged("its count of stories is wrong")
        return self._last

    def _on_record(self) -> tuple[int | None, int | None]:
        """The first and the last removal."""
        self.ensure_usable()
        if not self._removed:
            [self._removed] = map(list, self.rows("SELECT min(removal), max(removal) FROM dedup_removal"))
        return self._removed[0], self._removed[1]

    def news(self, mark: Mark) -> Iterator[Entry]:
        """Kept entries after ``mark.seq``, ascending, with their sketches."""
        if mark.seq >= self.last_seq():
            return iter(())
        query = f"SELECT {WIDE} FROM dedup_story WHERE seq > %s AND keeper IS NULL ORDER BY seq LIMIT {_PAGE}"
        return (self.entry(row) for row in self.paged(query, mark.seq))

    def removals_after(self, number: int) -> Iterator[Removal]:
        """Those on record after the ``number``-th, ascending."""
        query = (
            "SELECT removal, seq, bands, keys, sketch_sum FROM dedup_removal "
            f"WHERE removal > %s ORDER BY removal LIMIT {_PAGE}"
        )
        return map(self._removal, self.paged(query, number))

    def by_id(self, ids: Sequence[str]) -> Mapping[str, Entry]:
        """The entries with these ids, without sketches."""
        hashes = [hashlib.sha256(_encoded(id)).digest() for id in dict.fromkeys(ids)]
        found = self._among(f"SELECT {NARROW} FROM dedup_story WHERE sha256(id) = ANY(%s::bytea[])", hashes)
        return {entry.id: entry for entry in map(self.entry, found)}

    def by_digest(self, digests: Sequence[bytes]) -> Mapping[bytes, Entry]:
        """For each digest its earliest entry, without sketch."""
        # A thousand copies of one story must not be read to find the first.
        query = (
            "SELECT found.* FROM unnest(%s::bytea[]) AS asked(digest) CROSS JOIN LATERAL "
            f"(SELECT {NARROW} FROM dedup_story WHERE dedup_story.digest = asked.digest ORDER BY seq LIMIT 1) AS found"
        )
        return {entry.digest: entry for entry in map(self.entry, self._among(query, digests))}

    def by_seq(self, seqs: Sequence[int]) -> Mapping[int, Entry]:
        """The entries with these places, without sketches."""
        found = self._among(f"SELECT {NARROW} FROM dedup_story WHERE seq = ANY(%s::bigint[])", seqs)
        return {entry.seq: entry for entry in map(self.entry, found)}

    def texts(self, seqs: Sequence[int]) -> Mapping[int, str]:
        """The texts of kept stories."""
        found = self._among("SELECT seq, text, text_sum FROM dedup_text WHERE seq = ANY(%s::bigint[])", seqs)
        return {row[0]: self.text(*row) for row in found}

    def append(self, entries: Iterable[tuple[Entry, str | None]]) -> None:
        """Add entries, their ``seq`` going on from ``last_seq()``, with the text of each kept one."""
        self._writing()
        numbers, given = count(self.last_seq() + 1), iter(entries)
        while chunk := self._next_chunk(given, numbers):
            texts = [(entry.seq, _encoded(text)) for entry, text in chunk if text is not None]
            columns = zip(*(_row(entry) for entry, _ in chunk), strict=True)
            spelt = zip(*((*text, checksum(*text)) for text in texts), strict=True) if texts else [(), (), ()]
            self._do(_ADD, [*map(list, columns), *map(list, spelt), chunk[-1][0].seq])
            self._last = chunk[-1][0].seq

    def remove(self, seqs: Sequence[int]) -> None:
        """Forget stories, and with a kept one all that were dropped for it."""
        self._writing()
        if gone := sorted(set(seqs)):
            for statement in _REMOVE:
                self._do(statement, {"seqs": gone})
            # Places in between may be empty: counting stories would read a whole tree.
            ((places,),) = self.rows("SELECT coalesce(max(seq) - min(seq), 0) FROM dedup_story")
            self._do(_FORGET, [removals_kept(places, len(gone))])
            self._removed = []

    def added_before(self, when: int, limit: int) -> list[int]:
        """``seq`` of up to ``limit`` stories added before a time, the oldest first."""
        query = "SELECT seq FROM dedup_story WHERE added < %s ORDER BY added, seq LIMIT %s"
        return [seq for (seq,) in self.rows(query, (when, max(limit, 0)))]

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """What a query gives."""
        self.ensure_usable()
        with self._all_or_nothing(), self._session.cursor(binary=True) as cursor:
            return cursor.execute(query, values).fetchall()

    def _among(self, query: str, values: Iterable[object]) -> Iterator[Row]:
        given = iter(dict.fromkeys(values))
        while chunk := list(islice(given, _AT_ONCE)):
            yield from self.rows(query, [chunk])

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """After an error PostgreSQL does nothing more in a transaction, and would end it without a word."""
        try:
            with telling(self._shown, self._timeout):
                yield
        except BaseException:
            self.end(UNDONE)
            raise

    def _do(self, statement: str, values: Sequence[object] | Mapping[str, object]) -> None:
        self.ensure_usable()
        with self._all_or_nothing():
            self._session.execute(statement, values)
