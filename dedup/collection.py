"""What a run remembers of its stories: their sketches, and the few fields that decisions and reports need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from dedup import kernels
from dedup.cluster import Keys
from dedup.errors import UsageError
from dedup.settings import Settings
from dedup.sketch import Sketching, new_corpus
from dedup.story import Origin, Problem, Stamp, Stories, Story

_NOWHERE = Origin("", "")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BATCH_BYTES = 1 << 22  # sketched in one call: some milliseconds, little beside the texts kept


def microseconds(when: datetime | None) -> int:
    """Microseconds since 1970; ``kernels.UNDATED`` for None."""
    return kernels.UNDATED if when is None else (when - _EPOCH) // timedelta(microseconds=1)


class Names:
    """Gives each story of a run a name of its own."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._again: dict[str, int] = {}

    def take(self, id: str, line: int) -> str:
        """The name of the next story: its id, or ``id#line`` or ``id#line~2`` where that is taken by one read before."""
        name = id
        if name in self._taken:
            wanted = f"{name}#{line}" if line else name
            name, again = wanted, self._again.get(wanted, 2)
            while name in self._taken:
                name, again = f"{wanted}~{again}", again + 1
            self._again[wanted] = again
        self._taken.add(name)
        return name

    def take_all(self, ids: list[str], lines: range) -> list[str]:
        """The same of many."""
        new = set(ids)
        if len(new) < len(ids) or not self._taken.isdisjoint(new):
            return list(map(self.take, ids, lines))
        self._taken |= new
        return ids


@dataclass(slots=True)
class Collection:
    """Stories numbered from 0 in the order added. Their texts live in ``corpus``, one UTF-8 copy each."""

    settings: Settings
    threads: int = 0
    ids: list[str] = field(default_factory=list)
    titles: list[str | None] = field(default_factory=list)
    sources: list[str | None] = field(default_factory=list)
    urls: list[str | None] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    corpus: kernels.Corpus = field(init=False)
    _sketching: Sketching = field(init=False)
    _published: list[int] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)
    _pending: int = 0
    _names: Names = field(default_factory=Names)
    _places: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        self.corpus = new_corpus(self.settings)
        self._sketching = Sketching(self.corpus, self.threads)

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, story: Story) -> list[Problem]:
        """Take a story in. One whose id is taken gets another, ``id#line`` or ``id#line~2``, and a Problem says so.

        UsageError for a date without a time zone.
        """
        if story.published is not None and story.published.tzinfo is None:
            raise UsageError(f"story {story.id!r}: published {story.published} has no time zone; give it one")
        renamed = self._names.take(story.id, story.line)
        self.ids.append(renamed)
        self.titles.append(story.title)
        self.sources.append(story.source)
        self.urls.append(story.url)
        self.origins.append(story.origin or _NOWHERE)
        self.lines.append(story.line)
        self._published.append(microseconds(story.published))
        self._texts.append(story.text)
        self._pending += len(story.text)
        if self._pending >= _BATCH_BYTES:
            self._hand_over()
        return [] if renamed == story.id else [_renamed(story.id, renamed, story.path, story.line)]

    def add_all(self, stories: Stories) -> list[Problem]:
        """The same of many, whose dates have time zones."""
        renamed = self._names.take_all(stories.ids, stories.lines)
        self.ids += renamed
        self.titles += stories.titles
        self.sources += stories.sources
        self.urls += stories.urls
        self.origins += [stories.origin] * len(stories)
        self.lines += stories.lines
        self._published += map(microseconds, stories.published)
        self._texts += stories.texts
        self._pending += sum(map(len, stories.texts))
        if self._pending >= _BATCH_BYTES:
            self._hand_over()
        if renamed is stories.ids:
            return []
        named = zip(stories.ids, renamed, stories.lines, strict=True)
        return [_renamed(id, name, stories.origin.path, line) for id, name, line in named if id != name]

    def add_texts(self, texts: Sequence[str], published: Sequence[int]) -> None:
        """Take in many texts that are known otherwise: without ids, with times as ``published`` has them."""
        self.flush()
        nothing = [None] * len(texts)
        self.ids += [""] * len(texts)
        self.titles += nothing
        self.sources += nothing
        self.urls += nothing
        self.origins += [_NOWHERE] * len(texts)
        self.lines += [0] * len(texts)
        self._published += published
        self.corpus.add(texts, self.threads)

    def name(self, number: int, id: str, published: int | None) -> None:
        """Say what a text of ``add_texts`` is called, and when it was published, in microseconds since 1970."""
        self.ids[number] = id
        self._published[number] = kernels.UNDATED if published is None else published

    def flush(self) -> None:
        """Sketch what was added since the last time."""
        self._hand_over()
        self._sketching.wait()

    def _hand_over(self) -> None:
        if self._texts:
            self._sketching.add(self._texts)
        self._texts, self._pending = [], 0

    def story(self, number: int) -> Story:
        """A story as it is remembered: all but the bytes of its record."""
        moment = self._published[number]
        return Story(
            id=self.ids[number],
            text=self.corpus.text(number),
            title=self.titles[number],
            source=self.sources[number],
            url=self.urls[number],
            published=None if moment == kernels.UNDATED else _EPOCH + timedelta(microseconds=moment),
            origin=self.origins[number],
            line=self.lines[number],
        )

    def stamps(self) -> set[Stamp]:
        """The stamps of the files that stories came from."""
        return {origin.stamp for origin in self.origins if origin.stamp}

    @property
    def published(self) -> npt.NDArray[np.int64]:
        """Microseconds since 1970 or ``kernels.UNDATED``, one a story."""
        return np.array(self._published, np.int64)

    def id_places(self) -> npt.NDArray[np.int64]:
        """The place of each story's id among all ids in order; worked out once, after the last story was added."""
        if self._places is None or len(self._places) != len(self.ids):
            self._places = np.empty(len(self.ids), np.int64)
            self._places[sorted(range(len(self.ids)), key=self.ids.__getitem__)] = np.arange(len(self.ids))
        return self._places

    def keys(self) -> Keys:
        """What keep policies go by."""
        return Keys(self.id_places(), self.sources, self.published, self.corpus.token_counts())


def _renamed(id: str, name: str, path: str, line: int) -> Problem:
    where = f"{path}:{line}" if line else path
    return Problem(where=where, reason=f"id {id!r} is taken; this story goes by {name!r}", failed=False)
