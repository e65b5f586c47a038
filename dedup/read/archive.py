"""Archives of files: zip and tar. Each member is handed on with its name and its bytes, in the order it stands in there.

Nothing is unpacked to the disk, so no name of a member can do harm. What is hidden is passed over, as in a folder.
"""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any, Final, cast

from dedup.files import printable
from dedup.read.names import name_text
from dedup.read.options import MIB, ReadOptions
from dedup.read.seeking import seekable
from dedup.read.source import Member, Report, Source
from dedup.read.stream import CUT_OFF, Damage
from dedup.story import Problem

_NO_END: Final = "cut off: the mark that ends an archive is missing; fetch it again"
_CHUNK: Final = 256 << 10
_LONGEST_HEADER: Final = MIB  # of one member of a tar: a name, and what else PAX says of it
_BLOCK: Final = 512
_MORE_MAP: Final = 504  # the byte of a block of a sparse file's map that says whether another one follows
_ENCRYPTED: Final = 0x1
_UTF8_NAME: Final = 0x800
_BAD_ZIP: Final = (
    *(zipfile.BadZipFile, OSError, EOFError, ValueError),
    *(NotImplementedError, RuntimeError, zlib.error, struct.error),
)
# tarfile reads the header of a name and then what it names by calling itself: thousands in a row exhaust the stack.
_BAD_TAR: Final = (tarfile.TarError, Damage, OSError, EOFError, ValueError, OverflowError, RecursionError)


def zip_members(source: Source, options: ReadOptions, report: Report) -> Iterator[Member]:
    """The files in a zip. One that cannot be unpacked fails alone."""
    try:
        with seekable(source) as file:
            try:
                archive = zipfile.ZipFile(file)
            except _BAD_ZIP as error:
                _told(report, source, f"cannot be read as a zip: {_brief(error)}; fetch it again")
                return
            with archive:
                yield from _Zip(archive, source, options, report).members()
    except Damage as damage:
        _told(report, source, str(damage))


