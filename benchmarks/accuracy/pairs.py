"""Sets of pairs that are compared one by one: graded near-duplicates (Webis), and reused passages (PAN 2013)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.accuracy.baseline import Baseline
from benchmarks.accuracy.loading import Run, each_threshold, exact_scores, note, records
from benchmarks.accuracy.metrics import Counts, best_threshold, bootstrap_f1, confusion
from benchmarks.accuracy.plagdet import Document, Plagdet, Reuse, plagdet
from benchmarks.accuracy.rows import NONE, Goal, Mistake, Report, Row, confusion_table
from dedup.story import Overlap, Relation

ANSWERS = (*(str(relation) for relation in Relation), NONE)
SAME_STORY = (Relation.IDENTICAL, Relation.NEAR_DUPLICATE, Relation.CONTAINS, Relation.CONTAINED)
PAN_NEGATIVES, PAN_KINDS = "01-no-plagiarism", ("02-no-obfuscation", "03-random-obfuscation")
PAN_GOALS = {"02-no-obfuscation": (0.934, 0.96), "03-random-obfuscation": (0.889, 0.90)}
"""What is to beat, and the goal."""


def _answer(pair: Overlap) -> str:
    return str(pair.relation) if pair.relation else NONE


def webis(run: Run) -> Report:
    """Pairs graded 0 (different) to 3 (the same); found is any relation that says one story.

    All pairs are similar ones (the set's own S3 score is .3 or more), so grade 0 holds many with a common introduction or
    the same form: a shared passage rightly reported there is no near-duplicate. Another row takes it as a yes.
    """
    report = Report()
    everything = records("webis_pairs/pairs.jsonl.gz")
    for kind in ("core", "web", "terabyte"):
        part = [record for record in everything if record["kind"] == kind]
        _add_webis(report, run, kind, part)
    return report


def _add_webis(report: Report, run: Run, kind: str, part: Sequence[dict[str, Any]]) -> None:
    name = f"webis_pairs {kind}"
    answers = [_answer(run.compare(record["a"], record["b"])) for record in part]
    labels = [int(record["label"]) for record in part]
    wanted = [label >= 1 for label in labels]
    found = [answer in SAME_STORY for answer in answers]
    related = Counts.of(wanted, [answer not in (NONE, Relation.TEMPLATE) for answer in answers])
    rows = _webis_rows(name, part, wanted, found, core=kind == "core")
    rows.insert(1, Row(set=name, measure="F1 with shared-passage as a yes", figure=related.f1, note=_shares(related)))
    report.rows += rows
    counts = confusion([str(label) for label in labels], answers)
    report.texts.append(confusion_table(f"{name}: label \\ relation", dict(sorted(counts.items())), ANSWERS))
    report.mistakes += [
        _webis_mistake(name, record, answer)
        for record, answer, right in zip(part, answers, map(bool.__eq__, wanted, found), strict=True)
        if not right
    ]


def _webis_rows(
    name: str, part: Sequence[dict[str, Any]], wanted: Sequence[bool], found: Sequence[bool], *, core: bool
) -> list[Row]:
    counts = Counts.of(wanted, found)
    low, high = bootstrap_f1(wanted, found)
    baseline = Baseline([text for record in part for text in (record["a"], record["b"])])
    estimates = [baseline.jaccard(2 * number, 2 * number + 1) for number in range(len(part))]
    threshold, best = best_threshold([exact_scores(record["a"], record["b"])[0] for record in part], wanted)
    s3_threshold, s3 = best_threshold([float(record["s3"]) for record in part], wanted)
    note = f"{_shares(counts)}; 90 % interval {low:.3f} to {high:.3f}"
    return [
        Row(set=name, measure="F1 for label >= 1", figure=counts.f1,
            baselines=each_threshold(lambda t: Counts.of(wanted, [score >= t for score in estimates]).f1),
            to_beat=0.926 if core else None, goal=Goal(">=", 0.95) if core else None, note=note),
        Row(set=name, measure="F1 of exact Jaccard", figure=best.f1,
            note=f"not dedup: Jaccard >= {threshold:.2f}, the best for these labels"),
        Row(set=name, measure="F1 of S3", figure=s3.f1,
            note=f"not dedup: S3 >= {s3_threshold:.2f}, the best for these labels"),
    ]  # fmt: skip


def _shares(counts: Counts) -> str:
    return f"precision {counts.precision:.3f}, recall {counts.recall:.3f}"


def _webis_mistake(name: str, record: dict[str, Any], answer: str) -> Mistake:
    """The further the grade is from the answer, the more it weighs; among equals, the similarity decides."""
    label, score = int(record["label"]), exact_scores(record["a"], record["b"])[1]
    a, b = record["id"].split("_vs_")
    weight = label + score if label else 1 + (1 - score)
    texts = record["a"], record["b"]
    return Mistake(set=name, a=a, b=b, texts=texts, label=str(label), answer=answer, weight=weight)


@dataclass(frozen=True, slots=True)
class Compared:
    """A pair of PAN 2013: what is reused, and what was found."""

    kind: str
    source: str
    suspicious: str
    cases: list[Reuse]
    overlap: Overlap

    @property
    def document(self) -> Document:
        found = [Reuse(suspicious=passage.b, source=passage.a) for passage in self.overlap.passages]
        return self.cases, found


def pan13(run: Run) -> Report:
    """Reused passages in characters. A kind's figure is over its own pairs, as the PAN labs publish it; another row has the
    pairs without reuse among them, where every detection is a false one."""
    text_of = {record["id"]: record["text"] for record in records("pan13/documents.jsonl.gz")}
    listed = records("pan13/pairs.jsonl.gz")
    note(f"  comparing {len(listed)} pairs")
    pairs = [_compared(run, record, text_of) for record in listed]
    negatives = [pair for pair in pairs if pair.kind == PAN_NEGATIVES]
    rows: list[Row] = []
    for kind in PAN_KINDS:
        own = [pair for pair in pairs if pair.kind == kind]
        rows += _pan_rows(f"pan13 {kind[3:]}", own, negatives, *PAN_GOALS[kind])
    touched = sum(bool(pair.overlap.passages) for pair in negatives)
    everything = plagdet(pair.document for pair in pairs)
    rows += [
        Row(set="pan13", measure="Plagdet of all pairs", figure=everything.score, note=_parts(everything)),
        Row(set="pan13 no reuse", measure="pairs with a passage", figure=touched, digits=0,
            note=f"of {len(negatives)}; {sum(len(pair.overlap.passages) for pair in negatives)} passages"),
    ]  # fmt: skip
    counts = confusion([pair.kind for pair in pairs], [_answer(pair.overlap) for pair in pairs])
    table = confusion_table("pan13: kind \\ relation", counts, ANSWERS)
    return Report(rows, [table], _pan_mistakes(pairs, text_of))


def _compared(run: Run, record: dict[str, Any], text_of: dict[str, str]) -> Compared:
    source, suspicious = record["source"], record["suspicious"]
    cases = [Reuse(suspicious=tuple(span["b"]), source=tuple(span["a"])) for span in record["spans"]]
    return Compared(record["kind"], source, suspicious, cases, run.compare(text_of[source], text_of[suspicious]))


def _pan_rows(name: str, own: Sequence[Compared], negatives: Sequence[Compared], beat: float, goal: float) -> list[Row]:
    score = plagdet(pair.document for pair in own)
    mixed = plagdet(pair.document for pair in (*own, *negatives))
    return [
        Row(set=name, measure="Plagdet", figure=score.score, to_beat=beat, goal=Goal(">=", goal), note=_parts(score)),
        Row(set=name, measure="Plagdet with the no-reuse pairs", figure=mixed.score, note=_parts(mixed)),
    ]


def _parts(score: Plagdet) -> str:
    parts = f"precision {score.precision:.3f}, recall {score.recall:.3f}, granularity {score.granularity:.3f}"
    return f"{parts}; {score.cases} cases, {score.detections} detections"


def _pan_mistakes(pairs: Sequence[Compared], text_of: dict[str, str]) -> list[Mistake]:
    """Weighed by what the pair's own plagdet lacks."""
    found = []
    for pair in pairs:
        score = plagdet([pair.document])
        if score.score < 1:
            parts = f"precision {score.precision:.2f}, recall {score.recall:.2f}, granularity {score.granularity:.1f}"
            texts = text_of[pair.source], text_of[pair.suspicious]
            label, answer = f"{pair.kind}, {len(pair.cases)} cases", f"{_answer(pair.overlap)} ({parts})"
            one = Mistake(set="pan13", a=pair.source, b=pair.suspicious, texts=texts, label=label, answer=answer,
                          weight=1 - score.score)  # fmt: skip
            found.append(one)
    return found
