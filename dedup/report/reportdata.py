"""What a page of a scan holds, column by column: 100,000 pairs would be too many objects for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dedup.collection import microseconds
from dedup.errors import InputError
from dedup.files import printable
from dedup.relate import code_of
from dedup.report.excerpts import Excerpt, Span, excerpt, story_limit, utf16_places
from dedup.result import ScanResult
from dedup.settings import Settings
from dedup.story import Decision, Overlap, Story

_SHARES = 10_000  # scores are kept as whole ten-thousandths
_OPENING = 90  # characters of the first line of a story without a title that stand for it


@dataclass(frozen=True)
class PageData:
    """A scan as its page shows it: the stories that have a pair, sorted by id, and the pairs, as numbers of them.

    ``keeper`` is the number of the kept story that a story repeats, its own for a kept one; ``read`` and ``dropped`` count
    all stories of the scan.
    """

    settings: Settings
    stories: Sequence[Story]
    pairs: Sequence[Overlap]
    a: npt.NDArray[np.int64]
    b: npt.NDArray[np.int64]
    relations: npt.NDArray[np.int64]
    keeper: npt.NDArray[np.int64]
    read: int
    dropped: int

    @property
    def removals(self) -> npt.NDArray[np.bool_]:
        """Which pairs are why a story was dropped."""
        found: npt.NDArray[np.bool_] = (self.keeper[self.a] == self.b) | (self.keeper[self.b] == self.a)
        return found

    @cached_property
    def limit(self) -> int:
        """Code points above which a text is cut."""
        return story_limit(len(story.text) for story in self.stories)

    @cached_property
    def outlets(self) -> list[str]:
        """The outlets of the stories, sorted."""
        return sorted({story.source for story in self.stories if story.source is not None})

    @cached_property
    def published(self) -> list[int | None]:
        """Seconds since 1970, one a story."""
        return [None if story.published is None else microseconds(story.published) // 1_000_000 for story in self.stories]

    def story_columns(self) -> dict[str, object]:
        """Everything of the stories but their texts."""
        stories = self.stories
        place = {name: at for at, name in enumerate(self.outlets)}
        return {
            "id": [story.id for story in stories],
            "title": [story.title for story in stories],
            "opening": [None if story.title else _opening(story.text) for story in stories],
            "outlet": [None if story.source is None else place[story.source] for story in stories],
            "url": [story.url if _is_link(story.url) else None for story in stories],
            "published": self.published,
            "length": [len(story.text) for story in stories],
            "keeper": self.keeper.tolist(),
        }

    def pair_columns(self) -> dict[str, object]:
        """Everything of the pairs but their passages."""
        place = {story.id: number for number, story in enumerate(self.stories)}
        pairs = self.pairs
        return {
            "a": self.a.tolist(),
            "b": self.b.tolist(),
            "relation": self.relations.tolist(),
            "jaccard": [round(pair.jaccard * _SHARES) for pair in pairs],
            "inB": [round(pair.containment_a * _SHARES) for pair in pairs],
            "inA": [round(pair.containment_b * _SHARES) for pair in pairs],
            "words": [pair.shared_words for pair in pairs],
            "longest": [pair.longest_passage for pair in pairs],
            "older": [place.get(pair.update_of, -1) if pair.update_of is not None else -1 for pair in pairs],
        }

    @cached_property
    def excerpts(self) -> list[Excerpt]:
        """The texts as they are embedded."""
        wanted: dict[int, list[Span]] = defaultdict(list)
        long = {number for number, story in enumerate(self.stories) if len(story.text) > self.limit}
        if long:
            for a, b, pair in zip(self.a.tolist(), self.b.tolist(), self.pairs, strict=True):
                if a in long:
                    wanted[a] += [passage.a for passage in pair.passages]
                if b in long:
                    wanted[b] += [passage.b for passage in pair.passages]
        return [excerpt(story.text, wanted.get(number, ()), self.limit) for number, story in enumerate(self.stories)]

    def texts(self) -> Iterator[tuple[str, list[int]]]:
        """Each text as embedded, and its gaps as place, code points left out, place, … in UTF-16 units."""
        for one in self.excerpts:
            places = utf16_places(one.text, [place for place, _ in one.gaps])
            yield one.text, [number for place, gap in zip(places, one.gaps, strict=True) for number in (place, gap[1])]

    def passages(self) -> tuple[list[int], list[int]]:
        """The passages of all pairs, five numbers each, and after how many of them each pair ends.

        The numbers are begin and end in a's and in b's embedded text, in UTF-16 units, and words.
        """
        numbers: list[int] = []
        ends: list[int] = []
        for a, b, pair in zip(self.a.tolist(), self.b.tolist(), self.pairs, strict=True):
            first = self._places(a, [place for passage in pair.passages for place in passage.a])
            second = self._places(b, [place for passage in pair.passages for place in passage.b])
            for at, passage in enumerate(pair.passages):
                numbers += (*first[2 * at : 2 * at + 2], *second[2 * at : 2 * at + 2], passage.words)
            ends.append(len(numbers) // 5)
        return numbers, ends

    def _places(self, number: int, places: list[int]) -> list[int]:
        one = self.excerpts[number]
        if places and not 0 <= min(places) <= max(places) <= len(self.stories[number].text):
            raise InputError(
                f"story {printable(self.stories[number].id)!r}: is shorter than its passages say; it has changed since "
                "the scan, or is read otherwise: scan again"
            )
        return utf16_places(one.text, [one.place(place) for place in places] if one.gaps else places)


def scan_page(result: ScanResult) -> PageData:
    """The data of a scan's page."""
    stories = result.stories
    number = {name: place for place, name in enumerate(stories.ids)}
    return page_data(result.pairs, result.decisions, lambda name: stories.story(number[name]), stories.settings)


