"""What a run remembers of its stories: their sketches, and the few fields that decisions and reports need."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from dedup import kernels
from dedup.cluster import Keys
from dedup.columns import Column, Names
from dedup.errors import UsageError
from dedup.settings import Settings
from dedup.sketch import Limit, Sketching, Spilling, new_corpus
from dedup.story import Origin, Problem, Stamp, Stories, Story

_NOWHERE = Origin("", "")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BATCH_BYTES = 1 << 22  # sketched in one call: some milliseconds, little beside the texts kept


def microseconds(when: datetime | None) -> int:
    """Microseconds since 1970; ``kernels.UNDATED`` for None."""
    return kernels.UNDATED if when is None else (when - _EPOCH) // timedelta(microseconds=1)


@dataclass(slots=True)
class Collection:
    """Stories numbered from 0 in the order added. Their texts live in ``corpus``, one UTF-8 copy each.

    With a ``limit``, texts and sketches lie in a temporary file, and the run stays below so much memory or fails.
    """

    settings: Settings
    threads: int = 0
    limit: Limit | None = None
    ids: Names = field(default_factory=Names)
    titles: Column = field(init=False)
    sources: Column = field(init=False)
    urls: Column = field(init=False)
    lines: array[int] = field(default_factory=lambda: array("Q"))
    corpus: kernels.Corpus = field(init=False)
    _spilling: Spilling | None = None
    _sketching: Sketching = field(init=False)
    _published: array[int] = field(default_factory=lambda: array("q"))
    _origins: list[Origin] = field(default_factory=list)
    _origin: array[int] = field(default_factory=lambda: array("I"))  # of each story, its place among them
    _texts: list[str] = field(default_factory=list)
    _pending: int = 0
    _places: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        self._spilling = None if self.limit is None else Spilling(self.settings, self.limit)
        self.corpus = self._spilling.corpus if self._spilling else new_corpus(self.settings)
        self.titles, self.sources, self.urls = (Column(self.corpus) for _ in range(3))
        self._sketching = Sketching(self.corpus, self.threads)

    def __len__(self) -> int:
        return len(self._published)

    def add(self, story: Story) -> list[Problem]:
        """Take a story in. One whose id is taken gets another, ``id#line`` or ``id#line~2``, and a Problem says so.

        UsageError for a date without a time zone.
        """
        if story.published is not None and story.published.tzinfo is None:
            raise UsageError(f"story {story.id!r}: published {story.published} has no time zone; give it one")
        renamed = self.ids.take(story.id, story.line)
        self.titles.extend([story.title])
        self.sources.extend([story.source])
        self.urls.extend([story.url])
        self.lines.append(story.line)
        self._published.append(microseconds(story.published))
        self._take_texts([story.text], story.origin or _NOWHERE)
        return [] if renamed == story.id else [_renamed(story.id, renamed, story.path, story.line)]

    def add_all(self, stories: Stories) -> list[Problem]:
        """The same of many, whose dates are in UTC, as reading gives them."""
        renamed = self.ids.take_all(stories.ids, stories.lines)
        self.titles.extend(stories.titles)
        self.sources.extend(stories.sources)
        self.urls.extend(stories.urls)
        self.lines.extend(stories.lines)
        self._published.frombytes(kernels.moments(stories.published).tobytes())
        self._take_texts(stories.texts, stories.origin)
        if renamed is stories.ids:
            return []
        named = zip(stories.ids, renamed, stories.lines, strict=True)
        return [_renamed(id, name, stories.origin.path, line) for id, name, line in named if id != name]

    def _take_texts(self, texts: list[str], origin: Origin) -> None:
        if not self._origins or self._origins[-1] is not origin:
            self._origins.append(origin)
        self._origin.extend([len(self._origins) - 1] * len(texts))
        self._texts += texts
        self._pending += sum(map(len, texts))
        if self._pending >= _BATCH_BYTES:
            self._hand_over()

    def add_texts(self, texts: Sequence[str], published: Sequence[int]) -> None:
        """Take in many texts that are known otherwise: without ids, with times as ``published`` has them."""
        self.flush()
        self._published.extend(published)
        self.corpus.add(texts, self.threads)

    def flush(self) -> None:
        """Sketch what was added since the last time. UsageError where ``limit`` does not allow it."""
        self._hand_over()
        self._sketch([])
        self.check_memory()

    def check_memory(self) -> None:
        """UsageError where the run takes more than its ``limit``."""
        if self._spilling:
            self._spilling.check(len(self))

    def _hand_over(self) -> None:
        if self._texts:
            self._sketch(self._texts)
        self._texts, self._pending = [], 0

    def _sketch(self, texts: list[str]) -> None:
        """Begin to sketch texts, or wait for those that are begun."""
        with self.disk_told():
            if texts:
                self._sketching.add(texts)
            else:
                self._sketching.wait()

    @contextmanager
    def disk_told(self) -> Iterator[None]:
        """While the corpus is worked with: UsageError where the temporary file finds no room."""
        try:
            yield
        except OSError as failure:
            if self._spilling is None:
                raise
            raise self._spilling.explained(failure) from None

    def story(self, number: int) -> Story:
        """A story as it is remembered: all but the bytes of its record."""
        moment = self.moment(number)
        return Story(
            id=self.ids[number],
            text=self.corpus.text(number),
            title=self.titles[number],
            source=self.sources[number],
            url=self.urls[number],
            published=None if moment == kernels.UNDATED else _EPOCH + timedelta(microseconds=moment),
            origin=self.origin(number),
            line=self.lines[number],
        )

    def moment(self, number: int) -> int:
        """When a story was published, in microseconds since 1970, or ``kernels.UNDATED``."""
        return self._published[number]

    def origin(self, number: int) -> Origin:
        """The file that a story was read from."""
        return self._origins[self._origin[number]]

    def stamps(self) -> set[Stamp]:
        """The stamps of the files that stories came from."""
        return {origin.stamp for origin in self._origins if origin.stamp}

    @property
    def published(self) -> npt.NDArray[np.int64]:
        """Microseconds since 1970 or ``kernels.UNDATED``, one a story."""
        return np.array(self._published, np.int64)

    def id_places(self) -> npt.NDArray[np.int64]:
        """The place of each story's id among all ids in order; worked out once, after the last story was added."""
        if self._places is None or len(self._places) != len(self.ids):
            self._places = self.ids.places()
        return self._places

    def keys(self) -> Keys:
        """What keep policies go by."""
        return Keys(self.id_places(), self.sources, self.published, self.corpus.token_counts())


def _renamed(id: str, name: str, path: str, line: int) -> Problem:
    where = f"{path}:{line}" if line else path
    return Problem(where=where, reason=f"id {id!r} is taken; this story goes by {name!r}", failed=False)
