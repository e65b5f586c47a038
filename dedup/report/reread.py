"""The records of an earlier scan, and the stories that they are about, read again."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from dedup.columns import Names
from dedup.errors import InputError
from dedup.files import StrPath, printable
from dedup.read import ReadOptions, read_stories
from dedup.story import Decision, Overlap, Problem, Stamp, Story

Record = TypeVar("Record", Overlap, Decision)


class Reread(NamedTuple):
    """Stories by id, and the stamps of all files that were read."""

    stories: dict[str, Story]
    stamps: set[Stamp]


def read_pairs(path: StrPath) -> list[Overlap]:
    """The pair records of a ``dedup scan --pairs`` file, in file order. InputError as for :func:`read_decisions`."""
    return _records(path, Overlap, "pair", "--pairs")


def read_decisions(path: StrPath) -> list[Decision]:
    """The decisions of a ``dedup scan --decisions`` file of JSON lines. InputError if it can't be read or holds others."""
    return _records(path, Decision, "decision", "--decisions FILE.jsonl")


def _records(path: StrPath, kind: type[Record], name: str, option: str) -> list[Record]:
    shown = printable(os.fspath(path))
    decoder = msgspec.json.Decoder(kind)
    found: list[Record] = []
    try:
        with open(path, "rb") as lines:
            for at, record in enumerate(lines, 1):
                if not record.strip():
                    continue
                try:
                    found.append(decoder.decode(record))
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    reason = f"no {name} record: {error}; give what 'dedup scan {option}' wrote"
                    raise InputError(f"{shown}:{at}: {reason}") from None
    except OSError as error:
        raise InputError(f"{shown!r}: {error.strerror or error}") from None
    return found


def stories_again(
    paths: Sequence[StrPath],
    pairs: Sequence[Overlap],
    read: ReadOptions,
    *,
    on_problem: Callable[[Problem], None] | None = None,
    on_bytes: Callable[[int], None] | None = None,
) -> Reread:
    """The stories of the pairs, named as a scan of the same paths names them; others are read and let go.

    InputError if some are not there.
    """
    wanted = {name for pair in pairs for name in (pair.a, pair.b)}
    names = Names()
    found: dict[str, Story] = {}
    stamps: set[Stamp] = set()
    for story in read_stories(paths, read, on_problem=on_problem, on_bytes=on_bytes):
        name = names.take(story.id, story.line)
        if story.origin and story.origin.stamp:
            stamps.add(story.origin.stamp)
        if name in wanted:
            found[name] = msgspec.structs.replace(story, id=name, record=b"")
    _check_all_found(wanted, found)
    return Reread(found, stamps)


def _check_all_found(wanted: Collection[str], found: Collection[str]) -> None:
    missing = set(wanted) - set(found)
    if missing:
        raise InputError(
            f"story {printable(min(missing))!r}: has a pair, and is not in what was read"
            + (f"; nor are {len(missing) - 1:,} more" if len(missing) > 1 else "")
            + "; give the paths and the reading options of the scan, in the same order"
        )
