"""A source as a file that can be read in any order, for formats whose table of contents stands at the end."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, cast

from dedup.read.options import MIB
from dedup.read.source import Source
from dedup.read.stream import OpenFile

_IN_MEMORY: Final = 8 * MIB


@contextmanager
def seekable(source: Source) -> Iterator[BinaryIO]:
    """The source's bytes: a file on the disk as it lies there, anything else unpacked to a temporary file first.

    :raises Damage: the source cannot be read to its end.
    """
    if source.file is not None:
        yield cast("BinaryIO", io.BufferedReader(_Anywhere(source.file)))
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        for chunk in source.chunks:
            file.write(chunk)
        file.seek(0)
        yield cast("BinaryIO", file)


class _Anywhere(io.RawIOBase):
    """An open file as Python's own, read by position; it stays open when this is closed."""

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._file.size}[whence]
        if base + offset < 0:
            raise OSError("negative place in a file")
        self._place = base + offset
        return self._place

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        data = self._file.read_at(self._place, len(buffer))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)
