"""What a reader of one kind of file is given, and what it may say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dedup.files import printable
from dedup.read.options import ReadOptions
from dedup.read.stream import OpenFile
from dedup.story import Origin, Problem, Stories, Story

Report = Callable[[Problem], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A file being read, or a ``member`` of an archive, and its decompressed bytes in bounded chunks.

    Taking the next chunk may raise :class:`~dedup.read.stream.Damage`; whatever came before it is good. ``file`` is there
    if the chunks are the bytes of a regular file as they lie on the disk, so that any part of it can be had. ``in_blocks``:
    who asked takes many stories at once, as :class:`~dedup.story.Stories`, and does without the bytes of their records.
    """

    origin: Origin
    chunks: Iterator[bytes]
    file: OpenFile | None = None
    member: str = ""
    in_blocks: bool = False

    @property
    def id(self) -> str:
        """What the file's one story is called, and its records are called after."""
        return self._with_member(self.origin.relative)

    @property
    def where(self) -> str:
        """The file, or the member in it, as messages show it."""
        return printable(self._with_member(self.origin.path))

    def _with_member(self, name: str) -> str:
        return f"{name}/{self.member}" if self.member else name


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its name in there, and its bytes; they must be taken before the next member is asked for."""

    name: bytes
    chunks: Iterator[bytes]


Reader = Callable[[Source, ReadOptions, Report], Iterator[Story | Stories]]
"""Gives ``Stories`` only where the source is asked for ``in_blocks``."""
Container = Callable[[Source, ReadOptions, Report], Iterator[Member]]
