"""A pair as a scan sees it: judged among all the other stories, with what the scan made of both."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dedup.explain.finding import check_two, not_found
from dedup.explain.pair import explanation_of
from dedup.explain.records import Basis, Explanation, Source
from dedup.matching import Step
from dedup.read import ReadOptions
from dedup.result import ScanResult
from dedup.scanning import scan
from dedup.settings import DROPPING, Settings
from dedup.story import Decision, Problem, Relation
from dedup.verify import compare_all


class Scanned(NamedTuple):
    """An explanation, and the scan that it is of."""

    explanation: Explanation
    result: ScanResult


def explain_scanned(
    paths: Sequence[str | os.PathLike[str]],
    a: str,
    b: str,
    *,
    keep: str = "longest",
    drop: Iterable[Relation | str] = DROPPING,
    window: timedelta | None = None,
    settings: Settings | None = None,
    read: ReadOptions | None = None,
    threads: int = 0,
    on_problem: Callable[[Problem], None] | None = None,
    on_bytes: Callable[[int], None] | None = None,
    on_step: Step | None = None,
) -> Scanned:
    """Scan ``paths``, and say why the stories with the ids ``a`` and ``b`` are to each other what the scan says.

    The ids are those that the scan gives: a file's path below its folder, a record's id, ``file#line``, or what a story
    whose id was taken goes by. The other arguments are those of :func:`dedup.scanning.scan`. UsageError for an id that no
    story has; it names those that come near.
    """
    check_two(a, b)
    proposed: list[npt.NDArray[np.uint32]] = []
    result = scan(
        paths,
        keep=keep,
        drop=drop,
        window=window,
        settings=settings,
        read=read,
        threads=threads,
        on_problem=on_problem,
        on_bytes=on_bytes,
        on_step=on_step,
        on_pairs=lambda pairs, verified: proposed.append(pairs),
    )
    pair = [_number(result, id) for id in (a, b)]
    compared = any(bool(np.any((pairs == pair).all(axis=1) | (pairs == pair[::-1]).all(axis=1))) for pairs in proposed)
    return Scanned(_explained(result, pair, compared, window), result)


def _number(result: ScanResult, id: str) -> int:
    try:
        return result.stories.ids.index(id)
    except ValueError:
        raise not_found(id, result.stories.ids, f"of the {len(result.stories):,} that were read") from None


def _explained(result: ScanResult, numbers: list[int], compared: bool, window: timedelta | None) -> Explanation:
    pair, stories = np.array([numbers], np.uint32), result.stories
    found = compare_all(stories.corpus, pair, stories.settings, stories.threads, rewritten=True)
    decisions = tuple(result.decision(number) for number in numbers)
    basis = Basis(
        by=Source.SCAN,
        notes=tuple(_notes(result, numbers, compared, decisions, window)),
        stories=len(stories),
        compared=compared,
        decisions=decisions,
    )
    a, b = (stories.story(number) for number in numbers)
    return explanation_of(found, a, b, stories.settings, result.commonness(pair), basis)


def _notes(
    result: ScanResult, numbers: list[int], compared: bool, decisions: Sequence[Decision], window: timedelta | None
) -> Iterable[str]:
    count = len(result.stories)
    yield f"judged as a scan of these {count:,} stories judges it"
    if not compared:
        yield f"the scan did not compare these two: {_why_not_compared(result, numbers, window)}"
    dropped = [decision for decision in decisions if not decision.keep]
    for decision in dropped:
        yield f"the scan drops {decision.id!r} for {decision.duplicate_of!r}, to which it is {decision.relation}"
    if not dropped:
        yield "the scan keeps both"


def _why_not_compared(result: ScanResult, numbers: list[int], window: timedelta | None) -> str:
    a, b = (result.stories.story(number).published for number in numbers)
    if window is not None and a and b and abs(a - b) > window:
        return f"they are {abs(a - b)} apart, more than the window of {window}"
    ranks = result.ranks[numbers]
    heads = result.stories.corpus.identical_heads(result.order)[ranks]
    for number, rank, head in zip(numbers, ranks.tolist(), heads.tolist(), strict=True):
        if rank != head:
            first = result.stories.ids[int(result.order[head])]
            return f"{result.stories.ids[number]!r} is a copy of {first!r}, which is compared in its place"
    return "they share no band of their signatures and no passage that few stories have, or have too many like them"
