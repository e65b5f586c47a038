"""A stream of stories through an index: the records of new ones go on, byte for byte, those of repeated ones do not.

What is answered has been committed before it is handed on. So nothing that was handed on is ever new again, and a run that
dies in between is run again on the same input: a story answered before gets the same answer, and one that was new is
passed once more, as nobody knows whether it arrived (at least once, never not at all). Within a run an id is passed once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO, Final

import msgspec

from dedup.errors import InputError, UsageError
from dedup.files import StrPath, printable, refuse_inputs
from dedup.prefilter import Index
from dedup.read import ReadOptions, has_field, read_stories
from dedup.story import Origin, Problem, Relation, Story, Verdict

BATCH: Final = 2048
FIELD: Final = "dedup"

_BATCH_BYTES = 16 << 20
_REMEMBERED = 1 << 19  # ids, twice: some 64 MiB for the longest of streams
_SPACE = b" \t\r\n"
_encode = msgspec.json.Encoder().encode


class Counts(msgspec.Struct, kw_only=True):
    """What became of the stories of a run: each is new or repeated. ``seen`` ones had been answered before."""

    stories: int = 0
    new: int = 0
    repeated: int = 0
    relations: dict[str, int] = msgspec.field(default_factory=dict)
    seen: int = 0
    replaced: int = 0
    failed: int = 0

    def add(self, verdict: Verdict) -> None:
        """Count a story."""
        self.stories += 1
        self.new += verdict.new
        self.seen += verdict.seen
        self.replaced += verdict.replaced
        if verdict.relation:
            self.repeated += 1
            self.relations[verdict.relation] = self.relations.get(verdict.relation, 0) + 1

    def as_json(self, seconds: float) -> bytes:
        """For a program, with the time taken, on one line."""
        rate = self.stories / seconds if seconds else 0.0
        return _encode({**msgspec.structs.asdict(self), "seconds": seconds, "stories_per_second": rate}) + b"\n"

    def in_words(self) -> str:
        """For a person, on one line."""
        kinds = ", ".join(f"{self.relations[name]:,} {name}" for name in Relation if name in self.relations)
        stories = "1 story" if self.stories == 1 else f"{self.stories:,} stories"
        repeated = f"{self.repeated:,} repeated" + (f" ({kinds})" if kinds else "")
        return f"{stories}: {self.new:,} new, {repeated}; {self.seen:,} answered before, {self.failed:,} failed"


class StoryFilter:
    """Asks an index about stories, a batch at a time, and hands their records on.

    ``passed`` takes the records of new stories, ``rejects`` those of the others. With ``annotate`` all go to ``passed``,
    each with its answer in the field ``dedup``. ``skip_seen`` does not pass what an earlier run answered. A batch is at
    most ``batch`` stories; each is decided and delivered inside ``guard()``. Nothing is read from a file of ``outputs``.
    """

    def __init__(
        self,
        index: Index,
        passed: BinaryIO,
        rejects: BinaryIO | None = None,
        *,
        annotate: bool = False,
        skip_seen: bool = False,
        batch: int = BATCH,
        guard: Callable[[], AbstractContextManager[object]] = nullcontext,
        outputs: Sequence[StrPath] = (),
    ) -> None:
        self.counts = Counts()
        self._index, self._passed, self._rejects = index, passed, rejects
        self._annotate, self._skip_seen, self._size = annotate, skip_seen, batch
        self._guard, self._outputs = guard, outputs
        self._batch: list[Story] = []
        self._bytes = 0
        self._origin: Origin | None = None
        self._ids = _Ids(_REMEMBERED)

    def run(
        self,
        paths: Sequence[str | os.PathLike[str]],
        read: ReadOptions,
        *,
        on_problem: Callable[[Problem], None] | None = None,
        on_bytes: Callable[[int], None] | None = None,
    ) -> None:
        """Everything at ``paths``. What is at hand on standard input is answered before more is waited for.

        InputError at the first failure if ``read`` is strict, when all before it has been answered; OutputError if an
        output is met as an input; IndexFault if the index fails, when nothing of the batch in hand has been answered.
        """

        def report(problem: Problem) -> None:
            if problem.failed and read.strict:
                raise InputError(str(problem))
            self.counts.failed += problem.failed
            if on_problem:
                on_problem(problem)

        try:
            for story in read_stories(paths, read, on_problem=report, on_bytes=on_bytes, on_wait=self._decide):
                self._take(story, report)
        except InputError:
            self.counts.failed += 1
            self._decide()
            raise
        self._decide()

    def _take(self, story: Story, report: Callable[[Problem], None]) -> None:
        if story.origin is not self._origin:
            self._origin = story.origin
            if story.origin and story.origin.stamp:
                refuse_inputs(self._outputs, [story.origin.stamp])
        if self._annotate and has_field(story.record, FIELD):
            reason = f"has a field {FIELD!r} already, where --annotate puts its answer; rename that field"
            report(Problem(where=f"{printable(story.path)}:{story.line}", reason=reason))
            return
        self._batch.append(_named(story))
        self._bytes += len(story.record) or len(story.text)
        if len(self._batch) >= self._size or self._bytes >= _BATCH_BYTES:
            self._decide()

    def _decide(self) -> None:
        """Answer and deliver what is in hand."""
        batch, self._batch, self._bytes = self._batch, [], 0
        if not batch:
            return
        with self._guard():
            verdicts = [self._judged(verdict) for verdict in self._index.add_all(batch)]
            self._deliver(batch, verdicts)

    def _judged(self, verdict: Verdict) -> Verdict:
        """The index's verdict, but for a story that was passed already: it repeats itself."""
        if not verdict.new:
            return verdict
        passed = self._ids.add(verdict.id)
        if not verdict.seen or not (passed or self._skip_seen):
            return verdict
        itself = {"new": False, "duplicate_of": verdict.id, "relation": Relation.IDENTICAL, "jaccard": 1.0}
        return msgspec.structs.replace(verdict, **itself)

    def _deliver(self, batch: Sequence[Story], verdicts: Sequence[Verdict]) -> None:
        records = [(story.record or _record(story), verdict) for story, verdict in zip(batch, verdicts, strict=True)]
        if self._annotate:
            _write(self._passed, (annotated(record, verdict) for record, verdict in records))
        else:
            _write(self._passed, (record for record, verdict in records if verdict.new))
        if self._rejects:
            _write(self._rejects, (record for record, verdict in records if not verdict.new))
        for verdict in verdicts:
            self.counts.add(verdict)


