"""What a reader of one kind of file is given, and what it may say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dedup.errors import InputError
from dedup.read.options import ReadOptions
from dedup.story import Origin, Problem, Story

Report = Callable[[Problem], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A file being read, and its decompressed bytes in bounded chunks.

    Taking the next chunk may raise :class:`Damage`; whatever came before it is good.
    """

    origin: Origin
    chunks: Iterator[bytes]

    @property
    def id(self) -> str:
        """What the file's one story is called, and its records are called after."""
        return self.origin.relative

    @property
    def path(self) -> str:
        """The path of the file."""
        return self.origin.path


Reader = Callable[[Source, ReadOptions, Report], Iterator[Story]]


class Damage(InputError):
    """A stream that cannot be read on. Internal: readers turn it into a problem.

    ``whole`` is true where what came before is complete in itself, and only something foreign follows it.
    ``line`` (from 1) and ``rest`` (None if over the limit) are the number and the bytes of the line it was met in.
    """

    def __init__(self, reason: str, *, whole: bool = False) -> None:
        super().__init__(reason)
        self.whole = whole
        self.line = 0
        self.rest: bytes | None = None
