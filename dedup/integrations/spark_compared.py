"""What executors do with Arrow batches from candidate pairs on: compare texts that lie together, judge pairs by how common
their passages are, and make the records. Nothing here knows of Spark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup import kernels
from dedup.integrations.spark_rows import Batches, Longs, lists, longs, longs_of
from dedup.kernels import OVERLAP_COLUMNS, QUOTE_COLUMNS, UNDATED
from dedup.relate import NO_RELATION, RELATIONS, Commonness, Judgement, relate
from dedup.relate.rarity import extremes, unseen
from dedup.result import update_of
from dedup.settings import Settings
from dedup.story import Overlap
from dedup.verify import Compared, compare_pairs

HEAD = -1
"""In place of the later story in the row that brings the earlier one's text."""

OPEN = -1
"""In place of a code or strength that depends on who is kept."""

COMPARED = (
    "later bigint, earlier bigint, upper bigint, lower bigint, code smallint, strength smallint, jaccard double, "
    "scores binary, quotes binary, keys array<bigint>, alike boolean"
)
CODED = "later bigint, earlier bigint, code smallint"
RECORD = (
    "a string, b string, relation string, jaccard double, containment_a double, containment_b double, shared_words bigint, "
    "longest_passage bigint, passages array<struct<a:array<bigint>,b:array<bigint>,words:bigint>>, update_of string"
)


