"""Walking a folder in one fixed order, and passing over what must not be opened."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dedup.files import printable
from dedup.read.names import name_text
from dedup.read.source import Report
from dedup.read.stream import kind_of_node
from dedup.story import Problem

Inode = tuple[int, int]
LEFT_OUT: Final = b""


@dataclass(frozen=True, slots=True)
class Found:
    """A file to open: its path, and its path below the root, which is the root's own name if that is the file.

    ``given`` tells that the user named this very file.
    """

    path: bytes
    name: bytes
    given: bool = False

    @property
    def where(self) -> str:
        """The path as messages show it."""
        return where(self.path)


def where(path: bytes) -> str:
    """A path as messages show it."""
    return printable(name_text(path))


def failure(error: OSError) -> str:
    """Why the system refused, and what to do."""
    if isinstance(error, FileNotFoundError):
        return "no such file or folder; check the path"
    if isinstance(error, PermissionError):
        return "permission denied; run as someone who may read it, or leave it out"
    return f"cannot be read: {error.strerror}; leave it out or mend it"


def left_out(paths: Iterable[str | os.PathLike[str]]) -> dict[Inode, bytes]:
    """Folders for ``walk`` not to enter below the path it is given; those that are not there yet hold nothing to read."""
    seen = {}
    for path in paths:
        with contextlib.suppress(OSError):
            status = Path(path).stat()
            seen[status.st_dev, status.st_ino] = LEFT_OUT
    return seen


def walk(path: bytes, seen: dict[Inode, bytes], report: Report) -> Iterator[Found]:
    """The regular files at and below a path that the user gave, each folder in the byte order of its names.

    ``seen`` remembers folders between calls, so that each is walked once, and holds those to leave out. Only the given
    path itself may be a symbolic link, be hidden, or fail for being no regular file.
    """
    try:
        mode = status_of(path, follow=True).st_mode
    except OSError as error:
        reason = "symbolic link to nothing; remove it" if _is_link(path) else failure(error)
        report(Problem(where=where(path), reason=reason))
        return
    node = kind_of_node(mode)
    if node == "folder":
        yield from _below(path, seen, report)
    elif node:
        report(Problem(where=where(path), reason=f'{node}, not a file; to read a stream, send it to "-"'))
    else:
        yield Found(path, path.rpartition(b"/")[2], given=True)


def status_of(path: bytes, *, follow: bool) -> os.stat_result:
    """The status of a file, or of what it links to.

    :raises OSError: there is no such file, or it cannot be reached.
    """
    return Path(os.fsdecode(path)).stat() if follow else os.lstat(path)


def _is_link(path: bytes) -> bool:
    try:
        return stat.S_ISLNK(os.lstat(path).st_mode)
    except OSError:
        return False


def _below(root: bytes, seen: dict[Inode, bytes], report: Report) -> Iterator[Found]:
    # A stack and no recursion: folders may be nested deeper than Python's calls.
    pending = [(b"", "folder")]
    while pending:
        name, node = pending.pop()
        path = root.rstrip(b"/") + b"/" + name if name else root
        if node == "folder":
            entries = _entries(path, not name, seen, report)
            prefix = name + b"/" if name else b""
            pending.extend((prefix + entry, kind) for entry, kind in reversed(entries))
        elif node:
            reason = f"{node}, not followed" if node == "symbolic link" else f"{node}, not a file"
            report(Problem(where=where(path), reason=reason, failed=False))
        else:
            yield Found(path, name)


def _entries(path: bytes, given: bool, seen: dict[Inode, bytes], report: Report) -> list[tuple[bytes, str]]:
    """The names in a folder and what each is, sorted; none if the folder was seen before or cannot be read."""
    try:
        # Held open, so that nobody can put a link in its place between the look and the listing.
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if given else os.O_NOFOLLOW))
        try:
            status = os.fstat(folder)
            inode = (status.st_dev, status.st_ino)
            if inode not in seen or (given and seen[inode] == LEFT_OUT):
                seen[inode] = path
                return _listing(folder)
        finally:
            os.close(folder)
    except OSError as error:
        report(Problem(where=where(path), reason=failure(error)))
        return []
    first = seen[inode]
    reason = "left out as asked" if first == LEFT_OUT else f"same folder as {where(first)!r}, read once"
    report(Problem(where=where(path), reason=reason, failed=False))
    return []


def _listing(folder: int) -> list[tuple[bytes, str]]:
    with os.scandir(folder) as entries:
        return sorted((os.fsencode(entry.name), _node(entry)) for entry in entries if not entry.name.startswith("."))


def _node(entry: os.DirEntry[str]) -> str:
    # Asked in this order, the first three need no further call to the system.
    if entry.is_symlink():
        return "symbolic link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    if entry.is_file(follow_symlinks=False):
        return ""
    return kind_of_node(entry.stat(follow_symlinks=False).st_mode)