class _Zip:
    """One zip."""

    def __init__(self, archive: zipfile.ZipFile, source: Source, options: ReadOptions, report: Report) -> None:
        self._archive, self._source, self._report = archive, source, report
        size = archive.fp.seek(0, io.SEEK_END) if archive.fp else 0
        self._ratio = options.max_expansion
        self._allowed = max(options.expansion_floor, options.max_expansion * size)
        self._names = _Names()

    def members(self) -> Iterator[Member]:
        """All that are files and not hidden."""
        for info in self._archive.infolist():
            # Without the mark of UTF-8 the name is said to be in CP437, which keeps all its bytes apart.
            name = self._names.free(info.filename.encode("utf-8" if info.flag_bits & _UTF8_NAME else "cp437", "replace"))
            mode = info.external_attr >> 16
            if info.is_dir() or _hidden(name):
                continue
            if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                _told(self._report, self._source, "no regular file; passed over", name, failed=False)
                continue
            if info.flag_bits & _ENCRYPTED:
                _told(self._report, self._source, "encrypted; unpack it with its password", name)
                continue
            yield Member(name, self._content(info))

    def _content(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        try:
            with self._archive.open(info) as file:
                while chunk := file.read(_CHUNK):
                    # All members count together: they may lie over each other, and be one small file many times over.
                    self._allowed -= len(chunk)
                    if self._allowed < 0:
                        raise Damage(
                            f"the archive expands to more than {self._ratio} times its size; "
                            "if that is meant, allow it with --max-expansion"
                        )
                    yield chunk
        except _BAD_ZIP as error:
            raise Damage(f"cannot be unpacked: {_brief(error)}; fetch the archive again") from error


def tar_members(source: Source, options: ReadOptions, report: Report) -> Iterator[Member]:
    """The files in a tar, as it comes along: those before a damage are whole."""
    stream = _Stream(source.chunks)
    names = _Names()
    try:
        archive = tarfile.open(  # noqa: SIM115  a stream: there is nothing to close
            fileobj=cast(Any, stream), mode="r|", encoding="utf-8", errors="surrogateescape", tarinfo=_Header
        )
        for info in archive:
            name = names.free(info.name.encode("utf-8", "surrogateescape"))
            if info.isdir() or _hidden(name):
                continue
            if not info.isreg() or info.issparse():
                _told(report, source, f"{_kind(info)}; passed over", name, failed=False)
                continue
            yield Member(name, _taken(archive.extractfile(info), info.size, stream))
            # tarfile keeps a list of all that it has met.
            cast(Any, archive).members.clear()
    except _BAD_TAR as error:
        damage = stream.damage or (error if isinstance(error, Damage) else None)
        if damage is None and "unexpected end" in str(error):
            damage = Damage(_NO_END)
        _told(report, source, str(damage) if damage else f"cannot be read on as a tar: {_brief(error)}; fetch it again")
        return
    if stream.damage or stream.last.strip(b"\0"):
        _told(report, source, str(stream.damage or _NO_END))


class _Header(tarfile.TarInfo):
    """A header that is not believed when it says that a name has gigabytes, and that skips the map of a sparse file."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        special = (*tarfile.GNU_TYPES, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
        if self.type in special and self.type != tarfile.GNUTYPE_SPARSE and self.size > _LONGEST_HEADER:
            raise tarfile.ReadError("a header of over 1 MiB")
        return super()._proc_member(archive)  # type: ignore[misc,no-any-return]

    def _proc_sparse(self, archive: Any) -> tarfile.TarInfo:
        _, extended, _ = cast(Any, self)._sparse_structs
        while extended:
            block = archive.fileobj.read(_BLOCK)
            if len(block) < _BLOCK:
                raise tarfile.ReadError("unexpected end of data")
            extended = block[_MORE_MAP]
        self.sparse = b""  # any map: the file is passed over
        self.offset_data = archive.fileobj.tell()
        archive.offset = self.offset_data + -(-self.size // _BLOCK) * _BLOCK
        return self

    def _proc_gnusparse_10(self, sparse: Any, headers: Any, archive: Any) -> None:
        sparse.sparse = b""


class _Stream:
    """Chunks as a file that is read once; damage ends it, and is kept."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""
        self.last = b""
        self.damage: Damage | None = None

    def read(self, count: int) -> bytes:
        """``count`` bytes, fewer at the end."""
        pieces = [self._left]
        have = len(self._left)
        try:
            while have < count and (chunk := next(self._chunks, b"")):
                pieces.append(chunk)
                have += len(chunk)
        except Damage as damage:
            self.damage = damage
        data = b"".join(pieces)
        self._left, data = data[count:], data[:count]
        self.last = data[-_BLOCK:] or self.last
        return data


def _taken(file: IO[bytes] | None, size: int, stream: _Stream) -> Iterator[bytes]:
    left = size
    while file is not None and left > 0:
        try:
            chunk = file.read(min(_CHUNK, left))
        except (tarfile.TarError, OSError, EOFError) as error:
            raise stream.damage or Damage(CUT_OFF) from error
        if not chunk:
            raise stream.damage or Damage("cut off: the archive ends inside this file; fetch it again")
        left -= len(chunk)
        yield chunk


class _Names:
    """Names of members, no two the same."""

    def __init__(self) -> None:
        self._met: Counter[bytes] = Counter()

    def free(self, name: bytes) -> bytes:
        """The name, or where it was met before, with its number in front of its suffix: ``a~2.txt``."""
        self._met[name] += 1
        if self._met[name] == 1:
            return name
        folder, slash, last = name.rpartition(b"/")
        stem, dot, suffixes = last.partition(b".")
        return self.free(b"%b%b%b~%d%b%b" % (folder, slash, stem, self._met[name], dot, suffixes))


def _hidden(name: bytes) -> bool:
    """Whether a name is hidden, or lies in a hidden folder or in that which macOS adds to archives."""
    parts = name.split(b"/")
    return any(part.startswith(b".") and part not in (b".", b"..") for part in parts) or b"__MACOSX" in parts


def _kind(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return "a link"
    return "a sparse file" if info.issparse() else "a device or FIFO"


def _brief(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "headers upon headers"
    return printable(str(error))[:100] or type(error).__name__


def _told(report: Report, source: Source, reason: str, member: bytes = b"", *, failed: bool = True) -> None:
    where = f"{source.where}/{printable(name_text(member))}" if member else source.where
    report(Problem(where=where, reason=reason, failed=failed))
