"""`dedup filter` killed at random moments: the index is sound, and running it again ends as if nothing had happened.

``DEDUP_KILLS`` says how often, 8 unless given, and ``DEDUP_SEED`` when.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

from wire import COMMAND, answers, run, wire

from dedup.prefilter import open_index

KILLS = int(os.environ.get("DEDUP_KILLS", "8"))
SEED = int(os.environ.get("DEDUP_SEED", "1"))
STORIES = 2000
IN_A_ROW = 4


def follow(folder: Path, index: str, out: Path) -> subprocess.Popen[bytes]:
    """A run over the wire, with small transactions: a kill often meets one at work."""
    with out.open("wb") as stdout:
        command = [*COMMAND, "filter", "wire.jsonl", "--index", index, "--batch", "40"]
        return subprocess.Popen(command, cwd=folder, stdout=stdout, stderr=subprocess.DEVNULL)


def kill(process: subprocess.Popen[bytes], out: Path, passed: float, later: float) -> bool:
    """Kill a run a moment after it has passed so many bytes; whether it was still at work."""
    while out.stat().st_size < passed and process.poll() is None:
        time.sleep(0.001)
    time.sleep(later)
    process.kill()
    return process.wait() != 0


def test_killed_and_run_again(tmp_path: Path) -> None:
    stories = wire(STORIES)
    (tmp_path / "wire.jsonl").write_bytes(b"".join(stories))
    out = tmp_path / "out"
    assert follow(tmp_path, "whole.db", out).wait() == 0
    expected = out.read_bytes()
    decisions = answers(tmp_path, "whole.db", stories)
    draw = random.Random(SEED)
    at_work = 0
    for first in range(0, KILLS, IN_A_ROW):
        index = f"{first}.db"
        # Ever further on, so that each run first repeats what was answered and then dies over something new.
        for passed in sorted(draw.uniform(0, 0.95) for _ in range(min(IN_A_ROW, KILLS - first))):
            process = follow(tmp_path, index, out)
            at_work += kill(process, out, passed * len(expected), draw.uniform(0, 0.02))
            check(tmp_path, index, out.read_bytes(), expected)
        assert follow(tmp_path, index, out).wait() == 0
        assert out.read_bytes() == expected  # what was passed is passed again: nobody knows what arrived
        assert answers(tmp_path, index, stories) == decisions
        done = run(tmp_path, "index", "check", index)
        assert (done.returncode, done.stdout) == (0, b"no faults\n")
    assert at_work >= KILLS / 2


def check(folder: Path, index: str, out: bytes, expected: bytes) -> None:
    """The index is sound and has all that was passed, which is what an undisturbed run passes."""
    assert expected.startswith(out)
    if (folder / index).exists():
        with open_index(folder / index) as opened:
            assert opened.faults() == []
            assert opened.info().kept >= out.count(b"\n")
    else:
        assert out == b""
