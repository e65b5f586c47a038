"""News agencies' XML: NITF and NewsML-G2, both of the IPTC (https://iptc.org/standards/). An item is a story.

Declarations of entities are refused, and nothing outside the document is ever looked at; a plain DOCTYPE is fine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from dedup.read.dates import parse_date
from dedup.read.decoding import decode
from dedup.read.fields import Unreadable
from dedup.read.options import ReadOptions
from dedup.read.source import Report, Source
from dedup.read.text import whole
from dedup.story import Problem, Story

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Note = Callable[[str], None]

_MOST_ELEMENTS: Final = 200_000  # some 40 MB once parsed; news items have hundreds
_DECLARED: Final = re.compile(rb"""\A\s*<\?xml[^<>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_:.-]{1,40})""")
_MARGIN: Final = "\ufeff \t\r\n"
_SPACES: Final = re.compile(r"\s+")
_BLOCKS: Final = frozenset("p hl2 h1 h2 h3 h4 h5 h6 li dt dd pre td th div block br blockquote fn tr table head".split())
# What stands among the paragraphs of a text and is not of it.
_ASIDE: Final = frozenset("media media-caption byline caption script style note distributor".split())
_ITEMS: Final = {
    "newsItem": "a news item",
    "packageItem": "a package",
    "conceptItem": "a concept",
    "knowledgeItem": "a knowledge item",
    "planningItem": "a planning item",
    "catalogItem": "a catalogue",
}
_WITHDRAWN: Final = ("canceled", "cancelled", "withheld")


def read_newsxml(source: Source, options: ReadOptions, report: Report) -> Iterator[Story]:
    """The stories in an XML file: one, or those of a message with several items."""
    data = whole(source, options, report)
    if data is None:
        return
    try:
        root, note = _parsed(data, options)
    except Unreadable as reason:
        report(Problem(where=source.where, reason=str(reason)))
        return
    if note:
        report(Problem(where=source.where, reason=note, failed=False))
    items = _items(root)
    if not items:
        other = f"XML of another kind, <{_name(root)}>; NITF and NewsML-G2 are read"
        report(Problem(where=source.where, reason=other, failed=False))
    many = len(items) > 1
    if many:
        source = replace(source, origin=msgspec.structs.replace(source.origin, parts=True))
    for number, item in enumerate(items, 1):
        line = number if many else 0
        where = f"{source.where}:{number}" if many else source.where
        note_item = partial(_report_note, report, where)
        story = (_nitf if _name(item) == "nitf" else _news_item)(item, note_item)
        if story is not None:
            unnamed = f"{source.id}#{number}" if many else source.id
            yield msgspec.structs.replace(story, id=story.id or unnamed, origin=source.origin, line=line)


def _items(root: Element) -> list[Element]:
    """The news items of a document; a text in NITF inside an item is that item's."""
    if _name(root) in ("nitf", *_ITEMS):
        return [root]
    found = [each for each in root.iter() if _name(each) in _ITEMS]
    return found or [each for each in root.iter() if _name(each) == "nitf"]


def _report_note(report: Report, where: str, reason: str) -> None:
    report(Problem(where=where, reason=reason, failed=False))


