"""Bands and rows: the recall asked for, and as selective as that allows."""

from __future__ import annotations

import pytest
import reference
from corpora import exact_pair, ranks_of
from hypothesis import given
from hypothesis import strategies as st

from dedup.candidates import Bands, band_pairs, choose_bands
from dedup.errors import UsageError
from dedup.settings import Settings

THRESHOLDS = st.floats(0.0, 1.0)
RECALLS = st.floats(0.0, 1.0)


@given(THRESHOLDS, st.integers(0, 100), st.integers(1, 50))
def test_the_probability_is_the_textbooks(jaccard: float, bands: int, rows: int) -> None:
    assert Bands(bands, rows).probability(jaccard) == reference.candidate_probability(jaccard, bands, rows)


@pytest.mark.parametrize(
    ("jaccard", "bands", "rows", "expected"),
    [(0.8, 20, 5, 0.9996), (0.5, 20, 5, 0.470), (0.2, 20, 5, 0.0064), (0.0, 20, 5, 0.0), (1.0, 1, 128, 1.0)],
)
def test_known_values(jaccard: float, bands: int, rows: int, expected: float) -> None:
    """The table of Leskovec et al., Mining of Massive Datasets, figure 3.8."""
    assert Bands(bands, rows).probability(jaccard) == pytest.approx(expected, abs=6e-4)


@given(THRESHOLDS, RECALLS, st.integers(1, 256))
def test_the_recall_is_reached_with_the_most_rows(threshold: float, recall: float, num_perm: int) -> None:
    def reached(rows: int) -> bool:
        return reference.candidate_probability(threshold, num_perm // rows, rows) >= recall

    try:
        bands, rows = choose_bands(threshold, recall, num_perm)
    except UsageError:
        assert not any(reached(rows) for rows in range(1, num_perm + 1))
        return
    assert bands == num_perm // rows
    assert reached(rows)
    assert not any(reached(more) for more in range(rows + 1, num_perm + 1))


def test_the_default_is_what_the_settings_say() -> None:
    """42 bands of 3 rows at Jaccard 0.5; datasketch's own choice for 0.8 reaches 0.40 only."""
    assert choose_bands(0.5, 0.99, 128) == (42, 3)
    assert choose_bands(0.8, 0.99, 128).probability(0.8) >= 0.99


def test_what_cannot_be_reached_is_said() -> None:
    with pytest.raises(UsageError, match=r"threshold 0\.01: .*128 values.*chance of 0\.99; raise the threshold or num_perm"):
        choose_bands(0.01, 0.99, 128)


@pytest.mark.parametrize(("shingles", "changes", "threshold"), [(30, 2, 0.5), (60, 3, 0.6), (90, 2, 0.8)])
def test_pairs_at_the_threshold_are_proposed(shingles: int, changes: int, threshold: float) -> None:
    """1,000 pairs of exactly that Jaccard similarity: of 990 expected ones at the least, 980 must come."""
    texts = [text for pair in range(1000) for text in exact_pair(shingles, changes, pair * 1000)]
    exact = reference.jaccard(reference.shingle_set(texts[0]), reference.shingle_set(texts[1]))
    assert exact == pytest.approx(threshold)
    settings = Settings(threshold=threshold)
    found = {tuple(pair) for pair in band_pairs(ranks_of(texts, settings), settings, full=12, limit=4).pairs.tolist()}
    assert sum((later, later - 1) in found for later in range(1, len(texts), 2)) >= 980
    assert len(found) <= 1010