def check_outputs(index: str, outputs: Iterable[StrPath]) -> None:
    """UsageError if two of the files that a run writes are one."""
    taken: dict[str, str] = {os.path.realpath(index_file(index)): index}
    for output in outputs:
        place, name = os.path.realpath(output), os.fspath(output)
        if place in taken:
            raise UsageError(f"{name!r}: the run writes to it already, as {taken[place]!r}; name another file")
        taken[place] = name


def index_file(url: str) -> str:
    """The file of an index; that of another kind of index is a name that no file has."""
    return url.removeprefix("sqlite:///")


def annotated(record: bytes, verdict: Verdict) -> bytes:
    """A JSON object with the answer as its last field, its own bytes left as they are.

    >>> annotated(b'{"id": 1.0} ', Verdict(id="1.0", new=True))
    b'{"id": 1.0,"dedup":{"new":true,"duplicate_of":null,"relation":null,"jaccard":null,"seen":false,"overlaps":[]}} '
    """
    end = len(record.rstrip(_SPACE)) - 1
    comma = b"" if record[:end].strip(_SPACE) == b"{" else b","
    return b'%b%b"%b":%b%b' % (record[:end], comma, FIELD.encode(), _encode(_note(verdict)), record[end:])


class _Overlap(msgspec.Struct):
    b: str
    relation: Relation | None
    jaccard: float
    longest_passage: int


class _Note(msgspec.Struct):
    new: bool
    duplicate_of: str | None
    relation: Relation | None
    jaccard: float | None
    seen: bool
    overlaps: list[_Overlap]


def _note(verdict: Verdict) -> _Note:
    overlaps = [_Overlap(pair.b, pair.relation, pair.jaccard, pair.longest_passage) for pair in verdict.overlaps]
    return _Note(verdict.new, verdict.duplicate_of, verdict.relation, verdict.jaccard, verdict.seen, overlaps)


def _named(story: Story) -> Story:
    """A record without an id goes by its content: its line number would be another story's in the next run."""
    if not story.line or not story.origin:
        return story
    if not (story.id.startswith(story.origin.relative) and story.id.endswith(f"#{story.line}")):
        return story
    content = story.record.strip(_SPACE) or _record(msgspec.structs.replace(story, id=""))
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    return msgspec.structs.replace(story, id=f"blake2b:{digest}")


def _record(story: Story) -> bytes:
    """A record for a story that was read from something else than JSON."""
    known = {"title": story.title, "source": story.source, "url": story.url, "published": story.published}
    return _encode({"id": story.id, "text": story.text} | {name: value for name, value in known.items() if value})


def _write(file: BinaryIO, records: Iterable[bytes]) -> None:
    for record in records:
        file.write(record)
        file.write(b"\n")
    file.flush()


class _Ids:
    """The last ids that were added, by their hash: at least ``generation``, at most twice as many."""

    def __init__(self, generation: int) -> None:
        self._generation = generation
        self._recent: set[int] = set()
        self._older: set[int] = set()

    def add(self, id: str) -> bool:
        """Remember an id; whether it was there."""
        key = hash(id)
        there = key in self._recent or key in self._older
        if len(self._recent) >= self._generation:
            self._recent, self._older = set(), self._recent
        self._recent.add(key)
        return there
