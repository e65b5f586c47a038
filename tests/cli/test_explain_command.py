"""`dedup explain` as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

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


def test_passages_stand_side_by_side_with_the_changed_words_marked() -> None:
    folder = FIXTURES / "shared-passage"
    done = explain(folder / "strait-statement-coastal-herald.txt", folder / "strait-statement-northern-ledger.txt")
    assert "[The text was" in " ".join(done.stdout.split())
    assert "[ ] words that the other story does not have there" in done.stdout


def test_the_pair_record_as_json() -> None:
    folder = FIXTURES / "identical"
    done = explain(folder / "ferry-crew-honoured.txt", folder / "ferry-crew-honoured-resent.txt", "--format", "json")
    record = json.loads(done.stdout)
    assert (record["relation"], record["jaccard"]) == ("identical", 1.0)
    assert record["reason"]


@pytest.mark.parametrize(
    "words", ["كلمة أخرى من النص العربي", "新しい橋が完成した。", "\x1b[31m bad \u202e words", "a" * 300]
)
def test_any_script_fits(tmp_path: Path, words: str) -> None:
    (tmp_path / "a.txt").write_text(f"{words} " * 20)
    (tmp_path / "b.txt").write_text(f"{words} " * 12 + "something else here " + f"{words} " * 8)
    done = explain(tmp_path / "a.txt", tmp_path / "b.txt")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert all(cell_len(line) <= 80 for line in done.stdout.splitlines())
