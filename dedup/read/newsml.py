"""NewsML-G2, the IPTC's envelope for news of any kind (https://iptc.org/standards/newsml-g2/): from an item to a story."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dedup.read.dates import parse_date
from dedup.read.nitf import Note, date_of, first_of_each, nitf_text, nitf_title
from dedup.read.plain import text_of_html
from dedup.read.prose import line_of, prose
from dedup.read.xmlitems import local
from dedup.story import Story

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ITEMS: Final = {
    "newsItem": "a news item",
    "packageItem": "a package",
    "conceptItem": "a concept",
    "knowledgeItem": "a knowledge item",
    "planningItem": "a planning item",
    "catalogItem": "a catalogue",
}

_WITHDRAWN: Final = ("canceled", "cancelled", "withheld")
_MEANT: Final = {"update": "an update", "correction": "a correction"}
_MARKED_UP: Final = frozenset(("html", "body", "nitf", "div", "section", "article", "p", "block"))
_SHOWN: Final = 200
_CODE: Final = re.compile("[:/#]")


def news_item_story(item: Element, note: Note) -> Story | None:
    """The story of an item; None, and a note, if it has no text. Its id is "" if it has none.

    The id is the guid without the version: versions are one item, and a later one replaces the earlier in an index.
    """
    meta = first_of_each(each for part in item if local(part.tag) in ("itemMeta", "contentMeta") for each in part)
    contents = [each for part in item if local(part.tag) == "contentSet" for each in part]
    text, title = _text(contents)
    if not text:
        kind = _code(meta.get("itemClass"))
        why = "in an encoding that is not read" if any(map(_encoded, contents)) else "without text"
        note(f"{ITEMS[local(item.tag)]} {why}{f' ({kind})' if kind else ''}; passed over")
        return None
    dates = [line_of(meta.get(name)) or "" for name in ("versionCreated", "contentModified", "contentCreated")]
    published = date_of(dates, note)
    said = [_status(meta), _embargo(meta, dates[0]), _version(item, meta), _message(meta)]
    if any(said):
        note("; ".join(filter(None, said)))
    return Story(
        id=item.get("guid", ""),
        text=text,
        title=line_of(meta.get("headline")) or title,
        source=_provider(meta.get("provider")),
        published=published,
    )


def _text(contents: list[Element]) -> tuple[str, str | None]:
    """The first text among renditions of the content, and the title that goes with it."""
    for each in contents:
        name = local(each.tag)
        if name == "inlineXML":
            parts = first_of_each(each.iter())
            title = nitf_title(parts) or line_of(parts.get("title"))
            text = nitf_text(parts) or (prose(each) if any(local(part.tag) in _MARKED_UP for part in each) else "")
        elif name == "inlineData" and not _encoded(each):
            words = each.text or ""
            title = None
            text = text_of_html(words) if "html" in each.get("contenttype", "") else words.strip()
        else:
            continue
        if text:
            return text, title
    return "", None


def _encoded(content: Element) -> bool:
    return local(content.tag) == "inlineData" and bool(content.get("encoding") or content.get("encodinguri"))


def _status(meta: dict[str, Element]) -> str:
    status = _code(meta.get("pubStatus"))
    return f"its status is {status!r}: it was taken back by its provider" if status in _WITHDRAWN else ""


def _embargo(meta: dict[str, Element], created: str) -> str:
    embargoed = meta.get("embargoed")
    if embargoed is None:
        return ""
    # Without a date it holds until another version lifts it.
    until, version = parse_date(line_of(embargoed) or ""), parse_date(created)
    if until is None:
        return "embargoed until further notice"
    return f"embargoed until {until.isoformat()}" if version is None or until > version else ""


def _version(item: Element, meta: dict[str, Element]) -> str:
    version = item.get("version", "1")[:_SHOWN]
    said = [f"version {version}" if version not in ("", "1") else "", _MEANT.get(_code(meta.get("signal")), "")]
    return f"it is {', '.join(filter(None, said))}" if any(said) else ""


def _message(meta: dict[str, Element]) -> str:
    message = line_of(meta.get("edNote"))
    return f"a message to editors: {message[:_SHOWN]!r}" if message else ""


def _provider(provider: Element | None) -> str | None:
    if provider is None:
        return None
    named = line_of(first_of_each(provider).get("name"))
    return named or provider.get("literal") or provider.get("qcode", "").partition(":")[2] or provider.get("uri") or None


def _code(element: Element | None) -> str:
    """What an element says by a code or an address, without the scheme that it is of."""
    return "" if element is None else _CODE.split(element.get("qcode") or element.get("uri") or "")[-1][:_SHOWN]
