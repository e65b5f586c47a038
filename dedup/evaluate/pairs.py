"""Labelled pairs against a scan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from dedup.collection import Collection
from dedup.errors import UsageError
from dedup.evaluate.cost import Meter, Pairs
from dedup.evaluate.judging import Judged, curve_point, found_alike, kept_stories
from dedup.evaluate.labels import Labels, Report
from dedup.evaluate.metrics import THRESHOLDS, Flags, Score, confusion
from dedup.evaluate.records import CurvePoint, Mistakes, PairOutcome
from dedup.result import ScanResult
from dedup.story import Problem

SAME = ("identical", "near-duplicate", "contains", "contained", "duplicate", "update", "same", "yes", "true", "1")
"""Labels that say that two stories are the same, unless told otherwise; case does not matter."""


@dataclass(frozen=True, slots=True)
class PlacedPairs:
    """Labelled pairs of a collection: story numbers, labels, and which of them say "the same"."""

    pairs: Pairs
    labels: list[str]
    positive: Flags


def positive_labels(labels: Labels, wanted: Sequence[str] | None) -> set[str]:
    """Which of the labels in use say that two stories are the same: the wanted ones, or those in ``SAME``.

    UsageError if none does, or a wanted one is not in use.
    """
    used = {pair.label for pair in labels.pairs}
    meant = {name.strip().casefold() for name in (SAME if wanted is None else wanted)}
    unused = meant - {label.casefold() for label in used}
    listed = ", ".join(map(repr, sorted(used)))
    if wanted is not None and unused:
        raise UsageError(f"label {min(unused)!r}: not used in {labels.path!r}; its labels are {listed}")
    positive = {label for label in used if label.casefold() in meant}
    if not positive:
        raise UsageError(
            f"{labels.path!r}: none of its labels is known to mean the same story; its labels are {listed}; say which "
            "of them do with --positive"
        )
    return positive


def place_pairs(labels: Labels, positive: Iterable[str], stories: Collection, report: Report) -> PlacedPairs:
    """The labelled pairs by story number; those of unknown ids are reported."""
    number = {name: at for at, name in enumerate(stories.ids)}
    rows, kept = [], []
    for pair in labels.pairs:
        unknown = [repr(name) for name in (pair.a, pair.b) if name not in number]
        if unknown:
            report(unknown_id(labels, pair.line, " or ".join(unknown)))
        else:
            rows.append((number[pair.a], number[pair.b]))
            kept.append(pair.label)
    wanted = set(positive)
    return PlacedPairs(np.array(rows, np.uint32).reshape(-1, 2), kept, np.array([one in wanted for one in kept], np.bool_))


def unknown_id(labels: Labels, line: int, names: str) -> Problem:
    """The problem of a label on what is no story."""
    return Problem(where=labels.where(line), reason=f"no story has the id {names}; check the id, or name its file, too")


def evaluate_pairs(
    placed: PlacedPairs, result: ScanResult, meter: Meter, mistakes: int
) -> tuple[PairOutcome, list[CurvePoint], Mistakes, Judged]:
    """Score a scan on labelled pairs, and list its worst mistakes."""
    judged = Judged.of(placed.pairs, result, meter)
    kept, wanted = kept_stories(result), placed.positive
    together = kept[placed.pairs[:, 0]] == kept[placed.pairs[:, 1]]
    alike = found_alike(judged.codes)
    # Copies of one kept story are not all listed with each other, but their decisions say that they are the same.
    found = np.where(judged.proposed, alike, together)
    outcome = PairOutcome(
        pairs=len(wanted),
        positive_labels=_labels(placed, wanted),
        negative_labels=_labels(placed, ~wanted),
        scan=Score.of(wanted, found),
        judged=Score.of(wanted, alike),
        positives=int(wanted.sum()),
        proposed=int((wanted & judged.proposed).sum()),
        clustered=int((wanted & ~judged.proposed & together).sum()),
        confusion=confusion(placed.labels, [judged.relation(row) for row in range(len(wanted))]),
    )
    wrong, missed = found & ~wanted, wanted & ~found
    worst = Mistakes(
        wrong_count=outcome.scan.wrong,
        missed_count=outcome.scan.missed,
        wrong=judged.worst(wrong, placed.labels, mistakes, most_alike=False),
        missed=judged.worst(missed, placed.labels, mistakes, most_alike=True),
    )
    jaccard = judged.compared.jaccard
    curve = [curve_point(at, Score.of(wanted, jaccard >= at), result.stories.settings) for at in THRESHOLDS]
    return outcome, curve, worst, judged


def _labels(placed: PlacedPairs, where: Flags) -> list[str]:
    return sorted({placed.labels[row] for row in np.flatnonzero(where).tolist()})
