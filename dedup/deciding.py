"""A batch of new stories against the kept ones of an index: the same matching as a scan's, the kept ones being first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from dedup.cluster import KEPT
from dedup.collection import Collection
from dedup.index import Entry, Memory, Sketches, Transaction, sketches_of
from dedup.kernels import UNDATED, Corpus
from dedup.matching import Matching
from dedup.relate import RELATIONS, Past
from dedup.result import update_of
from dedup.scanning import collect
from dedup.settings import Settings
from dedup.sketch import new_corpus
from dedup.story import Overlap, Problem, Story, Verdict
from dedup.verify import Compared, compare_texts


class Question(NamedTuple):
    """New stories, their ids all different, that will be numbered from ``seq`` on if they are taken in.

    ``salt`` is the index's; ``dropping`` and ``window`` say what repeats what; stories of ``without`` do not count.
    """

    stories: Sequence[Story]
    seq: int
    salt: bytes
    dropping: Sequence[int]
    window: timedelta | None
    threads: int
    without: frozenset[int] = frozenset()


class Decided(NamedTuple):
    """The verdict on a story, and what an index keeps of it: ``keeper`` is the number of the kept story it repeats."""

    verdict: Verdict
    keeper: int | None
    digest: bytes
    bands: bytes = b""
    keys: bytes = b""


def digests(corpus: Corpus, salt: bytes) -> list[bytes]:
    """16 bytes over the folded tokens of each story, that depend on the index's salt."""
    salts = int.from_bytes(salt[:8], "little"), int.from_bytes(salt[8:16], "little")
    return [row.tobytes() for row in corpus.digests(*salts).astype("<u8")]


def digests_of(stories: Sequence[Story], settings: Settings, salt: bytes) -> list[bytes]:
    """The same of stories that are not in a corpus."""
    corpus = new_corpus(settings)
    corpus.add([story.text for story in stories])
    return digests(corpus, salt)


def decide(question: Question, transaction: Transaction, memory: Memory, settings: Settings) -> list[Decided]:
    """A decision on each story, in their order, each judged by what is in the index and by those before it.

    A story with the words of one that was dropped before is dropped for the same kept story.
    """
    everyone = collect(question.stories, settings, question.threads, _unheard)
    digest = digests(everyone.corpus, question.salt)
    words = everyone.corpus.token_counts()
    twins = transaction.by_digest([one for one, count in zip(digest, words.tolist(), strict=True) if count])
    twin = [twins.get(one) for one in digest]
    repeated = [entry is not None and entry.keeper is not None and entry.seq not in question.without for entry in twin]
    open_places = [place for place, known in enumerate(repeated) if not known]
    stories = [question.stories[place] for place in open_places]
    collection = collect(stories, settings, question.threads, _unheard) if any(repeated) else everyone
    batch = _Batch(question, transaction, memory, collection, stories)
    candidates = memory.candidates(batch.sketches)
    for found, place in zip(candidates, open_places, strict=True):
        same = twin[place]
        if same is not None and same.keeper is None:
            found.append(same.seq)  # one too short for a sketch is found by its words alone
    answers = dict(zip(open_places, batch.answers(candidates, open_places), strict=True))
    sketched = {place: number for number, place in enumerate(open_places)}
    decided = []
    for place, story in enumerate(question.stories):
        same = twin[place]
        if place in answers:
            verdict, keeper = answers[place]
            sketch = batch.sketches.bytes_of(sketched[place]) if verdict.new else (b"", b"")
            decided.append(Decided(verdict, keeper, digest[place], *sketch))
        elif same is not None:
            decided.append(Decided(_as_before(story, same, transaction, settings), same.keeper, digest[place]))
    return decided


def _as_before(story: Story, twin: Entry, transaction: Transaction, settings: Settings) -> Verdict:
    """The verdict on a story whose words were dropped before."""
    before = decoded(twin.answer)
    keeper = twin.keeper or 0
    text = transaction.texts([keeper])[keeper]
    overlap = compare_texts(story.text, text, settings).overlap(0, story.id, before.duplicate_of or "", before.relation)
    return msgspec.structs.replace(before, id=story.id, overlaps=(overlap,), seen=False, replaced=False)


def encoded(verdict: Verdict) -> bytes:
    """A verdict as an ``Entry`` keeps it, JSON; ids may hold lone surrogates, as names of files do."""
    try:
        return msgspec.json.encode(verdict)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(verdict)).encode("ascii")


def decoded(answer: bytes) -> Verdict:
    """What ``encoded`` was given."""
    try:
        return msgspec.json.decode(answer, type=Verdict)
    except msgspec.DecodeError:
        return msgspec.convert(json.loads(answer), Verdict)


