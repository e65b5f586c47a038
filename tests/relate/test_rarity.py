"""How common what two stories share is: against a count by hand over every story's keys."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from corpora import corpus_of
from hypothesis import given
from hypothesis import strategies as st

from dedup import kernels
from dedup.relate import Commonness, SharedKeys, unknown
from dedup.settings import Settings

PHRASES = [" ".join(f"{kind}{chr(97 + at)}" for at in range(18)) for kind in ("ka", "lo", "mi", "nu")]
STORY = st.lists(st.sampled_from(PHRASES), min_size=1, max_size=3, unique=True).map(" and then ".join)


@st.composite
def collections(draw: st.DrawFn) -> tuple[list[str], list[int], list[int], list[tuple[int, int]]]:
    """Texts, an order to keep them in, who is kept by rank, and pairs of ranks."""
    texts = draw(st.lists(STORY, min_size=2, max_size=8))
    order = draw(st.permutations(range(len(texts))))
    kept = draw(st.lists(st.integers(0, 1), min_size=len(texts), max_size=len(texts)))
    pairs = [(later, earlier) for later in range(len(texts)) for earlier in range(later)]
    return texts, list(order), kept, draw(st.lists(st.sampled_from(pairs), max_size=12, unique=True))


def commonness(texts: list[str], order: list[int], kept: list[int], pairs: list[tuple[int, int]]) -> Commonness:
    ranks = np.array(pairs, np.uint32).reshape(-1, 2)
    keys = SharedKeys(corpus_of(texts), np.array(order, np.uint32), ranks, 2)
    return keys.commonness(np.array(kept, np.uint8), Settings())


@given(collections())
def test_it_is_the_mean_over_the_keys_both_hold(
    given: tuple[list[str], list[int], list[int], list[tuple[int, int]]],
) -> None:
    texts, order, kept, pairs = given
    found = commonness(texts, order, kept, pairs)
    keys = [set(kernels.passage_keys(texts[story]).tolist()) for story in order]
    for row, (later, earlier) in enumerate(pairs):
        both = keys[later] & keys[earlier]
        others = {
            key: [rank for rank in range(len(order)) if key in keys[rank] and kept[rank] and rank not in (later, earlier)]
            for key in both
        }
        seen = sum(kept[:later])
        fear = 0.5 / (1 + seen / 100)
        before = [log(1 + sum(rank < later for rank in ranks)) for ranks in others.values()]
        anywhere = [log(1 + len(ranks)) for ranks in others.values()]
        assert found.before[row] == pytest.approx(sum(before) / max(1, len(both)) + fear)
        assert found.anywhere[row] == pytest.approx(sum(anywhere) / max(1, len(both)))


def test_counts_end_at_the_cap() -> None:
    texts = [PHRASES[0]] * 40
    found = commonness(texts, list(range(40)), [1] * 40, [(39, 0), (10, 0)])
    assert found.before.tolist() == pytest.approx([log(1 + 25) + 0.5 / 1.39, log(1 + 9) + 0.5 / 1.1])
    assert found.anywhere.tolist() == pytest.approx([log(1 + 25)] * 2)


def test_without_a_collection_the_worst_is_feared() -> None:
    found = unknown(2, Settings(evidence_unseen=0.3))
    assert (found.before.tolist(), found.anywhere.tolist()) == ([0.3, 0.3], [0.0, 0.0])


@pytest.mark.parametrize("pairs", [[[0, 0]], [[0, 1]], [[2, 0]], [[2, 1], [1, 0]]])
def test_pairs_that_cannot_be_are_refused(pairs: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="pairs"):
        kernels.SharedKeys(corpus_of(PHRASES[:2]), np.arange(2, dtype=np.uint32), np.array(pairs, np.uint32))
