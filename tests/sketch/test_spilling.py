"""A limit of memory: the same results, from a temporary file that nobody has to clear away."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from corpora import TEXTS, zipf_texts
from hypothesis import given
from hypothesis import strategies as st

from dedup import kernels
from dedup.errors import UsageError
from dedup.scanning import scan
from dedup.settings import Settings
from dedup.sketch import Limit, Spilling

FIXTURES = Path(__file__).parents[2] / "fixtures"
MIB = 1 << 20


def everything(corpus: kernels.Corpus, threads: int) -> list[npt.NDArray[Any]]:
    order = np.arange(len(corpus), dtype=np.uint32)[::-1].copy()
    ones, dates, known = np.ones(len(order), np.uint8), np.empty(0, np.int64), np.empty((0, 2), np.uint32)
    bands, cut = kernels.band_pairs(corpus, order, ones, dates, 0, known, threads, bands=42, rows=3, full=12, limit=4)
    found, cut_keys = kernels.passage_pairs(corpus, order, ones, dates, 0, known, threads, kept=ones, cap=25, limit=16)
    shared = kernels.SharedKeys(corpus, order, found, threads)
    return [
        *(bands, cut, found, cut_keys, shared.values(), corpus.identical_heads(order), corpus.token_counts()),
        *corpus.compare_pairs(order[bands], 10, 8, 0.5, 0.8, 20, 25, threads),
        *corpus.compare_pairs(order[found], 10, 8, 0.5, 0.8, 20, 25, threads),
    ]


def both(texts: list[str], memory: int) -> tuple[kernels.Corpus, kernels.Corpus]:
    with tempfile.TemporaryFile() as file:
        spilled = kernels.Corpus(5, 12, 128, file.fileno(), memory)
    plain = kernels.Corpus()
    for corpus in (plain, spilled):
        corpus.add(texts[:100], 2)
        corpus.add(texts[100:], 2)
    return plain, spilled


@pytest.mark.parametrize("memory", [0, 1, 1 << 16, 1 << 21, 1 << 30])
@pytest.mark.parametrize("threads", [1, 2])
def test_joins_are_the_same_in_however_little_memory(memory: int, threads: int) -> None:
    texts = zipf_texts(300, 60, 300, seed=3)
    plain, spilled = both([*texts, *(text + " and more" for text in texts[:150]), *texts[:20], ""], memory)
    expected = everything(plain, threads)
    assert len(expected[0]) > 100
    spilled.trim()
    for one, other in zip(expected, everything(spilled, threads), strict=True):
        assert one.tobytes() == other.tobytes()
    assert spilled.spilled() >= sum(map(len, texts))
    assert plain.spilled() == 0


@given(st.lists(TEXTS, max_size=12))
def test_texts_come_back_from_the_file(texts: list[str]) -> None:
    _, spilled = both(texts, MIB)
    spilled.trim()
    assert [spilled.text(number) for number in range(len(texts))] == texts


def test_what_is_trimmed_while_it_is_used_is_read_again() -> None:
    plain, spilled = both(zipf_texts(400, 80, 300, seed=4), 1 << 20)
    expected = everything(plain, 2)
    done = threading.Event()

    def trim() -> None:
        while not done.is_set():
            spilled.trim()

    thread = threading.Thread(target=trim)
    thread.start()
    try:
        for _ in range(5):
            assert all(a.tobytes() == b.tobytes() for a, b in zip(expected, everything(spilled, 2), strict=True))
    finally:
        done.set()
        thread.join()


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def grown(path: Path, stories: int) -> Path:
    """A file of stories that repeat each other here and there."""
    texts = zipf_texts(stories, 400, 3000, seed=5)
    with path.open("w") as file:
        for number, text in enumerate(texts):
            file.write(f'{{"id": "{number}", "text": "{text}"}}\n')
            if number % 10 == 0:
                file.write(f'{{"id": "copy-{number}", "text": "{text} again"}}\n')
    return path


SCAN = """
import re, sys
from dedup.scanning import scan
result = scan([sys.argv[1]], memory=int(sys.argv[2]) or None)
for record in (*result.pairs, *result.decisions):
    print(record)
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_scan_stays_below_the_limit_and_finds_the_same(tmp_path: Path) -> None:
    path = grown(tmp_path / "stories.jsonl", 50_000)
    free, limited = run(SCAN, path, 0), run(SCAN, path, 200 * MIB)
    assert free.returncode == limited.returncode == 0, free.stderr + limited.stderr
    assert free.stdout == limited.stdout
    assert len(free.stdout.splitlines()) >= 60_000
    assert int(limited.stderr) * 1024 < 200 * MIB < int(free.stderr) * 1024


def test_a_limit_too_small_for_the_stories_says_so() -> None:
    spilling = Spilling(Settings(), Limit(64 * MIB))
    if spilling.corpus.resident() < 70 * MIB:
        pytest.skip("the system does not say how much memory a process has, or it is little")
    with pytest.raises(
        UsageError, match=r"memory 64 MiB: 7 stories take \d+ MiB beside the 0 MiB in the temporary file; give"
    ):
        spilling.check(7)


@pytest.mark.parametrize(("limit", "message"), [(Limit(1000), "memory 1,000 bytes: too little"), (Limit(0), "too little")])
def test_limits_that_cannot_be(limit: Limit, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Spilling(Settings(), limit)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere': No such file or directory; say where .* --temp"):
        scan([FIXTURES], memory=1 << 40, temp=tmp_path / "nowhere")


def test_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    result = scan([FIXTURES], memory=1 << 40, temp=tmp_path)
    assert len(result.stories) > 10
    assert result.stories.corpus.spilled() > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("room", "at"), [(1, 0), (65, 64)], ids=["while texts are read", "while bands are joined"])
def test_a_full_disk_is_told_and_not_a_crash(tmp_path: Path, room: int, at: int) -> None:
    code = """
import resource, sys
from dedup.errors import UsageError
from dedup.scanning import scan
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]) << 20, int(sys.argv[3]) << 20))
try:
    scan([sys.argv[1]], memory=1 << 40, temp=sys.argv[2])
except UsageError as error:
    print(error)
"""
    done = run(code, FIXTURES, tmp_path, room)
    assert done.stderr == ""
    assert done.stdout.startswith(f"{str(tmp_path)!r}: File too large, at {at} MiB of a temporary file; make room, or name")


def test_resident_memory_is_what_the_process_has() -> None:
    used = Spilling(Settings(), Limit(1 << 40)).corpus.resident()
    if used == 0:
        pytest.skip("the system does not say")
    assert 10 * MIB < used <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + MIB
    assert kernels.Corpus().resident() == 0  # asked for by nobody