@dataclass(frozen=True)
class Comparer:
    """Compares each story with the one whose text came before it, and judges what depends on nobody else.

    ``upper`` and ``lower`` are the ranks by which a pair is judged, those of the first of the same words, the later one
    first; ``keys`` the passage keys that both hold, ascending, of pairs whose relation may depend on them. With ``every``
    there is a row for each pair that the window allows, with or without a relation, and ``alike`` says whether their
    signatures promise a near-duplicate.
    """

    settings: Settings
    dropping: Sequence[int]
    window: int | None
    every: bool = False

    def __call__(self, batches: Batches) -> Iterator[Any]:
        """From earlier, part, later, head, published and text, ascending by the first three, to ``COMPARED``: the pairs that
        may have a relation, or ``every`` one."""
        carried = None
        for batch in batches:
            if not batch.num_rows:
                continue
            rows = pa.Table.from_batches([batch] if carried is None else [carried, batch]).combine_chunks().to_batches()[0]
            heads = longs(rows, "later") == HEAD
            head = np.maximum.accumulate(np.where(heads, np.arange(len(heads)), 0))
            carried = rows.slice(head[-1], 1)
            yield from self._compared(rows, np.column_stack([np.arange(len(heads)), head])[~heads])

    def _compared(self, rows: Any, pairs: Longs) -> Iterator[Any]:
        settings = self.settings
        corpus = kernels.Corpus(settings.shingle, settings.passage_window, settings.num_perm if self.every else 1)
        corpus.add(rows.column("text"), 1)
        pairs = pairs[self._in_window(longs(rows, "published"), pairs)]
        compared = compare_pairs(corpus, pairs.astype(np.uint32), settings, 1)
        a, b = compared.column("a").astype(np.intp), compared.column("b").astype(np.intp)
        group = longs(rows, "head")
        code, strength = self._judged(compared)
        columns = [
            pa.array(longs(rows, "later")[a]),
            pa.array(longs(rows, "earlier")[b]),
            pa.array(np.maximum(group[a], group[b])),
            pa.array(np.minimum(group[a], group[b])),
            pa.array(code),
            pa.array(strength),
            pa.array(compared.jaccard),
            _packed(compared.rows),
            _packed(compared.quotes, compared.quote_end),
            self._keys(corpus, compared, code),
            self._alike(corpus, a, b) if self.every else pa.nulls(len(a), pa.bool_()),
        ]
        schema = pa.schema(
            [(field.split()[0], column.type) for field, column in zip(COMPARED.split(", "), columns, strict=True)]
        )
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
        if self.every:
            yield self._unrelated(corpus, rows, pairs[~np.isin(pairs[:, 0], a)], schema)

    def _unrelated(self, corpus: kernels.Corpus, rows: Any, pairs: Longs, schema: Any) -> Any:
        """Rows without scores."""
        a, b = pairs[:, 0], pairs[:, 1]
        told = {
            "later": pa.array(longs(rows, "later")[a]),
            "earlier": pa.array(longs(rows, "earlier")[b]),
            "code": pa.array(np.full(len(pairs), NO_RELATION, np.int16)),
            "strength": pa.array(np.full(len(pairs), len(self.dropping), np.int16)),
            "alike": self._alike(corpus, a, b),
        }
        columns = [told.get(field.name, pa.nulls(len(pairs), field.type)) for field in schema]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def _alike(self, corpus: kernels.Corpus, a: Longs, b: Longs) -> Any:
        equal = corpus.agreements(np.column_stack([a, b]).astype(np.uint32), 1)
        return pa.array(equal >= self.settings.threshold * self.settings.num_perm)

    def _in_window(self, published: Longs, pairs: Longs) -> npt.NDArray[np.bool_]:
        if self.window is None:
            return np.ones(len(pairs), np.bool_)
        x, y = published[pairs[:, 0]], published[pairs[:, 1]]
        near: npt.NDArray[np.bool_] = np.maximum(x, y) - np.minimum(x, y) <= self.window
        near |= (x == UNDATED) | (y == UNDATED)
        return near

    def _judged(self, compared: Compared) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
        """Relation and strength of each pair, ``OPEN`` where it is not the same however common its passages are."""
        ends = extremes(len(compared), self.settings)
        corners = [Commonness(before.before, anywhere.anywhere) for before in ends for anywhere in ends]
        codes = np.array([relate(compared, self.settings, corner) for corner in corners])
        strengths = strengths_of(self.dropping)[codes]
        code = np.where((codes == codes[0]).all(axis=0), codes[0].astype(np.int16), OPEN)
        strength = np.where((strengths == strengths[0]).all(axis=0), strengths[0], OPEN)
        return code.astype(np.int16), strength.astype(np.int16)

    def _keys(self, corpus: kernels.Corpus, compared: Compared, code: npt.NDArray[np.int16]) -> Any:
        # What cannot depend on them has none, in a scan, either.
        wanted = np.intersect1d(Judgement(compared, self.settings).open, np.flatnonzero(code == OPEN))
        keys, ends = corpus.passage_keys() if len(wanted) else (np.empty(0, np.uint64), np.zeros(1, np.uint64))
        own = np.split(keys, ends[:-1].astype(np.intp))
        shared = [np.empty(0, np.uint64)] * len(compared)
        for row in wanted.tolist():
            shared[row] = np.intersect1d(own[compared.rows[row, 0]], own[compared.rows[row, 1]])
        count = [len(found) for found in shared]
        return lists(np.concatenate([np.empty(0, np.uint64), *shared]).view(np.int64), np.cumsum(count))


def strengths_of(dropping: Sequence[int]) -> npt.NDArray[np.int16]:
    """For each relation code how strong a reason to drop it is, 0 the strongest; ``len(dropping)``: none."""
    strengths = np.full(NO_RELATION + 1, len(dropping), np.int16)
    strengths[list(dropping)] = np.arange(len(dropping), dtype=np.int16)
    return strengths


def _packed(values: npt.NDArray[np.uint32], ends: npt.NDArray[np.uint64] | None = None) -> Any:
    """Rows of numbers as the bytes of each; with ``ends`` several rows each."""
    ends = np.arange(1, len(values) + 1, dtype=np.uint64) if ends is None else ends
    offsets = np.concatenate([[0], ends.astype(np.int64) * values.shape[1] * 4]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.binary(), len(ends), buffers)


