"""A web page that is one story: its main text, without what stands around it on every page of the site."""

from __future__ import annotations

import logging
import re
import warnings
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
from dedup.read.taming import tamed
from dedup.read.text import whole
from dedup.story import Problem, Story

NO_EXTRA: Final = "a web page, which needs trafilatura to be read; install it with pip install 'wire-dedup[html]'"
NO_TEXT: Final = "a web page without a main text; passed over"

_CHARSET: Final = re.compile(rb"""<meta[^<>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
_XML_ENCODING: Final = re.compile(rb"""\A\s*<\?xml[^<>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_:.-]{1,40})""")
# Only dates that the page gives as its own: any other might be that of a comment, or of the footer. What is too far ahead
# is not to depend on the day of the run.
_DATES: Final = {
    "extensive_search": False,
    "original_date": True,
    "outputformat": "%Y-%m-%dT%H:%M:%S%z",
    "max_date": "2099-12-31",
}
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

    :raises Unreadable: there is too much of something in it, or trafilatura is not installed or fails.
    """
    html, note = decode(data, options, declared or _declared(data))
    document = _extracted(tamed(html), url)
    if document is None or not (document.text or "").strip():
        return None
    date = parse_date(document.date) if document.date else None
    return Page(document.text, document.title, _site(document), document.url or url, date, note)


def _site(document: Any) -> str | None:
    """The site as the page calls itself, else its host.

    Without a name trafilatura takes what stands in the address up to its first slash, be it a port or a query.
    """
    name: str | None = document.sitename
    address = (document.url or "").partition("://")[2].removeprefix("www.")
    if name and not address.startswith(name.removeprefix("www.")):
        return name
    return re.split(r"[/?#:]", address)[0] or document.hostname


def _declared(data: bytes) -> str | None:
    found = _XML_ENCODING.search(data[:_HEAD]) or _CHARSET.search(data[:_HEAD])
    if found is None:
        return None
    return found[1].decode("ascii")


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
                date_extraction_params=_DATES,
            )
        except Exception as error:  # whatever a parser meets in a hostile page is that page's fault
            raise Unreadable(f"a web page that cannot be taken apart ({type(error).__name__}); save its text") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """trafilatura logs every page it finds empty, dateutil warns of zones it does not know: what matters is reported."""
    known = logging.root.manager.loggerDict.items()
    loggers = [each for name, each in known if name.partition(".")[0] in _CHATTY and isinstance(each, logging.Logger)]
    heard = [each for each in loggers if not each.disabled]
    for each in heard:
        each.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for each in heard:
            each.disabled = False
