"""SQLite files, opened with care, and what SQLite reports told as an IndexFault that says what to do."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from dedup.errors import IndexFault

MOUNTS = "/proc/self/mountinfo"

# The shared memory of a write-ahead log is shared by the processes of one machine only.
NETWORK_FILE_SYSTEMS = frozenset(
    """9p afs beegfs ceph cifs coda davfs fuse.ceph fuse.curlftpfs fuse.davfs fuse.davfs2 fuse.gcsfuse fuse.glusterfs
    fuse.juicefs fuse.rclone fuse.s3fs fuse.smbnetfs fuse.sshfs gfs2 glusterfs gpfs lustre ncpfs nfs nfs4 ocfs2 orangefs
    pvfs2 smb2 smb3 smbfs""".split()
)

_SLICE = 0.1
_PAUSE = 0.002
_KEPT = "what was answered before is kept"
RESTORE = "run 'dedup index check' on it, then restore a copy or make it anew"
_PERMISSIONS = "check the permissions of the file and of its folder"
_NO_INDEX = "is no index; name another file"

_T = TypeVar("_T")

_WHY = {
    sqlite3.SQLITE_FULL: f"no room is left for it; make room, {_KEPT}",
    sqlite3.SQLITE_READONLY: f"cannot be written to; {_PERMISSIONS}",
    sqlite3.SQLITE_PERM: f"is not allowed to be opened; {_PERMISSIONS}",
    sqlite3.SQLITE_CANTOPEN: f"it, or a file beside it, cannot be opened; {_PERMISSIONS}",
    sqlite3.SQLITE_NOTADB: _NO_INDEX,
    sqlite3.SQLITE_CORRUPT: f"is damaged; {RESTORE}",
    sqlite3.SQLITE_IOERR: f"reading or writing it failed; check the disk, its quota and limits on file size, {_KEPT}",
    sqlite3.SQLITE_TOOBIG: "a story is too long for it; leave that story out",
    sqlite3.SQLITE_CONSTRAINT: "an entry clashes with one that is in it; nothing of the batch was added",
    sqlite3.SQLITE_NOMEM: "no memory is left; give the process more",
    sqlite3.SQLITE_PROTOCOL: "its locks do not work; keep it on a local disk",
}
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def code_of(error: sqlite3.Error) -> int:
    """SQLite's primary result code, 0 if the error is not of its making."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    """Others hold a lock."""
    return code_of(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_damage(error: sqlite3.Error) -> bool:
    """The file's content is wrong."""
    return code_of(error) in _DAMAGE


def fault(shown: str, error: sqlite3.Error, timeout: float) -> IndexFault:
    """The same in words."""
    if is_busy(error):
        return locked(shown, timeout)
    why = _WHY.get(code_of(error), f"cannot be used; {RESTORE}")
    return IndexFault(f"{shown!r}: {why} (SQLite: {error})")


def locked(shown: str, timeout: float) -> IndexFault:
    """Others held it for too long."""
    return IndexFault(f"{shown!r}: was locked by another writer for {timeout:g} s; try again, or allow a longer wait")


@contextmanager
def telling(shown: str, timeout: float) -> Iterator[None]:
    """Turn what SQLite raises into an IndexFault."""
    try:
        yield
    except sqlite3.Error as error:
        raise fault(shown, error, timeout) from error
    except UnicodeDecodeError as error:  # by sqlite3, of a message that quotes a damaged file
        raise IndexFault(f"{shown!r}: is damaged; {RESTORE} (SQLite: {error})") from error


def patiently(step: Callable[[], _T], timeout: float) -> _T:
    """Do a step, again and again while others hold a lock, until the time is over.

    SQLite's own wait cannot be interrupted, leaves some locks out, and makes whoever has waited long ask less often.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            return step()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE)


def checked_place(shown: str, *, create: bool) -> str:
    """The real path of an index; IndexFault where there can be none."""
    if not shown or "\0" in shown or shown.endswith("/"):
        raise IndexFault(f"{shown!r}: is no file name; name a file")
    path = Path(os.path.realpath(shown))
    try:
        status: os.stat_result | None = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        status = None
    except OSError as error:
        raise IndexFault(f"{shown!r}: cannot be reached: {error.strerror}; {_PERMISSIONS}") from error
    if status is None and not path.parent.is_dir():
        raise IndexFault(f"{shown!r}: its folder does not exist; create {str(path.parent)!r} first")
    if status is None and not create:
        raise IndexFault(f"{shown!r}: does not exist; check the name")
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise IndexFault(f"{shown!r}: is a folder or a device; name a file")
    if kind := network_file_system(path.parent):
        raise IndexFault(
            f"{shown!r}: lies on a network file system ({kind}), where its write-ahead log would be damaged; "
            "keep it on a local disk, or use postgresql:// to share it between machines"
        )
    if status is not None and status.st_size:
        _check_header(path, shown)
    return str(path)


def _check_header(path: Path, shown: str) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise IndexFault(f"{shown!r}: cannot be read: {error.strerror}; {_PERMISSIONS}") from error
    if start != b"SQLite format 3\0":
        raise IndexFault(f"{shown!r}: {_NO_INDEX}")


def network_file_system(folder: Path) -> str | None:
    """The kind of file system a folder is on, if other machines can write to it too."""
    with suppress(OSError):
        best, kind = -1, ""
        for line in Path(MOUNTS).read_text(errors="surrogateescape").splitlines():
            left, _, right = line.partition(" - ")
            fields = left.split(" ")
            if len(fields) < 5 or not right:
                continue
            point = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[4])
            if len(point) >= best and folder.is_relative_to(point):  # of two mounts at one place the later is seen
                best, kind = len(point), right.split(" ")[0]
        if kind in NETWORK_FILE_SYSTEMS:
            return kind
    return None


def connect(path: str, *, relaxed: bool) -> sqlite3.Connection:
    """Open a file for use by several threads, one at a time. It is made if it is not there, but nothing is written to it."""
    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(path))}",
        uri=True,
        timeout=_SLICE,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    try:
        if sys.version_info >= (3, 12):
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 256 << 20)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.text_factory = lambda data: data.decode("utf-8", "replace")  # of a damaged file it need not be UTF-8
        for pragma in (
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "mmap_size = 0",
            "temp_store = MEMORY",
            "cache_size = -65536",
            f"synchronous = {'NORMAL' if relaxed else 'FULL'}",
            "secure_delete = FAST",
            # Some 10 pages a story: the one commit in 400 that pays for a checkpoint is beyond p99 (10 ms at SQLite's 1000).
            "wal_autocheckpoint = 4000",
            f"journal_size_limit = {16 << 20}",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def log_ahead(connection: sqlite3.Connection, shown: str) -> None:
    """Switch to a write-ahead log."""
    ((mode,),) = connection.execute("PRAGMA journal_mode = WAL").fetchall()
    if mode != "wal":
        raise IndexFault(f"{shown!r}: its file system cannot hold a write-ahead log; keep it on a local disk")
