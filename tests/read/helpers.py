"""Reading as tests want it, and input made on the spot."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from dedup.read import ReadOptions, read_stories
from dedup.story import Problem, Story

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["ids", "lines", "read", "reasons", "zstd"]


def read(*paths: str | os.PathLike[str], **options: Any) -> tuple[list[Story], list[Problem]]:
    problems: list[Problem] = []
    return list(read_stories(paths, ReadOptions(**options), on_problem=problems.append)), problems


def ids(stories: Sequence[Story]) -> list[str]:
    return [story.id for story in stories]


def reasons(problems: Sequence[Problem]) -> list[tuple[str, bool]]:
    """What is said of which file, without its folder, and whether it failed."""
    return [(f"{problem.where.rpartition('/')[2]}: {problem.reason}", problem.failed) for problem in problems]


def lines(*records: object) -> bytes:
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)