def _unpacked(column: Any, width: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint64]]:
    cells = column.to_pylist()
    values = np.frombuffer(b"".join(cells), np.uint32).reshape(-1, width)
    return values, np.cumsum([len(cell) // (4 * width) for cell in cells], dtype=np.uint64)


@dataclass(frozen=True)
class Judge:
    """Judges open pairs by how many kept stories hold what they share."""

    settings: Settings

    def __call__(self, batches: Batches) -> Iterator[Any]:
        """From later, earlier, scores, met and holders to ``CODED``. ``holders`` has for each shared key, in order, how many
        other kept stories hold it before the pair's later one, and anywhere; ``met`` is how many are kept before it."""
        for batch in batches:
            if not batch.num_rows:
                continue
            rows, _ = _unpacked(batch.column("scores"), len(OVERLAP_COLUMNS))
            none = np.zeros(len(rows), np.uint64)
            codes = relate(
                Compared(rows, np.empty((0, len(QUOTE_COLUMNS)), np.uint32), none), self.settings, self._common(batch)
            )
            columns = [batch.column("later"), batch.column("earlier"), pa.array(codes.astype(np.int16))]
            yield pa.RecordBatch.from_arrays(columns, ["later", "earlier", "code"])

    def _common(self, batch: Any) -> Commonness:
        holders = batch.column("holders")
        keys = holders.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        pair, flat = np.repeat(np.arange(len(keys)), keys), holders.flatten()
        before = self._mean(pair, keys, longs_of(flat.field("before")))
        anywhere = self._mean(pair, keys, longs_of(flat.field("anywhere")))
        return Commonness(before + unseen(longs(batch, "met"), self.settings), anywhere)

    def _mean(self, pair: npt.NDArray[np.intp], keys: Longs, counts: Longs) -> npt.NDArray[np.float64]:
        # The sum goes from key to key in ascending order, as it does in a scan: another order may round otherwise.
        logs = np.log1p(np.minimum(counts, self.settings.passage_df_cap))
        mean: npt.NDArray[np.float64] = np.bincount(pair, weights=logs, minlength=len(keys)) / np.maximum(keys, 1)
        return mean


def records(batches: Batches) -> Iterator[Any]:
    """From code, scores, quotes, and id and published of both stories, to ``RECORD``: a has the smaller id."""
    schema = pa.schema(
        [
            *((name, pa.string()) for name in ("a", "b", "relation")),
            *((name, pa.float64()) for name in ("jaccard", "containment_a", "containment_b")),
            *((name, pa.int64()) for name in ("shared_words", "longest_passage")),
            ("passages", pa.list_(pa.struct([(n, pa.list_(pa.int64())) for n in "ab"] + [("words", pa.int64())]))),
            ("update_of", pa.string()),
        ]
    )
    for batch in batches:
        if batch.num_rows:
            found = [_record(overlap) for overlap in _overlaps(batch)]
            yield pa.RecordBatch.from_pylist(found, schema=schema)


def _overlaps(batch: Any) -> Iterator[Overlap]:
    rows, _ = _unpacked(batch.column("scores"), len(OVERLAP_COLUMNS))
    quotes, ends = _unpacked(batch.column("quotes"), len(QUOTE_COLUMNS))
    a, b = batch.column("later_id").to_pylist(), batch.column("earlier_id").to_pylist()
    swapped = np.array([one > other for one, other in zip(a, b, strict=True)])
    pairs = Compared(rows, quotes, ends).mirrored(swapped)
    dates = zip(longs(batch, "later_published").tolist(), longs(batch, "earlier_published").tolist(), strict=True)
    stories = zip(a, b, dates, longs(batch, "code").tolist(), swapped.tolist(), strict=True)
    for row, (later, earlier, (then, before), code, swap) in enumerate(stories):
        relation, sides = RELATIONS[code], [(later, then), (earlier, before)]
        if swap:
            relation, sides = relation.mirrored, sides[::-1]
        yield pairs.overlap(row, sides[0][0], sides[1][0], relation, update_of(relation, *sides))


def _record(overlap: Overlap) -> dict[str, object]:
    record = {name: getattr(overlap, name) for name in overlap.__struct_fields__}
    record["relation"] = overlap.relation and overlap.relation.value
    record["passages"] = [{"a": list(p.a), "b": list(p.b), "words": p.words} for p in overlap.passages]
    return record
