"""All writing, replacing, name-making and escaping in one place.

An output is written to a temporary file beside its target, synced, and put in place in one step: at any moment the
target is either what it was or whole. What goes to people is escaped for where it goes: ``csv_safe`` for spreadsheets,
``printable`` for terminals.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from dedup.errors import OutputError

if TYPE_CHECKING:
    from dedup.story import Stamp

StrPath = str | os.PathLike[str]
Inode = tuple[int, int]

_BUFFER = 1 << 20
_TAKEN = "exists already; give another name, or allow it to be replaced"
_IS_INPUT = "is an input of this run; write to another file"
_PERMISSIONS = 0o777
_HINTS = {
    errno.ENOSPC: "make room or write elsewhere",
    errno.EDQUOT: "the quota is used up; make room or write elsewhere",
    errno.EFBIG: "raise the limit on file size or write elsewhere",
    errno.EACCES: "check its permissions or write elsewhere",
}
_UNLINKABLE = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK}  # file systems and files without hard links
_UNSYNCABLE = {errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF, errno.ENOSYS}  # folders of some network file systems


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp of a file from its ``os.stat`` or ``os.fstat``."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


# Outputs


@contextmanager
def writing(path: StrPath, *, force: bool, inputs: Iterable[StrPath | Inode]) -> Iterator[io.BufferedWriter]:
    """A file to write an output to, which appears under its name whole or not at all.

    ``path`` is replaced when the block ends; if it raises, Ctrl-C included, nothing changes. A link is followed.
    ``force`` allows a file to be replaced; it keeps its permission bits. ``inputs`` are the paths, or pairs of device
    and inode, of what the run reads: none of them is ever written to, whatever it is called. Devices, FIFOs,
    ``/dev/stdout`` and ``/dev/fd/N`` are written to directly. "-" has no special meaning.

    OutputError if the output is an input, exists (without ``force``), is a folder, a disk or a socket, its folder is
    missing, or writing fails; BrokenPipeError passes, for the caller to end quietly.
    """
    name = os.fspath(path)
    with _naming(name):
        present = _checked(name, frozenset(_inodes(inputs)))
    descriptor = _descriptor(name)
    if present and (descriptor is not None or not stat.S_ISREG(present.st_mode)):
        with _directly(name, descriptor) as file:
            yield file
        return
    if present and not force:
        raise OutputError(f"{name!r}: {_TAKEN}")
    target = Path(os.path.realpath(name))
    with draft(target.parent, shown=name) as new:
        if present:
            os.fchmod(new.file.fileno(), present.st_mode & _PERMISSIONS)
        yield new.file
        new.place(target, force=force)
        with _naming(name):
            sync_folder(target.parent)


@contextmanager
def appending(path: StrPath, *, inputs: Iterable[StrPath | Inode]) -> Iterator[io.BufferedWriter]:
    """A file to add to, made if it is not there: what was written and flushed stays, whatever happens then.

    A line that an earlier run left unfinished is ended first. Errors as for ``writing``.
    """
    name = os.fspath(path)
    with _naming(name):
        present = _checked(name, frozenset(_inodes(inputs)))
        if present and not stat.S_ISREG(present.st_mode):
            raise OutputError(f"{name!r}: is no file that could be added to; leave out --append")
        file: io.BufferedWriter = io.BufferedWriter(_Named(name, "ab", name), _BUFFER)
    with file:
        if present and present.st_size:
            with _naming(name), open(name, "rb") as end:
                end.seek(-1, os.SEEK_END)
                if end.read() != b"\n":
                    file.write(b"\n")
        yield file
        file.flush()
        with _naming(name):
            os.fsync(file.fileno())


@contextmanager
def writing_stdout(*, inputs: Iterable[StrPath | Inode]) -> Iterator[io.BufferedWriter]:
    """Standard output, as ``writing``: never an input, and what fails is told as an OutputError."""
    shown = "standard output"
    if sys.stdout is None:
        raise OutputError(f"{shown!r}: is closed; open it, or name a file")
    with _naming(shown):
        status = os.fstat(sys.stdout.fileno())
    if stat.S_ISREG(status.st_mode) and (status.st_dev, status.st_ino) in frozenset(_inodes(inputs)):
        raise OutputError(f"{shown!r}: {_IS_INPUT}")
    with _directly(shown, sys.stdout.fileno()) as file:
        yield file


def refuse_inputs(paths: Iterable[StrPath], stamps: Iterable[Stamp]) -> None:
    """OutputError if something at one of ``paths`` bears one of ``stamps``, whatever the name it was read by."""
    read = {stamp[:2] for stamp in stamps}
    for path in paths:
        if any(inode in read for inode in _inodes([path])):
            raise OutputError(f"{os.fspath(path)!r}: {_IS_INPUT}")


@contextmanager
def writing_text(path: StrPath, *, force: bool, inputs: Iterable[StrPath | Inode]) -> Iterator[io.TextIOWrapper]:
    """As ``writing``, for str: UTF-8, with lone surrogates as escapes."""
    with writing(path, force=force, inputs=inputs) as file:
        wrapper = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
        yield wrapper
        wrapper.detach()  # flushes, and leaves the file open


def _inodes(inputs: Iterable[StrPath | Inode]) -> Iterator[Inode]:
    for source in inputs:
        if isinstance(source, tuple):
            yield source
        else:
            with suppress(OSError, ValueError):  # what can't be read can't be harmed
                status = Path(source).stat()
                yield status.st_dev, status.st_ino


def _checked(path: str, inputs: frozenset[Inode]) -> os.stat_result | None:
    """What is at ``path``, links followed, after refusing what must not be written to."""
    if not path or "\0" in path or path.endswith("/"):
        raise OutputError(f"{path!r}: not a file name; name a file")
    try:
        present = Path(path).stat()
    except FileNotFoundError:
        folder = Path(os.path.realpath(path)).parent
        if not folder.is_dir():
            raise OutputError(f"{path!r}: its folder does not exist; create {str(folder)!r} first") from None
        return None
    if stat.S_ISDIR(present.st_mode):
        raise OutputError(f"{path!r}: is a folder; name a file")
    if stat.S_ISBLK(present.st_mode) or stat.S_ISSOCK(present.st_mode):
        raise OutputError(f"{path!r}: is a disk or a socket; name a file")
    # A terminal or pipe may rightly be both ends of a run: only what keeps its content can be spoilt.
    if stat.S_ISREG(present.st_mode) and (present.st_dev, present.st_ino) in inputs:
        raise OutputError(f"{path!r}: {_IS_INPUT}")
    return present


def _descriptor(path: str) -> int | None:
    """The open file that a path such as ``/dev/stdout`` stands for."""
    found = re.fullmatch(r"(?:/dev|/proc/self)/fd/([0-9]{1,9})", path)
    return int(found[1]) if found else {"/dev/stdout": 1, "/dev/stderr": 2}.get(path)


@contextmanager
def _directly(path: str, descriptor: int | None) -> Iterator[io.BufferedWriter]:
    with _naming(path):
        # Opened anew, a redirected /dev/stdout would be written from its start: share the position instead.
        flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY
        opened = os.open(path, flags) if descriptor is None else os.dup(descriptor)
    file: io.BufferedWriter = io.BufferedWriter(_Named(opened, "wb", path), _BUFFER)
    try:
        yield file
    except BaseException as error:
        if not isinstance(error, Exception):
            file.raw.close()  # asked to stop: what is left would wait for a reader that may never read on
        with suppress(Exception):  # the first error is the one to tell
            file.close()
        raise
    with _naming(path):
        file.close()


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Turn errors of the system into an OutputError that names the file asked for, not the temporary one."""
    try:
        yield
    except BrokenPipeError:
        raise
    except FileExistsError as error:
        raise OutputError(f"{path!r}: {_TAKEN}") from error
    except OSError as error:
        hint = _HINTS.get(error.errno or 0)
        reason = f"cannot be written: {error.strerror or error}" + (f"; {hint}" if hint else "")
        raise OutputError(f"{path!r}: {reason}") from error


