"""Star clusters: the best kept story absorbs, and no chain joins strangers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.cluster import KEPT, Stars

IDENTICAL, NEAR, CONTAINED, OTHER = 0, 1, 3, 4
DROPPING = [IDENTICAL, NEAR, CONTAINED]

Edge = tuple[int, int, int, float]  # later, earlier, code, Jaccard


def absorb(stories: int, given_edges: list[Edge], dropping: list[int], at_once: int = 3) -> list[int]:
    stars = Stars(stories, dropping)
    for first in range(0, len(given_edges), at_once):
        later, earlier, _, jaccard = zip(*given_edges[first : first + at_once], strict=True)
        stars.add(np.array(later, np.uint32), np.array(earlier, np.uint32), np.array(jaccard))
    assert len(stars) == len(given_edges)
    absorbed: list[int] = stars.absorbed(np.array([code for _, _, code, _ in given_edges], np.uint8)).tolist()
    return absorbed


def absorbers(stories: int, given_edges: list[Edge], dropping: list[int] = DROPPING) -> list[int | None]:
    """For each rank the rank that absorbs it, None for a kept one."""
    absorbed = absorb(stories, given_edges, dropping)
    assert all(edge == KEPT or given_edges[edge][0] == rank for rank, edge in enumerate(absorbed))
    return [None if edge == KEPT else given_edges[edge][1] for edge in absorbed]


def test_nothing_in_common() -> None:
    assert absorbers(0, []) == []
    assert absorbers(3, []) == [None, None, None]
    assert absorbers(2, [(1, 0, OTHER, 0.9)]) == [None, None]


def test_a_chain_is_cut_at_every_second_story() -> None:
    """Fault 27: A–B–C–D in steps; each dropped one hangs on a kept one directly."""
    steps: list[Edge] = [(1, 0, NEAR, 0.85), (2, 1, NEAR, 0.85), (3, 2, NEAR, 0.85)]
    assert absorbers(4, steps) == [None, 0, None, 2]


def test_the_order_of_the_edges_does_not_matter() -> None:
    steps: list[Edge] = [(3, 2, NEAR, 0.85), (2, 1, NEAR, 0.85), (1, 0, NEAR, 0.85)]
    assert absorbers(4, steps) == [None, 0, None, 2]


def test_the_strongest_relation_wins_then_the_jaccard_then_the_earliest() -> None:
    assert absorbers(3, [(2, 0, NEAR, 0.99), (2, 1, IDENTICAL, 1.0)]) == [None, None, 1]
    assert absorbers(3, [(2, 0, CONTAINED, 0.9), (2, 1, NEAR, 0.5)]) == [None, None, 1]
    assert absorbers(3, [(2, 0, NEAR, 0.6), (2, 1, NEAR, 0.7)]) == [None, None, 1]
    assert absorbers(3, [(2, 1, NEAR, 0.7), (2, 0, NEAR, 0.7)]) == [None, None, 0]


def test_one_that_was_dropped_absorbs_none() -> None:
    assert absorbers(3, [(1, 0, NEAR, 0.9), (2, 1, IDENTICAL, 1.0), (2, 0, CONTAINED, 0.6)]) == [None, 0, 0]


def test_only_the_relations_asked_for_drop() -> None:
    given_edges: list[Edge] = [(1, 0, NEAR, 0.9), (2, 0, IDENTICAL, 1.0)]
    assert absorbers(3, given_edges, []) == [None, None, None]
    assert absorbers(3, given_edges, [IDENTICAL]) == [None, None, 0]


@pytest.mark.parametrize("edge", [(0, 0), (0, 1), (3, 1)])
def test_edges_that_cannot_be_are_refused(edge: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="edges: not two ranks, the later first"):
        absorb(3, [(*edge, NEAR, 0.9)], DROPPING)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[Edge]]:
    stories = draw(st.integers(1, 14))
    ranks = st.tuples(st.integers(0, stories - 1), st.integers(0, stories - 1)).filter(lambda pair: pair[0] > pair[1])
    pairs = draw(st.lists(ranks, unique=True, max_size=40)) if stories > 1 else []
    codes = st.sampled_from([IDENTICAL, NEAR, CONTAINED, OTHER, 2, 5])
    return stories, [(*pair, draw(codes), draw(st.sampled_from([0.3, 0.5, 0.9, 1.0]))) for pair in pairs]


@given(graphs())
def test_the_walk_in_keep_order(graph: tuple[int, list[Edge]]) -> None:
    """Against the walk of DESIGN.md, section 3, written out."""
    stories, given_edges = graph
    expected: list[int | None] = []
    for rank in range(stories):
        candidates = [
            (DROPPING.index(code), -jaccard, earlier)
            for later, earlier, code, jaccard in given_edges
            if later == rank and code in DROPPING and expected[earlier] is None
        ]
        expected.append(min(candidates)[2] if candidates else None)
    assert absorbers(stories, given_edges) == expected


@given(graphs())
def test_what_every_clustering_must_keep_to(graph: tuple[int, list[Edge]]) -> None:
    stories, given_edges = graph
    found = absorbers(stories, given_edges)
    drops = {(later, earlier) for later, earlier, code, _ in given_edges if code in DROPPING}
    for rank, kept in enumerate(found):
        if kept is not None:
            assert kept < rank
            assert found[kept] is None
            assert (rank, kept) in drops
        else:
            assert not any(found[earlier] is None for later, earlier in drops if later == rank)


@given(graphs(), st.integers(1, 14))
def test_a_storys_fate_hangs_on_what_came_before_it_only(graph: tuple[int, list[Edge]], cut: int) -> None:
    stories, given_edges = graph
    cut = min(cut, stories)
    before = [edge for edge in given_edges if edge[0] < cut]
    assert absorbers(cut, before) == absorbers(stories, given_edges)[:cut]
