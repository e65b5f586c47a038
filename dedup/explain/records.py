"""What an explanation tells: records that reports show."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from dedup.relate import Score
from dedup.story import Decision, Overlap, Story

Span = tuple[int, int]
"""Code points of a text, end excluded."""


class Stretch(msgspec.Struct, frozen=True):
    """A piece of a story that no passage covers, from its first word to its last, and how many words it has."""

    span: Span
    words: int


class Facts(msgspec.Struct, frozen=True):
    """The figures and names of a story that the other does not have, each where it first stands, in the text's order."""

    figures: tuple[Span, ...] = ()
    names: tuple[Span, ...] = ()


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two stories.

    ``facts`` and ``alone`` are what it has and the other has not. Where ``text_kept`` is False its text is not to be had,
    only what was recorded of it, and both are empty.
    """

    story: Story
    text_kept: bool = True
    facts: Facts = Facts()
    alone: tuple[Stretch, ...] = ()

    @property
    def alone_words(self) -> int:
        """Words of all of ``alone``."""
        return sum(stretch.words for stretch in self.alone)


class Source(StrEnum):
    """What a pair was judged by: its two texts alone, all stories of a scan, or those that an index held."""

    TEXTS = "texts"
    SCAN = "scan"
    INDEX = "index"


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """By what a pair was judged, and what became of it there.

    ``stories`` counts those that were seen; ``compared`` tells whether the scan compared the pair itself; ``decisions`` are
    those on the two stories, where any were made. ``notes`` say the same in sentences.
    """

    by: Source
    notes: tuple[str, ...] = ()
    stories: int | None = None
    compared: bool | None = None
    decisions: tuple[Decision, ...] = ()


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A compared pair, the reason for its relation in a sentence, and what that rests on."""

    overlap: Overlap
    reason: str
    scores: tuple[Score, ...]
    a: Side
    b: Side
    basis: Basis
