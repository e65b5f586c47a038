"""ninjs, the IPTC's news in JSON, versions 1 to 3: an object that is one item.

https://iptc.org/std/ninjs/ gives the properties; in version 3 they are spelt in camel case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from dedup.read.dates import parse_date
from dedup.read.fields import Unreadable
from dedup.read.options import ReadOptions, size
from dedup.read.plain import text_of_html
from dedup.read.source import Source
from dedup.story import Story

_MARKS: Final = frozenset(
    "representationtype bodies body_text body_html body_xhtml headlines descriptions versioncreated contentcreated "
    "firstcreated pubstatus".split()
)
_WITHDRAWN: Final = ("canceled", "cancelled", "withheld")


class Textless(Exception):
    """An item that is no text, such as a picture; the message says what."""


def is_item(names: Iterable[str]) -> bool:
    """Whether an object with properties of these names is a ninjs item."""
    known = {name.lower() for name in names}
    return "uri" in known and bool(known & _MARKS)


def item(record: bytes, source: Source, number: int, options: ReadOptions, note: Callable[[str], None]) -> Story:
    """The story of an item; ``number`` is 0 for one that is a file of its own. ``note`` is told what else it says.

    :raises Textless: it holds no text.
    :raises Unreadable: its text is over the limit.
    """
    fields = _lowered(msgspec.json.decode(record, type=dict[str, Any]))
    text = _text(fields)
    if not text:
        raise Textless(f"a ninjs item without text ({_string(fields.get('type')) or 'of no type'}); passed over")
    if len(text) > options.max_story_bytes // 4 and len(text.encode("utf-8", "replace")) > options.max_story_bytes:
        raise Unreadable(f"a text of over {size(options.max_story_bytes)}; to read it, raise --max-story-bytes")
    status = _string(fields.get("pubstatus"))
    if status in _WITHDRAWN:
        note(f"its status is {status!r}: it was taken back by its provider")
    published = _date(fields)
    embargo = parse_date(_string(fields.get("embargoed")) or "")
    if embargo and embargo > (published or datetime.now(UTC)):
        note(f"embargoed until {embargo.isoformat()}")
    return Story(
        id=_string(fields.get("uri")) or (f"{source.id}#{number}" if number else source.id),
        text=text,
        title=_string(fields.get("headline")) or _best(fields.get("headlines")) or _string(fields.get("title")),
        source=_string(fields.get("provider")) or _name(fields.get("infosources")) or _string(fields.get("source")),
        url=_string(fields.get("url")),
        published=published,
        origin=source.origin,
        line=number,
    )


def _text(fields: dict[str, Any]) -> str:
    if plain := _string(fields.get("body_text")):
        return plain
    for name in ("body_html", "body_xhtml"):
        if marked := _string(fields.get(name)):
            return text_of_html(marked)
    bodies = [_lowered(body) for body in _list(fields.get("bodies"))]
    # The same text may be there in several formats: the plain one is taken, else the fullest.
    texts = [(_is_plain(body), _body(body)) for body in bodies if _string(body.get("role")) not in ("caption", "teaser")]
    return max(texts, key=lambda found: (bool(found[1]) and found[0], len(found[1])), default=(False, ""))[1]


def _body(body: dict[str, Any]) -> str:
    value = _string(body.get("value")) or ""
    return value if _is_plain(body) else text_of_html(value)


def _is_plain(body: dict[str, Any]) -> bool:
    kind = _string(body.get("contenttype")) or ""
    return "plain" in kind or (not kind and "<" not in (_string(body.get("value")) or ""))


def _best(listed: Any) -> str | None:
    """The value of the main one of several headlines, else of the first."""
    values = [_lowered(each) for each in _list(listed)]
    values.sort(key=lambda each: _string(each.get("role")) not in ("main", "headline", None))
    return next(filter(None, (_plain_title(_string(each.get("value"))) for each in values)), None)


def _plain_title(value: str | None) -> str | None:
    return text_of_html(value) if value and "<" in value else value


def _name(listed: Any) -> str | None:
    return next(filter(None, (_string(_lowered(each).get("name")) for each in _list(listed))), None)


def _date(fields: dict[str, Any]) -> datetime | None:
    names = ("versioncreated", "contentcreated", "firstcreated", "published")
    return next(filter(None, (parse_date(_string(fields.get(name)) or "") for name in names)), None)


def _list(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _lowered(value: dict[str, Any]) -> dict[str, Any]:
    return {name.lower(): each for name, each in value.items()}


def _string(value: Any) -> str | None:
    return value or None if isinstance(value, str) else None