def page_data(
    pairs: Sequence[Overlap],
    decisions: Sequence[Decision],
    story: Callable[[str], Story],
    settings: Settings,
) -> PageData:
    """The data of a page, from the records of one scan and what gives the story of an id.

    InputError if the records do not belong together: a pair of a story without a decision, a decision without its pair, a
    kept story that is dropped itself.
    """
    pairs = list(pairs)  # those of a scan are made when asked for, and are asked for often
    keeper_of = {decision.id: decision.duplicate_of or decision.id for decision in decisions}
    ids = sorted({name for pair in pairs for name in (pair.a, pair.b)})
    number = {name: place for place, name in enumerate(ids)}
    _check(pairs, keeper_of, number)
    return PageData(
        settings=settings,
        stories=[story(name) for name in ids],
        pairs=pairs,
        a=np.array([number[pair.a] for pair in pairs], np.int64),
        b=np.array([number[pair.b] for pair in pairs], np.int64),
        relations=np.array([_code(pair) for pair in pairs], np.int64),
        keeper=np.array([number[keeper_of[name]] for name in ids], np.int64),
        read=len(decisions),
        dropped=sum(not decision.keep for decision in decisions),
    )


def _code(pair: Overlap) -> int:
    if pair.relation is None:
        raise InputError(f"pair of {printable(pair.a)!r} and {printable(pair.b)!r}: has no relation; give those of a scan")
    return code_of(pair.relation)


def _check(pairs: Sequence[Overlap], keeper_of: Mapping[str, str], number: Mapping[str, int]) -> None:
    for name in number:
        if name not in keeper_of:
            raise InputError(f"story {printable(name)!r}: has a pair and no decision; give both files of one scan")
    known = {(pair.a, pair.b) for pair in pairs}
    for name, kept in keeper_of.items():
        if keeper_of.get(kept) != kept:
            raise InputError(
                f"story {printable(name)!r}: repeats {printable(kept)!r}, which is not kept; give both files of one scan"
            )
        if name != kept and (name, kept) not in known and (kept, name) not in known:
            raise InputError(
                f"story {printable(name)!r}: repeats {printable(kept)!r} by its decision, and the two have no pair; give "
                "both files of one scan"
            )


def _opening(text: str) -> str:
    line = " ".join(text[: 8 * _OPENING].lstrip().partition("\n")[0].split())
    if len(line) <= _OPENING:
        return line
    begin, space, _ = line[:_OPENING].rpartition(" ")
    return (begin if space else line[:_OPENING]) + "…"


def _is_link(url: str | None) -> bool:
    return url is not None and url.lower().startswith(("http://", "https://"))
