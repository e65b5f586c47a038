"""Taking a story's fields out of a JSON record without decoding the rest of it."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, Final

import msgspec

from dedup.read.options import size
from dedup.read.roles import Roles
from dedup.read.utf8 import is_utf8

# What a field may hold. None is JSON's null, UNSET a field that is not there.
Value = str | int | float | bool | msgspec.UnsetType | None
Values = tuple[Value, Value, Value, Value, Value, Value]
Columns = list[list[Value]]  # of the same six

_PLAIN: Final = str | int | float | bool | msgspec.UnsetType | None
_RAW: Final = msgspec.Raw | msgspec.UnsetType


class Unreadable(Exception):
    """Why a record gives no story; the message is fit for a person."""


class Nested(str):
    """Stands for an array or an object where a plain value belongs, and says which."""

    __slots__ = ()


class Fields:
    """Reads id, text, title, source, url and date of a record, by the names of their fields; ``limit`` bytes of text."""

    def __init__(self, roles: Roles, limit: int) -> None:
        self._fields = roles
        self._limit = limit
        names = tuple(dict.fromkeys(self._fields))
        places = [names.index(name) for name in self._fields]
        self._pick = itemgetter(*places)
        self._columns = [attrgetter(_key(place)) for place in places]
        self._fast = None if any("." in name for name in names) else _decoder(names, _PLAIN)
        self._names = tuple(dict.fromkeys(name for field in names for name in (field, *_prefixes(field))))

    def values(self, record: bytes) -> Values:
        """The six fields; a number as id comes as the string of its digits unless it is an integer.

        :raises msgspec.DecodeError: the record is not a JSON object.
        :raises Unreadable: the text is over the limit.
        """
        if self._fast is not None and len(record) <= self._limit:
            try:
                values: Values = self._pick(msgspec.structs.astuple(self._fast.decode(record)))
            except msgspec.ValidationError:
                return self._one_by_one(record)
            if type(values[0]) is not float:
                return values
        return self._one_by_one(record)

    def every(self, block: bytes, count: int) -> Columns | None:
        """The six fields of the records of a block, field by field; None unless it is one of ``count`` good records without
        oddities, which :meth:`values` must then tell apart."""
        if self._fast is None or len(block) > self._limit or not is_utf8(block):
            return None
        try:
            records = self._fast.decode_lines(block)
        except (msgspec.MsgspecError, RecursionError):
            return None
        if len(records) != count:
            return None
        columns = [list(map(of, records)) for of in self._columns]
        return None if float in map(type, columns[0]) else columns

    def _one_by_one(self, record: bytes) -> Values:
        """The same at leisure: reaches into nested records, and measures the text before it is decoded."""
        members = _members(record, self._names)
        raws = [_find(members, field) for field in self._fields]
        text = raws[1]
        if text is not None and _first(text) == b'"' and len(memoryview(text)) - len('""') > self._limit:
            raise Unreadable(f"a text of over {size(self._limit)}; to read it, raise --max-story-bytes")
        identity = raws[0]
        if identity is not None and _first(identity) in b"-0123456789":
            return (bytes(identity).decode(), *map(_plain, raws[1:]))  # type: ignore[return-value]
        return tuple(map(_plain, raws))  # type: ignore[return-value]


def own_names(record: bytes) -> list[str]:
    """The names of a record's own fields, in order; none if they cannot be read."""
    try:
        return list(msgspec.json.decode(record, type=dict[str, msgspec.Raw]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


@lru_cache(maxsize=64)
def _decoder(names: tuple[str, ...], kind: Any) -> msgspec.json.Decoder[Any]:
    # A struct skips every other member, where a dict would hold all that a crafted record has.
    keys = [_key(place) for place in range(len(names))]
    members = [(key, kind, msgspec.UNSET) for key in keys]
    renamed = dict(zip(keys, names, strict=True))
    return msgspec.json.Decoder(msgspec.defstruct("Record", members, rename=renamed, gc=False))


def _key(place: int) -> str:
    """What the member that holds the field at this place is called in Python."""
    return f"f{place}"


def _members(record: bytes | msgspec.Raw, names: tuple[str, ...]) -> dict[str, msgspec.Raw]:
    values = msgspec.structs.astuple(_decoder(names, _RAW).decode(record))
    return {name: value for name, value in zip(names, values, strict=True) if value is not msgspec.UNSET}


def _prefixes(field: str) -> tuple[str, ...]:
    """The names of the records that may hold the field, the longest first: a.b and a for a.b.c."""
    parts = field.split(".")
    return tuple(".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))


def _find(members: dict[str, msgspec.Raw], field: str) -> msgspec.Raw | None:
    if field in members:
        return members[field]
    for prefix in _prefixes(field):
        inner = members.get(prefix)
        if inner is not None and _first(inner) in b"{":
            rest = field[len(prefix) + 1 :]
            found = _find(_members(inner, (rest, *_prefixes(rest))), rest)
            if found is not None:
                return found
    return None


def _first(raw: msgspec.Raw) -> bytes:
    return bytes(memoryview(raw)[:1])


def _plain(raw: msgspec.Raw | None) -> Value:
    if raw is None:
        return msgspec.UNSET
    first = _first(raw)
    if first == b"[":
        return Nested("an array")
    if first == b"{":
        return Nested("an object")
    try:
        value: Value = msgspec.json.decode(raw, type=str | int | float | bool | None)
    except msgspec.ValidationError:
        # A number too large for any type; all that is done with it is to show it.
        return bytes(raw).decode()
    return value