def _parsed(data: bytes, options: ReadOptions) -> tuple[Element, str]:
    """The root of a document, and what is to be said of its encoding."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    declared = _DECLARED.match(data)
    text, note = decode(data, options, declared[1].decode("ascii") if declared else None)
    if text.count("<") > _MOST_ELEMENTS:
        raise Unreadable(f"XML of over {_MOST_ELEMENTS:,} elements; leave it out, or split it")
    try:
        root: Element = fromstring(
            text.lstrip("\ufeff \t\r\n"), forbid_dtd=False, forbid_entities=True, forbid_external=True
        )
    except DefusedXmlException:
        raise Unreadable("XML that declares entities, which are not expanded; write out what they stand for") from None
    except (ParseError, ValueError, RecursionError) as error:
        raise Unreadable(f"not well-formed XML: {error}; mend it or fetch it again") from None
    return root, note


def _nitf(root: Element, note: Note) -> Story | None:
    content = _first(root, "body.content")
    text = _text(content) if content is not None else ""
    if not text:
        note("a NITF item without text; passed over")
        return None
    published = _date(_attribute(root, "date.issue", "norm") or _attribute(root, "story.date", "norm")) or _date(
        _attribute(root, "pubdata", "date.publication")
    )
    release = _date(_attribute(root, "date.release", "norm"))
    if release and published and release > published:
        note(f"embargoed until {release.isoformat()}")
    copyright = _first(root, "doc.copyright")
    return Story(
        id=_attribute(root, "doc-id", "id-string") or "",
        text=text,
        title=_line(_first(root, "hl1")) or _line(_first(root, "hedline")) or _line(_first(root, "title")),
        source=_line(_first(root, "distributor")) or (copyright.get("holder") if copyright is not None else None) or None,
        published=published,
    )


def _news_item(item: Element, note: Note) -> Story | None:
    text, kind = _item_text(item), _kind(item)
    if not text:
        note(f"{_ITEMS[_name(item)]} without text{f' ({kind})' if kind else ''}; passed over")
        return None
    status = (_attribute(item, "pubStatus", "qcode") or _attribute(item, "pubStatus", "uri") or "").rpartition(":")[2]
    if status.rpartition("/")[2] in _WITHDRAWN:
        note(f"its status is {status!r}: it was taken back by its provider")
    embargo = _date(_line(_first(item, "embargoed")))
    published = _date(_line(_first(item, "versionCreated"))) or _date(_line(_first(item, "contentCreated")))
    if embargo and (published is None or embargo > published):
        note(f"embargoed until {embargo.isoformat()}")
    return Story(
        id=item.get("guid") or "",
        text=text,
        title=_line(_first(item, "headline")) or _line(_first(item, "hl1")) or _line(_first(item, "title")),
        source=_provider(item),
        published=published,
    )


def _item_text(item: Element) -> str:
    for inline in item.iter():
        if _name(inline) == "inlineXML":
            body = _first(inline, "body.content")
            body = _first(inline, "body") if body is None else body
            if body is not None:
                return _text(body)
        elif _name(inline) == "inlineData" and inline.text and inline.get("encoding") is None:
            return inline.text.strip()
    return ""


def _kind(item: Element) -> str:
    qcode = _attribute(item, "itemClass", "qcode") or _attribute(item, "itemClass", "uri") or ""
    return re.split("[:/]", qcode)[-1]


def _provider(item: Element) -> str | None:
    provider = _first(item, "provider")
    if provider is None:
        return None
    named = _line(_first(provider, "name"))
    code = (provider.get("qcode") or "").partition(":")[2]
    return named or provider.get("literal") or code or provider.get("uri") or None


def _text(element: Element) -> str:
    """The paragraphs below an element, an empty line between them. No recursion: documents may be nested deeply."""
    paragraphs: list[str] = []
    pieces: list[str] = []

    def end_paragraph() -> None:
        paragraph = _SPACES.sub(" ", "".join(pieces)).strip()
        if paragraph:
            paragraphs.append(paragraph)
        pieces.clear()

    pending: list[tuple[Element, bool]] = [(element, True)]
    while pending:
        each, entering = pending.pop()
        block = _name(each) in _BLOCKS or each is element
        if not entering:
            if block:
                end_paragraph()
            pieces.append(each.tail or "" if each is not element else "")
            continue
        if block:
            end_paragraph()
        pending.append((each, False))
        if _name(each) not in _ASIDE:
            pieces.append(each.text or "")
            pending.extend((child, True) for child in reversed(each))
    end_paragraph()
    return "\n\n".join(paragraphs)


def _name(element: Element) -> str:
    """Its name without its namespace; "" for a comment or an instruction."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _first(element: Element, name: str) -> Element | None:
    return next((each for each in element.iter() if _name(each) == name), None)


def _attribute(element: Element, name: str, attribute: str) -> str | None:
    found = _first(element, name)
    return found.get(attribute) if found is not None else None


def _line(element: Element | None) -> str | None:
    if element is None:
        return None
    return _SPACES.sub(" ", "".join(element.itertext())).strip() or None


def _date(value: str | None) -> datetime | None:
    return parse_date(value) if value else None
