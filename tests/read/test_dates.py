"""Dates in every shape a dump may hold, and those that are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.read.dates import parse_date


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2018-06-02T21:08:00Z", "2018-06-02T21:08:00"),
        (" 2018-06-02t21:08:00z\n", "2018-06-02T21:08:00"),
        ("2018-06-02T21:08:00.123456789Z", "2018-06-02T21:08:00.123456"),
        ("2015-07-21 02:51:32", "2015-07-21T02:51:32"),
        ("2015-07-21 02:51:32 UTC", "2015-07-21T02:51:32"),
        ("2015-07-21 2:51", "2015-07-21T02:51:00"),
        ("2010-05-22T14:30:00+0900", "2010-05-22T05:30:00"),
        ("2010-05-22T14:30:00+05:30", "2010-05-22T09:00:00"),
        ("2010-05-22T23:30:00-05", "2010-05-23T04:30:00"),
        ("2010-05-22 14:30 PDT", "2010-05-22T21:30:00"),
        ("2017/2/7", "2017-02-07T00:00:00"),
        ("2017.02.07 10:11:12,5", "2017-02-07T10:11:12.500000"),
        ("2017-2-7", "2017-02-07T00:00:00"),
        ("2018-06-02", "2018-06-02T00:00:00"),
        ("2018-W22-6", "2018-06-02T00:00:00"),
        ("20180602", "2018-06-02T00:00:00"),
        ("20010307T143000-0500", "2001-03-07T19:30:00"),
        ("20180602210800", "2018-06-02T21:08:00"),
        ("Tue, 05 Jan 1993 00:00:00 GMT", "1993-01-05T00:00:00"),
        ("Tuesday, 5 January 1993", "1993-01-05T00:00:00"),
        ("5 Jan 93 10:00 -0500 (EST)", "1993-01-05T15:00:00"),
        ("5 Jan 49 10:00 EST", "2049-01-05T15:00:00"),
        ("5 jan 50 10:00 +0000", "1950-01-05T10:00:00"),
        ("26-FEB-1987 15:01:01.79", "1987-02-26T15:01:01.790000"),
        ("26-Feb-87 15:01", "1987-02-26T15:01:00"),
        ("26-FEB-1987  15:01:01,5", "1987-02-26T15:01:01.500000"),
        ("26-FEB-1987 15:01:01.123456789", "1987-02-26T15:01:01.123456"),
        ("26-FEB-1987 15:01:01 EST", "1987-02-26T20:01:01"),
        ("26-FEB-1987 15:01:01+02:00", "1987-02-26T13:01:01"),
        ("26-FEB-1987 24:00", "1987-02-27T00:00:00"),
        ("26-FEB-1987 23:59:60", "1987-02-27T00:00:00"),
        ("2018-06-02T24:00:00", "2018-06-03T00:00:00"),
        ("2018-06-02 24:00", "2018-06-03T00:00:00"),
        ("2018-06-02T10:24:30Z", "2018-06-02T10:24:30"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00"),
        ("20161231t235960z", "2017-01-01T00:00:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59"),
        (0, "1970-01-01T00:00:00"),
        (-1, "1969-12-31T23:59:59"),
        (1528000000, "2018-06-03T04:26:40"),
        (1528000000.5, "2018-06-03T04:26:40.500000"),
        (99_999_999_999, "5138-11-16T09:46:39"),
        (100_000_000_000, "1973-03-03T09:46:40"),
        (1528000000123, "2018-06-03T04:26:40.123000"),
        ("1528000000", "2018-06-03T04:26:40"),
        ("1528000000.5", "2018-06-03T04:26:40.500000"),
        # Read as ISO 8601 without separators these are moments of the year 1512.
        ("1512110312", "2017-12-01T06:38:32"),
        ("1512110312345", "2017-12-01T06:38:32.345000"),
    ],
)
def test_dates(value: str | float, moment: str) -> None:
    assert parse_date(value) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "yesterday",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "2018-02-30",
        "2018-13-01",
        "30 Feb 2018",
        "5 Foo 1993",
        "26-FEB-1987 15",
        "26-FEB-1987 15:1",
        "26-FEB-1987 15:01:01.",
        "26-FEB-1987 15:01:01.1234567890",
        "26-FEB-1987 25:01",
        "30-FEB-1987 15:01",
        "26-FOO-1987 15:01",
        "26-FEB-1987 15:01 x",
        "2018-06-02T24:00:01",
        "2018-06-02 24:30",
        "2018-06-02 25:00",
        "2018-06-02T12:60",
        "2018-06-02T12:00:60",
        "2018-06-02T12:00:00+99:00",
        "9999-12-31T23:59:59-05:00",
        "9999-12-31T24:00",
        "0001-01-01T00:00:00+05:00",
        "10:00",
        "1234567",
        "٢٠١٨-٠٦-٠٢",
        "2018-06-02 and more",
        "2018-06-02T21:08:00Z" + " x" * 100,
        "5 jan 1993" + " " * 1_000_000 + "x",
        "2018/06/02 10:00" + " " * 1_000_000 + "(",
        "1" * 1_000_000,
        "99999999999999999999",
        2**70,
        float("inf"),
        float("nan"),
        True,
    ],
)
def test_what_is_no_date_means_none(value: str | float) -> None:
    assert parse_date(value) is None


@given(st.text() | st.integers() | st.floats() | st.from_regex(r"[0-9tz:./+ -]{0,30}", fullmatch=True))
def test_nothing_raises_and_every_moment_is_in_utc(value: str | float) -> None:
    moment = parse_date(value)
    assert moment is None or moment.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(-14 * 60, 14 * 60))
def test_what_python_writes_is_read_back(moment: datetime, minutes: int) -> None:
    there = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_date(there.isoformat()) == there
    assert parse_date(there.strftime("%Y/%m/%d %H:%M:%S.%f %z")) == there
    assert parse_date(moment.strftime("%d-%b-%Y %H:%M:%S.%f")) == moment.replace(tzinfo=UTC)
    assert parse_date(there.strftime("%d-%b-%Y %H:%M:%S.%f%z")) == there
    assert parse_date(moment.isoformat()) == moment.replace(tzinfo=UTC)
