"""Texts as a page holds them: whole, or the parts around what others share with them, with places counted as browsers do."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

Span = tuple[int, int]

STORY_CHARACTERS: Final = 60_000
"""Code points of a story from which it is cut; some 10,000 words, and a news story has a tenth of that."""

PAGE_CHARACTERS: Final = 100_000_000
"""Code points of all texts in a page. If they are more, every long story is cut the shorter, until they fit."""

_LEAST: Final = 200
_AROUND: Final = 400  # code points shown before and after a passage of a story that is cut
_OPENING: Final = 1_000


class Excerpt(NamedTuple):
    """A text as embedded, ``gaps`` in it as (place in ``text``, code points left out there), and the parts of the whole
    text that it is made of. Places are code points."""

    text: str
    gaps: tuple[Span, ...]
    parts: tuple[Span, ...]

    def place(self, whole: int) -> int:
        """Where a place of the whole text lies in the excerpt; that of the gap, for one that was left out."""
        before = bisect_right(self.parts, whole, key=lambda part: part[0])
        kept = sum(end - start for start, end in self.parts[:before])
        return kept - max(0, self.parts[before - 1][1] - whole) if before else 0


def story_limit(lengths: Iterable[int]) -> int:
    """How long a story may be, in code points, for texts of these lengths to fit in a page."""
    known = np.fromiter(lengths, np.int64)
    limit = STORY_CHARACTERS
    while limit > _LEAST and int(np.minimum(known, limit).sum()) > PAGE_CHARACTERS:
        limit = max(_LEAST, limit // 2)
    return limit


def excerpt(text: str, passages: Iterable[Span], limit: int) -> Excerpt:
    """The text, if it has at most ``limit`` code points; else its opening and what lies around the passages, up to that.

    >>> excerpt("a long story", [(7, 12)], 100)
    Excerpt(text='a long story', gaps=(), parts=((0, 12),))
    """
    if len(text) <= limit:
        return Excerpt(text, (), ((0, len(text)),))
    parts = _parts(len(text), passages, limit)
    gaps, kept, seen = [], 0, 0
    for start, end in parts:
        if start > seen:
            gaps.append((kept, start - seen))
        kept, seen = kept + end - start, end
    gaps.append((kept, len(text) - seen))
    return Excerpt("".join(text[start:end] for start, end in parts), tuple(gaps), tuple(parts))


def _parts(length: int, passages: Iterable[Span], limit: int) -> list[Span]:
    around = min(_AROUND, limit // 8)
    wanted = [(0, min(_OPENING, limit // 4))]
    wanted += sorted((max(0, start - around), min(length - 1, end + around)) for start, end in passages)
    parts: list[Span] = []
    left = limit
    for start, end in wanted:
        seen = parts[-1][1] if parts else 0
        start, end = max(start, seen), min(end, max(start, seen) + left)
        if end <= start:
            continue
        if parts and start == seen:
            parts[-1] = (parts[-1][0], end)
        else:
            parts.append((start, end))
        left -= end - start
    return parts


def utf16_places(text: str, places: Sequence[int]) -> list[int]:
    """Places in code points as places in UTF-16 units, which browsers count in.

    >>> utf16_places("a\N{GRINNING FACE}b", [1, 2, 3])
    [1, 3, 4]
    """
    if text.isascii() or len(text.encode("utf-16-le", "surrogatepass")) == 2 * len(text):
        return list(places)
    wide = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32) > 0xFFFF
    before = np.concatenate([[0], np.cumsum(wide)])
    return [place + int(before[place]) for place in places]
