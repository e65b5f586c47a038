"""A web page that is one story: its main text, without what stands around it on every page of the site."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dedup.read.dates import parse_date
from dedup.read.decoding import decode
from dedup.read.fields import Unreadable
from dedup.read.options import ReadOptions
from dedup.read.source import Report, Source
from dedup.read.text import whole
from dedup.story import Problem, Story

NO_EXTRA: Final = "a web page, which needs trafilatura to be read; install it with pip install 'wire-dedup[html]'"
NO_TEXT: Final = "a web page without a main text; passed over"

# Extraction takes the square of what stands in one paragraph, and of the attributes of one element. News pages have up
# to some 3,000 elements, and tags of up to 50 KB where pictures are inlined.
_MOST_ELEMENTS: Final = 20_000
_LONGEST_TAG: Final = 64 << 10

_ELEMENT: Final = re.compile("<[A-Za-z]")
_LONG_TAG: Final = re.compile(f"<([A-Za-z][A-Za-z0-9]{{0,31}})[^<>]{{{_LONGEST_TAG},}}>?")
_SPAN: Final = re.compile(r"""\b(?:col|row)span\s*=\s*["']?\s*[-+]?\d+["']?""", re.IGNORECASE)
_CHARSET: Final = re.compile(rb"""<meta[^<>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
_XML_ENCODING: Final = re.compile(rb"""\A\s*<\?xml[^<>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_:.-]{1,40})""")
_CHATTY: Final = ("trafilatura", "htmldate", "courlan", "justext")
_HEAD: Final = 4096  # where a page says its encoding; the standard asks for the first 1024 bytes


@dataclass(frozen=True, slots=True)
class Page:
    """What a page tells; ``note`` is what is to be said of how it was read, "" for nothing."""

    text: str
    title: str | None
    source: str | None
    url: str | None
    published: datetime | None
    note: str


def read_page(source: Source, options: ReadOptions, report: Report) -> Iterator[Story]:
    """The story of a page; none, and a report, if it has no main text."""
    data = whole(source, options, report)
    if data is None:
        return
    try:
        found = page(data, options)
    except Unreadable as reason:
        report(Problem(where=source.where, reason=str(reason)))
        return
    if found is None:
        report(Problem(where=source.where, reason=NO_TEXT, failed=False))
        return
    if found.note:
        report(Problem(where=source.where, reason=found.note, failed=False))
    yield Story(
        id=source.id,
        text=found.text,
        title=found.title,
        source=found.source,
        url=found.url,
        published=found.published,
        origin=source.origin,
    )


def page(data: bytes, options: ReadOptions, *, declared: str | None = None, url: str | None = None) -> Page | None:
    """What the bytes of a page tell; None if it has no main text.

    ``declared`` is the encoding that came with them, as in an HTTP header; ``url`` where they came from. Nothing is fetched.

    :raises Unreadable: it has too many elements, or trafilatura is not installed or fails.
    """
    html, note = decode(data, options, declared or _declared(data))
    if sum(1 for _ in zip(_ELEMENT.finditer(html), range(_MOST_ELEMENTS + 1), strict=False)) > _MOST_ELEMENTS:
        raise Unreadable(f"a web page of over {_MOST_ELEMENTS:,} elements; save its text, or leave it out")
    document = _extracted(_harmless(html), url)
    if document is None or not (document.text or "").strip():
        return None
    date = parse_date(document.date) if document.date else None
    return Page(document.text, document.title, document.sitename or document.hostname, document.url or url, date, note)


def _declared(data: bytes) -> str | None:
    found = _XML_ENCODING.search(data[:_HEAD]) or _CHARSET.search(data[:_HEAD])
    if found is None:
        return None
    name = found[1].decode("ascii")
    # A page whose bytes could be read as far as this is in no encoding of two bytes, whatever it says.
    return None if name.lower().startswith(("utf-16", "utf-32", "ucs")) else name


def _harmless(html: str) -> str:
    """Without what makes extraction slow or large and says nothing about the text."""
    html = _LONG_TAG.sub(r"<\1>", html.replace("\0", ""))
    return _SPAN.sub("", html)


def _extracted(html: str, url: str | None) -> Any:
    try:
        from trafilatura import bare_extraction
    except ImportError:
        raise Unreadable(NO_EXTRA) from None
    with _quiet():
        try:
            return bare_extraction(
                html,
                url=url,
                include_comments=False,
                with_metadata=True,
                # Only dates that the page gives as its own: any other might be that of a comment, or of the footer.
                date_extraction_params={"extensive_search": False, "original_date": True},
            )
        except Exception as error:  # whatever a parser meets in a hostile page is that page's fault
            raise Unreadable(f"a web page that cannot be taken apart ({type(error).__name__}); save its text") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """trafilatura warns of every page it finds empty; that is told by a report instead."""
    known = logging.root.manager.loggerDict.items()
    loggers = [each for name, each in known if name.partition(".")[0] in _CHATTY and isinstance(each, logging.Logger)]
    heard = [each for each in loggers if not each.disabled]
    for each in heard:
        each.disabled = True
    try:
        yield
    finally:
        for each in heard:
            each.disabled = False
