"""Labelled groups against the clusters of a scan."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, combinations, islice

import numpy as np

from dedup.collection import Collection
from dedup.evaluate.cost import Meter, Pairs, pair_keys
from dedup.evaluate.judging import Judged, curve_point, kept_stories
from dedup.evaluate.labels import Labels, Report
from dedup.evaluate.metrics import THRESHOLDS, Flags, Numbers, Partitions, graph_at_thresholds
from dedup.evaluate.pairs import unknown_id
from dedup.evaluate.records import CurvePoint, GroupOutcome, Mistakes
from dedup.result import ScanResult

_MOST_PAIRS = 200_000  # compared with each other for the sake of labels alone: a group may hold thousands


@dataclass(frozen=True, slots=True)
class PlacedGroups:
    """The stories that have a group, by number, and the number of each one's group."""

    stories: Numbers
    groups: Numbers
    names: list[str]


def place_groups(labels: Labels, stories: Collection, report: Report) -> PlacedGroups:
    """The grouped stories by number; unknown ids are reported."""
    number = {name: at for at, name in enumerate(stories.ids)}
    places: dict[str, int] = {}
    rows = []
    for one in labels.groups:
        if one.id in number:
            rows.append((number[one.id], places.setdefault(one.group, len(places))))
        else:
            report(unknown_id(labels, one.line, repr(one.id)))
    table = np.array(rows, np.int64).reshape(-1, 2)
    return PlacedGroups(table[:, 0], table[:, 1], list(places))


def evaluate_groups(
    placed: PlacedGroups, result: ScanResult, meter: Meter, mistakes: int
) -> tuple[GroupOutcome, list[CurvePoint], Mistakes]:
    """Score the clusters of a scan on labelled groups, and list its worst mistakes."""
    clusters = kept_stories(result)[placed.stories]
    partitions = Partitions.of(placed.groups, clusters)
    outcome = GroupOutcome(
        grouped=len(placed.stories),
        groups=len(np.unique(placed.groups)),
        clusters=len(np.unique(clusters)),
        pairs=partitions.score,
        adjusted_rand=partitions.adjusted_rand,
        group_sizes=_sizes(placed.groups),
        cluster_sizes=_sizes(clusters),
    )
    return outcome, _curve(placed, result), _mistakes(placed, clusters, result, meter, mistakes)


def _sizes(blocks: Numbers) -> dict[int, int]:
    counts = Counter(np.unique(blocks, return_counts=True)[1].tolist())
    return dict(sorted(counts.items()))


def _curve(placed: PlacedGroups, result: ScanResult) -> list[CurvePoint]:
    edges = np.column_stack([result.compared.column("a"), result.compared.column("b")])
    graphs = graph_at_thresholds(len(result.stories), edges, result.compared.jaccard)
    points = [
        curve_point(at, Partitions.of(placed.groups, components[placed.stories]).score, result.stories.settings)
        for at, components in zip(reversed(THRESHOLDS), graphs, strict=True)
    ]
    return points[::-1]


def _mistakes(placed: PlacedGroups, clusters: Numbers, result: ScanResult, meter: Meter, count: int) -> Mistakes:
    """A group in several clusters and a cluster of several groups fall into parts; each part is spoken for by its first
    story in keep order, which in a cluster is the kept one if that has a group."""
    parts: dict[tuple[int, int], int] = {}
    for row in np.argsort(result.ranks[placed.stories]).tolist():
        parts.setdefault((int(placed.groups[row]), int(clusters[row])), row)
    by_group, by_cluster = defaultdict(list), defaultdict(list)
    for (group, cluster), row in parts.items():
        by_group[group].append(row)
        by_cluster[cluster].append(row)
    split = _bounded(combinations(rows, 2) for rows in sorted(by_group.values(), key=len))
    merged = _bounded(((rows[0], other) for other in rows[1:]) for rows in by_cluster.values())
    wrong = _judged(merged, placed, result, meter)
    missed = _judged(split, placed, result, meter)
    return Mistakes(
        wrong_count=len(merged),
        missed_count=len(split),
        wrong=wrong.worst(_all(merged), _names(merged, placed), count, most_alike=False),
        missed=missed.worst(_all(split), _names(split, placed), count, most_alike=True),
    )


def _bounded(pairs: Iterable[Iterable[tuple[int, int]]]) -> Numbers:
    rows = list(islice(chain.from_iterable(pairs), _MOST_PAIRS))
    return np.array(rows, np.int64).reshape(-1, 2)


def _judged(rows: Numbers, placed: PlacedGroups, result: ScanResult, meter: Meter) -> Judged:
    return Judged.of(placed.stories[rows].astype(np.uint32), result, meter)


def _all(rows: Numbers) -> Flags:
    return np.ones(len(rows), np.bool_)


def _names(rows: Numbers, placed: PlacedGroups) -> list[str]:
    groups = placed.groups[rows].tolist()
    return [placed.names[a] if a == b else f"{placed.names[a]} and {placed.names[b]}" for a, b in groups]


def pairs_to_tune_on(placed: PlacedGroups, meter: Meter, stories: int) -> tuple[Pairs, Flags]:
    """Pairs of grouped stories that are of one group or were proposed, and for each whether it is of one group."""
    group = np.full(stories, -1, np.int64)
    group[placed.stories] = placed.groups
    members = defaultdict(list)
    for story, of in zip(placed.stories.tolist(), placed.groups.tolist(), strict=True):
        members[of].append(story)
    inside = _bounded(combinations(one, 2) for one in sorted(members.values(), key=len)).astype(np.uint32)
    proposed = meter.all_pairs()
    proposed = proposed[(group[proposed] >= 0).all(axis=1)]
    pairs = np.concatenate([inside, proposed])
    pairs = pairs[np.unique(pair_keys(pairs), return_index=True)[1]]
    return pairs, group[pairs[:, 0]] == group[pairs[:, 1]]
