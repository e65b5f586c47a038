"""Commands killed at random moments: the index is sound, and running them again ends as if nothing had happened.

``DEDUP_KILLS`` says how often in all, 50 unless given, and ``DEDUP_SEED`` when. What a kill may hit: the making of an index,
taking stories in, forgetting them by age (``filter --ttl`` and ``index expire``) or by name.

The whole of Reuters, 200 times, which takes a quarter of an hour:

    DEDUP_KILLS_REUTERS=200 python -m pytest -s tests/crash/test_kill_filter.py -k reuters
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from corpora import records
from wire import COMMAND, run, wire

from dedup.errors import IndexFault
from dedup.index.opening import open_ledger
from dedup.prefilter import open_index
from dedup.story import Story

pytest_plugins = ["postgres_server"]

KILLS = int(os.environ.get("DEDUP_KILLS", "50"))
SEED = int(os.environ.get("DEDUP_SEED", "1"))
REUTERS = int(os.environ.get("DEDUP_KILLS_REUTERS", "0"))
AT_A_TIME = 2
OLD = 3000

Dump = list[tuple[object, ...]]
Check = Callable[["Work", str, bytes, "Outcome"], bool]


class Work(NamedTuple):
    """A command, of which ``{}`` is the index, in a folder that has its input; ``ready`` is the index it begins with.

    ``share`` of 50 kills are for it, ``in_a_row`` before it is let run to its end. With ``spread`` each comes further on in
    what it passes, so that a run repeats what was answered and dies over something new. Each comes up to ``later`` seconds
    after one of the next ``writes``.
    """

    command: str
    folder: Path
    ready: Path | None = None
    share: int = 8
    in_a_row: int = 4
    spread: bool = False
    writes: int = 8
    later: float = 0.01
    codes: frozenset[int] = frozenset({0})

    def start(self, index: str, out: Path) -> subprocess.Popen[bytes]:
        """Begin it, its answers going to a file."""
        with out.open("wb") as stdout, out.with_suffix(".err").open("wb") as stderr:
            command = [*COMMAND, *self.command.format(index).split()]
            return subprocess.Popen(command, cwd=self.folder, stdout=stdout, stderr=stderr)

    def finish(self, index: str, out: Path) -> None:
        """Let it run to its end."""
        code = self.start(index, out).wait()
        assert code in self.codes, out.with_suffix(".err").read_text()


class Outcome(NamedTuple):
    """What a run that nothing disturbed passes, and what an index holds after it."""

    out: bytes
    dump: Dump


class Told(NamedTuple):
    """Of a series of kills how many met a run at work, and how many one before there was an index."""

    at_work: int
    before_all: int


# What can be seen of an index


def address(work: Work, index: str) -> str | Path:
    """Where the index is that its command calls so."""
    return index if "://" in index else work.folder / index


def dump(work: Work, index: str) -> Dump:
    """All stories of an index, but for when they came and what its own salt makes of them."""
    ledger = open_ledger(address(work, index), create=False)
    with ledger.transaction(write=False) as t:
        entries = t.by_seq(range(1, t.last_seq() + 1))
        texts = t.texts([seq for seq, entry in entries.items() if entry.keeper is None])
    ledger.close()
    return [(seq, e.id, e.keeper, e.published, e.answer, texts.get(seq)) for seq, e in sorted(entries.items())]


def faults(work: Work, index: str) -> list[str] | None:
    """What is wrong in an index; None if it was not made yet."""
    try:
        with open_index(address(work, index), create=False) as opened:
            return opened.faults()
    except IndexFault as error:
        if "does not exist" in str(error) or "is empty" in str(error):
            return None
        raise


def ids(out: bytes) -> set[str]:
    """The stories of the whole lines that were passed."""
    return {json.loads(line)["id"] for line in out.splitlines(keepends=True) if line.endswith(b"\n")}


def checked(work: Work, index: str, out: bytes, whole: Outcome) -> bool:
    """The index is sound, and has all that was passed, which is what an undisturbed run passes; whether it is there."""
    assert whole.out.startswith(out)
    found = faults(work, index)
    assert not found
    if found is None:
        assert out == b""
        return False
    assert ids(out) <= {str(row[1]) for row in dump(work, index)}
    return True


def checked_by_command(work: Work, index: str, out: bytes, whole: Outcome) -> bool:
    """The same, as a person would."""
    assert whole.out.startswith(out)
    done = run(work.folder, "index", "check", index)
    if done.returncode == 4 and (b"does not exist" in done.stderr or b"is empty" in done.stderr):
        assert out == b""
        return False
    assert (done.returncode, done.stdout) == (0, b"no faults\n"), done.stderr
    told = json.loads(run(work.folder, "index", "info", index, "--format", "json").stdout)
    assert told["kept"] >= out.count(b"\n")
    return True


# Kills


def writes(path: Path) -> tuple[tuple[int, int], ...]:
    """Changes with every write to an index, but for those that come at once."""
    states = []
    for file in (path, path.with_name(path.name + "-wal")):
        try:
            status = file.stat()
            states.append((status.st_size, status.st_mtime_ns))
        except FileNotFoundError:
            states.append((-1, 0))
    return tuple(states)


def kill(process: subprocess.Popen[bytes], path: Path, out: Path, passed: float, count: int, later: float) -> bool:
    """Kill a run a moment after it has passed so many bytes and written so often; whether it was still at work."""
    while out.stat().st_size < passed and process.poll() is None:
        time.sleep(0.001)
    last = writes(path)
    while count and process.poll() is None:
        time.sleep(0.0003)
        if (now := writes(path)) != last:
            count, last = count - 1, now
    time.sleep(later)
    process.kill()
    return process.wait() == -signal.SIGKILL


def series(work: Work, whole: Outcome, index: str, kills: int, check: Check) -> Told:
    """One index: killed some times, checked each time, then let be, to end as ``whole``."""
    draw, path = random.Random(f"{SEED}/{index}"), work.folder / index
    out = work.folder / f"{index.rpartition('/')[2]}.out"
    if work.ready:
        shutil.copy(work.ready, path)
    at_work = before_all = 0
    for place in sorted(draw.uniform(0, 0.97) for _ in range(kills)):
        process = work.start(index, out)
        passed = place * len(whole.out) if work.spread else 0
        count = draw.randint(1, work.writes) if work.writes else 0
        at_work += kill(process, path, out, passed, count, draw.uniform(0, work.later))
        before_all += not check(work, index, out.read_bytes() if work.spread else b"", whole)
    work.finish(index, out)
    assert not work.spread or out.read_bytes() == whole.out  # what was passed passes again: nobody knows what arrived
    assert dump(work, index) == whole.dump
    assert faults(work, index) == []
    return Told(at_work, before_all)


def killed(work: Work, indexes: Sequence[str], kills: int, check: Check = checked) -> Told:
    """What is told of all series, the first index being that of a run that nothing disturbs."""
    first, *others = indexes
    out = work.folder / "whole.out"
    if work.ready:
        shutil.copy(work.ready, work.folder / first)
    work.finish(first, out)
    whole = Outcome(out.read_bytes(), dump(work, first))
    sizes = [kills // len(others) + (number < kills % len(others)) for number in range(len(others))]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        told = list(pool.map(lambda index, size: series(work, whole, index, size, check), others, sizes))
    return Told(sum(one.at_work for one in told), sum(one.before_all for one in told))


def names(work: Work, kills: int) -> list[str]:
    """Files for an undisturbed run and for the series of kills."""
    return ["whole.db", *(f"killed-{number}.db" for number in range(-(-kills // work.in_a_row)))]


# What is done to an index


@pytest.fixture(scope="module")
def aged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of stories, most of which came ten days ago."""
    path = tmp_path_factory.mktemp("aged") / "aged.db"
    stories = [Story(id=f"old-{number}", text=json.loads(line)["text"]) for number, line in enumerate(wire(OLD, seed=8))]
    ago = datetime.now(UTC) - timedelta(days=10)
    with pytest.MonkeyPatch.context() as patch, open_index(path, relaxed=True) as index:
        patch.setattr("dedup.prefilter.time.time_ns", lambda: int(ago.timestamp()) * 10**9)
        index.add_all(stories)
        patch.undo()
        index.add_all(Story(id=record["id"], text=record["text"]) for record in map(json.loads, wire(200)))
    return path


