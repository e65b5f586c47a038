"""Copies of an index with damage: each is refused, or found damaged by a check, or answers as the whole one does."""

from __future__ import annotations

import os
import random
import resource
import shutil
import time
from pathlib import Path

import pytest
from index.entries import entry, everything, fill, with_text

from dedup.errors import IndexFault
from dedup.index import Ledger
from dedup.index.opening import open_ledger

MUTANTS = int(os.environ.get("DAMAGE_MUTANTS", "60"))
PAGE = 4096


def whole(folder: Path) -> tuple[bytes, list[list[object]]]:
    path = folder / "whole.db"
    ledger = open_ledger(path)
    fill(ledger, 40, size=300)
    with ledger.transaction() as t:
        t.append([(entry(41), "long " * 3000)])  # over several pages
        t.remove([2, 11])  # leaves free pages
    states = [everything(ledger)]
    ledger.close()
    return path.read_bytes(), states


def cut(data: bytes) -> list[bytes]:
    return [data[:size] for size in (*range(PAGE, len(data), PAGE), 1, 99, 100, PAGE - 1, PAGE + 1, len(data) - 1)]


def zeroed(data: bytes) -> list[bytes]:
    return [data[:at] + bytes(PAGE) + data[at + PAGE :] for at in range(0, len(data), PAGE)]


def flipped(data: bytes, seed: int) -> bytes:
    rng = random.Random(seed)
    mutant = bytearray(data)
    # Each tenth in the first page, whose header and schema decide most.
    for _ in range(rng.choice((1, 1, 8))):
        mutant[rng.randrange(len(mutant) if seed % 10 else 600)] ^= 1 << rng.randrange(8)
    if seed % 7 == 0:
        at, size = rng.randrange(len(mutant)), rng.choice((16, 512, 4096))
        mutant[at : at + size] = rng.randbytes(len(mutant[at : at + size]))
    return bytes(mutant)


def swapped(data: bytes, seed: int) -> bytes:
    """Two pages in each other's place, as a write gone astray leaves them."""
    a, b = (number * PAGE for number in sorted(random.Random(seed).sample(range(1, len(data) // PAGE), 2)))
    return data[:a] + data[b : b + PAGE] + data[a + PAGE : b] + data[a : a + PAGE] + data[b + PAGE :]


def outcome(path: Path, states: list[list[object]]) -> str:
    """ "refused", "found" or "right"; anything else is what must not be."""
    ledger: Ledger | None = None
    try:
        ledger = open_ledger(path, timeout=1)
        seen = everything(ledger)
        ledger.summary()
        if problems := ledger.check():
            assert all(problems)
            return "found"
    except IndexFault as error:
        return "refused" if str(error).startswith(repr(str(path))) else "wrong"
    finally:
        if ledger:
            ledger.close()
    return "right" if seen in states else "wrong"


def settle(folder: Path, mutants: list[bytes], states: list[list[object]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number, mutant in enumerate(mutants):
        path = folder / f"{number}.db"
        path.write_bytes(mutant)
        start = time.monotonic()
        told = outcome(path, states)
        assert time.monotonic() - start < 2, number
        assert told != "wrong", number
        counts[told] = counts.get(told, 0) + 1
        path.unlink()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
    return counts


def test_damaged_files(tmp_path: Path) -> None:
    data, states = whole(tmp_path)
    counts = settle(tmp_path, cut(data) + zeroed(data), states)
    assert counts["refused"] + counts["found"] > 0.8 * sum(counts.values())
    mutants = [flipped(data, seed) for seed in range(MUTANTS)] + [swapped(data, seed) for seed in range(MUTANTS // 6)]
    counts = settle(tmp_path, mutants, states)
    assert counts["refused"] + counts["found"] > 0.5 * sum(counts.values())


def test_damaged_logs_lose_no_more_than_the_last_commits(tmp_path: Path) -> None:
    path = tmp_path / "wire.db"
    ledger = open_ledger(path)
    states = [everything(ledger)]
    for _ in range(8):
        with ledger.transaction() as t:
            t.append(with_text(entry(t.last_seq() + 1), entry(t.last_seq() + 2)))
        states.append(everything(ledger))
    log = Path(f"{path}-wal").read_bytes()
    shutil.copy(path, tmp_path / "copy")
    ledger.close()
    rng = random.Random(5)
    for number in range(MUTANTS // 2):
        damaged = bytearray(log)
        damaged[rng.randrange(len(log))] ^= 1 << rng.randrange(8)
        name = tmp_path / f"{number}.db"
        shutil.copy(tmp_path / "copy", name)
        Path(f"{name}-wal").write_bytes(damaged[: rng.randrange(len(log))] if number % 2 else damaged)
        assert outcome(name, states) != "wrong"


@pytest.mark.parametrize("at", ["text", "answer", "id"])
def test_a_flipped_bit_is_not_handed_out_as_a_story(tmp_path: Path, at: str) -> None:
    path = tmp_path / "wire.db"
    ledger = open_ledger(path)
    with ledger.transaction() as t:
        t.append([(entry(1, "the-id"), "the text")])
    ledger.close()
    stored = {"text": b"the text", "answer": b'{"seq":1}', "id": b"the-id"}[at]
    path.write_bytes(path.read_bytes().replace(stored, stored[:-1] + b"_"))
    told = outcome(path, [])
    assert told in ("refused", "found")
