"""What acting works on and reports, and the check that a file is still the one that was scanned."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

import msgspec

from dedup.errors import OutputError
from dedup.files import StrPath, stamp_of
from dedup.read import name_bytes
from dedup.result import ScanResult
from dedup.story import Problem, Stamp


class ActItem(msgspec.Struct, frozen=True, kw_only=True):
    """A decision and the file it is about.

    ``path`` opens the file; ``relative`` is its place below the scanned root, and its last part is the file's name.
    ``line`` is 0 for a file that is one story, else the line, from 1, of a record in a JSON lines file. ``part``: the story
    is a part of the file other than a line. ``stamp`` is ``files.stamp_of`` the open file, taken before it was read;
    without one nothing is done, as nothing can be verified.
    """

    id: str
    keep: bool
    path: str
    relative: str
    line: int = 0
    part: bool = False
    stamp: Stamp | None = None
    duplicate_of: str | None = None


def items_of(result: ScanResult) -> list[ActItem]:
    """What a scan decided, for acting on, in the order of its decisions."""
    stories = result.stories
    place = {name: number for number, name in enumerate(stories.ids)}
    items = []
    for decision in result.decisions:
        number = place[decision.id]
        origin = stories.origin(number)
        items.append(
            ActItem(
                id=decision.id,
                keep=decision.keep,
                path=os.fsdecode(name_bytes(origin.path)),
                relative=os.fsdecode(name_bytes(origin.relative)),
                line=stories.lines[number],
                part=origin.parts,
                stamp=origin.stamp,
                duplicate_of=decision.duplicate_of,
            )
        )
    return items


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the items that were to be acted on.

    ``done`` are ids, those found done by an earlier run included; ``failed`` says what is left as it was, and why;
    ``skipped`` what needed nothing.
    """

    done: tuple[str, ...] = ()
    failed: tuple[Problem, ...] = ()
    skipped: tuple[Problem, ...] = ()


class Tally:
    """A report in the making."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._failed: list[Problem] = []
        self._skipped: list[Problem] = []

    @contextmanager
    def trying(self, *ids: str) -> Iterator[None]:
        """Count the ids as failed if the block raises an error of the system or an OutputError, and go on."""
        try:
            yield
        except (OSError, OutputError) as error:
            reason = str(error) if isinstance(error, OutputError) else _told(error)
            self._failed.extend(Problem(where=name, reason=reason) for name in ids)

    def done(self, *ids: str) -> None:
        """Count the ids as done."""
        self._done.extend(ids)

    def skip(self, name: str, reason: str) -> None:
        """Count the id as one that needed nothing."""
        self._skipped.append(Problem(where=name, reason=reason, failed=False))

    def report(self) -> Report:
        """What was counted so far."""
        return Report(done=tuple(self._done), failed=tuple(self._failed), skipped=tuple(self._skipped))


def _told(error: OSError) -> str:
    reason = error.strerror or str(error)
    return reason if error.filename is None else f"{error.filename!r}: {reason}"


def made_folder(folder: StrPath) -> str:
    """The real path of a folder, created with its parents if need be. OutputError."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{os.fspath(folder)!r}: cannot be a folder: {error.strerror}; name another") from error
    return os.path.realpath(folder)


def check_unchanged(item: ActItem) -> None:
    """OutputError unless a regular file, not a link to one, stands at the path, as it was when scanned."""
    try:
        status = os.lstat(item.path)
    except (FileNotFoundError, NotADirectoryError):
        raise OutputError(f"{item.path!r}: gone") from None
    if stat.S_ISLNK(status.st_mode):
        raise OutputError(f"{item.path!r}: is a symbolic link; links are not acted on")
    _compare(item, status)


@contextmanager
def opened_unchanged(item: ActItem) -> Iterator[io.BufferedReader]:
    """The item's file, open; OutputError if it is not the one scanned; once read, it is to be checked again."""
    try:
        # Not blocking: a FIFO may have taken the file's place.
        descriptor = os.open(item.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise OutputError(f"{item.path!r}: gone") from None
    try:
        _compare(item, os.fstat(descriptor))
        with open(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def check_open(item: ActItem, file: io.BufferedReader) -> None:
    """OutputError unless the open file is still as it was when scanned."""
    _compare(item, os.fstat(file.fileno()))


def _compare(item: ActItem, status: os.stat_result) -> None:
    if item.stamp is None:
        raise OutputError(f"{item.path!r}: cannot be verified, as it was read without a stamp")
    if not stat.S_ISREG(status.st_mode) or stamp_of(status) != item.stamp:
        raise OutputError(f"{item.path!r}: changed since the scan; scan again")


def check_name(item: ActItem) -> None:
    """OutputError for a story that is inside a file, such as a member of an archive: it has none of its own to act on."""
    if item.part or PurePath(item.path).name != PurePath(item.relative).name:
        raise OutputError(
            f"{item.id!r}: is not a file of its own, but inside {item.path!r}; unpack that first, or write its stories "
            "as JSON lines with 'dedup filter'"
        )


def same_bytes(first: StrPath, second: StrPath) -> bool:
    """Whether two regular files have the same content; False if one is missing or not a file."""
    with suppress(FileNotFoundError):
        a, b = os.lstat(first), os.lstat(second)
        if not (stat.S_ISREG(a.st_mode) and stat.S_ISREG(b.st_mode)) or a.st_size != b.st_size:
            return False
        with open(first, "rb") as left, open(second, "rb") as right:
            return all(piece == right.read(len(piece)) for piece in iter(lambda: left.read(1 << 20), b""))
    return False


def keep_marks(descriptor: int, status: os.stat_result, *, owner: bool = False) -> None:
    """Give an open file the permission bits and times of another, and where allowed its ``owner``. OSError."""
    if owner:
        with suppress(PermissionError):
            os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, status.st_mode & 0o777)
    os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
