"""The measures behind benchmarks.accuracy, against examples worked by hand and against their definitions written out."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.accuracy.metrics import (
    Counts,
    adjusted_rand,
    best_threshold,
    bootstrap_f1,
    components,
    confusion,
    pair_counts,
)
from benchmarks.accuracy.plagdet import Reuse, plagdet
from benchmarks.accuracy.rows import Goal, Row

BLOCKS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30)
SPANS = st.tuples(st.integers(0, 30), st.integers(1, 12)).map(lambda span: (span[0], span[0] + span[1]))
REUSES = st.lists(st.builds(Reuse, SPANS, SPANS), max_size=5)


def test_counts_by_hand() -> None:
    counts = Counts.of([True, True, True, False, False], [True, True, False, True, False])
    assert counts == Counts(hits=2, false=1, missed=1)
    assert counts.precision == pytest.approx(2 / 3)
    assert counts.recall == pytest.approx(2 / 3)
    assert Counts(3, 1, 5).f1 == pytest.approx(2 * (3 / 4) * (3 / 8) / (3 / 4 + 3 / 8))


def test_counts_of_nothing() -> None:
    nothing_wanted, nothing_found = Counts(0, 2, 0), Counts(0, 0, 2)
    assert (nothing_wanted.precision, nothing_wanted.recall, nothing_wanted.f1) == (0, 1, 0)
    assert (nothing_found.precision, nothing_found.recall, nothing_found.f1) == (1, 0, 0)
    assert Counts(0, 0, 0).f1 == 1


def test_the_interval_holds_the_figure_and_narrows_with_more_pairs() -> None:
    wanted = [True] * 40 + [False] * 60
    found = [True] * 30 + [False] * 60 + [True] * 10  # F1 = 60 / 80
    low, high = bootstrap_f1(wanted, found)
    assert low < 0.75 < high
    few_low, few_high = bootstrap_f1(wanted[::10], found[::10])
    assert few_high - few_low > high - low
    assert bootstrap_f1(wanted, found) == (low, high)


def test_the_interval_of_perfect_answers_is_a_point() -> None:
    assert bootstrap_f1([True, False, True], [True, False, True]) == (1, 1)


def test_the_interval_of_one_pair_in_two_by_binomial() -> None:
    """Of ten wanted pairs five are found: hits are Binomial(10, 1/2), whose 5 % and 95 % quantiles are 2 and 8."""
    low, high = bootstrap_f1([True] * 10, [True] * 5 + [False] * 5)
    assert low == pytest.approx(2 * 2 / (2 + 10))
    assert high == pytest.approx(2 * 8 / (8 + 10))


def test_best_threshold_by_hand() -> None:
    threshold, counts = best_threshold([0.9, 0.7, 0.6, 0.4], [True, False, True, False])
    assert threshold == 0.6  # F1: 2/3 from .9, 1/2 from .7, 4/5 from .6, 2/3 from .4
    assert counts == Counts(hits=2, false=1, missed=0)


def test_pairs_together_by_hand() -> None:
    """{a b c} {d e} against {a b} {c d e}: of ab ac bc de are found ab de, and ce cd are wrong."""
    assert pair_counts("xxxyy", "11222") == Counts(hits=2, false=2, missed=2)


def test_adjusted_rand_by_hand() -> None:
    """The same: 4 pairs in each, 2 in both, of 10. Expected 4 * 4 / 10 = 1.6, most 4: (2 - 1.6) / (4 - 1.6) = 1/6."""
    assert adjusted_rand("xxxyy", "11222") == pytest.approx(1 / 6)


def test_adjusted_rand_of_a_contingency_table() -> None:
    """The ten objects of Yeung & Ruzzo's "Details of the Adjusted Rand index" (2001): contingency 1 1 0 / 1 2 1 / 0 0 4.

    Pairs: 1 + 6 = 7 in both; rows 2, 4, 4 give 1 + 6 + 6 = 13; columns 2, 3, 5 give 1 + 3 + 10 = 14; all 45.
    (7 - 13 * 14 / 45) / ((13 + 14) / 2 - 13 * 14 / 45) = (133 / 45) / (851 / 90) = 266 / 851, which they print as .313.
    """
    rows, columns = "uuvvvvwwww", "1212233333"
    assert adjusted_rand(rows, columns) == pytest.approx(266 / 851)
    assert adjusted_rand(rows, columns) == pytest.approx(0.313, abs=0.0005)


def test_adjusted_rand_below_zero() -> None:
    """Two halves against each pair cut: 0 in both, 2 in each, of 6. (0 - 4 / 6) / (2 - 4 / 6) = -1/2."""
    assert adjusted_rand("xxyy", "1212") == pytest.approx(-0.5)


def test_adjusted_rand_of_independent_partitions_is_about_zero() -> None:
    items = range(3600)
    assert abs(adjusted_rand([item % 6 for item in items], [item // 6 % 6 for item in items])) < 0.005


@pytest.mark.parametrize("blocks", ["abcd", "aaaa", "aabb"])
def test_equal_partitions(blocks: str) -> None:
    assert adjusted_rand(blocks, blocks.upper()) == 1
    assert pair_counts(blocks, blocks).f1 == 1


def test_one_block_tells_nothing() -> None:
    assert adjusted_rand("aabb", "xxxx") == 0
    assert adjusted_rand("aabb", "wxyz") == 0


@given(BLOCKS)
def test_pair_counts_are_those_of_all_pairs_one_by_one(blocks: list[tuple[int, int]]) -> None:
    pairs = list(combinations(blocks, 2))
    expected = Counts.of([a[0] == b[0] for a, b in pairs], [a[1] == b[1] for a, b in pairs])
    assert pair_counts([a for a, _ in blocks], [b for _, b in blocks]) == expected


@given(BLOCKS)
def test_adjusted_rand_is_symmetric(blocks: list[tuple[int, int]]) -> None:
    first, second = zip(*blocks, strict=True)
    assert adjusted_rand(first, second) == pytest.approx(adjusted_rand(second, first))


def test_components() -> None:
    assert components(7, [(5, 1), (1, 3), (6, 2)]) == [0, 1, 2, 1, 4, 1, 2]


def test_confusion() -> None:
    assert confusion("aab", "xyx") == {"a": {"x": 1, "y": 1}, "b": {"x": 1}}


CASE = Reuse(suspicious=(100, 200), source=(0, 100))


def test_plagdet_of_a_perfect_detection() -> None:
    assert plagdet([([CASE], [CASE])]).score == 1


def test_plagdet_of_two_halves() -> None:
    """All characters and no others are found, in two pieces: F1 is 1, granularity 2, plagdet 1 / log2(3)."""
    halves = [Reuse((100, 150), (0, 50)), Reuse((150, 200), (50, 100))]
    score = plagdet([([CASE], halves)])
    assert (score.precision, score.recall, score.granularity) == (1, 1, 2)
    assert score.score == pytest.approx(1 / math.log2(3))


def test_plagdet_by_hand() -> None:
    """The first detection takes half of the case on either side, and as much beside it: 100 of its 200 characters. The
    second meets it in the suspicious document only, so it detects nothing. A second case is missed.

    Precision (1/2 + 0) / 2, recall (1/2 + 0) / 2, granularity 1: plagdet 1/4.
    """
    first, second = Reuse((150, 250), (50, 150)), Reuse((100, 150), (500, 550))
    score = plagdet([([CASE, Reuse((300, 400), (300, 400))], [first, second])])
    assert (score.precision, score.recall, score.granularity) == (0.25, 0.25, 1)
    assert score.score == pytest.approx(0.25)


def test_overlapping_detections_count_characters_once() -> None:
    """They cover 80 of 100 and 80 of 100 characters: recall 160 / 200. All of each is in the case: precision 1."""
    score = plagdet([([CASE], [Reuse((100, 160), (0, 60)), Reuse((120, 180), (20, 80))])])
    assert (score.precision, score.granularity) == (1, 2)
    assert score.recall == pytest.approx(0.8)


def test_only_detected_cases_count_for_granularity() -> None:
    """One case in three pieces, one in one, one missed: (3 + 1) / 2."""
    pieces = [Reuse((100 + 30 * n, 120 + 30 * n), (30 * n, 20 + 30 * n)) for n in range(3)]
    other, missed = Reuse((300, 310), (300, 310)), Reuse((400, 410), (400, 410))
    assert plagdet([([CASE, other, missed], [*pieces, other])]).granularity == 2


def test_a_detection_where_nothing_is_reused_costs_precision() -> None:
    score = plagdet([([CASE], [CASE]), ([], [Reuse((0, 50), (0, 50))])])
    assert (score.precision, score.recall) == (0.5, 1)
    assert score.score == pytest.approx(2 / 3)


def test_documents_do_not_mix() -> None:
    """A detection at the right place of another pair of documents finds nothing."""
    assert plagdet([([CASE], []), ([], [CASE])]).score == 0


def test_plagdet_of_nothing() -> None:
    assert plagdet([([], [])]).score == 1
    assert plagdet([([CASE], [])]).score == 0
    assert plagdet([([], [CASE])]).score == 0


def characters(reuse: Reuse) -> set[tuple[str, int]]:
    return {("suspicious", n) for n in range(*reuse.suspicious)} | {("source", n) for n in range(*reuse.source)}


def share(one: Reuse, others: list[Reuse]) -> tuple[float, int]:
    """|∪ (one ⊓ other)| / |one| as the paper has it, and how many others detect it, in sets of characters."""
    own = characters(one)
    common = [own & characters(other) for other in others]
    detecting = [found for found in common if {document for document, _ in found} == {"suspicious", "source"}]
    return len(set().union(*detecting)) / len(own), len(detecting)


@given(REUSES.filter(bool), REUSES.filter(bool))
def test_plagdet_is_that_of_character_sets(cases: list[Reuse], detections: list[Reuse]) -> None:
    recalls = [share(case, detections) for case in cases]
    precisions = [share(detection, cases)[0] for detection in detections]
    fragments = [count for _, count in recalls if count]
    score = plagdet([(cases, detections)])
    assert score.recall == pytest.approx(sum(part for part, _ in recalls) / len(cases))
    assert score.precision == pytest.approx(sum(precisions) / len(detections))
    assert score.granularity == pytest.approx(sum(fragments) / len(fragments) if fragments else 1)


@pytest.mark.parametrize(
    ("goal", "figure", "met"),
    [
        (Goal(">=", 0.95), 0.95, True),
        (Goal(">=", 0.95), 0.9499, False),
        (Goal("<=", 0.05), 0.05, True),
        (Goal(">", 0.5), 0.5, False),
        (Goal("=", 0), 1, False),
    ],
)
def test_a_goal_is_met_by_the_figure_itself(goal: Goal, figure: float, met: bool) -> None:
    """Not by the figure as it is printed."""
    assert Row(set="a set", measure="a measure", figure=figure, goal=goal).reached is met