class _Named(io.FileIO):
    """Knows what it is called, so that only its own failures are taken for those of the output."""

    def __init__(self, file: str | int, mode: str, shown: str) -> None:
        super().__init__(file, mode)
        self._shown = shown

    def write(self, data: Any, /) -> int:
        with _naming(self._shown):
            return super().write(data)


class Draft:
    """A temporary file on its way to a name.

    ``file`` takes the content, ``path`` is where it is meanwhile.
    """

    def __init__(self, path: Path, file: io.BufferedWriter, shown: str) -> None:
        self.path, self.file, self._shown = path, file, shown

    def place(self, target: StrPath, *, force: bool) -> None:
        """Sync the content and give it its name. OutputError, also if the name is taken, without ``force``."""
        with _naming(self._shown):
            self.file.flush()
            os.fsync(self.file.fileno())
            if force:
                self.path.replace(target)
            else:
                rename_new(self.path, target)


@contextmanager
def draft(folder: StrPath, *, shown: str) -> Iterator[Draft]:
    """A temporary file in ``folder``, removed at the end unless it was placed; OutputErrors call it ``shown``."""
    path = Path(folder, f".dedup-{os.urandom(8).hex()}.part")
    file: io.BufferedWriter | None = None
    try:
        with _naming(shown):
            file = io.BufferedWriter(_Named(str(path), "xb", shown), _BUFFER)
        yield Draft(path, file, shown)
    finally:
        with suppress(Exception):  # an error while writing was raised by the write, sync or flush itself
            if file:
                file.close()
        with suppress(OSError):  # gone, if it was placed
            path.unlink()


