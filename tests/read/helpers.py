"""Reading as tests want it, and input made on the spot."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from dedup.read import ReadOptions, read_blocks, read_stories
from dedup.story import Problem, Stories, Story

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["ids", "lines", "read", "read_in_blocks", "reasons", "zstd"]


def read(*paths: str | os.PathLike[str], **options: Any) -> tuple[list[Story], list[Problem]]:
    """All stories and problems, which are the same in blocks."""
    problems: list[Problem] = []
    stories = list(read_stories(paths, ReadOptions(**options), on_problem=problems.append))
    if "-" not in paths:
        assert read_in_blocks(*paths, **options) == ([msgspec.structs.replace(one, record=b"") for one in stories], problems)
    return stories, problems


def read_in_blocks(*paths: str | os.PathLike[str], **options: Any) -> tuple[list[Story], list[Problem]]:
    problems: list[Problem] = []
    stories: list[Story] = []
    for given in read_blocks(paths, ReadOptions(**options), on_problem=problems.append):
        stories += [given] if isinstance(given, Story) else each(given)
    return [msgspec.structs.replace(story, record=b"") for story in stories], problems


def each(stories: Stories) -> list[Story]:
    """One by one."""
    columns = (stories.ids, stories.texts, stories.titles, stories.sources, stories.urls, stories.published, stories.lines)
    return [
        Story(id=id, text=text, title=title, source=source, url=url, published=when, origin=stories.origin, line=line)
        for id, text, title, source, url, when, line in zip(*columns, strict=True)
    ]


def ids(stories: Sequence[Story]) -> list[str]:
    return [story.id for story in stories]


def reasons(problems: Sequence[Problem]) -> list[tuple[str, bool]]:
    """What is said of which file, without its folder, and whether it failed."""
    return [(f"{problem.where.rpartition('/')[2]}: {problem.reason}", problem.failed) for problem in problems]


def lines(*records: object) -> bytes:
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)
