"""An index in a PostgreSQL database, for the processes of many hosts.

Readers see one moment and wait for nobody; writers wait for each other, by an advisory lock that they hold while a batch
is decided and written: two hosts cannot both take in one of two alike. A commit is on the server's disk when
``transaction`` ends, and where it waits for standbys, there (opened ``relaxed``, a crash of the server may take the last
half second).
"""

from __future__ import annotations

import math
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from dedup.errors import IndexFault
from dedup.index.connection import locked
from dedup.index.contract import SCHEMA_VERSION, Entry, Summary
from dedup.index.postgres_connection import Connection, commit, connect, is_damage, read_address, telling
from dedup.index.postgres_schema import TABLES, bring_up, lock_key, read_identity, version_of
from dedup.index.postgres_transaction import STATE, PostgresTransaction
from dedup.index.schema import Identity

_LONGEST_WAIT = (1 << 31) - 1  # milliseconds

# What row security hides would be taken for new: without it there is an error. All look-ups are by an index, also where
# statistics are not there yet: without them the planner would read and sort the whole table for each page of it.
_BEGIN = sql.SQL(
    "BEGIN ISOLATION LEVEL {}; SET LOCAL search_path = {}, pg_temp; SET LOCAL row_security = off; "
    "SET LOCAL lock_timeout = {}; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; "
    "SET LOCAL enable_sort = off; SET LOCAL jit = off"
)

# A server that is told to be quicker than safe is overruled, one that is told to be safer is not.
_SAFELY = (
    "SELECT set_config('synchronous_commit', 'on', true) "
    "WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')"
)


def open_postgres(url: str, fresh: Identity, **options: Any) -> tuple[PostgresLedger, Identity]:
    """As ``open_ledger`` wants it of a backend."""
    ledger = PostgresLedger(url, fresh, **options)
    return ledger, ledger.identity


