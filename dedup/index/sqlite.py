"""An index in one SQLite file, for the processes of one machine.

Readers see one moment and wait for nobody; writers wait for each other. A commit is on the disk when ``transaction``
ends (opened ``relaxed``, a power cut may take the last ones).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from dedup.errors import IndexFault
from dedup.files import sync_folder
from dedup.index.connection import (
    checked_place,
    connect,
    locked,
    log_ahead,
    patiently,
    telling,
)
from dedup.index.contract import SCHEMA_VERSION, Entry, Summary
from dedup.index.schema import Identity, bring_up, read_identity, version_of
from dedup.index.transaction import SqliteTransaction

_FORK_WAIT = 1.0
_LITTLE = 16  # one page in so many may stay free: to give each back and take it again costs a stream two syncs an answer

_T = TypeVar("_T")


class SqliteLedger:
    """See ``Ledger``. Threads take turns; after a fork, parent and child go on with a connection each."""

    def __init__(self, path: str, url: str, fresh: Identity, *, create: bool, relaxed: bool, timeout: float) -> None:
        self.url = url
        self._shown, self._relaxed, self._timeout = path, relaxed, timeout
        self._lock, self._owner = threading.Lock(), 0
        self._closed = self._orphan = False
        self._path = checked_place(path, create=create)
        self._connection: sqlite3.Connection | None = None
        self._inode = (0, 0)
        self.identity = self._open(fresh, create=create)
        self.settings, self.salt = self.identity.settings, self.identity.salt
        _OPEN.add(self)

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[SqliteTransaction]:
        """Lock, and commit at the end; an exception inside leaves everything as it was."""
        with self._turn() as connection:
            transaction = SqliteTransaction(connection, self._shown, self._timeout, write=write)
            try:
                with telling(self._shown, self._timeout):
                    version = patiently(lambda: _begin(connection, write=write), self._timeout)
                if version != SCHEMA_VERSION:
                    raise IndexFault(f"{self._shown!r}: was brought to schema version {version} meanwhile; open it again")
                yield transaction
                transaction.ensure_usable()
                with telling(self._shown, self._timeout):
                    connection.execute("COMMIT")
            except BaseException:
                self._roll_back(connection)
                raise
            finally:
                transaction.end()

    def summary(self) -> Summary:
        """What is in it."""
        with self.transaction(write=False) as ledger:
            ((stories, dropped, oldest, newest),) = ledger.rows(
                "SELECT (SELECT count(*) FROM story), (SELECT count(*) FROM story WHERE keeper IS NOT NULL), "
                "(SELECT min(added) FROM story), (SELECT max(added) FROM story)"
            )
        files = [Path(self._path + suffix) for suffix in ("", "-wal")]
        size = sum(file.stat().st_size for file in files if file.exists())
        return Summary(kept=stories - dropped, dropped=dropped, oldest=oldest, newest=newest, bytes=size)

    def check(self, verify: Callable[[Iterator[tuple[Entry, str]]], list[str]] | None = None) -> list[str]:
        """What is wrong inside, a sentence each. ``verify`` is given all kept entries with their texts, and adds to it."""
        from dedup.index.checking import problems

        with self.transaction(write=False) as ledger:
            return problems(ledger, verify)

    def compact(self, pages: int) -> None:
        """Give some room back to the system, in a small step; a little is left for what comes."""
        # By "execute" sqlite3 takes one step of it only, which frees one page.
        script = f"PRAGMA incremental_vacuum({max(int(pages), 1)})"
        with self._turn() as connection, telling(self._shown, self._timeout):
            free, pages = patiently(lambda: _free_of(connection), self._timeout)
            if free * _LITTLE <= pages:
                return
            patiently(lambda: connection.executescript(script), self._timeout)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # if others read it, the next step will do

    def close(self) -> None:
        """Let go of it; a second time is no error."""
        with self._locked():
            self._closed = True
            self._disconnect()

    def _open(self, fresh: Identity, *, create: bool) -> Identity:
        with suppress(OSError):
            status = Path(self._path).stat()
            if (status.st_dev, status.st_ino) in _ABANDONED:
                raise self._forked()
        with telling(self._shown, self._timeout):
            connection = connect(self._path, relaxed=self._relaxed)
            try:
                identity = patiently(lambda: self._prepared(connection, fresh, create=create), self._timeout)
                status = Path(self._path).stat()
            except BaseException:
                connection.close()
                raise
        self._connection, self._inode = connection, (status.st_dev, status.st_ino)
        return identity

    def _prepared(self, connection: sqlite3.Connection, fresh: Identity, *, create: bool) -> Identity:
        def look() -> int | None:
            return version_of(connection, self._shown)

        def settle() -> None:
            # Another process may have made it meanwhile.
            if (version := look()) != SCHEMA_VERSION:
                bring_up(connection, version, fresh)

        version = _within(connection, "BEGIN", look)
        if version is None and not create:
            raise IndexFault(f"{self._shown!r}: is empty, there is no index in it; check the name")
        if version is None:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        log_ahead(connection, self._shown)
        if version != SCHEMA_VERSION:
            _within(connection, "BEGIN IMMEDIATE", settle)
            with suppress(OSError):
                sync_folder(Path(self._path).parent)
        return _within(connection, "BEGIN", lambda: read_identity(connection, self._shown))

    def _connected(self) -> sqlite3.Connection:
        if self._closed:
            raise IndexFault(f"{self._shown!r}: is closed; open it again")
        try:
            status = Path(self._path).stat()
        except OSError:
            status = None
        if self._orphan or (status is not None and (status.st_dev, status.st_ino) in _ABANDONED):
            raise self._forked()
        if status is None or (self._inode != (status.st_dev, status.st_ino)):
            raise IndexFault(f"{self._shown!r}: was removed or replaced while it was open; open it again")
        if self._connection is None and self._open(self.identity, create=False) != self.identity:
            raise IndexFault(f"{self._shown!r}: was made anew while it was open; open it again")
        assert self._connection is not None
        return self._connection

    def _forked(self) -> IndexFault:
        return IndexFault(
            f"{self._shown!r}: was in use when this process was forked; fork outside its transactions, or spawn"
        )

    @contextmanager
    def _turn(self) -> Iterator[sqlite3.Connection]:
        with self._locked():
            yield self._connected()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._owner == threading.get_ident():
            raise IndexFault(f"{self._shown!r}: this thread is in a transaction of it; end that first")
        lock = self._lock  # a forked child is given another
        if not lock.acquire(timeout=self._timeout):
            raise locked(self._shown, self._timeout)
        self._owner = threading.get_ident()
        try:
            yield
        finally:
            self._owner = 0
            lock.release()

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        if self._orphan:
            return
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._disconnect()  # which rolls back too

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):  # what was committed is in the log already
                connection.close()


def _begin(connection: sqlite3.Connection, *, write: bool) -> int:
    try:
        connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        # Another program may have migrated it. And a reader's moment is now, not that of its first look-up.
        ((version,),) = connection.execute("PRAGMA user_version").fetchall()
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return int(version)


def _free_of(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many pages are free, of how many."""
    query = "SELECT freelist_count, page_count FROM pragma_freelist_count, pragma_page_count"
    ((free, pages),) = connection.execute(query).fetchall()
    return int(free), int(pages)


def _within(connection: sqlite3.Connection, begin: str, step: Callable[[], _T]) -> _T:
    try:
        connection.execute(begin)
        result = step()
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


# SQLite's locks belong to a process, what it remembers of them is copied by a fork: a child that used, opened or even
# closed such a file could damage it. So nothing is open while a fork happens, but what is in the middle of a transaction.

_OPEN: weakref.WeakSet[SqliteLedger] = weakref.WeakSet()
_HELD: list[SqliteLedger] = []
_ABANDONED: dict[tuple[int, int], list[sqlite3.Connection | None]] = {}


def _before_fork() -> None:
    for ledger in list(_OPEN):
        if ledger._owner != threading.get_ident() and ledger._lock.acquire(timeout=_FORK_WAIT):
            ledger._disconnect()
            _HELD.append(ledger)


def _after_fork() -> None:
    while _HELD:
        _HELD.pop()._lock.release()


def _after_fork_in_child() -> None:
    for ledger in list(_OPEN):
        if ledger not in _HELD:
            _ABANDONED.setdefault(ledger._inode, []).append(ledger._connection)  # never closed
            ledger._connection, ledger._orphan = None, True
            ledger._lock, ledger._owner = threading.Lock(), 0
    _after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
