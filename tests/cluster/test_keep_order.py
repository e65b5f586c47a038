"""Which story comes first under each policy: a total order, whatever is missing."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.cluster import POLICIES, Keys, check_policy, keep_order
from dedup.collection import microseconds
from dedup.errors import UsageError
from dedup.kernels import UNDATED

Row = tuple[str, str | None, int, int]  # id, source, published, tokens


def keys_of(rows: list[Row]) -> Keys:
    ids = [row[0] for row in rows]
    return Keys(
        np.array([sorted(ids).index(name) for name in ids], np.int64),
        [row[1] for row in rows],
        np.array([row[2] for row in rows], np.int64),
        np.array([row[3] for row in rows], np.uint32),
    )


def ordered(policy: str, rows: list[Row]) -> list[str]:
    return [rows[number][0] for number in keep_order(policy, keys_of(rows))]


ROWS: list[Row] = [
    ("e", "wire", 30, 10),
    ("d", None, UNDATED, 40),
    ("c", "post", 20, 40),
    ("b", "wire", 20, 10),
    ("a", "post", UNDATED, 10),
]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("first", "edcba"),
        ("longest", "cdbea"),  # 40 words: c is dated, d is not; 10 words: b of 20, e of 30, a undated
        ("earliest", "bcead"),  # undated last, by id
        ("latest", "ebcad"),
        ("source:post,wire", "cabed"),  # d has no source, so it stands behind all that are listed
        ("source:wire", "becad"),
        ("source: wire , post ", "becad"),
        ("source:nobody", "bcead"),  # as if by date
    ],
)
def test_policies(policy: str, expected: str) -> None:
    assert "".join(ordered(policy, ROWS)) == expected


@pytest.mark.parametrize("policy", ["longest", "earliest", "latest", "source:wire"])
def test_ties_go_by_id(policy: str) -> None:
    assert ordered(policy, [("b", "wire", 5, 9), ("a", "wire", 5, 9), ("C", "wire", 5, 9), ("é", "wire", 5, 9)]) == [*"Cabé"]
    assert ordered(policy, [("b", None, UNDATED, 9), ("a", None, UNDATED, 9)]) == ["a", "b"]


@pytest.mark.parametrize("year", [1, 1969, 1970, 9999])
def test_any_date_comes_before_none(year: int) -> None:
    """Fault 23: dates from year 1 to 9999 have their place, what is undated stands behind them all."""
    date = microseconds(datetime(year, 1, 1, tzinfo=UTC))
    for policy in ("earliest", "latest", "longest", "source:wire"):
        assert ordered(policy, [("a", "wire", UNDATED, 1), ("b", "wire", date, 1)]) == ["b", "a"]


def expected_key(policy: str) -> Callable[[Row], Any]:
    """The documented order as a sort key."""

    def key(row: Row) -> tuple[Any, ...]:
        name, source, published, tokens = row
        undated = published == UNDATED
        first: Any = {
            "longest": -tokens,
            "earliest": (undated, published),
            "latest": (undated, -published),
            "source:wire,post": {"wire": 0, "post": 1}.get(source or "", 2),
        }[policy]
        return first, undated, published, name

    return key


ROW = st.tuples(st.sampled_from(["wire", "post", None, ""]), st.sampled_from([UNDATED, -5, 0, 7]), st.integers(0, 3))


ORDERS = st.sampled_from(["longest", "earliest", "latest", "source:wire,post"])


ROWS_READ = st.lists(ROW, max_size=20)


@given(ROWS_READ, ORDERS, st.randoms(use_true_random=False))
def test_the_order_does_not_hang_on_the_order_read(read: list[Any], policy: str, rng: random.Random) -> None:
    rows: list[Row] = [(f"id{number:02}", *row) for number, row in enumerate(read)]
    expected = [row[0] for row in sorted(rows, key=expected_key(policy))]
    shuffled = list(rows)
    rng.shuffle(shuffled)
    assert ordered(policy, rows) == ordered(policy, shuffled) == expected


@pytest.mark.parametrize("policy", POLICIES)
def test_no_stories(policy: str) -> None:
    assert keep_order(policy, keys_of([])).tolist() == []


@pytest.mark.parametrize("policy", ["", "longets", "source:", "source: , ", "LONGEST", "source"])
def test_an_unknown_policy_is_refused_and_the_known_ones_named(policy: str) -> None:
    with pytest.raises(UsageError, match=r"keep policy '.*': not known; use longest, earliest, latest, first, or source:"):
        check_policy(policy)
    with pytest.raises(UsageError, match="not known"):
        keep_order(policy, keys_of(ROWS))
