"""ninjs, the IPTC's news in JSON, versions 1 to 3: an object that is one item.

https://iptc.org/std/ninjs/ gives the properties; in version 3 they are spelt in camel case.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from dedup.read.dates import parse_date
from dedup.read.fields import Unreadable
from dedup.read.options import ReadOptions, size
from dedup.read.plain import text_of_html
from dedup.read.source import Source
from dedup.story import Story

# The properties that matter, as version 3 spells them; the others only in lower case.
_MARKS: Final = tuple(
    "representationType bodies body_text body_html body_xhtml headlines descriptions versionCreated contentCreated "
    "firstCreated pubStatus eventDetails".split()
)
_OTHERS: Final = tuple("uri type headline title published embargoed provider infoSources source url".split())
_SPELT: Final = tuple(dict.fromkeys(spelt for name in (*_MARKS, *_OTHERS) for spelt in (name, name.lower())))
_OF_MARKS: Final = frozenset(name.lower() for name in _MARKS)
_NO_TEXTS: Final = ("picture", "graphic", "audio", "video", "composite", "package", "planning", "event", "component")
_WITHDRAWN: Final = ("canceled", "cancelled", "withheld")
_MOST_PARTS: Final = 10_000  # an item has a handful of headlines and bodies; a crafted one would fill the memory

_Properties = dict[str, msgspec.Raw]
_RAW: Final = msgspec.Raw | msgspec.UnsetType
# A struct skips every other member, where a dict would hold all that a crafted item has.
_ITEM: Final = msgspec.json.Decoder(msgspec.defstruct("Item", [(name, _RAW, msgspec.UNSET) for name in _SPELT]))
_TEXTS: Final = ("role", "value", "contentType", "contenttype", "name")
_PARTS: Final = msgspec.json.Decoder(
    list[msgspec.defstruct("Part", [(name, str | None, None) for name in _TEXTS])]  # type: ignore[misc]
)


class Textless(Exception):
    """An item that is no text, such as a picture; the message says what."""


def is_item(record: bytes | memoryview) -> bool:
    """Whether it is JSON of an object that is a ninjs item."""
    try:
        known = _properties(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    # Any object may have an address and a type; those of pictures and the like are told by it.
    return "uri" in known and (not _OF_MARKS.isdisjoint(known) or _string(known, "type") in _NO_TEXTS)


def item(record: bytes, source: Source, number: int, options: ReadOptions, note: Callable[[str], None]) -> Story:
    """The story of an item; ``number`` is 0 for one that is a file of its own. ``note`` is told what else it says.

    :raises Textless: it holds no text.
    :raises Unreadable: its text is over the limit.
    """
    known = _properties(record)
    text = _text(known, options.max_story_bytes)
    if not text:
        kind = _string(known, "type") or ("event" if "eventdetails" in known else "of no type")
        raise Textless(f"a ninjs item without text ({kind}); passed over")
    status = _string(known, "pubstatus")
    if status in _WITHDRAWN:
        note(f"its status is {status!r}: it was taken back by its provider")
    published = _date(known)
    embargo = parse_date(_string(known, "embargoed") or "")
    if embargo and embargo > (published or datetime.now(UTC)):
        note(f"embargoed until {embargo.isoformat()}")
    return Story(
        id=_string(known, "uri") or (f"{source.id}#{number}" if number else source.id),
        text=text,
        title=_string(known, "headline") or _headline(known) or _string(known, "title"),
        source=_string(known, "provider") or _first_name(known) or _string(known, "source"),
        url=_string(known, "url"),
        published=published,
        origin=source.origin,
        line=number,
    )


def _properties(record: bytes | memoryview) -> _Properties:
    values = msgspec.structs.astuple(_ITEM.decode(record))
    return {name.lower(): raw for name, raw in zip(_SPELT, values, strict=True) if raw is not msgspec.UNSET}


def _text(known: _Properties, limit: int) -> str:
    for name in ("body_text", "body_html", "body_xhtml", "bodies"):
        raw = known.get(name)
        if raw is None:
            continue
        if len(memoryview(raw)) > limit + len('""'):
            raise Unreadable(f"a text of over {size(limit)}; to read it, raise --max-story-bytes")
        text = _fullest(known) if name == "bodies" else _string(known, name) or ""
        if text:
            return text_of_html(text) if name in ("body_html", "body_xhtml") else text
    return ""


def _fullest(known: _Properties) -> str:
    """The plain one of several bodies, which may hold the same text in several formats, else the fullest."""
    bodies = [body for body in _parts(known, "bodies") if body.role not in ("caption", "teaser")]
    texts = [(_is_plain(body), _body(body)) for body in bodies]
    return max(texts, key=lambda found: (bool(found[1]) and found[0], len(found[1])), default=(False, ""))[1]


def _body(body: Any) -> str:
    value: str = body.value or ""
    return value if _is_plain(body) else text_of_html(value)


def _is_plain(body: Any) -> bool:
    kind = body.contentType or body.contenttype or ""
    return "plain" in kind or (not kind and "<" not in (body.value or ""))


def _headline(known: _Properties) -> str | None:
    """The value of the main one of several headlines, else of the first."""
    values = sorted(_parts(known, "headlines"), key=lambda each: each.role not in ("main", "headline", None))
    titles = (text_of_html(each.value) if "<" in each.value else each.value for each in values if each.value)
    return next(filter(None, titles), None)


def _first_name(known: _Properties) -> str | None:
    return next((source.name for source in _parts(known, "infosources") if source.name), None)


def _date(known: _Properties) -> datetime | None:
    names = ("versioncreated", "contentcreated", "firstcreated", "published")
    return next(filter(None, (parse_date(_string(known, name) or "") for name in names)), None)


def _parts(known: _Properties, name: str) -> list[Any]:
    """The objects of an array; none if it is something else."""
    raw = known.get(name)
    if raw is None or bytes(raw).count(b"{") > _MOST_PARTS:
        return []
    try:
        found: list[Any] = _PARTS.decode(raw)
    except msgspec.ValidationError:
        return []
    return found


def _string(known: _Properties, name: str) -> str | None:
    raw = known.get(name)
    if raw is None or bytes(memoryview(raw)[:1]) != b'"':
        return None
    value: str = msgspec.json.decode(raw, type=str)
    return value or None
