"""A ledger in plain dictionaries: the contract of an index in a few lines, for tests of what works on any."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from dedup.index import Entry, Mark, Removal, Summary
from dedup.settings import Settings


class DictLedger:
    """One process's ledger. A transaction works on the state itself, and puts it back if it fails."""

    url = "memory"
    salt = bytes(range(16))

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = msgspec.json.encode(settings or Settings())
        self._state: dict[str, Any] = {"entries": {}, "texts": {}, "removals": [], "last": 0}

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[DictLedger]:
        before = {name: copy.copy(part) for name, part in self._state.items()}
        try:
            yield self
        except BaseException:
            self._state = before
            raise
        if not write:
            assert self._state == before

    def last_seq(self) -> int:
        return int(self._state["last"])

    def news(self, mark: Mark) -> Iterator[Entry]:
        return (e for seq, e in sorted(self._state["entries"].items()) if seq > mark.seq and e.keeper is None)

    def removals(self, mark: Mark) -> Iterator[Removal] | None:
        return (removal for removal in self._state["removals"] if removal.number > mark.removal)

    def by_id(self, ids: Sequence[str]) -> dict[str, Entry]:
        return {entry.id: entry for entry in self._state["entries"].values() if entry.id in set(ids)}

    def by_digest(self, digests: Sequence[bytes]) -> dict[bytes, Entry]:
        found: dict[bytes, Entry] = {}
        for _, entry in sorted(self._state["entries"].items()):
            if entry.digest in set(digests):
                found.setdefault(entry.digest, entry)
        return found

    def by_seq(self, seqs: Sequence[int]) -> dict[int, Entry]:
        return {seq: self._state["entries"][seq] for seq in seqs if seq in self._state["entries"]}

    def texts(self, seqs: Sequence[int]) -> dict[int, str]:
        return {seq: self._state["texts"][seq] for seq in seqs}

    def append(self, entries: Iterable[tuple[Entry, str | None]]) -> None:
        for entry, text in entries:
            assert entry.seq == self._state["last"] + 1
            self._state["last"] = entry.seq
            self._state["entries"][entry.seq] = entry
            if entry.keeper is None:
                assert text is not None
                self._state["texts"][entry.seq] = text

    def remove(self, seqs: Sequence[int]) -> None:
        gone = [e for e in self._state["entries"].values() if e.seq in set(seqs) or e.keeper in set(seqs)]
        for entry in gone:
            del self._state["entries"][entry.seq]
            if entry.keeper is None:
                del self._state["texts"][entry.seq]
                number = len(self._state["removals"]) + 1
                self._state["removals"] = [*self._state["removals"], Removal(number, entry.seq, entry.bands, entry.keys)]

    def added_before(self, when: int, limit: int) -> list[int]:
        return sorted(seq for seq, entry in self._state["entries"].items() if entry.added < when)[:limit]

    def summary(self) -> Summary:
        entries = list(self._state["entries"].values())
        times = [entry.added for entry in entries]
        kept = sum(entry.keeper is None for entry in entries)
        oldest, newest = min(times, default=None), max(times, default=None)
        return Summary(kept=kept, dropped=len(entries) - kept, oldest=oldest, newest=newest, bytes=0)

    def check(self) -> list[str]:
        return []

    def compact(self, pages: int) -> None:
        pass

    def close(self) -> None:
        pass
