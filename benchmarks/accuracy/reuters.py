"""Reuters-21578: pairs judged by hand, looked up in a scan of all 19,043 stories; and all of exact Jaccard >= .5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import reference

from benchmarks.accuracy.baseline import THRESHOLDS
from benchmarks.accuracy.loading import Run, Scanned, data, each_threshold, exact_scores, note
from benchmarks.accuracy.metrics import Counts, best_threshold, bootstrap_f1, confusion
from benchmarks.accuracy.rows import NONE, Goal, Mistake, Report, Row, confusion_table
from benchmarks.truth import FLOOR, Hits, Truth, exact_pairs, listed_hits
from dedup.story import Relation

NAME = "reuters21578"
DELETE = (Relation.IDENTICAL, Relation.NEAR_DUPLICATE, Relation.CONTAINED, Relation.CONTAINS)
"""Relations that say an editor would delete one of the two."""
DELETED, REUSE, OTHER = ("duplicate", "update"), ("reuse",), ("template", "unrelated")
"""The labels: those that say so, other stories with a passage in common, and without one."""
ANSWERS = (*(str(relation) for relation in Relation), NONE)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A judged pair."""

    a: str
    b: str
    label: str

    @property
    def wanted(self) -> bool:
        return self.label in DELETED

    @property
    def key(self) -> tuple[str, str]:
        return min(self.a, self.b), max(self.a, self.b)


def labelled_pairs() -> list[Labelled]:
    lines = data(f"{NAME}/pairs.tsv").read_text("utf-8").splitlines()
    return [Labelled(*line.split("\t")[:3]) for line in lines[1:]]


def labelled(run: Run) -> Report:
    """An editor would delete one, or not: by relation in the scan; a pair not listed has none."""
    pairs, scanned = labelled_pairs(), run.scanned(NAME)
    answers = [scanned.relation(pair.a, pair.b) for pair in pairs]
    wanted = [pair.wanted for pair in pairs]
    rows = [*_deletion_rows(scanned, pairs, wanted, answers), *_passage_rows(pairs, answers)]
    scores = [exact_scores(scanned.text_of[pair.a], scanned.text_of[pair.b]) for pair in pairs]
    rows += [
        _reference_row(name, [score[i] for score in scores], wanted) for i, name in enumerate(("Jaccard", "containment"))
    ]
    counts = confusion([pair.label for pair in pairs], answers)
    in_order = {label: counts[label] for label in (*DELETED, *REUSE, *OTHER) if label in counts}
    return Report(
        rows,
        [confusion_table(f"{NAME}: label \\ relation", in_order, ANSWERS)],
        _mistakes(scanned, pairs, answers, [score[1] for score in scores]),
    )


def _deletion_rows(scanned: Scanned, pairs: Sequence[Labelled], wanted: Sequence[bool], answers: Sequence[str]) -> list[Row]:
    found = [answer in DELETE for answer in answers]
    counts = Counts.of(wanted, found)
    low, high = bootstrap_f1(wanted, found)

    def by_baseline(threshold: float) -> Counts:
        near = scanned.baseline_ids(threshold)
        return Counts.of(wanted, [pair.key in near for pair in pairs])

    baselines = [by_baseline(threshold) for threshold in THRESHOLDS]
    common = f"{sum(wanted)} of {len(pairs)} pairs"
    return [
        Row(set=NAME, measure="editor would delete one: precision", figure=counts.precision,
            baselines=[one.precision for one in baselines], note=common),
        Row(set=NAME, measure="editor would delete one: recall", figure=counts.recall,
            baselines=[one.recall for one in baselines]),
        Row(set=NAME, measure="editor would delete one: F1", figure=counts.f1,
            baselines=[one.f1 for one in baselines], to_beat=0.90, goal=Goal(">=", 0.95),
            note=f"90 % interval {low:.3f} to {high:.3f}"),
    ]  # fmt: skip


def _passage_rows(pairs: Sequence[Labelled], answers: Sequence[str]) -> list[Row]:
    def share(labels: Sequence[str]) -> tuple[float, int]:
        of_label = [answer for pair, answer in zip(pairs, answers, strict=True) if pair.label in labels]
        return sum(answer == Relation.SHARED_PASSAGE for answer in of_label) / max(1, len(of_label)), len(of_label)

    other, others = share(OTHER)
    reuse, reused = share(REUSE)
    return [
        Row(set=NAME, measure="template, unrelated as shared-passage", figure=other, goal=Goal("<=", 0.05),
            note=f"of {others} pairs"),
        Row(set=NAME, measure="reuse as shared-passage", figure=reuse, goal=Goal(">", 0.5),
            note=f"of {reused} pairs"),
    ]  # fmt: skip


