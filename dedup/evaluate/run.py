"""An evaluation from files to figures: read the labels, scan the stories, hold one against the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from dedup.candidates import choose_bands
from dedup.cluster import check_policy
from dedup.errors import InputError, UsageError
from dedup.evaluate.cost import Meter
from dedup.evaluate.groups import evaluate_groups, pairs_to_tune_on, place_groups
from dedup.evaluate.judging import Judged
from dedup.evaluate.labels import Columns, Labels, Report, read_labels
from dedup.evaluate.pairs import evaluate_pairs, place_pairs, positive_labels
from dedup.evaluate.records import Evaluation
from dedup.evaluate.tune import tune
from dedup.files import StrPath
from dedup.matching import Step
from dedup.read import ReadOptions
from dedup.result import ScanResult
from dedup.scanning import check_window, scan
from dedup.settings import Settings
from dedup.story import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of labels and stories.

    :param columns: the columns of the label file.
    :param positive: labels that say that two stories are the same; None: those in :data:`dedup.evaluate.pairs.SAME`.
    :param keep: the policy that says which of two stories stays.
    :param window: dated stories further apart are not compared.
    :param mistakes: how many of each kind to list.
    :param tuning: whether to propose settings.
    """

    columns: Columns = field(default_factory=Columns)
    positive: Sequence[str] | None = None
    keep: str = "longest"
    window: timedelta | None = None
    mistakes: int = 10
    tuning: bool = False


def evaluate(
    labels: StrPath,
    paths: Sequence[str | os.PathLike[str]],
    question: Question | None = None,
    *,
    settings: Settings | None = None,
    read: ReadOptions | None = None,
    threads: int = 0,
    on_problem: Callable[[Problem], None] | None = None,
    on_bytes: Callable[[int], None] | None = None,
    on_step: Step | None = None,
) -> Evaluation:
    """Scan the stories of ``paths`` and hold the result against a file of labelled pairs or groups.

    The other arguments are those of :func:`dedup.scanning.scan`. UsageError for options that cannot be and labels that
    can't be understood; InputError for a label file that can't be read, and for any failure if ``read`` is strict.
    """
    question, read = question or Question(), read or ReadOptions()
    check_policy(question.keep)
    check_window(question.window)
    failed: list[Problem] = []

    def report(problem: Problem) -> None:
        if problem.failed:
            if read.strict:
                raise InputError(str(problem))
            failed.append(problem)
        if on_problem:
            on_problem(problem)

    known = read_labels(labels, question.columns, read, report)
    positive = _positive(known, question)
    meter = Meter(on_step)
    result = scan(
        paths,
        keep=question.keep,
        window=question.window,
        settings=settings,
        read=read,
        threads=threads,
        on_problem=on_problem,
        on_bytes=on_bytes,
        on_step=meter.step,
        on_pairs=meter.compared,
    )
    meter.stop()
    found = _held_against(known, positive, result, meter, question, report)
    return msgspec.structs.replace(found, failed=result.failed + len(failed))


def _positive(labels: Labels, question: Question) -> set[str]:
    if labels.are_pairs:
        return positive_labels(labels, question.positive)
    if question.positive is not None:
        raise UsageError(f"--positive: says which labels of pairs mean the same story, and {labels.path!r} holds groups")
    return set()


def _held_against(
    labels: Labels, positive: set[str], result: ScanResult, meter: Meter, question: Question, report: Report
) -> Evaluation:
    settings, tuning = result.stories.settings, None
    pairs = groups = None
    if labels.are_pairs:
        placed = place_pairs(labels, positive, result.stories, report)
        pairs, curve, mistakes, judged = evaluate_pairs(placed, result, meter, question.mistakes)
        if question.tuning:
            tuning = tune(judged, placed.positive)
    else:
        grouped = place_groups(labels, result.stories, report)
        groups, curve, mistakes = evaluate_groups(grouped, result, meter, question.mistakes)
        if question.tuning:
            candidates, same = pairs_to_tune_on(grouped, meter, len(result.stories))
            tuning = tune(Judged.of(candidates, result, meter), same)
    bands, rows = choose_bands(settings.threshold, settings.recall, settings.num_perm)
    return Evaluation(
        labels=labels.path,
        stories=len(result.stories),
        failed=result.failed,
        settings=settings,
        digest=settings.digest(),
        bands=bands,
        rows=rows,
        pairs=pairs,
        groups=groups,
        curve=curve,
        stages=meter.costs(),
        related=len(result.codes),
        mistakes=mistakes,
        tuning=tuning,
    )
