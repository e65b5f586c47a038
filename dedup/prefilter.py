"""One incoming story, or a batch, against an index: is it new, and if not, what does it repeat?"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from dedup.collection import microseconds
from dedup.deciding import Decided, Question, decide, decoded, digests_of, encoded
from dedup.errors import UsageError
from dedup.index import Entry, Ledger, Memory, Summary, Transaction
from dedup.index.opening import open_ledger
from dedup.scanning import check_window, dropping_codes
from dedup.settings import DROPPING, Settings
from dedup.story import Relation, Story, Verdict

_EXPIRED_AT_ONCE = 256  # stories: a few milliseconds, and twice a batch at the least, so that a stream never falls behind
_PAGES_AT_ONCE = 64  # at the least
_PAGES_EACH = 4  # 16 KiB, more than most stories take: room is given back as fast as it falls free


def open_index(
    url: str | os.PathLike[str],
    *,
    settings: Settings | None = None,
    drop: Iterable[Relation | str] = DROPPING,
    window: timedelta | None = None,
    ttl: timedelta | None = None,
    relaxed: bool = False,
    create: bool = True,
    timeout: float = 60.0,
    threads: int = 1,
) -> Index:
    """Open an index, or create it.

    ``url`` is a file (SQLite), ``sqlite:///path`` or ``postgresql://…``. ``settings`` are stored in a new index; an index
    of other settings is refused, None takes those it has. ``drop`` and ``window`` are as for ``scan``. With a ``ttl``
    stories are forgotten so long after they were added. Every answer is on the disk when it is given; ``relaxed`` lets a
    power cut (not a crash) take the last ones back, and is faster. ``timeout`` is how many seconds to wait for others
    that write, ``threads`` as for ``scan``.

    UsageError for options that cannot be; IndexFault for an index that cannot be used.
    """
    check_window(window)
    if ttl is not None and ttl <= timedelta(0):
        raise UsageError(f"ttl {ttl}: must be above zero")
    dropping = dropping_codes(drop)
    ledger = open_ledger(os.fspath(url), settings, create=create, relaxed=relaxed, timeout=timeout)
    return Index(ledger, dropping, window, ttl, threads)


class Index:
    """An open index: add stories, and be told of each whether it is new.

    May be used from several threads, which take turns, and by many processes at a time. Close it, or use it as a context.

    >>> import tempfile, dedup
    >>> with tempfile.TemporaryDirectory() as folder, dedup.open_index(f"{folder}/wire.db") as index:
    ...     lead = "The two ministers signed a joint statement on shared fishing rights"
    ...     first = index.add(dedup.Story(id="a", text=lead))
    ...     second = index.add(dedup.Story(id="b", text=lead.upper()))
    >>> first.new, second.new, second.duplicate_of
    (True, False, 'a')
    """

    def __init__(
        self, ledger: Ledger, dropping: Sequence[int], window: timedelta | None, ttl: timedelta | None, threads: int
    ) -> None:
        self.settings = msgspec.json.decode(ledger.settings, type=Settings)
        self._ledger, self._dropping, self._window, self._ttl, self._threads = ledger, dropping, window, ttl, threads
        self._memory = Memory(self.settings)
        self._lock = threading.RLock()

    def add(self, story: Story) -> Verdict:
        """Check a story and take it in, as one act: of two alike added at once one is new."""
        return self.add_all([story])[0]

    def add_all(self, stories: Iterable[Story]) -> list[Verdict]:
        """``add`` for many, in their order, faster; all of them in one transaction unless an id comes twice."""
        with self._lock:
            return [verdict for part in _without_repeats(stories) for verdict in self._add(part)]

    def check(self, story: Story) -> Verdict:
        """What ``add`` would say now; nothing is taken in."""
        with self._lock, self._ledger.transaction(write=False) as transaction:
            self._follow(transaction)
            return next(iter(self._answers(transaction, [story], write=False))).verdict

    def remove(self, id: str) -> bool:
        """Forget a story, and with a kept one those dropped for it; False if it is not there."""
        with self._lock, self._ledger.transaction() as transaction:
            entry = transaction.by_id([id]).get(id)
            if entry:
                transaction.remove([entry.seq])
            return entry is not None

    def expire(self, before: datetime) -> int:
        """Forget all stories added before a time, in small steps; how many."""
        gone = 0
        with self._lock:
            while True:
                with self._ledger.transaction() as transaction:
                    old = transaction.added_before(microseconds(before), _EXPIRED_AT_ONCE)
                    transaction.remove(old)
                self._ledger.compact(max(_PAGES_AT_ONCE, _PAGES_EACH * len(old)))
                gone += len(old)
                if len(old) < _EXPIRED_AT_ONCE:
                    return gone

    def info(self) -> Summary:
        """What is in it."""
        with self._lock:
            return self._ledger.summary()

    def faults(self) -> list[str]:
        """What is wrong inside, a sentence each."""
        with self._lock:
            return self._ledger.check()

    def close(self) -> None:
        """Let go of it; a second time is no error."""
        with self._lock:
            self._ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _add(self, stories: Sequence[Story]) -> list[Verdict]:
        try:
            with self._ledger.transaction() as transaction:
                self._follow(transaction)
                answers = list(self._answers(transaction, stories, write=True))
                entries = [(answer.entry, answer.text) for answer in answers if answer.entry]
                transaction.append(entries)
                expired = self._expire_some(transaction, len(stories))
        except BaseException:
            self._memory = Memory(self.settings)  # it may know of what was not committed
            raise
        self._memory.added([entry for entry, _ in entries])
        if expired:
            self._ledger.compact(max(_PAGES_AT_ONCE, _PAGES_EACH * expired))
        return [answer.verdict for answer in answers]

    def _follow(self, transaction: Transaction) -> None:
        if not self._memory.follow(transaction):
            self._memory = Memory(self.settings)
            self._memory.follow(transaction)

    def _expire_some(self, transaction: Transaction, added: int) -> int:
        if self._ttl is None:
            return 0
        before = microseconds(datetime.now(UTC) - self._ttl)
        old = transaction.added_before(before, max(_EXPIRED_AT_ONCE, 2 * added))
        transaction.remove(old)
        return len(old)

    def _answers(self, transaction: Transaction, stories: Sequence[Story], *, write: bool) -> Iterator[_Answer]:
        """An answer to each story, ids all different."""
        known = transaction.by_id([story.id for story in stories])
        again = [story for story in stories if story.id in known]
        digest = dict(zip((story.id for story in again), digests_of(again, self.settings, self._ledger.salt), strict=True))
        changed = [known[story.id].seq for story in again if known[story.id].digest != digest[story.id]]
        if changed and write:
            transaction.remove(changed)
            self._follow(transaction)
        fresh = [story for story in stories if story.id not in known or known[story.id].digest != digest[story.id]]
        seq, now = transaction.last_seq() + 1, time.time_ns() // 1000
        question = Question(
            stories=fresh,
            seq=seq,
            salt=self._ledger.salt,
            dropping=self._dropping,
            window=self._window,
            threads=self._threads,
            without=frozenset() if write else frozenset(changed),
        )
        decided = iter(decide(question, transaction, self._memory, self.settings) if fresh else ())
        taken = {story.id for story in fresh}
        for story in stories:
            if story.id not in taken:
                before = decoded(known[story.id].answer)
                yield _Answer(msgspec.structs.replace(before, seen=True), None, None)
                continue
            one = next(decided)
            verdict = msgspec.structs.replace(one.verdict, replaced=story.id in known)
            yield _Answer(verdict, _entry(story, verdict, one, seq, now), story.text if verdict.new else None)
            seq += 1


def _entry(story: Story, verdict: Verdict, decided: Decided, seq: int, now: int) -> Entry:
    return Entry(
        seq=seq,
        id=story.id,
        digest=decided.digest,
        added=now,
        published=None if story.published is None else microseconds(story.published),
        keeper=decided.keeper,
        answer=encoded(verdict),
        bands=decided.bands,
        keys=decided.keys,
    )


class _Answer(NamedTuple):
    """What to say, and what to write: nothing where the story was there."""

    verdict: Verdict
    entry: Entry | None
    text: str | None


def _without_repeats(stories: Iterable[Story]) -> Iterator[list[Story]]:
    """The stories in runs in which no id comes twice."""
    part: dict[str, Story] = {}
    for story in stories:
        if story.id in part:
            yield list(part.values())
            part = {}
        part[story.id] = story
    if part:
        yield list(part.values())