def _unheard(problem: Problem) -> None:
    """Of a new id for a story whose own was taken; here all differ."""


class _Batch:
    """New stories, those of the collection, and the kept ones they may repeat, which join them there."""

    def __init__(
        self,
        question: Question,
        transaction: Transaction,
        memory: Memory,
        collection: Collection,
        stories: Sequence[Story],
    ) -> None:
        self._question, self._transaction, self._memory = question, transaction, memory
        self._collection, self._stories = collection, stories
        self._entries: dict[int, Entry] = {}  # of the kept ones that were met, by their number in the collection
        self.sketches: Sketches = sketches_of(collection.corpus, collection.settings)

    def answers(self, candidates: Sequence[Sequence[int]], places: Sequence[int]) -> list[tuple[Verdict, int | None]]:
        """Of each story the verdict, and the number of the one it repeats."""
        new = len(self._stories)
        old = sorted({seq for found in candidates for seq in found} - self._question.without)
        texts = self._transaction.texts(old)
        self._collection.add_texts([texts[seq] for seq in old], self._times(old))
        # The kept ones stand first in keep order, but behind the new in the collection, where they come to be known later.
        order = np.concatenate([np.arange(new, new + len(old)), np.arange(new)]).astype(np.uint32)
        rank = {seq: place for place, seq in enumerate(old)}
        past = Past(len(self._memory) - len(self._question.without), self._memory.counts, len(old))
        matching = Matching(self._collection, order, self._question.dropping, self._question.window, past=past)
        given = [(len(old) + place, rank[seq]) for place, found in enumerate(candidates) for seq in found if seq in rank]
        pairs = np.array(sorted(set(given)), np.uint32).reshape(-1, 2)
        matching.run(pairs[matching.in_window(pairs)])
        compared, codes, absorbed = matching.verified.result()
        self._meet(old, matching.rank[compared.column("b")])
        overlaps = self._overlaps(compared, codes, matching.rank, absorbed)
        numbers = [*old, *(self._question.seq + place for place in places)]
        answers: list[tuple[Verdict, int | None]] = []
        for place, story in enumerate(self._stories):
            row = int(absorbed[len(old) + place])
            found = tuple(overlaps.get(place, ()))
            if row == KEPT:
                answers.append((Verdict(id=story.id, new=True, overlaps=found), None))
                continue
            keeper = int(matching.rank[compared.column("b")[row]])
            repeats, _ = self._known(int(compared.column("b")[row]))
            verdict = Verdict(
                id=story.id,
                new=False,
                duplicate_of=repeats,
                relation=RELATIONS[codes[row]],
                jaccard=float(compared.jaccard[row]),
                overlaps=found,
            )
            answers.append((verdict, numbers[keeper]))
        return answers

    def _times(self, old: Sequence[int]) -> list[int]:
        """When the kept ones were published, if a window asks for it."""
        if self._question.window is None:
            return [UNDATED] * len(old)
        entries = self._transaction.by_seq(old)
        return [UNDATED if (when := entries[seq].published) is None else when for seq in old]

    def _meet(self, old: Sequence[int], ranks: npt.NDArray[np.uint32]) -> None:
        """Look up the kept ones at these ranks, few of all that were proposed."""
        met = sorted({rank for rank in ranks.tolist() if rank < len(old)})
        entries = self._transaction.by_seq([old[rank] for rank in met])
        self._entries = {len(self._stories) + rank: entries[old[rank]] for rank in met}

    def _known(self, number: int) -> tuple[str, int]:
        """The id of a story that is new or was met, and when it was published."""
        entry = self._entries.get(number)
        if entry is None:
            return self._collection.ids[number], self._collection.moment(number)
        return entry.id, UNDATED if entry.published is None else entry.published

    def _overlaps(
        self,
        compared: Compared,
        codes: npt.NDArray[np.uint8],
        rank: npt.NDArray[np.uint32],
        absorbed: npt.NDArray[np.int64],
    ) -> Mapping[int, list[Overlap]]:
        """Of each new story its pairs with kept ones before it."""
        found: dict[int, list[tuple[int, Overlap]]] = {}
        for row, (a, b) in enumerate(zip(compared.column("a").tolist(), compared.column("b").tolist(), strict=True)):
            if absorbed[rank[b]] == KEPT:
                relation = RELATIONS[codes[row]]
                known = self._known(a), self._known(b)
                older = update_of(relation, *known)
                overlap = compared.overlap(row, known[0][0], known[1][0], relation, older)
                found.setdefault(a, []).append((int(rank[b]), overlap))
        return {place: [overlap for _, overlap in sorted(pairs, key=lambda pair: pair[0])] for place, pairs in found.items()}