def _reference_row(name: str, scores: Sequence[float], wanted: Sequence[bool]) -> Row:
    threshold, counts = best_threshold(scores, wanted)
    note = f"not dedup: {name} >= {threshold:.2f}, the best for these labels"
    return Row(set=NAME, measure=f"F1 of exact {name}", figure=counts.f1, note=note)


def _mistakes(
    scanned: Scanned, pairs: Sequence[Labelled], answers: Sequence[str], containment: Sequence[float]
) -> list[Mistake]:
    """Deleting or keeping wrongly weighs by how far the containment is from saying so; a wrong kind of overlap less."""
    found = []
    for pair, answer, score in zip(pairs, answers, containment, strict=True):
        deletes, passage = answer in DELETE, answer == Relation.SHARED_PASSAGE
        if deletes != pair.wanted:
            weight = 1 + (1 - score if deletes else score)
        elif not pair.wanted and passage != (pair.label in REUSE):
            weight = score if pair.label in REUSE else 1 - score
        else:
            continue
        texts = scanned.text_of[pair.a], scanned.text_of[pair.b]
        found.append(Mistake(set=NAME, a=pair.a, b=pair.b, texts=texts, label=pair.label, answer=answer, weight=weight))
    return found


def exact(run: Run) -> Report:
    """Every pair of exact Jaccard >= .5, by brute force; and whether the scores that are reported are right."""
    scanned = run.scanned(NAME)
    note("  brute force (half a minute the first time)")
    truth = exact_pairs(scanned.corpus)
    number = {name: place for place, name in enumerate(scanned.corpus.ids)}
    listed = {_ordered(number[a], number[b]) for a, b in scanned.relations}
    hits = listed_hits(listed, truth.pairs)
    baselines = each_threshold(lambda t: float(listed_hits(scanned.baseline.pairs(t), truth.pairs).mean()))
    wrong, below = _scores(run, scanned)
    rows = [
        Row(set="all", measure=f"recall of exact Jaccard >= {FLOOR}", figure=float(hits.mean()), baselines=baselines,
            goal=Goal(">=", 0.999), digits=4, note=f"{int((~hits).sum())} of {len(hits)} pairs not listed"),
        Row(set="all", measure="reported Jaccard differs from exact", figure=wrong, goal=Goal("=", 0), digits=0,
            note=f"of {len(scanned.relations)} reported pairs"),
        Row(set="all", measure="near-duplicates below every threshold", figure=below, digits=0,
            note="neither exact Jaccard nor either containment reaches its setting"),
    ]  # fmt: skip
    return Report(rows, [], _missed_pairs(scanned, truth, hits))


def _ordered(a: int, b: int) -> tuple[int, int]:
    return min(a, b), max(a, b)


def _scores(run: Run, scanned: Scanned) -> tuple[int, int]:
    """Of the reported pairs, those with a Jaccard similarity that is not the exact one, and near-duplicates whose exact
    scores reach neither ``threshold`` nor ``containment``."""
    named = {name for pair in scanned.relations for name in pair}
    sets = {name: reference.shingle_set(scanned.text_of[name]) for name in named}
    wrong = below = 0
    for pair in scanned.result.pairs:
        a, b = sets[pair.a], sets[pair.b]
        jaccard = reference.jaccard(a, b)
        short = not a and not b  # no shingles: identical by their tokens, which the reference calls 0.0
        wrong += not short and abs(pair.jaccard - jaccard) > 1e-12
        contained = max(reference.containment(a, b), reference.containment(b, a))
        reaches = jaccard >= run.settings.threshold or contained >= run.settings.containment
        below += pair.relation == Relation.NEAR_DUPLICATE and not reaches
    return wrong, below


def _missed_pairs(scanned: Scanned, truth: Truth, hits: Hits) -> list[Mistake]:
    ids, texts = scanned.corpus.ids, scanned.corpus.texts
    missed = np.flatnonzero(~hits)
    return [
        Mistake(set="all", a=ids[a], b=ids[b], texts=(texts[a], texts[b]), label=f"Jaccard {jaccard:.3f}",
                answer=NONE, weight=jaccard)
        for (a, b), jaccard in zip(truth.pairs[missed].tolist(), truth.jaccard[missed].tolist(), strict=True)
    ]  # fmt: skip
