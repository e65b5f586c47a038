"""A Scrapy item pipeline that drops the items whose story an index has, or notes in each what the index says of it.

::

    ITEM_PIPELINES = {"dedup.integrations.scrapy_pipeline.DedupPipeline": 300}
    DEDUP_INDEX = "wire.db"

==================== ============================== ================================================================
setting              default
==================== ============================== ================================================================
DEDUP_INDEX          none: without it all pass      what ``dedup.open_index`` takes: a file, ``postgresql://…``
DEDUP_FIELDS         the names themselves           dict of ``id text title source url published`` to the item's fields
DEDUP_ACTION         "drop"                         "annotate": all pass, the verdict as a dict in a field
DEDUP_ANNOTATE_FIELD "dedup"                        the name of that field
DEDUP_TTL            none                           forget stories so long after they came in: "30d", or a timedelta
DEDUP_WINDOW         none                           dated stories further apart are not compared: "7d", or a timedelta
DEDUP_DROP           identical, near-duplicate,     relations for which an item counts as a repetition
                     contained
DEDUP_RELAXED        False                          a power cut may take the last answers back; faster
==================== ============================== ================================================================

An item goes by its id, or if it has none by its URL; its source is the name of the spider unless a field is named. Both of
one id and the same words get one answer, however often they come: an item that passed here and was lost further on passes
again. So ids must be stable, and unlike those of other spiders on the same index: of an item whose words changed the old
ones are forgotten.

Statistics: ``dedup/new``, ``dedup/dropped`` (or ``annotated``, for a repetition that passed) in all and for each relation,
``dedup/seen`` of both for those that had been answered before, ``dedup/replaced``, ``dedup/no_text`` for items that passed
without a look, ``dedup/bad_date``, ``dedup/failed``.
"""

from __future__ import annotations

import asyncio
import difflib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, Self, TypeVar

from dedup.errors import UsageError
from dedup.filtering import FIELD, annotated
from dedup.prefilter import Index, open_index
from dedup.read.dates import parse_date, parse_span
from dedup.settings import DROPPING
from dedup.story import Story, Verdict

try:
    from itemadapter import ItemAdapter
    from scrapy.crawler import Crawler
    from scrapy.exceptions import DropItem, NotConfigured
    from scrapy.settings import BaseSettings
    from twisted.internet.defer import Deferred
except ImportError as missing:
    raise UsageError("the Scrapy pipeline needs Scrapy: pip install 'wire-dedup[scrapy]'") from missing

_PREFIX = "DEDUP_"
_KNOWN = [_PREFIX + name for name in "INDEX FIELDS ACTION ANNOTATE_FIELD TTL WINDOW DROP RELAXED".split()]
_ACTIONS = ("drop", "annotate")
_FIELDS = {name: name for name in ("id", "text", "title", "url", "published")}

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Options(NamedTuple):
    """The settings of a crawl, checked; ``url`` is that of the index."""

    url: str
    fields: Mapping[str, str]
    annotate: bool
    annotate_field: str
    ttl: timedelta | None
    window: timedelta | None
    drop: tuple[str, ...]
    relaxed: bool


class DedupPipeline:
    """Drops or annotates items whose story repeats one that came before, in this crawl or another on the same index.

    Items may be dicts, dataclasses, attrs classes and ``scrapy.Item``. The module's docstring has the settings.

    NotConfigured without DEDUP_INDEX; UsageError for settings that cannot be, and for an item that cannot be judged; what
    the index raises fails the item, which then is neither passed nor dropped.
    """

    def __init__(self, options: Options, crawler: Crawler) -> None:
        self._options, self._crawler = options, crawler
        self._index: Index | None = None
        self._worker = _Worker()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """What Scrapy makes it with."""
        return cls(options_of(crawler.settings), crawler)

    def open_spider(self, spider: object = None) -> None:
        """Open the index."""
        options = self._options
        self._index = open_index(
            options.url, drop=options.drop, window=options.window, ttl=options.ttl, relaxed=options.relaxed
        )

    def close_spider(self, spider: object = None) -> None:
        """Close the index when what is under way is done."""
        self._worker.finish()
        if self._index is not None:
            self._index.close()
        if self._counted("no_text") and not self._counted("new") and not self._counted("seen"):
            field = self._options.fields["text"]
            _log.warning("no item had text in its field %r: all passed without a look; name it in DEDUP_FIELDS", field)

    async def process_item(self, item: Any, spider: object = None) -> Any:
        """The item as it came, or annotated; DropItem for one that repeats another."""
        adapter = ItemAdapter(item)
        try:
            story = self._story(adapter)
            if story is None:
                self._count("no_text")
                return item
            verdict = await self._verdict(story)
            if self._options.annotate:
                self._annotate(adapter, verdict)
        except Exception:
            self._count("failed")
            raise
        self._count_verdict(verdict)
        if verdict.new or self._options.annotate:
            return item
        raise DropItem(f"{verdict.relation} of {verdict.duplicate_of!r} (Jaccard {verdict.jaccard or 0.0:.2f})")

    async def _verdict(self, story: Story) -> Verdict:
        if self._index is None:
            raise UsageError("DedupPipeline: open_spider was not called; call it before items are processed")
        return await self._worker.run(self._index.add, story)

    def _story(self, adapter: ItemAdapter) -> Story | None:
        """None for an item without text."""
        values = {name: adapter.get(field) for name, field in self._options.fields.items()}
        known = {name: _words(values.get(name), name, self._options.fields) for name in values if name != "published"}
        text, id = known["text"], known["id"] or known["url"]
        if not text or text.isspace():
            return None
        if not id:
            raise UsageError(
                f"item without {self._options.fields['id']!r} and {self._options.fields['url']!r}: needs one of them to be "
                "known by when it comes again; name its field in DEDUP_FIELDS"
            )
        source = known["source"] if "source" in known else getattr(self._crawler.spider, "name", None)
        published = self._published(values["published"])
        return Story(id=id, text=text, title=known["title"], source=source, url=known["url"], published=published)

    def _published(self, value: object) -> datetime | None:
        if isinstance(value, list | tuple):
            value = value[0] if value else None
        if value is None or value == "":
            return None
        moment = _moment(value)
        if moment is None:
            self._count("bad_date")
        return moment

    def _annotate(self, adapter: ItemAdapter, verdict: Verdict) -> None:
        """The same as ``dedup filter --annotate`` writes."""
        field = self._options.annotate_field
        try:
            adapter[field] = json.loads(annotated(b"{}", verdict))[FIELD]
        except KeyError:
            kind = type(adapter.item).__name__
            raise UsageError(
                f"item of {kind}: has no field {field!r} for the verdict; declare it, or name one in DEDUP_ANNOTATE_FIELD"
            ) from None

    def _count_verdict(self, verdict: Verdict) -> None:
        if verdict.seen:
            self._count("seen")
        elif verdict.new:
            self._count("new")
        if verdict.replaced:
            self._count("replaced")
        if not verdict.new:
            done = "annotated" if self._options.annotate else "dropped"
            self._count(done)
            self._count(f"{done}/{verdict.relation}")

    def _count(self, name: str) -> None:
        if self._crawler.stats is not None:
            self._crawler.stats.inc_value(f"dedup/{name}")

    def _counted(self, name: str) -> int:
        stats = self._crawler.stats
        return 0 if stats is None else int(stats.get_value(f"dedup/{name}", 0))


