"""`dedup explain` as a person runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"


def explain(*paths: Path | str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dedup", "explain", *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_shows_the_shared_passage() -> None:
    folder = FIXTURES / "shared-passage"
    done = explain(folder / "strait-statement-coastal-herald.txt", folder / "strait-statement-northern-ledger.txt")
    assert done.returncode == 0
    assert "shared-passage" in done.stdout
    assert "passage 1, 40 words" in done.stdout
    assert "The text was agreed" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_unrelated_stories_say_what_was_lacking() -> None:
    done = explain(FIXTURES / "unrelated" / "toll-road-vote.txt", FIXTURES / "contained" / "lost-map.txt")
    assert done.returncode == 0
    assert "is unrelated to" in done.stdout
    assert "too little in common" in done.stdout


def test_a_missing_file_is_an_error() -> None:
    done = explain(FIXTURES / "edge" / "empty.txt", "nowhere.txt")
    assert done.returncode == 1
    assert "nowhere.txt" in done.stderr
    assert "Traceback" not in done.stderr
