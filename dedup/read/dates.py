"""The times of publication that dumps and feeds give, in their many shapes, as one kind of datetime."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# RFC 2822 section 4.3: the only zone names with a fixed meaning.
_ZONES = {
    "edt": "-04",
    "est": "-05",
    "cdt": "-05",
    "cst": "-06",
    "mdt": "-06",
    "mst": "-07",
    "pdt": "-07",
    "pst": "-08",
}
_UTC = (None, "", "z", "ut", "utc", "gmt")

_DAY = r"(?P<day>\d{1,2})[ -](?P<month>[a-z]{3,9})[ -](?P<year>\d{4}|\d\d)"
_NAMED_DAY = re.compile(_DAY, re.ASCII)
_ZONE = r"(?P<zone>z|utc?|gmt|[ecmp][sd]t|[+-]\d\d(?::?\d\d)?)"
_TIME = rf"(?P<clock>\d{{1,2}}:\d\d(?::\d\d(?:[.,]\d{{1,9}})?)?)(?:\s*{_ZONE}(?:\s*\([a-z ]{{1,40}}\))?)?"
_SHAPES = tuple(
    re.compile(shape, re.ASCII)
    for shape in (
        r"(?:[a-z]{3,9},?\s+)?"
        rf"{_DAY}(?:\s+{_TIME})?",
        rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})(?:(?:t|\s+){_TIME})?",
        rf"(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)(?:t(?P<clock>\d{{4}}(?:\d\d)?){_ZONE}?)?",
        # Crawlers' form. As milliseconds these digits would lie in the years 2572 to 2635.
        r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?P<clock>\d{6})(?P<zone>)",
    )
)
_NUMBER = re.compile(r"\d{9,16}(?:\.\d{1,9})?", re.ASCII)
_LONGEST_CLOCK = len("15:01:01.123456789")
# What ISO 8601 allows and the standard library does not, or only of late: the end of a day, and the leap second.
_MIDNIGHT = re.compile(r"24:?00(?::?00(?:[.,]0+)?)?")
_LEAP_SECOND = re.compile(r"(23:?59:?)60")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = timedelta()
# As seconds this is the year 5138, as milliseconds 1973.
_MILLISECONDS_FROM = 100_000_000_000

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_span(text: str) -> timedelta | None:
    """The time that a number and a unit (s, m, h, d or w) name, as "36h" does; None if they are not understood.

    OverflowError for more than a timedelta can hold.

    >>> parse_span("7d")
    datetime.timedelta(days=7)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", text)
    return timedelta(**{_UNITS[found[2]]: float(found[1])}) if found else None


def parse_date(value: str | int | float) -> datetime | None:
    """The moment a date means, in UTC; None if it means none.

    Understood: ISO 8601 and its usual variants (a space for the T, slashes, single digits, ``+0900``, the date alone),
    ``Tue, 05 Jan 1993 00:00:00 GMT`` (RFC 2822), ``26-FEB-1987 15:01:01.79``, ``20180602210800``, and seconds since
    1970, from 100 thousand million on milliseconds, also in a string of at least nine digits. Without a zone it is UTC,
    without a time midnight. Dates that do not exist, such as ``0000-00-00``, and moments outside the years 1 to 9999
    mean none.

    >>> parse_date("2010-05-22T14:30:00+0900").isoformat()
    '2010-05-22T05:30:00+00:00'
    """
    try:
        if isinstance(value, str):
            return _from_text(value.strip())
        return None if isinstance(value, bool) else _from_number(value)
    except (ValueError, OverflowError):
        return None


def _from_number(value: float) -> datetime:
    if abs(value) >= _MILLISECONDS_FROM:
        return _EPOCH + timedelta(milliseconds=value)
    return _EPOCH + timedelta(seconds=value)


def _from_text(text: str) -> datetime | None:
    # Much the fastest, but let loose on digits alone it takes milliseconds since 1970 for a day of the year 1512.
    if text[4:5] == "-":
        try:
            return _in_utc(datetime.fromisoformat(text))
        except ValueError:
            pass
    day, _, clock = text.partition(" ")
    midnight = _named_day(day) if clock[2:3] == ":" and clock[-1].isdigit() and len(clock) <= _LONGEST_CLOCK else None
    if midnight:
        # The standard library's parser again: a third of the time that the shapes below take.
        try:
            return datetime.fromisoformat(f"{midnight} {clock}+00:00")
        except ValueError:
            pass
    text = text.lower()
    for shape in _SHAPES:
        found = shape.fullmatch(text)
        if found:
            year, month, day, clock, zone = found.group("year", "month", "day", "clock", "zone")
            return _moment(_day(year, month, day), clock or "00:00", _offset(zone))
    if _NUMBER.fullmatch(text):
        return _from_number(float(text) if "." in text else int(text))
    return None


def _moment(day: str, clock: str, offset: str) -> datetime:
    if clock[1] == ":":
        clock = "0" + clock
    later = _AT_ONCE
    if clock[:2] in ("23", "24"):
        clock, later = _late(clock)
    moment = _in_utc(datetime.fromisoformat(f"{day}t{clock}{offset}"))
    return moment + later if later else moment


def _late(clock: str) -> tuple[str, timedelta]:
    if _MIDNIGHT.fullmatch(clock):
        return "00:00", timedelta(days=1)
    if _LEAP_SECOND.match(clock):
        return _LEAP_SECOND.sub(r"\g<1>59", clock), timedelta(seconds=1)
    return clock, _AT_ONCE


# The days and zones of a collection are few.
@lru_cache(maxsize=1 << 10)
def _day(year: str, month: str, day: str) -> str:
    if month.isalpha():
        month = str(_MONTHS.index(month[:3]) + 1)
    if len(year) == len("87"):
        # RFC 2822 section 4.3.
        year = ("20" if year < "50" else "19") + year
    return f"{year}-{month:0>2}-{day:0>2}"


@lru_cache(maxsize=1 << 10)
def _named_day(text: str) -> str | None:
    """The day that ``26-FEB-1987`` means, as ISO 8601 has it; None for another shape. What stands behind it is a clock."""
    found = _NAMED_DAY.fullmatch(text.lower())
    return _day(found["year"], found["month"], found["day"]) if found else None


@lru_cache(maxsize=1 << 10)
def _offset(zone: str | None) -> str:
    return "+00:00" if zone is None or zone in _UTC else _ZONES.get(zone, zone)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
