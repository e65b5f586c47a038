"""A whole collection, stage by stage: read, sketch, propose, verify, relate, cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from dedup.cluster import check_policy, keep_order
from dedup.collection import Collection
from dedup.errors import UsageError
from dedup.matching import Matching, OnPairs, Step
from dedup.read import ReadOptions, read_blocks
from dedup.relate import code_of
from dedup.result import ScanResult
from dedup.settings import DROPPING, Settings
from dedup.sketch import Limit
from dedup.story import Problem, Relation, Stories, Story


def scan(
    paths: Sequence[str | os.PathLike[str]],
    *,
    keep: str = "longest",
    drop: Iterable[Relation | str] = DROPPING,
    window: timedelta | None = None,
    settings: Settings | None = None,
    read: ReadOptions | None = None,
    threads: int = 0,
    memory: int | None = None,
    temp: str | os.PathLike[str] | None = None,
    on_problem: Callable[[Problem], None] | None = None,
    on_bytes: Callable[[int], None] | None = None,
    on_step: Step | None = None,
    on_pairs: OnPairs | None = None,
) -> ScanResult:
    """Find the stories of files and folders that repeat each other, and decide which to keep.

    ``paths`` are folders, read recursively, or files; "-" is standard input as JSON lines. ``keep`` is the policy that
    says which of two stories stays: ``longest``, ``earliest``, ``latest``, ``first``, or ``source:A,B,…``. ``drop`` are the
    relations for which a story is dropped in favour of a kept one. With a ``window``, dated stories further apart are
    not compared. ``threads`` 0 means one a core. With ``memory`` the run stays below so many bytes: texts and sketches lie
    in a temporary file, in the folder ``temp`` or the system's own, some 2 KB a story; what is found is the same.

    ``on_problem`` is called for every file or record that is not a story, as it is met; ``on_bytes`` with the bytes read
    since it was called last; ``on_step`` with the name of each stage; ``on_pairs`` with the pairs each stage proposes.

    UsageError for options that cannot be, or a run that ``memory`` or the disk is too small for; InputError at the first
    failure if ``read`` is strict. Without ``strict`` failures are collected in ``result.problems`` and the run goes on.
    """
    check_policy(keep)
    check_window(window)
    dropping = dropping_codes(drop)
    settings = settings or Settings()
    problems: list[Problem] = []

    def report(problem: Problem) -> None:
        problems.append(problem)
        if on_problem:
            on_problem(problem)

    if on_step:
        on_step("reading")
    read = read or ReadOptions()
    if memory is not None:
        read = replace(read, uncached=True)  # the temporary file needs what cache there is
    stories = read_blocks(paths, read, on_problem=report, on_bytes=on_bytes)
    limit = None if memory is None else Limit(memory, temp)
    collection = collect(stories, settings, threads, report, limit)
    return compare(
        collection,
        keep=keep,
        dropping=dropping,
        window=window,
        problems=problems,
        on_step=on_step,
        on_pairs=on_pairs,
    )


def check_window(window: timedelta | None) -> None:
    """UsageError for a window below zero."""
    if window is not None and window < timedelta(0):
        raise UsageError(f"window {window}: below zero; give how far apart two stories may lie, or None")


def dropping_codes(drop: Iterable[Relation | str]) -> list[int]:
    """The codes of the relations to drop for, the strongest first.

    UsageError for what is no relation, and for *template*, *contains* and *shared-passage*: those are different stories,
    or the fuller one.
    """
    wanted = set()
    for name in drop:
        try:
            wanted.add(Relation(name))
        except ValueError:
            known = ", ".join(Relation)
            raise UsageError(f"relation {str(name)!r}: not known; relations are {known}") from None
    never = wanted - set(DROPPING)
    if never:
        raise UsageError(
            f"relation {min(never).value!r}: never a reason to drop a story; choose among {', '.join(DROPPING)}"
        )
    return [code_of(relation) for relation in DROPPING if relation in wanted]


def collect(
    stories: Iterable[Story | Stories],
    settings: Settings,
    threads: int,
    report: Callable[[Problem], None],
    limit: Limit | None = None,
) -> Collection:
    """Sketch all stories."""
    collection = Collection(settings, threads, limit)
    for given in stories:
        for problem in collection.add(given) if isinstance(given, Story) else collection.add_all(given):
            report(problem)
    collection.flush()
    return collection


def compare(
    collection: Collection,
    *,
    keep: str,
    dropping: Sequence[int],
    window: timedelta | None,
    problems: Sequence[Problem],
    on_step: Step | None = None,
    on_pairs: OnPairs | None = None,
) -> ScanResult:
    """Everything from the sketches on."""
    check_window(window)
    order = keep_order(keep, collection.keys())
    with collection.disk_told():
        matching = Matching(collection, order, dropping, window, on_pairs=on_pairs)
        matching.run(on_step=on_step)
    if on_step:
        on_step("clustering")
    compared, codes, absorbed = matching.verified.result()
    return ScanResult(collection, problems, order, absorbed, compared, codes)


__all__ = ["ScanResult", "collect", "compare", "dropping_codes", "scan"]
