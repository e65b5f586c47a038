"""Takes cases of text reuse and detections, gives plagdet.

Potthast, Stein, Barrón-Cedeño & Rosso, "An Evaluation Framework for Plagiarism Detection", COLING 2010. With S the cases
and R the detections, each a passage of the suspicious and one of the source document, taken as sets of characters of both:

    s ⊓ r = s ∩ r if r detects s, that is, overlaps it in both documents, else nothing
    prec  = 1/|R| Σ_r |∪_s (s ⊓ r)| / |r|        rec = 1/|S| Σ_s |∪_r (s ⊓ r)| / |s|
    gran  = the mean number of detections of a detected case (1 if none is)
    plagdet = F1(prec, rec) / log2(1 + gran)

Spans are half-open. Sets of characters are kept as spans, so the time does not depend on their lengths.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reuse:
    """A passage of the suspicious document and the one of the source document it was taken from."""

    suspicious: Span
    source: Span

    @property
    def size(self) -> int:
        """Characters, of both."""
        return _length(self.suspicious) + _length(self.source)


@dataclass(frozen=True, slots=True)
class Plagdet:
    """The measure and its parts; ``cases`` and ``detections`` say how many there were."""

    precision: float
    recall: float
    granularity: float
    cases: int
    detections: int

    @property
    def f1(self) -> float:
        """The harmonic mean of the macro-averaged precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    @property
    def score(self) -> float:
        """Plagdet."""
        return self.f1 / math.log2(1 + self.granularity)


Document = tuple[Sequence[Reuse], Sequence[Reuse]]
"""The cases and the detections of one pair of documents."""


def plagdet(documents: Iterable[Document]) -> Plagdet:
    """Over all pairs of documents. Averages of nothing are 1.0 if there was nothing on the other side either, else 0.0."""
    recalls: list[float] = []
    precisions: list[float] = []
    fragments: list[int] = []
    for cases, detections in documents:
        recalls += [_found_share(case, detections) for case in cases]
        precisions += [_found_share(detection, cases) for detection in detections]
        fragments += [sum(_detects(detection, case) for detection in detections) for case in cases]
    detected = [count for count in fragments if count]
    empty = 0.0 if recalls or precisions else 1.0
    return Plagdet(
        precision=_mean(precisions, empty),
        recall=_mean(recalls, empty),
        granularity=_mean(detected, 1.0),
        cases=len(recalls),
        detections=len(precisions),
    )


def _found_share(one: Reuse, others: Sequence[Reuse]) -> float:
    """|∪ (one ⊓ other)| / |one|; 0.0 for one without characters."""
    meeting = [other for other in others if _detects(other, one)]
    covered = _covered(one.suspicious, [other.suspicious for other in meeting])
    covered += _covered(one.source, [other.source for other in meeting])
    return covered / one.size if one.size else 0.0


def _detects(one: Reuse, other: Reuse) -> bool:
    return _meet(one.suspicious, other.suspicious) and _meet(one.source, other.source)


def _meet(one: Span, other: Span) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


def _covered(span: Span, by: Iterable[Span]) -> int:
    """Characters of the span in the union of the others."""
    start, end = span
    total = 0
    for low, high in sorted(by):
        low, high = max(low, start), min(high, end)
        if low < high:
            total += high - low
            start = high
    return total


def _length(span: Span) -> int:
    return max(0, span[1] - span[0])


def _mean(values: Sequence[float], empty: float) -> float:
    return sum(values) / len(values) if values else empty
