"""`dedup filter` where its outputs take no more: a reader that hangs, and a limit on the size of files."""

from __future__ import annotations

import fcntl
import json
import resource
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path
from typing import Any

import pytest
from corpora import words
from wire import COMMAND, Done, answers, run, wire

BATCH = 4
LIMIT = 1 << 20


def in_the_pipe(process: subprocess.Popen[bytes]) -> int:
    """Bytes that wait for somebody to read them."""
    assert process.stdout
    return int(struct.unpack("i", fcntl.ioctl(process.stdout, termios.FIONREAD, bytes(4)))[0])


def test_a_second_signal_ends_a_run_whose_reader_hangs(tmp_path: Path) -> None:
    stories = wire(600)
    (tmp_path / "feed.jsonl").write_bytes(b"".join(stories))
    command = [*COMMAND, "filter", "feed.jsonl", "--index", "wire.db"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        while in_the_pipe(process) < fcntl.fcntl(process.stdout, fcntl.F_GETPIPE_SZ):
            assert process.poll() is None
            time.sleep(0.005)
        # Two of a kind could be taken for one; of two kinds it is not said which is seen first.
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(60) in (143, 130)
        finally:
            process.kill()
        assert process.stderr
        told = process.stderr.read().decode()
    assert "dedup: stopped; run it again on the same input to have what was not delivered\n" in told
    assert "Traceback" not in told
    passed = run(tmp_path, "filter", "feed.jsonl", "--index", "wire.db").stdout
    assert passed == run(tmp_path, "filter", "feed.jsonl", "--index", "other.db").stdout
    assert answers(tmp_path, "wire.db", stories) == answers(tmp_path, "other.db", stories)


def long_records(count: int, *, copies: bool) -> list[bytes]:
    """Long records of short texts, so that a limit on files meets the outputs and not the index; each twice if asked."""
    texts = [" ".join(words(20, 20 * (number // 2 if copies else number))) for number in range(count)]
    return [json.dumps({"id": n, "text": text, "page": "x" * 50_000}).encode() + b"\n" for n, text in enumerate(texts)]


def limited(folder: Path, *args: str, **options: Any) -> Done:
    """``dedup filter`` where no file may be larger than a megabyte."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))

    arguments = ("filter", "feed.jsonl", "--index", "wire.db", "--batch", str(BATCH), *args)
    return run(folder, *arguments, preexec_fn=limit, **options)


def seen_by(folder: Path) -> int:
    """How many stories a run on the same input finds answered."""
    done = run(folder, "filter", "feed.jsonl", "--index", "wire.db", "-o", "again", "--force", "--stats", "-")
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout)["seen"])


@pytest.mark.parametrize(
    ("options", "full", "there"),
    [
        (["-o", "new"], "new", False),
        (["-o", "new", "--force"], "new", True),
        (["-o", "new", "--rejects", "old", "--force"], "old", True),
    ],
)
def test_no_room_for_an_output(tmp_path: Path, options: list[str], full: str, there: bool) -> None:
    lines = long_records(60, copies=full == "old")
    (tmp_path / "feed.jsonl").write_bytes(b"".join(lines))
    if full == "old":  # what passes is in the index already, and is not passed again
        options = [*options, "--skip-seen"]
        (tmp_path / "first.jsonl").write_bytes(b"".join(lines[::2]))
        assert run(tmp_path, "filter", "first.jsonl", "--index", "wire.db").returncode == 0
    if there:
        for name in ("new", "old"):
            (tmp_path / name).write_text("from before")
    before = {path.name for path in tmp_path.iterdir()} | {"wire.db"}
    done = limited(tmp_path, *options)
    assert done.returncode == 3
    message = f"dedup: '{full}': cannot be written: File too large; raise the limit on file size or write elsewhere\n"
    assert done.stderr.decode().endswith(message)
    assert b"Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == before  # no half output, no temporary file
    assert not there or {(tmp_path / name).read_text() for name in ("new", "old")} == {"from before"}
    assert run(tmp_path, "index", "check", "wire.db").stdout == b"no faults\n"
    room = LIMIT // len(lines[0])
    assert seen_by(tmp_path) >= room - room % BATCH
    assert (tmp_path / "again").read_bytes() == b"".join(lines[:: 2 if full == "old" else 1])


def test_no_room_to_append(tmp_path: Path) -> None:
    """What was answered and written stays; the next run ends the line that was cut, and goes on."""
    lines = long_records(60, copies=False)
    (tmp_path / "feed.jsonl").write_bytes(b"".join(lines))
    (tmp_path / "new").write_bytes(b"from before\n")
    done = limited(tmp_path, "-o", "new", "--append")
    assert done.returncode == 3
    assert b"'new': cannot be written: File too large" in done.stderr
    whole = b"from before\n" + b"".join(lines)
    written = (tmp_path / "new").read_bytes()
    assert len(written) == LIMIT
    assert whole.startswith(written)
    assert run(tmp_path, "filter", "feed.jsonl", "--index", "wire.db", "-o", "new", "--append").returncode == 0
    assert (tmp_path / "new").read_bytes() == written + b"\n" + b"".join(lines)


def test_no_room_for_standard_output(tmp_path: Path) -> None:
    lines = long_records(60, copies=False)
    (tmp_path / "feed.jsonl").write_bytes(b"".join(lines))
    with (tmp_path / "out").open("wb") as out:
        done = limited(tmp_path, stdout=out)
    assert done.returncode == 3
    assert b"'standard output': cannot be written: File too large" in done.stderr
    assert b"".join(lines).startswith((tmp_path / "out").read_bytes())
    assert seen_by(tmp_path) >= LIMIT // len(lines[0]) // BATCH * BATCH
