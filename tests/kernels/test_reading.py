"""What reading leaves to the core, against Python's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import kernels

LINES = st.lists(st.sampled_from([b"{", b"}", b"[", b"\n", b"\r\n", b"}\n{", b"}\r\n{", b"a" * 70, b'"']), max_size=60)


@given(LINES.map(b"".join))
def test_lines_and_brackets_are_counted(block: bytes) -> None:
    ends, brackets, apart = kernels.line_counts(block)
    assert ends == block.count(b"\n")
    assert brackets == block.count(b"{") + block.count(b"[")
    body = block.removesuffix(b"\n")
    parts = body.split(b"\n")
    ended = all(part.removesuffix(b"\r").endswith(b"}") for part in parts[:-1])
    assert apart == (ended and all(part.startswith(b"{") for part in parts[1:]))


def test_counts_go_beyond_what_a_byte_holds() -> None:
    assert kernels.line_counts(b"{}\n" * 100_000) == (100_000, 100_000, True)
    assert kernels.line_counts(b"\n" * 64 * 300) == (64 * 300, 0, False)


@given(st.lists(st.none() | st.datetimes(timezones=st.just(UTC))))
def test_moments_are_microseconds_since_1970(values: list[datetime | None]) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    expected = [kernels.UNDATED if value is None else (value - epoch) // timedelta(microseconds=1) for value in values]
    assert kernels.moments(values).tolist() == expected


@pytest.mark.parametrize("value", [datetime(2000, 1, 1), datetime(2000, 1, 1, tzinfo=timezone(timedelta(hours=1)))])
def test_a_moment_elsewhere_is_refused(value: datetime) -> None:
    with pytest.raises(ValueError, match=r"datetime\.timezone\.utc"):
        kernels.moments([value])
    with pytest.raises(TypeError, match="datetimes or None"):
        kernels.moments(["2000-01-01"])  # type: ignore[list-item]
