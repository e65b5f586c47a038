"""A pair as an index saw it: judged by the kept stories that it held before the later of the two."""

from __future__ import annotations

from contextlib import closing
from itertools import islice

import msgspec
import numpy as np

from dedup.deciding import decoded
from dedup.errors import UsageError
from dedup.explain.finding import check_two, not_found
from dedup.explain.pair import alone, explanation_of
from dedup.explain.records import Basis, Explanation, Side, Source
from dedup.files import StrPath
from dedup.index import Entry, Mark, Memory, Transaction
from dedup.index.opening import open_ledger
from dedup.relate import Commonness, Judgement, Past, SharedKeys, recorded_scores, unknown
from dedup.settings import Settings
from dedup.sketch import new_corpus
from dedup.story import Decision, Overlap, Story, Verdict
from dedup.verify import Compared, compare_texts

_IDS_LOOKED_AT = 100_000


def explain_indexed(url: StrPath, a: str, b: str, *, settings: Settings | None = None) -> Explanation:
    """Say why the stories ``a`` and ``b`` of an index are to each other what it said when the later one was added.

    The later one is the explanation's first story. An index keeps the texts of kept stories only: of a dropped one and the
    story that it was dropped for, or that it overlaps, what was recorded then is told. ``settings`` as for ``open_index``.

    UsageError for an id that is not there, and for a pair of which nothing was recorded; IndexFault for an index that cannot
    be used.
    """
    check_two(a, b)
    ledger = open_ledger(url, settings, create=False)
    with closing(ledger), ledger.transaction(write=False) as transaction:
        entries = transaction.by_id([a, b])
        for id in (a, b):
            if id not in entries:
                known = [entry.id for entry in islice(transaction.news(Mark()), _IDS_LOOKED_AT)]
                raise not_found(id, known, "of the index")
        earlier, later = sorted((entries[a], entries[b]), key=lambda entry: entry.seq)
        return _Pair(transaction, earlier, later, msgspec.json.decode(ledger.settings, type=Settings)).explained()


class _Pair:
    def __init__(self, transaction: Transaction, earlier: Entry, later: Entry, settings: Settings) -> None:
        self._transaction, self._earlier, self._later, self._settings = transaction, earlier, later, settings
        self._verdicts = [decoded(entry.answer) for entry in (later, earlier)]
        self._texts = transaction.texts([entry.seq for entry in (earlier, later) if entry.keeper is None])
        self._recorded = next((pair for pair in self._verdicts[0].overlaps if pair.b == earlier.id), None)

    def explained(self) -> Explanation:
        if len(self._texts) == 2:
            return self._judged()
        if self._recorded is None:
            raise UsageError(self._nothing())
        return self._as_recorded(self._recorded)

    def _judged(self) -> Explanation:
        """Both texts are there: compared again, and judged by what was kept before the later one."""
        later, earlier = (self._story(entry) for entry in (self._later, self._earlier))
        pair = compare_texts(later.text, earlier.text, self._settings)
        common = self._commonness(pair, earlier.text, later.text)
        found = explanation_of(pair, later, earlier, self._settings, common, self._basis())
        answered = self._recorded.relation if self._recorded else None
        if found.overlap.relation == answered:
            return found
        note = (
            f"when {later.id!r} was added the answer was {answered or 'none, or they were not compared'}; stories that were "
            "kept then may have been forgotten since"
        )
        basis = msgspec.structs.replace(found.basis, notes=(*found.basis.notes, note))
        return msgspec.structs.replace(found, basis=basis)

    def _commonness(self, pair: Compared, earlier: str, later: str) -> Commonness:
        if not len(Judgement(pair, self._settings).open):
            return unknown(1, self._settings)
        memory = Memory(self._settings)
        memory.follow(self._transaction, before=self._later.seq)
        corpus = new_corpus(self._settings)
        corpus.add([earlier, later], 1)
        ranks = np.array([[1, 0]], np.uint32)
        past = Past(len(memory), memory.counts, 1)
        keys = SharedKeys(corpus, np.arange(2, dtype=np.uint32), ranks, 1, past)
        return keys.commonness(np.ones(2, np.uint8), self._settings)

    def _as_recorded(self, overlap: Overlap) -> Explanation:
        later, earlier = (self._story(entry) for entry in (self._later, self._earlier))
        return Explanation(
            overlap=overlap,
            reason=f"as it was answered when {later.id!r} was added",
            scores=tuple(recorded_scores(overlap, self._settings)),
            a=self._recorded_side(later, [passage.a for passage in overlap.passages]),
            b=self._recorded_side(earlier, [passage.b for passage in overlap.passages]),
            basis=self._basis(),
        )

    def _recorded_side(self, story: Story, covered: list[tuple[int, int]]) -> Side:
        if not self._has_text(story.id):
            return Side(story=story, text_kept=False)
        return Side(story=story, alone=alone(story.text, covered))

    def _has_text(self, id: str) -> bool:
        return (self._later if id == self._later.id else self._earlier).seq in self._texts

    def _story(self, entry: Entry) -> Story:
        return Story(id=entry.id, text=self._texts.get(entry.seq, ""))

    def _basis(self) -> Basis:
        notes = ["judged by the kept stories that the index had when the later one was added"]
        decisions = []
        for entry, verdict in zip((self._later, self._earlier), self._verdicts, strict=True):
            decisions.append(_decision(entry, verdict))
            if not verdict.new:
                notes.append(f"{entry.id!r} was dropped for {verdict.duplicate_of!r}, to which it is {verdict.relation}")
            if entry.seq not in self._texts:
                notes.append(
                    f"the index keeps no text of {entry.id!r}, as of no dropped story: its words, figures and names "
                    "cannot be shown; give both texts as files to see them"
                )
        if len(self._texts) == 2:
            notes.append("the index keeps both")
        return Basis(by=Source.INDEX, notes=tuple(notes), decisions=tuple(decisions))

    def _nothing(self) -> str:
        dropped = [
            f"{entry.id!r} was dropped for {verdict.duplicate_of!r}"
            for entry, verdict in zip((self._later, self._earlier), self._verdicts, strict=True)
            if not verdict.new
        ]
        return (
            f"{self._later.id!r} and {self._earlier.id!r}: {' and '.join(dropped)}; an index keeps no text of dropped "
            "stories, and recorded nothing of these two together; name the kept one instead, or give both texts as files"
        )


def _decision(entry: Entry, verdict: Verdict) -> Decision:
    return Decision(
        id=entry.id,
        keep=verdict.new,
        duplicate_of=verdict.duplicate_of,
        relation=verdict.relation,
        jaccard=verdict.jaccard,
        cluster=verdict.duplicate_of or entry.id,
        path="",
    )
