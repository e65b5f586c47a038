"""What each part of the judging brings: the labelled sets without it, in one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from benchmarks.accuracy import pairs, reuters, scans
from benchmarks.accuracy.loading import Missing, Run, note
from benchmarks.accuracy.metrics import Counts
from benchmarks.accuracy.rows import Report
from dedup.evaluate.cost import Meter
from dedup.evaluate.judging import Judged
from dedup.relate.signals import measure
from dedup.settings import Settings

ANY_FACTS = {"evidence": 0.0, "evidence_common": 0.0, "template_names": 0.0}
"""Evidence that nothing fails: no pair is a template."""

PARTS: Mapping[str, Mapping[str, float]] = {
    "all of it": {},
    "no template rule": ANY_FACTS,
    "no df weighting": {"evidence_common": 0.0, "evidence_unseen": 0.0, "passage_common": 1000.0, "evidence": 2.65},
    "no figures": {"evidence_figures": 0.0, "evidence": 0.0},
    "no names": {"template_names": 0.0},
    "no rewritten versions": {"version_containment": 1.0},
    "no edit tolerance": {"passage_gap": 0},
    "only long passages": {"passage_shingles": 1_000_000},
}
"""Settings that take a part away. Without df weighting the evidence asked for is what told best then (2.4 to 2.8)."""

Section = Callable[[Run], Report]

COLUMNS: Mapping[str, tuple[Section, str]] = {
    "Reuters F1": (reuters.labelled, "editor would delete one: F1"),
    "forms as passages": (reuters.labelled, "template, unrelated as shared-passage"),
    "feed F1": (scans.feed, "pair F1"),
    "Webis core F1": (pairs.webis, "F1 for label >= 1"),
    "outlets' recall": (scans.outlets, "recall of cross-outlet"),
    "between events": (scans.events, "pairs between different events"),
    "seeds": (scans.seeds, "only 002-004"),
}
"""A column each: what to run, and how the row begins that is wanted of it."""

TITLE_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)


def _figures(run: Run) -> Iterator[str]:
    """A cell for each of ``COLUMNS``; "-" where the data are not there."""
    reports: dict[Section, Report | None] = {}
    for section, wanted in COLUMNS.values():
        if section not in reports:
            try:
                reports[section] = section(run)
            except Missing:
                reports[section] = None
        report = reports[section]
        yield "-" if report is None else next(f"{row.figure:.3f}" for row in report.rows if row.measure.startswith(wanted))


def table(settings: Settings, threads: int) -> Iterator[str]:
    """Markdown, a line at a time, as the figures come."""
    yield f"| | {' | '.join(COLUMNS)} |"
    yield f"|---|{'---:|' * len(COLUMNS)}"
    for part, changes in PARTS.items():
        note(f"{part} ...")
        yield f"| {part} | {' | '.join(_figures(Run(settings.replaced(**changes), threads)))} |"


def titles(settings: Settings, threads: int) -> Iterator[str]:
    """Whether the share of title words in common would tell more: the best F1 over all thresholds of the evidence, with the
    title's share added at several weights. Reuters only, where every story has a title."""
    run = Run(settings, threads)
    scanned = run.scanned(reuters.NAME)
    labelled = reuters.labelled_pairs()
    number = {name: place for place, name in enumerate(scanned.result.stories.ids)}
    rows = np.array([[number[pair.a], number[pair.b]] for pair in labelled], np.uint32)
    judged = Judged.of(rows, scanned.result, Meter())
    signals = measure(judged.compared, judged.common)
    figures = 1.0 - signals.figures_missing / (signals.figures_fewer + 1.0)
    evidence = signals.containment + settings.evidence_figures * figures - settings.evidence_common * signals.common
    words = [set((title or "").lower().split()) for title in scanned.result.stories.titles]
    shares = np.array([_share(words[a], words[b]) for a, b in rows.tolist()])
    wanted = [pair.wanted for pair in labelled]
    yield "| weight of the title | best F1 of the evidence alone |"
    yield "|---:|---:|"
    for weight in TITLE_WEIGHTS:
        scores = evidence + weight * shares
        best = max(Counts.of(wanted, (scores >= threshold).tolist()).f1 for threshold in np.unique(scores))
        yield f"| {weight} | {best:.3f} |"


def _share(a: set[str], b: set[str]) -> float:
    return len(a & b) / min(len(a), len(b)) if a and b else 0.5
