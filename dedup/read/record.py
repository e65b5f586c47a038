"""From the six values of a record, whatever it was written in, to a story."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, cast

import msgspec

from dedup.read.dates import parse_date
from dedup.read.fields import Columns, Nested, Unreadable, Value, Values
from dedup.read.roles import Roles
from dedup.read.source import Source
from dedup.story import Stories, Story

NAMES_SHOWN: Final = 8
_NO_DATES: Final = (msgspec.UNSET, None, "")
_BRIEF = reprlib.Repr()
_BRIEF.maxstring = 80


def story_of(
    values: Values, source: Source, number: int, *, note: Callable[[str], None], record: bytes = b""
) -> Story | None:
    """The story of record ``number``, from 1, of a source; None if its text is no string.

    ``note`` is told of a date that is not understood. ``record`` is the JSON that it was read from, if it was.
    """
    identity, text, title, outlet, url, date = values
    if type(text) is not str:
        return None
    published = _published(date, note)
    return Story(
        id=_identity(identity) or f"{source.id}#{number}",
        text=text,
        title=_known(title),
        source=_known(outlet),
        url=_known(url),
        published=published,
        origin=source.origin,
        line=number,
        record=record,
    )


def stories_of(columns: Columns, source: Source, numbers: range) -> Stories | None:
    """The stories of records whose values are given field by field; None if there is anything to be said of one."""
    identities, texts, titles, outlets, urls, dates = columns
    if set(map(type, texts)) != {str}:
        return None
    ids = cast("list[str]", identities)
    if set(map(type, identities)) != {str} or "" in ids:
        ids = [_identity(value) or f"{source.id}#{number}" for value, number in zip(identities, numbers, strict=True)]
    published = _all_published(dates)
    if published is None:
        return None
    return Stories(
        ids=ids,
        texts=cast("list[str]", texts),
        titles=list(map(_known, titles)),
        sources=list(map(_known, outlets)),
        urls=list(map(_known, urls)),
        published=published,
        lines=numbers,
        origin=source.origin,
    )


def no_text(roles: Roles, found: Value, names: Sequence[str]) -> Unreadable:
    """Why a record gives no story whose text field is ``found``, and which ``names`` of fields it has."""
    field = roles.text
    reason = f"no field {field!r}" if found is msgspec.UNSET else f"field {field!r} is {_kind(found)}, not a string"
    if not names:
        return Unreadable(f"{reason}; say which field holds the text with --text-field")
    listed = ", ".join(_BRIEF.repr(name) for name in names[:NAMES_SHOWN])
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return Unreadable(f"{reason}; say which of its fields holds the text with --text-field: {listed}{more}")


def _published(date: Value, note: Callable[[str], None]) -> datetime | None:
    if isinstance(date, msgspec.UnsetType) or date in _NO_DATES:
        return None
    published = parse_date(date)
    if published is None:
        value = date if isinstance(date, Nested) else _BRIEF.repr(date)
        note(f"date not understood: {value}; the story is read without one")
    return published


def _all_published(dates: Sequence[Value]) -> list[datetime | None] | None:
    """When each was published; None if there is a date that is not understood."""
    published: list[datetime | None]
    if set(map(type, dates)) == {str} and "" not in dates:
        published = list(map(parse_date, cast("Sequence[str]", dates)))
        return None if None in published else published
    published = [None if date in _NO_DATES else parse_date(cast("str", date)) for date in dates]
    return None if published.count(None) > sum(map(_NO_DATES.__contains__, dates)) else published


def _identity(value: Value) -> str:
    if type(value) is str:
        return value
    return str(value) if type(value) is int else ""


def _known(value: Value) -> str | None:
    return value or None if type(value) is str else None


def _kind(value: Value) -> str:
    if isinstance(value, Nested):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else "a number"
