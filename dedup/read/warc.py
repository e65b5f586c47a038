"""Web archives: of what a crawler fetched, the pages and plain texts are stories. ISO 28500, WARC 1.0 and 1.1.

A story is called after the address that was fetched. Its date is the one that the page itself gives: that of the record is
when it was fetched, years later maybe, and would make one story of two dates out of two captures.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import msgspec

from dedup.files import printable
from dedup.read.answers import CUT_PAGE, NO_BROTLI, answer_of, without_encodings
from dedup.read.decoding import decode
from dedup.read.fields import Unreadable
from dedup.read.markup import NO_EXTRA, page
from dedup.read.options import ReadOptions, size
from dedup.read.source import Report, Source
from dedup.read.stream import Damage
from dedup.read.warcrecords import LONGEST_HEAD, Record, Records
from dedup.story import Problem, Story

_PAGES: Final = ("text/html", "application/xhtml+xml")
_TEXTS: Final = ("text/plain",)
_HELD: Final = ("response", "resource", "conversion")
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
_NO_STORY: Final = re.compile(r"(?i)https?://[^/]*/robots\.txt\Z")
_OTHERS: Final = "of other kinds"
_KINDS_TOLD: Final = 12
_OF_ALL_PAGES: Final = (NO_EXTRA, NO_BROTLI)


class _PassedOver(Exception):
    """A record that is no story, and what it is."""


def read_warc(source: Source, options: ReadOptions, report: Report) -> Iterator[Story]:
    """The stories in a WARC, each of its record's number; what is no page is counted, and told in one note."""
    return _Warc(source, options, report).stories()


class _Warc:
    """One file."""

    def __init__(self, source: Source, options: ReadOptions, report: Report) -> None:
        self._source = replace(source, origin=msgspec.structs.replace(source.origin, parts=True))
        self._options, self._report = options, report
        self._passed: Counter[str] = Counter()
        self._lacking: Counter[str] = Counter()

    def stories(self) -> Iterator[Story]:
        # A page comes with the header of its answer.
        records = Records(self._source.chunks, self._options.max_story_bytes + LONGEST_HEAD)
        number = 0
        try:
            while (record := records.next()) is not None:
                number += 1
                story = self._story(number, record)
                if story is not None:
                    yield story
        except Damage as damage:
            self._note(0, f"{damage} (met in record {number + 1:,})", failed=True)
        for reason, count in self._lacking.items():
            self._note(0, reason if count == 1 else f"{reason} ({count:,} records)", failed=True)
        if self._passed:
            self._note(0, _summary(self._passed))

    def _story(self, number: int, record: Record) -> Story | None:
        """The story of a record, of which this is the number; None where it has none, which is counted or told."""
        try:
            story, notes = self._read(number, record)
        except _PassedOver as kind:
            self._passed[str(kind) if len(self._passed) < 10 * _KINDS_TOLD else _OTHERS] += 1
            return None
        except Unreadable as reason:
            if str(reason) in _OF_ALL_PAGES:
                self._lacking[str(reason)] += 1
            else:
                self._note(number, str(reason), failed=True)
            return None
        for note in notes:
            self._note(number, note)
        return story

    def _read(self, number: int, record: Record) -> tuple[Story, list[str]]:
        kind = record.headers.get("warc-type", "").lower()
        if kind not in _HELD and not record.failed:
            raise _PassedOver(kind or "without a type")
        if record.failed:
            raise Unreadable(record.failed)
        url = record.headers.get("warc-target-uri", "").strip("<>") or None
        content = record.headers.get("content-type", "")
        headers: dict[str, str] = {}
        start = 0
        if content.lower().startswith("application/http"):
            status, headers, start = answer_of(record.begin if record.block is None else record.block)
            content = headers.get("content-type", "")
            if status != 200:
                raise _PassedOver(f"with status {status}")
        form = content.partition(";")[0].strip().lower()
        if form not in _PAGES + _TEXTS:
            raise _PassedOver(form or "without a content type")
        if kind == "response" and _NO_STORY.match(url or ""):
            raise _PassedOver("robots.txt")
        if record.block is None:
            limit = size(self._options.max_story_bytes)
            raise Unreadable(f"a record of over {limit}; to read it, raise --max-story-bytes")
        body, whole = without_encodings(headers, record.block[start:], self._options)
        notes = [record.note, "" if whole and "warc-truncated" not in record.headers else CUT_PAGE]
        charset = _CHARSET.search(content)
        story, note = self._from_body(body, form, charset[1] if charset else None, url)
        found = msgspec.structs.replace(story, id=url or f"{self._source.id}#{number}", line=number)
        return found, [each for each in (*notes, note) if each]

    def _from_body(self, body: bytes, form: str, charset: str | None, url: str | None) -> tuple[Story, str]:
        origin = self._source.origin
        if form in _TEXTS:
            text, note = decode(body, self._options, charset)
            return Story(id="", text=text, url=url, origin=origin), note
        found = page(body, self._options, declared=charset, url=url)
        if found is None:
            raise _PassedOver("page without a main text")
        story = Story(
            id="",
            text=found.text,
            title=found.title,
            source=found.source,
            url=url,
            published=found.published,
            origin=origin,
        )
        return story, found.note

    def _note(self, number: int, reason: str, *, failed: bool = False) -> None:
        where = f"{self._source.where}:{number}" if number else self._source.where
        self._report(Problem(where=where, reason=reason, failed=failed))


def _summary(passed: Counter[str]) -> str:
    """What was passed over, the most of it first."""
    kinds = sorted(passed.items(), key=lambda item: (-item[1], item[0]))
    told = [f"{count:,} {printable(kind)[:60]}" for kind, count in kinds[:_KINDS_TOLD]]
    rest = passed.total() - sum(count for _, count in kinds[:_KINDS_TOLD])
    listed = ", ".join(told) + (f", {rest:,} {_OTHERS}" if rest else "")
    count = passed.total()
    return f"1 record is no page: {listed}" if count == 1 else f"{count:,} records are no pages: {listed}"
