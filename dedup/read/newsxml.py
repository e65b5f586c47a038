"""XML files of news: NITF and NewsML-G2, both of the IPTC (https://iptc.org/standards/), and feeds."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

import msgspec

from dedup.read.decoding import decode
from dedup.read.feed import FEEDS, entry_story
from dedup.read.fields import Unreadable
from dedup.read.newsml import ITEMS, news_item_story
from dedup.read.nitf import nitf_story
from dedup.read.options import ReadOptions, size
from dedup.read.prose import line_of
from dedup.read.source import Report, Source
from dedup.read.stream import Damage
from dedup.read.xmlitems import Items, local, without_forbidden
from dedup.story import Problem, Story

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DECLARED: Final = re.compile(rb"""\A\s*<\?xml[^<>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_:.-]{1,40})""")
# How a document begins that has no byte-order mark, and which it should have had.
_BEGINNINGS: Final = (
    (b"<\0\0\0", codecs.BOM_UTF32_LE),
    (b"\0\0\0<", codecs.BOM_UTF32_BE),
    (b"<\0", codecs.BOM_UTF16_LE),
    (b"\0<", codecs.BOM_UTF16_BE),
)
_MARGIN: Final = "\ufeff \t\r\n"
_TITLE: Final = "title"


def read_newsxml(source: Source, options: ReadOptions, report: Report) -> Iterator[Story]:
    """The stories in an XML file: one, or those of a message or a feed; whole ones also if it breaks off behind them."""
    data, reason = _loaded(source, options)
    tell = partial(_tell, report, source.where)
    if data is None:
        tell(reason, failed=True)
        return
    document = _Document(_text(data, options, tell), reason, options)
    del data
    yield from document.stories(source, report)
    if document.reason:
        tell(document.reason, failed=True)
    elif not document.found:
        tell(f"XML of another kind, <{document.root[:80]}>; NITF, NewsML-G2, RSS and Atom are read")


class _Document:
    """One document: how many items were ``found`` in it, and the ``reason`` why there are no more, "" at its end."""

    def __init__(self, text: str, reason: str, options: ReadOptions) -> None:
        self._items = Items(_item_names, options)
        self._elements = self._items.of(text)
        self.reason = reason
        self.found = 0

    @property
    def root(self) -> str:
        return self._items.root

    def stories(self, source: Source, report: Report) -> Iterator[Story]:
        elements = self._whole()
        first = list(islice(elements, 2))
        feed = self.root in FEEDS
        # A message of one item is that story; if it broke off there were more.
        many = feed or len(first) > 1 or bool(first and self.reason)
        if many:
            source = replace(source, origin=msgspec.structs.replace(source.origin, parts=True))
        outlet = None
        for element in chain(first, elements):
            if feed and local(element.tag) == _TITLE:
                outlet = outlet or line_of(element)
                continue
            self.found += 1
            story = _story(element, self.found if many else 0, source, report)
            if story is not None:
                yield msgspec.structs.replace(story, source=story.source or outlet)
        self.found += feed

    def _whole(self) -> Iterator[Element]:
        try:
            yield from self._elements
        except Unreadable as reason:
            self.reason = self.reason or str(reason)


def _story(item: Element, number: int, source: Source, report: Report) -> Story | None:
    """The story of an item; the number 0 stands for the one that is the whole file."""
    name = local(item.tag)
    convert = nitf_story if name == "nitf" else news_item_story if name in ITEMS else entry_story
    story = convert(item, partial(_tell, report, f"{source.where}:{number}" if number else source.where))
    if story is None:
        return None
    unnamed = f"{source.id}#{number}" if number else source.id
    return msgspec.structs.replace(story, id=story.id or unnamed, origin=source.origin, line=number)


def _item_names(root: str) -> frozenset[str]:
    """What the items are called in a document with such a root. The title of a feed is its outlet."""
    return frozenset((FEEDS[root], _TITLE)) if root in FEEDS else frozenset((*ITEMS, "nitf"))


def _loaded(source: Source, options: ReadOptions) -> tuple[bytes | None, str]:
    """All bytes that can be had, and why there are no more; None if they are too many."""
    data = bytearray()
    try:
        for chunk in source.chunks:
            data += chunk
            if len(data) > options.max_story_bytes:
                return None, f"XML of over {size(options.max_story_bytes)}; to read it, raise --max-story-bytes"
    except Damage as damage:
        if damage.whole:
            return bytes(data), str(damage)
        # Up to the last whole tag: half a character behind it would pass for a wrong one.
        return bytes(data[: data.rfind(b">") + 1]), f"{damage} (no item is read in part)"
    return bytes(data), ""


def _text(data: bytes, options: ReadOptions, tell: Callable[[str], None]) -> str:
    """The document as a string, with what is to be said of that."""
    mark = next((mark for begin, mark in _BEGINNINGS if data.startswith(begin)), b"")
    declared = _DECLARED.match(data)
    text, note = decode(mark + data, options, declared[1].decode("ascii") if declared else None)
    text, count = without_forbidden(text)
    if note:
        tell(note)
    if count:
        tell(f"{count:,} character{'s' if count > 1 else ''} that XML cannot hold read as U+FFFD")
    return text.lstrip(_MARGIN)


def _tell(report: Report, where: str, reason: str, *, failed: bool = False) -> None:
    report(Problem(where=where, reason=reason, failed=failed))
