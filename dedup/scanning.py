"""A whole collection, stage by stage: read, sketch, propose, verify, relate, cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from dedup.candidates import Classes, Proposal, Ranks, band_pairs, identical_classes, passage_pairs
from dedup.cluster import KEPT, check_policy, keep_order
from dedup.collection import Collection
from dedup.errors import UsageError
from dedup.read import ReadOptions, read_stories
from dedup.relate import code_of
from dedup.result import ScanResult
from dedup.settings import DROPPING, Settings
from dedup.story import Problem, Relation, Story
from dedup.verified import Verified
from dedup.verify import compare_pairs

Step = Callable[[str], None]
"""Called with the name of each stage as it begins."""

OnPairs = Callable[[npt.NDArray[np.uint32], int], None]
"""Called with the pairs that a channel proposed, ``(n, 2)`` story numbers, and how many of them may have a relation."""


def scan(
    paths: Sequence[str | os.PathLike[str]],
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
    on_pairs: OnPairs | None = None,
) -> ScanResult:
    """Find the stories of files and folders that repeat each other, and decide which to keep.

    ``paths`` are folders, read recursively, or files; "-" is standard input as JSON lines. ``keep`` is the policy that
    says which of two stories stays: ``longest``, ``earliest``, ``latest``, ``first``, or ``source:A,B,…``. ``drop`` are the
    relations for which a story is dropped in favour of a kept one. With a ``window``, dated stories further apart are
    not compared. ``threads`` 0 means one a core.

    ``on_problem`` is called for every file or record that is not a story, as it is met; ``on_bytes`` with the bytes read
    since it was called last; ``on_step`` with the name of each stage; ``on_pairs`` with the pairs each stage proposes.

    UsageError for options that cannot be; InputError at the first failure if ``read`` is strict. Without ``strict``
    failures are collected in ``result.problems`` and the run goes on.
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

    _begin(on_step, "reading")
    stories = read_stories(paths, read or ReadOptions(), on_problem=report, on_bytes=on_bytes)
    collection = collect(stories, settings, threads, report)
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


def collect(stories: Iterable[Story], settings: Settings, threads: int, report: Callable[[Problem], None]) -> Collection:
    """Sketch all stories."""
    collection = Collection(settings, threads)
    for story in stories:
        problem = collection.add(story)
        if problem:
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
    run = _Run(collection, order, window, on_pairs)
    _begin(on_step, "finding identical stories")
    everyone = run.ranks(np.ones(len(order), np.uint8))
    classes = identical_classes(everyone, collection.settings.full_class)
    ranks = run.ranks(classes.active)
    run.verified = Verified(collection, order, classes.head, dropping)
    run.verify(classes.pairs)
    _begin(on_step, "comparing whole stories")
    known = run.band_channel(ranks, Proposal(classes.pairs))
    _begin(on_step, "comparing passages")
    run.verify(passage_pairs(ranks, collection.settings, run.verified.kept(), known).pairs)
    run.follow_heads(everyone, classes)
    _begin(on_step, "clustering")
    return run.result(problems)


def _begin(on_step: Step | None, stage: str) -> None:
    if on_step:
        on_step(stage)


class _Run:
    """One run between the stages: the pairs verified so far, and who is kept by them."""

    verified: Verified

    def __init__(
        self,
        stories: Collection,
        order: npt.NDArray[np.uint32],
        window: timedelta | None,
        on_pairs: OnPairs | None,
    ) -> None:
        self.stories, self.order, self.window, self.on_pairs = stories, order, window, on_pairs
        self.rank = np.empty(len(order), np.uint32)
        self.rank[order] = np.arange(len(order), dtype=np.uint32)

    def ranks(self, active: npt.NDArray[np.uint8]) -> Ranks:
        window = None if self.window is None else self.window // timedelta(microseconds=1)
        published = self.stories.published[self.order]
        return Ranks(self.stories.corpus, self.order, active, published, window, self.stories.threads)

    def verify(self, pairs: npt.NDArray[np.uint32]) -> None:
        """Compare (later, earlier) ranks and keep the pairs that may have a relation."""
        settings = self.stories.settings
        compared = compare_pairs(self.stories.corpus, self.order[pairs], settings, self.stories.threads)
        if self.on_pairs:
            self.on_pairs(self.order[pairs], len(compared))
        self.verified.add(compared, np.column_stack([self.rank[compared.column("a")], self.rank[compared.column("b")]]))

    def band_channel(self, ranks: Ranks, known: Proposal) -> Proposal:
        """The story channel. Where crowded buckets were not compared in full, what is kept after that is compared with the
        kept ones before it."""
        settings = self.stories.settings
        found = band_pairs(ranks, settings, settings.full_bucket, settings.crowded_bucket, known)
        self.verify(found.pairs)
        known = known.joined(found.pairs)
        while found.cut_buckets:
            # Again while it finds something: what was absorbed may be kept once its own keeper is absorbed.
            survivors = self.ranks(ranks.active & self.verified.kept())
            more = band_pairs(survivors, settings, settings.kept_bucket, settings.kept_bucket, known)
            if not len(more.pairs):
                break
            self.verify(more.pairs)
            known = known.joined(more.pairs)
        return known

    def follow_heads(self, everyone: Ranks, classes: Classes) -> None:
        """Where the head of a class was absorbed, compare its inactive copies with the story that absorbed it: to them it
        is what it is to their head. Again while that moves some head to another story."""
        copies = np.flatnonzero(classes.active == 0)
        heads = classes.head[copies]
        while True:
            keeper = self.verified.settle()
            behind = (keeper[copies] == KEPT) & (keeper[heads] != KEPT)
            pairs = np.column_stack([copies[behind], keeper[heads[behind]]]).astype(np.uint32)
            pairs = pairs[everyone.in_window(pairs)]
            if not len(pairs):
                return
            self.verify(pairs)

    def result(self, problems: Sequence[Problem]) -> ScanResult:
        compared, codes, absorbed = self.verified.result()
        return ScanResult(self.stories, problems, self.order, absorbed, compared, codes)


__all__ = ["ScanResult", "collect", "compare", "dropping_codes", "scan"]