def make(folder: Path, aged: Path) -> Work:
    feed(folder, wire(200))
    return Work("filter feed.jsonl --index {} --batch 20", folder, writes=3, later=0.004)


def take_in(folder: Path, aged: Path) -> Work:
    feed(folder, wire(1200))
    return Work("filter feed.jsonl --index {} --batch 40", folder, share=14, in_a_row=7, spread=True)


def forget_by_age(folder: Path, aged: Path) -> Work:
    feed(folder, wire(800))
    return Work("filter feed.jsonl --index {} --batch 40 --ttl 5d", folder, aged, spread=True)


def expire(folder: Path, aged: Path) -> Work:
    return Work("index expire {} --before 5d", folder, aged)


def remove(folder: Path, aged: Path) -> Work:
    gone = " ".join(f"old-{number}" for number in range(0, 300, 5))
    return Work(f"index remove {{}} {gone}", folder, aged, codes=frozenset({0, 1}))


def feed(folder: Path, lines: Sequence[bytes]) -> None:
    (folder / "feed.jsonl").write_bytes(b"".join(lines))


@pytest.mark.parametrize("work", [make, take_in, forget_by_age, expire, remove])
def test_killed_and_run_again(tmp_path: Path, aged: Path, work: Callable[[Path, Path], Work]) -> None:
    given = work(tmp_path, aged)
    kills = max(1, KILLS * given.share // 50)
    assert killed(given, names(given, kills), kills).at_work >= kills / 2


def test_killed_over_postgres(tmp_path: Path, database: Callable[..., str]) -> None:
    feed(tmp_path, wire(240))
    work = Work("filter feed.jsonl --index {} --batch 20", tmp_path, spread=True, writes=0, later=0.05)
    kills = max(1, KILLS * 4 // 50)
    assert killed(work, [database(name) for name in ("whole", "killed-0", "killed-1")], kills).at_work >= kills / 2


@pytest.mark.skipif(not REUTERS, reason="takes long; DEDUP_KILLS_REUTERS says how many")
def test_reuters_killed_and_run_again(tmp_path: Path) -> None:
    stories = records("reuters21578")
    feed(tmp_path, [json.dumps(record).encode() + b"\n" for record in stories])
    began, at_work, before_all, runs = time.monotonic(), 0, 0, 0
    for batch in (2048, 512, 128):  # seconds of deciding and one commit, or many commits
        folder = tmp_path / str(batch)
        folder.mkdir()
        (folder / "feed.jsonl").symlink_to(tmp_path / "feed.jsonl")
        kills = REUTERS // 3 + (batch == 2048) * (REUTERS % 3)
        work = Work(f"filter feed.jsonl --index {{}} --batch {batch}", folder, in_a_row=5, spread=True, writes=3, later=0.3)
        told = killed(work, names(work, kills), kills, checked_by_command)
        at_work, before_all = at_work + told.at_work, before_all + told.before_all
        runs += kills + len(names(work, kills)) - 1
    seconds = time.monotonic() - began
    print(f"{len(stories):,} stories, {REUTERS} kills: {at_work} met a run at work, {before_all} one without an index yet;")
    print(f"sound after each, and after {runs} restarts all as without a kill; {seconds:,.0f} s")
    assert at_work >= REUTERS / 2
