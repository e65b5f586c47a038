"""What an index keeps between runs, and what a backend must do: a ledger of stories that many processes append to.

A ledger is a log with a lock. It knows nothing of similarity: who repeats whom is worked out above it, in memory, from the
sketches of the kept stories, which every process reads once and then follows by its ``Mark``. So all backends give the
same answers, and a transaction holds the lock only while a batch is decided and written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import msgspec

SCHEMA_VERSION = 1


class Mark(NamedTuple):
    """How far a process has followed a ledger: the last story and the last removal it knows of."""

    seq: int = 0
    removal: int = 0


class Removal(NamedTuple):
    """A kept story that was removed, the ``number``-th of the ledger, with the sketch that is to be taken back."""

    number: int
    seq: int
    bands: bytes
    keys: bytes


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A story that was added, kept or not.

    ``seq`` is its place in order of arrival, from 1, never given twice. ``digest`` is 16 bytes over its folded tokens;
    ``added`` and ``published`` are microseconds since 1970. ``keeper`` is the ``seq`` of the kept story it repeats, None if
    it is kept itself; ``answer`` the verdict given, as JSON. ``bands`` and ``keys`` are the sketch of a kept story, uint32
    and uint64 little-endian; empty for another.
    """

    seq: int
    id: str
    digest: bytes
    added: int
    published: int | None
    keeper: int | None
    answer: bytes
    bands: bytes = b""
    keys: bytes = b""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Counts for ``dedup index info``: ``oldest`` and ``newest`` are the times of arrival, microseconds since 1970."""

    kept: int
    dropped: int
    oldest: int | None
    newest: int | None
    bytes: int


class Transaction(Protocol):
    """A ledger while it is locked for one writer. Lists of ids and numbers may be of any length."""

    def last_seq(self) -> int:
        """The highest ``seq`` ever given, 0 at first."""

    def news(self, mark: Mark) -> Iterator[Entry]:
        """Kept entries after ``mark.seq``, ascending, with their sketches."""

    def removals(self, mark: Mark) -> Iterator[Removal] | None:
        """The kept stories removed after ``mark.removal``, ascending.

        Whoever knows of no story yet (``mark.seq`` 0) is given the last one only, the number to go on from. None if some of
        them are not on record any more: whoever follows must read the ledger from its beginning.
        """

    def by_id(self, ids: Sequence[str]) -> Mapping[str, Entry]:
        """The entries with these ids, without sketches."""

    def by_digest(self, digests: Sequence[bytes]) -> Mapping[bytes, Entry]:
        """For each digest its earliest entry, without sketch."""

    def by_seq(self, seqs: Sequence[int]) -> Mapping[int, Entry]:
        """The entries with these places, without sketches."""

    def texts(self, seqs: Sequence[int]) -> Mapping[int, str]:
        """The texts of kept stories."""

    def append(self, entries: Iterable[tuple[Entry, str | None]]) -> None:
        """Add entries, their ``seq`` going on from ``last_seq()``, with the text of each kept one.

        Where it breaks off, nothing of the transaction can be committed, even if the error is caught inside.
        """

    def remove(self, seqs: Sequence[int]) -> None:
        """Forget stories, and with a kept one all that were dropped for it."""

    def added_before(self, when: int, limit: int) -> list[int]:
        """``seq`` of up to ``limit`` stories added before a time, the oldest first."""


class Ledger(Protocol):
    """A backend: an opened index of one configuration.

    Made by ``dedup.index.opening.open_ledger``, which raises IndexFault for an index of another configuration, schema or
    fold table, for a damaged or foreign file, and where the place is unsuited or not allowed.
    """

    url: str
    settings: bytes
    """The configuration stored in it, as ``Settings`` in JSON."""

    salt: bytes
    """16 random bytes of this index, mixed into digests: nobody can make texts that collide there."""

    def transaction(self, *, write: bool = True) -> AbstractContextManager[Transaction]:
        """Lock, and commit at the end; an exception inside leaves everything as it was.

        Waits for other writers as long as the ledger was opened to. Without ``write`` nothing is locked and one moment of
        the ledger is seen throughout.
        """

    def summary(self) -> Summary:
        """What is in it."""

    def check(self) -> list[str]:
        """What is wrong inside, a sentence each; none if all is well: the backend's own integrity, sketches that do not fit
        their texts or digests, entries dropped for stories that are not there."""

    def compact(self, pages: int) -> None:
        """Give some room back to the system, in a small step; a little is left for what comes."""

    def close(self) -> None:
        """Let go of it; a second time is no error."""
