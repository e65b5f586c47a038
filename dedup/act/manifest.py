"""The record of moves: JSON lines, each on disk before the move it tells of.

A run begins with a header line; a later run into the same folder appends its own. Names that are not Unicode text are
``{"from_bytes": base64}``. A last line cut off by a crash tells of a move that was never made.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec

from dedup.act.names import RawName, json_name
from dedup.errors import ManifestError, OutputError
from dedup.files import draft, sync_folder

VERSION = 1
_LINE_LIMIT = 16 << 20
_Name = str | RawName
_Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]  # never empty: no digest must equal none


class Header(msgspec.Struct, frozen=True, tag_field="type", tag="dedup-moves"):
    """The first line of a run: the folders moved from, and the one moved into.

    A later version may have more fields: it must be read this far to be told from a damaged one.
    """

    version: int
    roots: tuple[_Name, ...]
    into: _Name


class Move(
    msgspec.Struct,
    frozen=True,
    tag_field="type",
    tag="move",
    forbid_unknown_fields=True,
    kw_only=True,
    rename={"source": "from", "target": "to"},
):
    """A file about to be moved, with what tells it from another."""

    source: _Name
    target: _Name
    id: _Name
    duplicate_of: _Name | None
    size: Annotated[int, msgspec.Meta(ge=0)]
    mtime_ns: int
    sha256: _Digest


class Recorded(msgspec.Struct, frozen=True):
    """A move as read: where the file was, ``old`` below ``root``, and where it went, ``new`` below ``into``."""

    id: str
    root: str
    old: str
    into: str
    new: str
    size: int
    sha256: str


def header(roots: Iterable[str], into: str) -> Header:
    """The header of a run from these folders."""
    return Header(VERSION, tuple(json_name(root) for root in sorted(set(roots))), json_name(into))


def read_manifest(path: str) -> tuple[list[Recorded], int]:
    """The moves, and the length of the part that is whole.

    ManifestError for what is no manifest, is damaged, of a later version, or leads outside its own folders.
    """
    moves: list[Recorded] = []
    known: Header | None = None
    whole = 0
    try:
        with open(path, "rb") as file:
            for number, raw in _lines(file, path):
                line = _decoded(raw, f"{path!r}, line {number}", cut=not raw.endswith(b"\n"))
                if line is None:
                    break
                if isinstance(line, Header):
                    known = line
                elif known is None:
                    raise ManifestError(f"{path!r}, line {number}: a move before any header; is this a manifest?")
                else:
                    moves.append(_located(line, known, f"{path!r}, line {number}"))
                whole += len(raw)
    except OSError as error:
        raise ManifestError(f"{path!r}: cannot be read: {error.strerror}") from error
    if known is None:
        raise ManifestError(f"{path!r}, line 1: missing; this is not a manifest of moves")
    return moves, whole


def _lines(file: BinaryIO, path: str) -> Iterator[tuple[int, bytes]]:
    number = 0
    while raw := file.readline(_LINE_LIMIT):
        number += 1
        if len(raw) == _LINE_LIMIT:
            raise ManifestError(f"{path!r}, line {number}: too long for a manifest")
        yield number, raw


def _decoded(raw: bytes, where: str, *, cut: bool) -> Header | Move | None:
    """None for a last line that was ``cut`` off; one that only lost its line end is whole."""
    try:
        line = msgspec.json.decode(raw, type=Header | Move)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        if cut:
            return None
        raise ManifestError(f"{where}: {error}; this is not a manifest, or it is damaged") from error
    if isinstance(line, Header) and line.version != VERSION:
        raise ManifestError(f"{where}: version {line.version} is not known; use the release that wrote it")
    return line


def _located(move: Move, known: Header, where: str) -> Recorded:
    try:
        name, source, target, into, *roots = map(str, (move.id, move.source, move.target, known.into, *known.roots))
        new = _below(into, target)
        found = next(((root, old) for root in roots if (old := _below(root, source))), None)
    except UnicodeError as error:
        raise ManifestError(f"{where}: a name is damaged: {error}; nothing was moved back") from error
    if not new:
        raise ManifestError(f"{where}: {target!r} is not inside {into!r}; nothing was moved back")
    if not found:
        raise ManifestError(f"{where}: {source!r} is not inside the folders of its header; nothing was moved back")
    return Recorded(name, *found, into, new, move.size, move.sha256)


def _below(root: str, path: str) -> str | None:
    """The part of ``path`` below ``root``; None if it is not plainly there. UnicodeError if it can be no path."""
    os.fsencode(path)
    prefix = root.rstrip("/") + "/"
    plain = root.startswith("/") and os.path.normpath(path) == path and "\0" not in path
    return path[len(prefix) :] if plain and path.startswith(prefix) else None


class Journal:
    """A manifest open for appending."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path, self._descriptor, self._sound = path, descriptor, True

    def append(self, lines: Iterable[Header | Move]) -> None:
        """Write lines, on disk when this returns. OutputError; then what was written of them is taken back."""
        if not self._sound:
            raise OutputError(f"{self._path!r}: could not be written before; what follows was not moved")
        size = os.fstat(self._descriptor).st_size
        rest = memoryview(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError as error:
            self._take_back(size)
            raise OutputError(f"{self._path!r}: cannot be written: {error.strerror}; not moved") from error

    def _take_back(self, size: int) -> None:
        try:
            os.ftruncate(self._descriptor, size)
        except OSError:  # half a line is read over at the end, but nothing may follow it
            self._sound = False

    def mend(self, whole: int) -> None:
        """Cut off what a crash left behind the ``whole`` part, or give its last line the end it lost."""
        os.ftruncate(self._descriptor, whole)
        if os.pread(self._descriptor, 1, whole - 1) != b"\n":
            os.write(self._descriptor, b"\n")


@contextmanager
def journal(path: str, first: Header) -> Iterator[Journal]:
    """The manifest at ``path``, made if it is not there, with ``first`` as the header of what is to come.

    ManifestError if another file is there; OutputError if it can't be written, or another run has it open.
    """
    made = _made(path, first)
    with locked(path, os.O_RDWR | os.O_APPEND) as descriptor:
        opened = Journal(path, descriptor)
        if not made:
            whole = read_manifest(path)[1]
            try:
                opened.mend(whole)
            except OSError as error:
                raise OutputError(f"{path!r}: cannot be written: {error.strerror}; nothing was moved") from error
            opened.append([first])
        yield opened


def _made(path: str, first: Header) -> bool:
    if os.path.lexists(path):
        return False
    folder = Path(path).absolute().parent
    # Under its name only when whole, so that a manifest always has a header.
    with draft(folder, shown=path) as new:
        new.file.write(msgspec.json.encode(first) + b"\n")
        new.place(path, force=False)
    try:
        sync_folder(folder)
    except OSError as error:
        raise OutputError(f"{path!r}: cannot be written: {error.strerror}; nothing was moved") from error
    return True


@contextmanager
def locked(path: str, flags: int) -> Iterator[int]:
    """The manifest's descriptor, for one run at a time. OutputError if another has it, or it can't be opened."""
    try:
        descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise OutputError(f"{path!r}: cannot be opened: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OutputError(f"{path!r}: is not a regular file; name another")
        _lock(path, descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(path: str, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(f"{path!r}: another run is using it; wait for its end") from error
    except OSError:
        pass  # a file system without locks