class _Worker:
    """A thread of its own: an index answers one at a time, and the reactor's threads are there to look up hosts."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="dedup")

    async def run(self, function: Callable[..., _T], *arguments: object) -> _T:
        """What the function gives, in any reactor, or in none but asyncio's loop."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return await _deferred(self._pool.submit(function, *arguments))
        return await loop.run_in_executor(self._pool, function, *arguments)

    def finish(self) -> None:
        """Wait until it has nothing to do."""
        self._pool.shutdown()


def _deferred(future: Future[_T]) -> Deferred[_T]:
    from twisted.internet import reactor  # not above: it would install the default one

    deferred: Deferred[_T] = Deferred()

    def fire() -> None:
        error = future.exception()
        if error:
            deferred.errback(error)
        else:
            deferred.callback(future.result())

    future.add_done_callback(lambda _: reactor.callFromThread(fire))
    return deferred


def options_of(settings: BaseSettings) -> Options:
    """The options that a crawl's settings name; NotConfigured without an index, UsageError for what cannot be."""
    for name in settings:
        if str(name).startswith(_PREFIX) and name not in _KNOWN:
            raise UsageError(f"{name}: no such setting; {_meant(str(name), _KNOWN)}")
    index = settings.get("DEDUP_INDEX")
    if not index:
        raise NotConfigured("DEDUP_INDEX is not set, so nothing is dropped: give it a file, or postgresql://…")
    action = settings.get("DEDUP_ACTION", "drop")
    if action not in _ACTIONS:
        raise UsageError(f"DEDUP_ACTION {action!r}: not known; give {' or '.join(map(repr, _ACTIONS))}")
    drop = settings.get("DEDUP_DROP")
    listed = DROPPING if drop is None else settings.getlist("DEDUP_DROP")
    return Options(
        url=str(index),
        fields=_fields(settings),
        annotate=action == "annotate",
        annotate_field=str(settings.get("DEDUP_ANNOTATE_FIELD", FIELD)),
        ttl=_span(settings, "DEDUP_TTL"),
        window=_span(settings, "DEDUP_WINDOW"),
        drop=tuple(str(name).strip() for name in listed if str(name).strip()),
        relaxed=_flag(settings, "DEDUP_RELAXED"),
    )


def _fields(settings: BaseSettings) -> Mapping[str, str]:
    known = [*_FIELDS, "source"]
    try:
        given = settings.getdict("DEDUP_FIELDS")
    except (ValueError, TypeError) as error:
        raise UsageError(f"DEDUP_FIELDS: {error}; give a dict such as {{'text': 'body'}}") from None
    for name, field in given.items():
        if name not in known:
            raise UsageError(f"DEDUP_FIELDS: {name!r}: no such part of a story; {_meant(str(name), known)}")
        if not isinstance(field, str) or not field:
            raise UsageError(f"DEDUP_FIELDS: {name!r} is {field!r}; give the name of the item's field")
    return {**_FIELDS, **given}


def _meant(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(map(repr, known))}"


def _span(settings: BaseSettings, name: str) -> timedelta | None:
    value = settings.get(name)
    if value is None or isinstance(value, timedelta):
        return value
    found = parse_span(value) if isinstance(value, str) else None
    if found is None:
        raise UsageError(f"{name} {value!r}: give a number and a unit, s, m, h, d or w, such as '30d', or a timedelta")
    return found


def _flag(settings: BaseSettings, name: str) -> bool:
    try:
        return settings.getbool(name)
    except ValueError:
        raise UsageError(f"{name} {settings.get(name)!r}: give True or False") from None


def _words(value: object, name: str, fields: Mapping[str, str]) -> str | None:
    """A field's text; the parts of a list, as item loaders give them, one a line."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    if name == "id" and isinstance(value, int):
        return str(value)
    raise UsageError(f"item's field {fields[name]!r}: is a {type(value).__name__}, no text; name another in DEDUP_FIELDS")


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        try:
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        except OverflowError:
            return None
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return parse_date(value) if isinstance(value, str | int | float) else None
