"""From what a user calls a story to the story: a file, a story in a file, or an id among many."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import msgspec

from dedup.errors import InputError, UsageError
from dedup.files import printable
from dedup.read import ReadOptions, read_stories
from dedup.read.names import name_text
from dedup.story import Problem, Story

_NAMED = 3
_LOOKED_AT = 20_000  # ids; looking for near ones takes some 10 µs each


def read_one(name: str, read: ReadOptions, on_problem: Callable[[Problem], None] | None = None) -> Story:
    """The story that ``name`` says: a file that holds one, or ``FILE#ID``, the story of that id, or of that line or number,
    in a file that holds several. The story's id is what it is called here.

    InputError for a file that cannot be read, or holds none or several; UsageError for an id that is not in it.
    """
    path, wanted = _split(name)
    if wanted is None:
        stories = list(islice(read_stories([path], replace(read, strict=True), on_problem=on_problem), _NAMED))
        if len(stories) == 1:
            return msgspec.structs.replace(stories[0], id=_shown(name))
        raise InputError(f"{_shown(path)!r}: {_count(stories, path)}")
    stories = list(read_stories([path], read, on_problem=on_problem))
    found = _chosen(stories, wanted, path)
    return msgspec.structs.replace(found, id=_shown(name))


def file_of(name: str) -> str:
    """The file of what ``read_one`` is given."""
    return _split(name)[0]


def not_found(wanted: str, ids: Sequence[str], where: str) -> UsageError:
    """The error for an id that is not there; names those that it may have been meant for."""
    near = list(islice(_near(wanted, ids), _NAMED))
    hint = f"did you mean {', '.join(map(_quoted, near))}?" if near else "check the id"
    return UsageError(f"{_quoted(wanted)}: no story {where} has this id; {hint}")


def check_two(a: str, b: str) -> None:
    """UsageError where both are one story."""
    if a == b:
        raise UsageError(f"{_quoted(a)}: named twice; name two stories")


def _split(name: str) -> tuple[str, str | None]:
    """A file, and the story in it: at the last "#" before which there is a file."""
    if os.path.lexists(name):
        return name, None
    at = name.rfind("#")
    while at > 0:
        if Path(name[:at]).is_file():
            return name[:at], name[at + 1 :]
        at = name.rfind("#", 0, at)
    return name, None


def _shown(name: str) -> str:
    return name_text(os.fsencode(name))


def _count(stories: Sequence[Story], path: str) -> str:
    if not stories:
        return "holds no story; name a file that holds one"
    example = f"{_shown(path)}#{_short(stories[0], path)}"
    return f"holds more than one story; name one as FILE#ID, such as {_quoted(example)}"


def _short(story: Story, path: str) -> str:
    """What stands behind "#" for a story: its id, without the file that an id made of file and line begins with."""
    return story.id.removeprefix(f"{_file_id(path)}#")


def _file_id(path: str) -> str:
    return name_text(os.fsencode(os.path.basename(path)))  # noqa: PTH119 - a Path would drop what follows a slash


def _chosen(stories: Sequence[Story], wanted: str, path: str) -> Story:
    for matching in (
        [story for story in stories if story.id == wanted],
        [story for story in stories if story.id in (f"{_file_id(path)}#{wanted}", f"{_file_id(path)}/{wanted}")],
        [story for story in stories if wanted == f"{story.id}#{story.line}"],
        [story for story in stories if wanted == str(story.line)],
    ):
        if len(matching) == 1:
            return matching[0]
        if matching:
            lines = ", ".join(str(story.line) for story in matching[:_NAMED])
            raise UsageError(
                f"{_quoted(wanted)}: {len(matching)} stories of {_shown(path)!r} bear it; name one by its "
                f"line, {lines} …, as FILE#{wanted}#{matching[0].line}"
            )
    raise not_found(wanted, [_short(story, path) for story in stories], f"of {_shown(path)!r}")


def _near(wanted: str, ids: Sequence[str]) -> Iterator[str]:
    """Ids like one that is not there: with more or less of a path, in other case, or misspelt."""
    found = set()
    folded = wanted.casefold()
    for id in ids:
        other = id.casefold()
        if other == folded or _ends(folded, other) or _ends(other, folded):
            found.add(id)
            yield id
    close = difflib.get_close_matches(wanted, ids[:_LOOKED_AT], n=_NAMED)
    yield from (id for id in close if id not in found)


def _ends(longer: str, shorter: str) -> bool:
    return bool(shorter) and longer.endswith((f"/{shorter}", f"#{shorter}"))


def _quoted(name: str) -> str:
    return f"'{printable(name)}'"
