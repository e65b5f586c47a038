"""Writers that are killed, writers in a crowd, and writers that fork."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from index.entries import entry, fill, with_text

from dedup.errors import IndexFault
from dedup.index import Mark
from dedup.index.opening import open_ledger

TRIALS = int(os.environ.get("KILL_TRIALS", "12"))
HERE = Path(__file__).parent

WRITER = """
import random, sys
from dedup.index.opening import open_ledger
from index.entries import entry

rng = random.Random(int(sys.argv[2]))
ledger = open_ledger(sys.argv[1])
while True:
    with ledger.transaction() as t:
        last = t.last_seq()
        batch = [entry(seq) for seq in range(last + 1, last + 1 + rng.choice((1, 5, 40)))]
        t.append((e, f"text of {e.seq} " + "x" * 800) for e in batch)
        old = t.added_before(1 << 60, rng.choice((0, 0, 8)) if last > 100 else 0)
        t.remove(old)
    print(batch[0].seq, batch[-1].seq, *old, flush=True)  # the answer is given
    if rng.random() < 0.1:
        ledger.compact(5)
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    paths = os.pathsep.join([str(HERE.parent), str(HERE.parents[1])])
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_a_killed_writer_keeps_what_it_answered(tmp_path: Path) -> None:
    path, rng = tmp_path / "wire.db", random.Random(3)
    there: set[int] = set()
    for trial in range(TRIALS):
        writer = start(WRITER, path, trial)
        assert writer.stdout
        first = "" if trial % 4 == 3 else writer.stdout.readline()  # else perhaps while it is made or recovered
        time.sleep(rng.uniform(0, 0.15))
        writer.kill()
        assert writer.stderr
        with writer.stdout, writer.stderr:  # not by communicate(), which does not know of what readline() read ahead
            rest, errors = writer.stdout.read(), writer.stderr.read()
        writer.wait()
        assert not errors
        lines = [line for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")]
        for begin, end, *old in (map(int, line.split()) for line in lines):
            there |= set(range(begin, end + 1))
            there -= set(old)
        ledger = open_ledger(path)
        assert ledger.check() == []
        with ledger.transaction(write=False) as t:
            seen = {e.seq for e in t.news(Mark())}
            texts = t.texts(sorted(seen))
        ledger.close()
        assert set(texts) == seen
        # At most one more transaction was done than could be told of: one of 1, 5 or 40, and of 8 removals.
        assert len(there - seen) in (0, 8)
        assert len(seen - there) in (0, 1, 5, 40)
        there = seen


CROWD = """
import sys
from dedup.index.opening import open_ledger
from index.entries import entry

ledger = open_ledger(sys.argv[1], relaxed=True)
won = 0
for number in range(int(sys.argv[3])):
    name = f"shared-{number}" if number % 2 else f"{sys.argv[2]}-{number}"
    with ledger.transaction() as t:
        if name not in t.by_id([name]):
            t.append([(entry(t.last_seq() + 1, name), name)])
            won += 1
ledger.close()
print(won)
"""


def test_a_crowd_of_writers_makes_one_index_and_each_story_once(tmp_path: Path) -> None:
    path, each = tmp_path / "wire.db", int(os.environ.get("CROWD_STORIES", "100"))
    crowd = [start(CROWD, path, name, each) for name in range(8)]
    done = [writer.communicate(timeout=300) for writer in crowd]
    assert [errors for _, errors in done] == [""] * 8
    assert sum(int(won) for won, _ in done) == each // 2 * 9
    ledger = open_ledger(path)
    assert ledger.check() == []
    with ledger.transaction(write=False) as t:
        ids = [e.id for e in t.news(Mark())]
    ledger.close()
    assert len(ids) == len(set(ids)) == each // 2 * 9


FORK = """
import os, sys
from dedup.errors import IndexFault
from dedup.index.opening import open_ledger
from index.entries import entry, with_text

def add(ledger):
    with ledger.transaction() as t:
        t.append(with_text(entry(t.last_seq() + 1)))

ledger = open_ledger(sys.argv[1])
add(ledger)
if (child := os.fork()) == 0:
    add(ledger)
    ledger.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
add(ledger)

if (child := os.fork()) == 0:  # both at once
    for _ in range(50):
        add(ledger)
    os._exit(0)
for _ in range(50):
    add(ledger)
assert os.waitpid(child, 0)[1] == 0

with ledger.transaction() as t:
    t.append(with_text(entry(t.last_seq() + 1)))
    if (child := os.fork()) == 0:
        told = []
        for attempt in (lambda: t.last_seq(), lambda: t.remove([1]), lambda: add(ledger), lambda: open_ledger(sys.argv[1])):
            try:
                attempt()
            except IndexFault as error:
                told.append("fork" in str(error))
        os._exit(0 if told == [True] * 4 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert t.last_seq() == 104

try:
    with ledger.transaction() as t:
        t.append(with_text(entry(t.last_seq() + 1)))
        pid = os.fork()
except IndexFault as error:
    os._exit(0 if "fork" in str(error) else 1)  # the child, at the end of the block
assert pid and os.waitpid(pid, 0)[1] == 0
assert ledger.check() == []
with ledger.transaction(write=False) as t:
    print(t.last_seq(), len(t.by_seq(range(200))))
ledger.close()
"""


def test_a_fork_leaves_both_with_an_index_that_works(tmp_path: Path) -> None:
    done, errors = start(FORK, tmp_path / "wire.db").communicate(timeout=60)
    assert (done, errors) == ("105 105\n", "")


def test_a_writer_that_stands_still_does_not_stop_readers(tmp_path: Path) -> None:
    path = tmp_path / "wire.db"
    writer, reader = open_ledger(path), open_ledger(path, timeout=0.1)
    fill(writer, 100)
    with writer.transaction() as t:
        t.remove(range(1, 91))  # room to give back
    with writer.transaction() as t:
        t.append(with_text(entry(101)))
        with reader.transaction(write=False) as seen:
            assert seen.last_seq() == 100
        assert reader.check() == []
        with pytest.raises(IndexFault, match="locked"):
            reader.compact(1)
    writer.close()
    reader.close()


def test_waiting_can_be_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "wire.db"
    holder = open_ledger(path)
    code = "import sys; from dedup.index.opening import open_ledger\nledger = open_ledger(sys.argv[1])\n"
    with holder.transaction():
        waiting = start(code + "print('go', flush=True)\nwith ledger.transaction(): pass", path)
        assert waiting.stdout
        assert waiting.stdout.readline() == "go\n"
        time.sleep(0.3)
        asked = time.monotonic()
        waiting.send_signal(2)
        _, errors = waiting.communicate(timeout=10)
        assert "KeyboardInterrupt" in errors
        assert time.monotonic() - asked < 2
    holder.close()
