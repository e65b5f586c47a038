"""Stories are forgotten by age: the file stays as large as what is remembered, and nobody's answers hang on what is gone.

Age is counted from when a story was added, so these tests bring a clock of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from corpora import near_copy, words
from wire import refused, run, wire

from dedup import prefilter
from dedup.prefilter import open_index
from dedup.read import ReadOptions, read_stories
from dedup.story import Story

BATCH = 50
WINDOW = 8 * BATCH
TTL = timedelta(seconds=WINDOW - BATCH)  # a batch is added at one moment: the eighth before the newest just goes
ROOM = 1.5


class Clock(datetime):
    """Goes on by a second a story, as each batch is stamped."""

    at = datetime(2024, 1, 1, tzinfo=UTC)

    @classmethod
    def now(cls, tz: object = None) -> Clock:
        return cls.fromtimestamp(cls.at.timestamp(), UTC)

    @classmethod
    def time_ns(cls) -> int:
        cls.at += timedelta(seconds=BATCH)
        return round(cls.at.timestamp() * 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefilter, "datetime", Clock)
    monkeypatch.setattr(prefilter, "time", SimpleNamespace(time_ns=Clock.time_ns))


def size(path: Path) -> int:
    """Bytes on the disk, the write-ahead log included."""
    sizes = 0
    for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        with suppress(FileNotFoundError):
            sizes += file.stat().st_size
    return sizes


def by_command(lines: list[bytes], path: Path, ttl: timedelta | None) -> None:
    feed = path.with_suffix(".jsonl")
    feed.write_bytes(b"".join(lines))
    options = () if ttl is None else ("--ttl", f"{ttl.total_seconds():g}s")
    told = refused("filter", str(feed), "--index", str(path), "-o", f"{path}.out", "--batch", str(BATCH), *options)
    assert told == (0, "")


def by_hand(lines: list[bytes], path: Path, ttl: timedelta | None) -> None:
    feed = path.with_suffix(".jsonl")
    feed.write_bytes(b"".join(lines))
    stories = list(read_stories([feed], ReadOptions(), on_problem=lambda problem: pytest.fail(str(problem))))
    with open_index(path, ttl=ttl) as index:
        for first in range(0, len(stories), BATCH):
            index.add_all(stories[first : first + BATCH])


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("fill", [by_command, by_hand])
def test_ten_windows_take_the_room_of_one(fill: Callable[..., None], tmp_path: Path) -> None:
    lines = wire(10 * WINDOW)
    fill(lines, tmp_path / "ten.db", TTL)
    fill(lines[-WINDOW:], tmp_path / "one.db", None)
    assert size(tmp_path / "ten.db") <= ROOM * size(tmp_path / "one.db")
    done = run(tmp_path, "index", "check", "ten.db")
    assert (done.returncode, done.stdout) == (0, b"no faults\n")
    with open_index(tmp_path / "ten.db") as index:
        info = index.info()
    # A copy goes with the story it repeats, which may have come before the window.
    assert 0.7 * WINDOW <= info.kept + info.dropped <= WINDOW
    assert info.oldest is not None
    assert info.newest is not None
    assert info.newest - info.oldest <= TTL // timedelta(microseconds=1)


def test_to_expire_gives_room_back(tmp_path: Path) -> None:
    stories = [Story(id=str(number), text=" ".join(words(300, 300 * number))) for number in range(1200)]
    with open_index(tmp_path / "all.db") as index:
        index.add_all(stories[:1000])
        before = datetime.now(UTC)
        index.add_all(stories[1000:])
    done = run(tmp_path, "index", "expire", "all.db", "--before", before.isoformat())
    assert (done.returncode, done.stdout) == (0, b"1,000 stories forgotten\n"), done.stderr
    with open_index(tmp_path / "rest.db") as index:
        index.add_all(stories[1000:])
    assert size(tmp_path / "all.db") <= ROOM * size(tmp_path / "rest.db")


NOTICE = " ".join(words(40, 90_000))


def noticed(number: int) -> Story:
    """A story of its own that ends with a notice that all have."""
    return Story(id=str(number), text=f"{' '.join(words(60, 60 * number))} {NOTICE}")


@pytest.mark.parametrize(("count", "gone"), [(60, 30), (60, 58), (300, 290), (300, 298)])
def test_whoever_followed_answers_as_one_who_opens_it_anew(tmp_path: Path, count: int, gone: int) -> None:
    """Of a crowd only the first few are looked up: once they are gone, those who stood behind them. And of so many as 290
    removals of 300 there is no record, so that all is read anew."""
    asked = [noticed(count), Story(id="copy", text=near_copy(7, words(60, 60 * (count - 1))))]
    with open_index(tmp_path / "wire.db") as follower, open_index(tmp_path / "wire.db") as other:
        follower.add_all(noticed(number) for number in range(count))
        other.check(asked[0])
        for number in range(gone):
            assert other.remove(str(number))
        with open_index(tmp_path / "wire.db") as anew:
            answers = [anew.check(story) for story in asked]
        assert [follower.check(story) for story in asked] == answers
        assert [other.check(story) for story in asked] == answers
    left = [str(number) for number in range(gone, count)]
    assert [overlap.b for overlap in answers[0].overlaps] == (left if len(left) <= 10 else [])
    assert [overlap.b for overlap in answers[1].overlaps] == [str(count - 1)]
