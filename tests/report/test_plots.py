"""The numbers behind the overview: counted anew from the records, and bounded however many there are."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from corpora import FIXTURES

import dedup
from dedup.report import page_data, scan_page
from dedup.report.outlets import MATRIX_OUTLETS, TIMELINES, matrix, timelines
from dedup.report.plots import SCATTER_POINTS, cluster_bars, relation_bars, scatter
from dedup.report.reportdata import PageData
from dedup.settings import Settings
from dedup.story import Decision, Overlap, Passage, Relation, Story


def overlap(
    a: str, b: str, relation: Relation = Relation.NEAR_DUPLICATE, jaccard: float = 0.6, held: float = 0.7
) -> Overlap:
    return Overlap(
        a=a, b=b, relation=relation, jaccard=jaccard, containment_a=held, containment_b=jaccard,
        shared_words=30, longest_passage=30, passages=(Passage((0, 4), (0, 4), 1),),
    )  # fmt: skip


def story(name: str, source: str | None = None, day: int | None = None) -> Story:
    published = None if day is None else datetime(2024, 5, day, tzinfo=UTC)
    return Story(id=name, text=f"text of {name}", source=source, published=published)


def page(pairs: list[Overlap], stories: list[Story], dropped: dict[str, str] | None = None) -> PageData:
    dropped = dropped or {}
    decisions = [
        Decision(id=name, keep=name not in dropped, duplicate_of=dropped.get(name), cluster="", path="")
        for name in (one.id for one in stories)
    ]
    return page_data(pairs, decisions, {one.id: one for one in stories}.__getitem__, Settings())


def test_bars_count_what_the_scan_counts() -> None:
    result = dedup.scan([FIXTURES])
    bars = {bar.name: bar.number for bar in relation_bars(scan_page(result))}
    assert bars == {str(relation): count for relation, count in result.relation_counts().items()}
    sizes = Counter(len(cluster.dropped) + 1 for cluster in result.clusters)
    assert {bar.name: bar.number for bar in cluster_bars(scan_page(result))} == {str(size): n for size, n in sizes.items()}


def test_sizes_of_clusters_are_counted_in_steps() -> None:
    sizes = (2, 2, 4, 7, 60)
    stories: list[Story] = []
    pairs: list[Overlap] = []
    dropped: dict[str, str] = {}
    for at, size in enumerate(sizes):
        stories += [story(f"{at}-{n}") for n in range(size)]
        pairs += [overlap(f"{at}-0", f"{at}-{n}") for n in range(1, size)]
        dropped |= {f"{at}-{n}": f"{at}-0" for n in range(1, size)}
    bars = cluster_bars(page(pairs, stories, dropped))
    assert [(bar.name, bar.number) for bar in bars if bar.number] == [("2", 2), ("4", 1), ("5–9", 1), ("50 and more", 1)]
    assert max(bar.share for bar in bars) == 100


def test_contains_is_contained_seen_from_the_other_side() -> None:
    pairs = [overlap("a", "b", Relation.CONTAINS), overlap("a", "c", Relation.CONTAINED)]
    data = page(pairs, [story(name) for name in "abc"])
    assert {bar.name: bar.number for bar in relation_bars(data) if bar.number} == {"contained": 2}
    assert {mark.relation for mark in scatter(data).marks} == {"contained"}


def test_the_scatter_plot_draws_scores_and_thresholds_to_one_scale() -> None:
    data = page(
        [overlap("a", "b", jaccard=0.5, held=0.8), overlap("a", "c", jaccard=0.0, held=1.0)], [story(n) for n in "abc"]
    )
    plot = scatter(data)
    assert plot.cells == 0
    at_thresholds, corner = sorted(plot.marks, key=lambda mark: -mark.x)
    assert (at_thresholds.x, at_thresholds.y) == (plot.x_threshold.place, plot.y_threshold.place)
    assert (corner.x, corner.y) == (plot.x_ticks[0].place, plot.y_ticks[-1].place)


def test_many_pairs_are_counted_in_cells() -> None:
    count = SCATTER_POINTS * 4
    stories = [story(f"{n:05}") for n in range(count + 1)]
    pairs = [
        overlap(one.id, other.id, jaccard=(n % 997) / 1000, held=1 - (n % 331) / 1000)
        for n, (one, other) in enumerate(pairwise(stories))
    ]
    plot = scatter(page(pairs, stories))
    assert plot.cells > 0
    assert sum(mark.number for mark in plot.marks) == count
    assert len(plot.marks) <= plot.cells**2


def test_the_matrix_counts_pairs_by_outlet_and_leaves_templates_out() -> None:
    stories = [story("a", "X"), story("b", "Y"), story("c", "Y"), story("d", None)]
    pairs = [
        overlap("a", "b"),
        overlap("a", "c"),
        overlap("b", "c"),
        overlap("a", "d"),
        overlap("b", "d", Relation.TEMPLATE),
    ]
    found = matrix(page(pairs, stories))
    assert found is not None
    assert list(found.outlets) == ["X", "Y"]
    assert found.counts == [[0, 2], [2, 1]]
    assert found.heat[0][0] == 0
    assert found.heat[0][1] == 5
    assert matrix(page([overlap("a", "d")], stories)) is None  # one outlet shares with nobody that is known


def test_the_matrix_has_the_outlets_of_the_most_pairs() -> None:
    stories, pairs = [], []
    for n in range(40):
        stories += [story(f"{n}a", f"left {n:02}"), story(f"{n}b", f"right {n:02}"), story(f"{n}c", f"right {n:02}")]
        pairs += [overlap(f"{n}a", f"{n}b")] + ([overlap(f"{n}a", f"{n}c")] if n >= 33 else [])
    found = matrix(page(pairs, stories))
    assert found is not None
    assert set(found.outlets) == {f"{side} {n}" for side in ("left", "right") for n in range(33, 40)}
    assert len(found.outlets) == MATRIX_OUTLETS
    assert found.left_out == 80 - MATRIX_OUTLETS


def test_a_timeline_has_outlets_in_the_order_they_came() -> None:
    stories = [story("k", "Kept", 5), story("x", "Early", 1), story("y", "Late", 9), story("z", "Undated")]
    pairs = [overlap("k", "x"), overlap("k", "y"), overlap("k", "z")]
    (line,) = timelines(page(pairs, stories, {"x": "k", "z": "k"}))
    assert [(row.outlet, [moment.role for moment in row.moments]) for row in line.rows] == [
        ("Early", ["dropped"]),
        ("Kept", ["kept"]),
        ("Late", ["shares"]),
    ]
    places = [row.moments[0].x for row in line.rows]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1])  # four days each
    assert (line.first, line.last, line.lasted) == ("2024-05-01", "2024-05-09", "8 days")


def test_a_timeline_without_outlets_has_one_row() -> None:
    (line,) = timelines(page([overlap("a", "b")], [story("a", day=1), story("b", day=2)], {"b": "a"}))
    assert line.outlets == 0
    assert [row.outlet for row in line.rows] == ["outlet not known"]


def test_timelines_are_few_and_have_few_rows() -> None:
    stories: list[Story] = []
    pairs: list[Overlap] = []
    dropped: dict[str, str] = {}
    for n in range(10):
        stories += [story(f"{n}-{m:02}", f"outlet {m:02}", 1 + m) for m in range(20 + n)]
        pairs += [overlap(f"{n}-05", f"{n}-{m:02}") for m in range(20 + n) if m != 5]
        dropped |= {f"{n}-{m:02}": f"{n}-05" for m in range(20 + n) if m != 5}
    lines = timelines(page(pairs, stories, dropped))
    assert len(lines) == TIMELINES
    assert [line.outlets for line in lines] == [29, 28, 27, 26]
    for line in lines:
        shown = [row.outlet for row in line.rows]
        assert {"outlet 00", "outlet 05", f"outlet {line.outlets - 1}"} <= set(shown)
        assert len(shown) + line.left_out == line.outlets
