"""The figures, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dedup.candidates import choose_bands
from dedup.evaluate.judging import curve_point
from dedup.evaluate.metrics import THRESHOLDS, Components, Flags, Partitions, Score, confusion, graph_at_thresholds
from dedup.settings import Settings


def flags(text: str) -> Flags:
    return np.array([letter == "y" for letter in text], np.bool_)


def test_score() -> None:
    score = Score.of(flags("yyynn"), flags("yynyy"))
    assert (score.hits, score.wrong, score.missed) == (2, 2, 1)
    assert score.precision == pytest.approx(1 / 2)
    assert score.recall == pytest.approx(2 / 3)
    assert score.f1 == pytest.approx(4 / 7)


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [("nn", "nn", (1, 1, 1)), ("nn", "yn", (0, 1, 0)), ("yn", "nn", (1, 0, 0)), ("", "", (1, 1, 1))],
)
def test_score_at_the_edges(wanted: str, found: str, expected: tuple[int, int, int]) -> None:
    score = Score.of(flags(wanted), flags(found))
    assert (score.precision, score.recall, score.f1) == expected


def test_adjusted_rand_by_hand() -> None:
    # Cells 2, 1, 1, 2: of 15 pairs 2 are together in both, 6 in the first, 3 in the second.
    # Expected 6 * 3 / 15 = 1.2, most (6 + 3) / 2 = 4.5: (2 - 1.2) / (4.5 - 1.2).
    partitions = Partitions.of(np.array([0, 0, 0, 1, 1, 1]), np.array([7, 7, 2, 2, 5, 5]))
    assert (partitions.both, partitions.first, partitions.second, partitions.every) == (2, 6, 3, 15)
    assert partitions.adjusted_rand == pytest.approx(0.8 / 3.3)
    assert (partitions.score.hits, partitions.score.wrong, partitions.score.missed) == (2, 1, 4)


def test_adjusted_rand_below_chance() -> None:
    # Together in both 0, expected 2 * 2 / 6: (0 - 2/3) / (2 - 2/3).
    assert Partitions.of(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])).adjusted_rand == pytest.approx(-0.5)


@pytest.mark.parametrize("blocks", [[], [3], [0, 1, 2], [4, 4, 4], [0, 0, 1]])
def test_equal_partitions(blocks: list[int]) -> None:
    same = np.array(blocks, np.int64)
    assert Partitions.of(same, 10 - same).adjusted_rand == 1.0


def test_all_together_against_all_alone_is_chance() -> None:
    assert Partitions.of(np.array([0, 0, 0]), np.array([0, 1, 2])).adjusted_rand == 0.0


def test_components() -> None:
    graph = Components(6)
    graph.join(np.array([[4, 5], [1, 2], [5, 1]]))
    assert graph.numbers().tolist() == [0, 1, 1, 3, 1, 1]


def test_graph_grows_as_the_threshold_falls() -> None:
    edges, jaccard = np.array([[0, 1], [1, 2]]), np.array([0.8, 0.32])
    graphs = dict(zip(reversed(THRESHOLDS), graph_at_thresholds(3, edges, jaccard), strict=True))
    assert graphs[0.85].tolist() == [0, 1, 2]
    assert graphs[0.8].tolist() == graphs[0.35].tolist() == [0, 0, 2]
    assert graphs[0.3].tolist() == graphs[0.05].tolist() == [0, 0, 0]


def test_confusion() -> None:
    assert confusion(["b", "a", "b", "b"], ["x", "x", "none", "x"]) == {"a": {"x": 1}, "b": {"x": 2, "none": 1}}


def test_the_curve_tells_what_the_bands_in_force_propose() -> None:
    assert choose_bands(0.5, 0.99, 128) == (42, 3)
    point = curve_point(0.3, Score.of_counts(1, 0, 0), Settings())
    assert point.proposed == pytest.approx(1 - (1 - 0.027) ** 42)
