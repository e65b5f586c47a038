"""What executors do with Arrow batches on the way to candidate pairs: sketch stories, cut sorted rows into buckets, list the
pairs of a bucket. Nothing here knows of Spark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup import kernels
from dedup.candidates import choose_bands
from dedup.collection import microseconds
from dedup.kernels import UNDATED
from dedup.read import parse_date
from dedup.settings import Settings

Batches = Iterable[Any]
Longs = npt.NDArray[np.int64]

LAST = np.iinfo(np.int64).max
NO_STORY = -1
"""In place of the number of tokens where the text or the id is missing."""
SKETCH = (
    "id string, path string, published bigint, first bigint, tokens int, digest_a bigint, digest_b bigint, "
    "bands array<bigint>, keys array<bigint>, text string"
)
BUCKET = "key bigint, ranks array<bigint>, kept int"
PROPOSED = "later bigint, earlier bigint"


def longs(batch: Any, name: str) -> Longs:
    """A column of integers without nulls."""
    return longs_of(batch.column(name))


def longs_of(column: Any) -> Longs:
    """An Arrow array of integers without nulls."""
    values: npt.NDArray[np.integer] = column.to_numpy(zero_copy_only=False)
    return values.astype(np.int64, copy=False)


def lists(values: npt.NDArray[Any], ends: npt.NDArray[Any]) -> Any:
    """Arrow lists, of which the i-th ends before ``ends[i]``."""
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))


@dataclass(frozen=True)
class Sketcher:
    """Adds to stories what they are ranked, classed and proposed by. ``policy`` is a keep policy; ``salts`` make digests of
    words that nobody outside can make collide."""

    settings: Settings
    policy: str
    salts: tuple[int, int]

    def __call__(self, batches: Batches) -> Iterator[Any]:
        """From id, path, text, published in microseconds or as ``stated``, and where the policy goes by them source and
        position, to ``SKETCH``."""
        for batch in batches:
            if batch.num_rows:
                yield self._sketched(batch)

    def _sketched(self, batch: Any) -> Any:
        settings, texts = self.settings, batch.column("text")
        corpus = kernels.Corpus(settings.shingle, settings.passage_window, 1)
        corpus.add(texts, 1)
        tokens, published = corpus.token_counts(), self._published(batch)
        named = [bool(id) for id in batch.column("id").to_pylist()]
        good = texts.is_valid().to_numpy(zero_copy_only=False) & np.array(named)
        digests = corpus.digests(*self.salts).view(np.int64)
        columns = [
            batch.column("id"),
            batch.column("path"),
            pa.array(published),
            pa.array(self._first(batch, tokens, published)),
            pa.array(np.where(good, tokens.astype(np.int32), np.int32(NO_STORY))),
            pa.array(digests[:, 0]),
            pa.array(digests[:, 1]),
            self._bands(texts, tokens),
            _distinct(*corpus.passage_keys()),
            texts,
        ]
        return pa.RecordBatch.from_arrays(columns, [name.split()[0] for name in SKETCH.split(", ")])

    @staticmethod
    def _published(batch: Any) -> Longs:
        if "published" in batch.schema.names:
            return longs_of(batch.column("published").fill_null(UNDATED))
        stated = batch.column("stated").to_pylist()
        return np.array([microseconds(None if value in (None, "") else parse_date(value)) for value in stated], np.int64)

    def _first(self, batch: Any, tokens: npt.NDArray[np.uint32], published: Longs) -> Longs:
        """What the policy sorts by before dates and ids, as ``dedup.cluster.keep_order`` has it."""
        undated = published == UNDATED
        if self.policy == "longest":
            return -tokens.astype(np.int64)
        if self.policy == "first":
            return longs(batch, "position")
        if self.policy in ("earliest", "latest"):
            return np.where(undated, LAST, published if self.policy == "earliest" else -published)
        listed = [name.strip() for name in self.policy.removeprefix("source:").split(",") if name.strip()]
        ranking = {source: place for place, source in enumerate(listed)}
        sources = batch.column("source").to_pylist()
        return np.array([ranking.get(source or "", len(ranking)) for source in sources], np.int64)

    def _bands(self, texts: Any, tokens: npt.NDArray[np.uint32]) -> Any:
        """A hash of each band of a signature, of its number and values; none for a story without shingles."""
        settings = self.settings
        bands, rows = choose_bands(settings.threshold, settings.recall, settings.num_perm)
        signatures = kernels.signatures(texts, settings.num_perm, settings.shingle, 1)
        values = signatures[tokens >= settings.shingle, : bands * rows].reshape(-1, bands, rows).astype(np.uint64)
        keys = np.broadcast_to(mixed(np.arange(bands, dtype=np.uint64)), values.shape[:2])
        for row in range(rows):
            keys = mixed(keys ^ values[:, :, row])
        return lists(keys.reshape(-1).view(np.int64), np.cumsum(np.where(tokens >= settings.shingle, bands, 0)))


def mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Each value scattered over 64 bits, one to one (the finaliser of splitmix64)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _distinct(keys: npt.NDArray[np.uint64], ends: npt.NDArray[np.uint64]) -> Any:
    """The keys of each story once, as signed integers."""
    count: Longs = np.diff(np.concatenate([[0], ends.astype(np.int64)]))
    story = np.repeat(np.arange(len(ends)), count)
    order = np.lexsort((keys, story))
    keys, story = keys[order], story[order]
    new = np.ones(len(keys), np.bool_)
    new[1:] = (keys[1:] != keys[:-1]) | (story[1:] != story[:-1])
    return lists(keys[new].view(np.int64), np.cumsum(np.bincount(story[new], minlength=len(ends))))


@dataclass(frozen=True)
class Buckets:
    """Cuts rows that ascend by key and rank into buckets: of each key held by ``least`` stories or more the first
    ``limits[0]`` ranks with ``other`` 0 and the first ``limits[1]`` with 1, and how many of the former there are.

    A key of a million stories costs no more memory than one of ``sum(limits)``.
    """

    limits: tuple[int, int]
    least: int = 2

    def __call__(self, batches: Batches) -> Iterator[Any]:
        """From key, rank, other to ``BUCKET``."""
        carried = np.empty((3, 0), np.int64)
        for batch in batches:
            if not batch.num_rows:
                continue
            rows = np.stack([longs(batch, name) for name in ("key", "rank", "other")])
            rows = self._first(np.concatenate([carried, rows], axis=1))
            last = np.searchsorted(rows[0], rows[0, -1])
            carried = rows[:, last:]
            yield self._buckets(rows[:, :last])
        yield self._buckets(carried)

    def _first(self, rows: Longs) -> Longs:
        starts, run = _runs(rows[0])
        wanted = np.zeros(rows.shape[1], np.bool_)
        for other, limit in enumerate(self.limits):
            mine = rows[2] == other
            upto = np.cumsum(mine)
            place = upto - (upto[starts] - mine[starts])[run]  # from 1, within the bucket
            wanted |= mine & (place <= limit)
        return rows[:, wanted]

    def _buckets(self, rows: Longs) -> Any:
        starts, run = _runs(rows[0])
        size = np.bincount(run, minlength=len(starts))
        kept = np.bincount(run, weights=rows[2] == 0, minlength=len(starts)).astype(np.int32)
        wanted = size >= self.least
        ranks = rows[1][wanted[run]] if len(run) else rows[1]
        columns = [pa.array(rows[0][starts][wanted]), lists(ranks, np.cumsum(size[wanted])), pa.array(kept[wanted])]
        return pa.RecordBatch.from_arrays(columns, ["key", "ranks", "kept"])


def _runs(keys: Longs) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Where each run of equal keys starts, and the run of each place."""
    new = np.ones(len(keys), np.bool_)
    new[1:] = keys[1:] != keys[:-1]
    return np.flatnonzero(new), np.cumsum(new) - 1


def all_pairs(batches: Batches) -> Iterator[Any]:
    """From ``ranks``, ascending in each bucket, to ``PROPOSED``: every two of a bucket."""
    for batch in batches:
        column = batch.column("ranks")
        ranks: Longs = column.flatten().to_numpy(zero_copy_only=False)
        size = column.value_lengths().to_numpy(zero_copy_only=False)
        start = np.cumsum(size) - size
        found: list[Sequence[Longs]] = []
        for members in np.unique(size[size > 1]).tolist():
            table = ranks[start[size == members][:, np.newaxis] + np.arange(members)]
            later, earlier = np.tril_indices(members, -1)
            found.append((table[:, later].reshape(-1), table[:, earlier].reshape(-1)))
        if found:
            columns = [pa.array(np.concatenate(side)) for side in zip(*found, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, ["later", "earlier"])