class PostgresLedger:
    """See ``Ledger``. ``url`` is without the password. Threads take turns; a forked child connects anew."""

    def __init__(self, url: str, fresh: Identity, *, create: bool, relaxed: bool, timeout: float) -> None:
        self._address = read_address(url)
        self.url = self._address.shown
        self._relaxed, self._timeout = relaxed, timeout
        self._lock, self._owner = threading.Lock(), 0
        self._closed = False
        self._connection: Connection | None = None
        self._process = os.getpid()
        self._schema = ""
        self.identity = self._open(fresh, create=create)
        self.settings, self.salt = self.identity.settings, self.identity.salt
        _OPEN.add(self)

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[PostgresTransaction]:
        """Lock, and commit at the end; an exception inside leaves everything as it was."""
        with self._locked():
            connection, state = self._begun(write=write)
            transaction = PostgresTransaction(connection, state, self.url, self._timeout, write=write)
            try:
                yield transaction
                transaction.ensure_usable()
                commit(connection, self.url, self._timeout)
            except BaseException:
                self._roll_back(connection)
                raise
            finally:
                transaction.end()

    def summary(self) -> Summary:
        """What is in it."""
        with self.transaction(write=False) as ledger:
            ((stories, dropped, oldest, newest),) = ledger.rows(
                "SELECT (SELECT count(*) FROM dedup_story), (SELECT count(*) FROM dedup_story WHERE keeper IS NOT NULL), "
                "(SELECT min(added) FROM dedup_story), (SELECT max(added) FROM dedup_story)"
            )
            query = "SELECT sum(pg_total_relation_size(name::regclass))::bigint FROM unnest(%s::text[]) AS name"
            ((size,),) = ledger.rows(query, [list(TABLES)])
        return Summary(kept=stories - dropped, dropped=dropped, oldest=oldest, newest=newest, bytes=size)

    def check(self, verify: Callable[[Iterator[tuple[Entry, str]]], list[str]] | None = None) -> list[str]:
        """What is wrong inside, a sentence each. ``verify`` is given all kept entries with their texts, and adds to it."""
        from dedup.index import checking
        from dedup.index.postgres_checking import relations, stories

        found: list[str] = []
        for part in (relations, stories, checking.removals):
            try:
                # In a transaction each: PostgreSQL does nothing more in one that tripped over damage.
                with self.transaction(write=False) as ledger:
                    found.extend(islice(part(ledger), checking.MOST))
            except IndexFault as error:
                if isinstance(error.__cause__, psycopg.Error) and not is_damage(error.__cause__):
                    raise
                found.append(str(error))
        if verify and not found:
            with self.transaction(write=False) as ledger:
                found += verify(checking.kept(ledger))
        return found[: checking.MOST]

    def compact(self, pages: int) -> None:
        """Nothing: the server's autovacuum makes room for what comes, and gives it back at a table's end.

        To vacuum reads the indexes whole, so there is no small step; ``VACUUM FULL`` is for whoever runs the server.
        """

    def close(self) -> None:
        """Let go of it; a second time is no error."""
        with self._locked():
            self._closed = True
            self._disconnect()

    def _open(self, fresh: Identity, *, create: bool) -> Identity:
        connection = connect(self._address)
        try:
            with telling(self.url, self._timeout):
                self._schema = self._schema_of(connection)
                self._begin(connection, self._beginning(write=False))
                version = version_of(connection, self._schema, self.url)
                if version is None and not create:
                    raise IndexFault(f"{self.url!r}: is empty, there is no index in it; check the name")
                if version != SCHEMA_VERSION:
                    self._settle(connection, fresh)
                identity = read_identity(connection, self.url)
            commit(connection, self.url, self._timeout)
        except BaseException:
            connection.close()
            raise
        self._connection, self._process = connection, os.getpid()
        return identity

    def _schema_of(self, connection: Connection) -> str:
        ((schema,),) = connection.execute("SELECT current_schema()").fetchall()
        if schema is None or self._schema not in ("", schema):
            raise IndexFault(f"{self.url!r}: the schema of its search_path is not there; create it, or name another")
        return str(schema)

    def _settle(self, connection: Connection, fresh: Identity) -> None:
        connection.execute("COMMIT")
        self._begin(connection, self._beginning(write=True))
        # Another host may have made it while this one waited.
        if (version := version_of(connection, self._schema, self.url)) != SCHEMA_VERSION:
            bring_up(connection, version, fresh)

    def _beginning(self, *, write: bool) -> sql.Composed:
        """Begins a transaction in one message to the server. Nothing is left to the session, which a pooler may change."""
        wait = max(1, min(math.ceil(self._timeout * 1000), _LONGEST_WAIT)) if self._timeout < math.inf else 0
        # A writer must see what was committed while it waited, a reader one moment.
        mode = "READ COMMITTED READ WRITE" if write else "REPEATABLE READ READ ONLY"
        begin = _BEGIN.format(sql.SQL(mode), sql.Identifier(self._schema), sql.Literal(wait))
        if not write:
            return begin
        safety = "SET LOCAL synchronous_commit = off" if self._relaxed else _SAFELY
        lock = sql.SQL("SELECT pg_advisory_xact_lock({})").format(sql.Literal(lock_key(self._schema)))
        return sql.SQL("; ").join([begin, sql.SQL(safety), lock])

    def _begin(self, connection: Connection, statements: sql.Composed) -> tuple[Any, ...] | None:
        """What the last one gives."""
        with connection.execute(statements) as cursor:
            while cursor.nextset():
                pass
            return cursor.fetchone() if cursor.description else None

    def _begun(self, *, write: bool) -> tuple[Connection, tuple[Any, ...]]:
        used = self._connection
        try:
            return self._begun_once(write=write)
        except IndexFault:
            if used is None or self._connection is not None or self._closed:
                raise
        return self._begun_once(write=write)  # it was lost since the last transaction, so nothing was done on it

    def _begun_once(self, *, write: bool) -> tuple[Connection, tuple[Any, ...]]:
        connection = self._connected()
        look = sql.SQL(f"; {STATE}")  # a reader's moment is now
        try:
            with telling(self.url, self._timeout):
                found = self._begin(connection, self._beginning(write=write) + look)
            if not found or found[0] != self.salt:
                raise self._other()
            if found[1] != SCHEMA_VERSION:
                raise IndexFault(f"{self.url!r}: was brought to schema version {found[1]} meanwhile; open it again")
        except BaseException:
            self._roll_back(connection)
            raise
        return connection, found[2:]

    def _connected(self) -> Connection:
        if self._closed:
            raise IndexFault(f"{self.url!r}: is closed; open it again")
        if self._connection and self._process != os.getpid():
            self._abandon()
        if self._connection and self._connection.info.transaction_status != TransactionStatus.IDLE:
            self._disconnect()
        if self._connection is None and self._open(self.identity, create=False) != self.identity:
            raise self._other()
        assert self._connection is not None
        return self._connection

    def _other(self) -> IndexFault:
        return IndexFault(f"{self.url!r}: was made anew while it was open; open it again")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._owner == threading.get_ident():
            raise IndexFault(f"{self.url!r}: this thread is in a transaction of it; end that first")
        lock = self._lock  # a forked child is given another
        if not lock.acquire(timeout=min(self._timeout, threading.TIMEOUT_MAX)):
            raise locked(self.url, self._timeout)
        self._owner = threading.get_ident()
        try:
            yield
        finally:
            self._owner = 0
            lock.release()

    def _roll_back(self, connection: Connection) -> None:
        if connection is not self._connection:
            return  # a forked child, whose parent goes on with it
        try:
            if connection.info.transaction_status != TransactionStatus.IDLE:
                connection.execute("ROLLBACK")
        except psycopg.Error:
            self._disconnect()  # which rolls back too
        except BaseException:
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _abandon(self) -> None:
        """Let go of a connection without a word to the server: it is the parent's."""
        connection, self._connection = self._connection, None
        if connection is not None:
            _ABANDONED.append(connection)
            with suppress(psycopg.Error, OSError):
                os.close(connection.fileno())  # else the server would not notice if the parent died
        self._process = os.getpid()


_OPEN: weakref.WeakSet[PostgresLedger] = weakref.WeakSet()
_ABANDONED: list[Connection] = []


def _after_fork_in_child() -> None:
    for ledger in list(_OPEN):
        ledger._abandon()
        if ledger._owner != threading.get_ident():  # else the child is in the block of a transaction, and will leave it
            ledger._lock, ledger._owner = threading.Lock(), 0


os.register_at_fork(after_in_child=_after_fork_in_child)