def rename_new(source: StrPath, target: StrPath) -> None:
    """Rename a file within its file system, never onto another.

    If it fails, ``source`` still has its name. FileExistsError if ``target`` exists in any form; OSError.
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _UNLINKABLE:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(target)) from error
        Path(source).rename(target)
        return
    try:
        Path(source).unlink()
    except OSError:
        Path(target).unlink()
        raise


def sync_folder(folder: StrPath) -> None:
    """Make the names in a folder survive a power cut, where the file system can. OSError."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in _UNSYNCABLE:
            raise
    finally:
        os.close(opened)


# Names


def safe_join(root: StrPath, relative: str) -> Path:
    """The path of ``relative`` under ``root``, never outside it.

    OutputError for an absolute path, "..", NUL, nothing at all, or a symbolic link anywhere below ``root``.
    """
    parts = PurePosixPath(relative).parts
    if not parts or "\0" in relative or relative.startswith("/") or ".." in parts:
        raise OutputError(f"{relative!r}: not a name inside {os.fspath(root)!r}")
    path = Path(root)
    for part in parts:
        path /= part
        with _naming(str(path)):
            if path.is_symlink():
                raise OutputError(f"{str(path)!r}: is a symbolic link, which could lead outside {os.fspath(root)!r}")
    return path


# Escapes

_LIVE = frozenset("=+-@\N{MINUS SIGN}")
_SKIPPED = frozenset(("Cc", "Cf", "Zs", "Zl", "Zp"))
_UNPRINTABLE = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def csv_safe(cell: str) -> str:
    """A text cell that no spreadsheet takes for a formula: one that could be is preceded by an apostrophe.

    Different cells stay different. Numbers are for the caller to write as numbers, and cells to be quoted as RFC 4180
    says (``csv.QUOTE_NONNUMERIC``).
    """
    # Apostrophes in front are looked through, or "=1" and "'=1" would come out the same.
    return f"'{cell}" if _is_live(cell.lstrip("'")) else cell


def _is_live(cell: str) -> bool:
    if cell[:1] in ("\t", "\r", "\n", "\0"):
        return True
    first = next((c for c in cell if unicodedata.category(c) not in _SKIPPED), "")
    return unicodedata.normalize("NFKC", first)[:1] in _LIVE  # full-width, small and raised forms fold to ASCII


def printable(text: str) -> str:
    """Text that cannot drive a terminal: controls, line ends, direction marks and lone surrogates shown as escapes."""
    return _UNPRINTABLE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
