"""The sketches of an index's kept stories in memory, where candidates are looked up: some 1 KB a story."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, takewhile
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dedup import kernels
from dedup.candidates import choose_bands
from dedup.index.contract import Entry, Mark, Removal, Transaction
from dedup.settings import Settings

Numbers = npt.NDArray[np.uint32]
Hashes = npt.NDArray[np.uint64]

_AT_ONCE = 4096  # stories added to the tables in one call


class Sketches(NamedTuple):
    """Of stories, laid flat: those of story ``i`` end before ``ends[i]``."""

    bands: Numbers
    band_ends: Hashes
    keys: Hashes
    key_ends: Hashes

    def bytes_of(self, story: int) -> tuple[bytes, bytes]:
        """Band and passage keys of one story as an ``Entry`` has them."""
        return _row(self.bands, self.band_ends, story).tobytes(), _row(self.keys, self.key_ends, story).tobytes()


def sketches_of(corpus: kernels.Corpus, settings: Settings) -> Sketches:
    """The sketches of the stories in a corpus."""
    bands, rows = choose_bands(settings.threshold, settings.recall, settings.num_perm)
    table = corpus.band_keys(bands, rows)
    counts = np.where(table[:, 0] == 0, 0, bands)  # stories without shingles have none
    return Sketches(table[table[:, 0] != 0].ravel(), np.cumsum(counts, dtype=np.uint64), *corpus.passage_keys())


def _row(values: npt.NDArray[np.unsignedinteger], ends: Hashes, row: int) -> npt.NDArray[np.unsignedinteger]:
    return values[int(ends[row - 1]) if row else 0 : int(ends[row])]


def _stacked(entries: Sequence[Entry]) -> Sketches:
    bands = [np.frombuffer(entry.bands, "<u4") for entry in entries]
    keys = [np.frombuffer(entry.keys, "<u8") for entry in entries]
    return Sketches(
        np.concatenate(bands).astype(np.uint32, copy=False),
        np.cumsum([len(row) for row in bands], dtype=np.uint64),
        np.concatenate(keys).astype(np.uint64, copy=False),
        np.cumsum([len(row) for row in keys], dtype=np.uint64),
    )


class Memory:
    """What one process knows of a ledger, up to ``mark``."""

    def __init__(self, settings: Settings) -> None:
        self.mark = Mark()
        self._settings = settings
        self._kept = 0
        self._bands = kernels.Postings32(settings.kept_bucket)
        self._keys = kernels.Postings64(settings.passage_df_cap + 1)

    def __len__(self) -> int:
        return self._kept

    def follow(self, transaction: Transaction, before: int | None = None) -> bool:
        """Learn what was added and removed since; False if the removals reach too far back, and all must be read anew.

        With ``before``, only of stories that came before that ``seq``.
        """
        removals = transaction.removals(self.mark)
        if removals is None:
            return False
        for removal in removals:
            self._forget(removal)
        last = transaction.last_seq() if before is None else before - 1
        news = takewhile(lambda entry: entry.seq <= last, transaction.news(self.mark))
        while entries := list(islice(news, _AT_ONCE)):
            self._learn(entries)
        self.mark = self.mark._replace(seq=last)
        return True

    def added(self, entries: Sequence[Entry]) -> None:
        """Learn what this process has added itself, right after it followed and committed."""
        kept = [entry for entry in entries if entry.keeper is None]
        if kept:
            self._learn(kept)
        if entries:
            self.mark = self.mark._replace(seq=entries[-1].seq)

    def _learn(self, entries: Sequence[Entry]) -> None:
        stacked, seqs = _stacked(entries), np.array([entry.seq for entry in entries], np.uint32)
        self._bands.add(seqs, stacked.bands, stacked.band_ends)
        self._keys.add(seqs, stacked.keys, stacked.key_ends)
        self._kept += len(entries)

    def _forget(self, removal: Removal) -> None:
        self.mark = self.mark._replace(removal=removal.number)
        if removal.seq > self.mark.seq:
            return  # never learned: it came and went meanwhile
        story = np.array([removal.seq], np.uint32)
        bands, keys = np.frombuffer(removal.bands, "<u4"), np.frombuffer(removal.keys, "<u8")
        self._bands.remove(story, bands, np.array([len(bands)], np.uint64))
        self._keys.remove(story, keys, np.array([len(keys)], np.uint64))
        self._kept -= 1

    def candidates(self, sketches: Sketches) -> list[list[int]]:
        """For each story the ``seq`` of kept stories that share a band, or a passage key that few have; ascending."""
        by_band = self._bands.find(sketches.bands, sketches.band_ends, self._settings.kept_bucket)
        by_key = self._keys.find(sketches.keys, sketches.key_ends, self._settings.passage_df_cap)
        return [
            sorted({*_row(*by_band, story).tolist(), *_row(*by_key, story).tolist()})
            for story in range(len(sketches.band_ends))
        ]

    def counts(self, keys: Hashes) -> Numbers:
        """How many kept stories hold each passage key, up to one more than the df cap."""
        return self._keys.counts(keys)

    def bytes(self) -> int:
        """What the tables take."""
        return self._bands.bytes() + self._keys.bytes()
