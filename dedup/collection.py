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
from dedup.story import Origin, Problem, Stamp, Story

_NOWHERE = Origin("", "")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BATCH_BYTES = 1 << 20  # sketched in one call: some milliseconds, little beside the texts kept


def microseconds(when: datetime | None) -> int:
    """Microseconds since 1970; ``kernels.UNDATED`` for None."""
    return kernels.UNDATED if when is None else (when - _EPOCH) // timedelta(microseconds=1)


class Names:
    """Gives each story of a run a name of its own."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._again: dict[str, int] = {}

    def take(self, story: Story) -> str:
        """The id of the next story, in the order they are read; ``id#line`` or ``id#line~2`` where that is taken."""
        name = story.id
        if name in self._taken:
            wanted = f"{name}#{story.line}" if story.line else name
            name, again = wanted, self._again.get(wanted, 2)
            while name in self._taken:
                name, again = f"{wanted}~{again}", again + 1
            self._again[wanted] = again
        self._taken.add(name)
        return name


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

    def add(self, story: Story) -> Problem | None:
        """Take a story in. One whose id is taken gets another, ``id#line`` or ``id#line~2``, and the Problem says so.

        UsageError for a date without a time zone.
        """
        if story.published is not None and story.published.tzinfo is None:
            raise UsageError(f"story {story.id!r}: published {story.published} has no time zone; give it one")
        renamed = self._names.take(story)
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
        if renamed == story.id:
            return None
        where = f"{story.path}:{story.line}" if story.line else story.path
        return Problem(where=where, reason=f"id {story.id!r} is taken; this story goes by {renamed!r}", failed=False)

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
