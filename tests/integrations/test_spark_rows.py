"""What executors do with Arrow batches, without Spark: wherever the batches are cut, the same comes out."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from corpora import near_copy, words
from hypothesis import given
from hypothesis import strategies as st

pa = pytest.importorskip("pyarrow")

from dedup.integrations.spark_compared import HEAD, Comparer  # noqa: E402
from dedup.integrations.spark_rows import Buckets, Sketcher, all_pairs, mixed  # noqa: E402
from dedup.relate import NO_RELATION  # noqa: E402
from dedup.scanning import dropping_codes  # noqa: E402
from dedup.settings import DROPPING, Settings  # noqa: E402

ROWS = st.sets(st.tuples(st.integers(-3, 3), st.integers(0, 12)), max_size=60)


def batches_of(rows: list[tuple[int, int, int]], cuts: set[int]) -> list[Any]:
    bounds = [0, *sorted(cut for cut in cuts if cut < len(rows)), len(rows)]
    columns = np.array(rows, np.int64).reshape(-1, 3)
    return [
        pa.RecordBatch.from_arrays([pa.array(columns[start:end, place]) for place in range(3)], ["key", "rank", "other"])
        for start, end in pairwise(bounds)
    ]


@given(ROWS, st.sets(st.integers(0, 60)), st.integers(1, 4), st.integers(0, 3), st.integers(1, 2))
def test_buckets_hold_the_first_of_each_kind(
    rows: set[tuple[int, int]], cuts: set[int], most: int, others: int, least: int
) -> None:
    flagged = [(key, rank, (key + rank) % 2 if others else 0) for key, rank in sorted(rows)]
    wanted: dict[int, list[int]] = defaultdict(list)
    kept: dict[int, int] = defaultdict(int)
    met: dict[tuple[int, int], int] = defaultdict(int)
    for key, rank, other in flagged:
        met[key, other] += 1
        if met[key, other] <= (others if other else most):
            wanted[key].append(rank)
            kept[key] += not other
    found = pa.Table.from_batches(Buckets((most, others), least)(batches_of(flagged, cuts))).to_pylist()
    assert {row["key"]: (row["ranks"], row["kept"]) for row in found} == {
        key: (ranks, kept[key]) for key, ranks in wanted.items() if len(ranks) >= least
    }


@given(st.lists(st.sets(st.integers(0, 99), max_size=7), min_size=1, max_size=20))
def test_all_pairs(buckets: list[set[int]]) -> None:
    ranks = [sorted(bucket) for bucket in buckets]
    batch = pa.RecordBatch.from_arrays([pa.array(ranks, pa.list_(pa.int64()))], ["ranks"])
    found = [(row["later"], row["earlier"]) for part in all_pairs([batch]) for row in part.to_pylist()]
    assert sorted(found) == sorted((later, earlier) for bucket in ranks for earlier, later in combinations(bucket, 2))


def test_mixing_loses_nothing() -> None:
    low = np.arange(1 << 12, dtype=np.uint64)
    values = np.concatenate([low, ~low])
    scattered = mixed(values)
    assert len(np.unique(scattered)) == len(values)
    assert len(np.unique(scattered >> np.uint64(48))) > 7000  # 8,192 balls in 65,536 urns: some 7,700 of them are hit


def test_a_band_has_one_key_wherever_its_values_stand_alike() -> None:
    texts = [" ".join(words(60)), " ".join(words(60)).upper(), " ".join(words(60, 500)), "too short"]
    columns = [
        pa.array(["a", "b", "c", ""]),
        pa.array([None] * 4, pa.string()),
        pa.array(texts),
        pa.array(["2024-05-01", None, "", "?"]),
    ]
    batch = pa.RecordBatch.from_arrays(columns, ["id", "path", "text", "stated"])
    (sketched,) = Sketcher(Settings(), "longest", (1, 2))([batch])
    same, upper, other, short = sketched.to_pylist()
    assert same["bands"] == upper["bands"]
    assert len(set(same["bands"])) == 42
    assert not set(same["bands"]) & set(other["bands"])
    assert short["bands"] == short["keys"] == []
    assert (
        (same["digest_a"], same["digest_b"])
        == (upper["digest_a"], upper["digest_b"])
        != (other["digest_a"], other["digest_b"])
    )
    assert [row["tokens"] for row in (same, other, short)] == [60, 60, -1]  # the last has no id
    assert same["published"] == 1_714_521_600_000_000
    assert upper["published"] == other["published"] == short["published"] == -(1 << 63)


@pytest.mark.parametrize("size", [1, 2, 9])
def test_every_pair_in_the_window_is_told_of(size: int) -> None:
    base, other = words(100), words(100, 5_000)
    texts = {HEAD: " ".join(base), 1: near_copy(50, base), 2: " ".join(other), 3: near_copy(20, base)}
    near = [(0, later, 3_000_000 if later == 3 else later, text) for later, text in texts.items()]
    far = [(7, HEAD, 0, " ".join(other)), (7, 8, 0, near_copy(30, other))]
    columns = [list(column) for column in zip(*near, *far, strict=True)]
    earlier, later, published, text = columns
    table = pa.table({"earlier": earlier, "later": later, "head": later, "published": published, "text": text})
    found = {}
    for batch in Comparer(Settings(), dropping_codes(DROPPING), 1_000_000, True)(table.to_batches(size)):
        for row in batch.to_pylist():
            assert (row["later"], row["earlier"]) not in found
            found[row["later"], row["earlier"]] = row["alike"], row["code"] != NO_RELATION
    assert found == {(1, 0): (True, True), (2, 0): (False, False), (8, 7): (True, True)}
