"""The guard that compares two commits: what it concludes from what was measured."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from benchmarks.commits import COMMANDS, Command, Measured, _call, slower, table


def test_instructions_count_where_they_are_known_and_time_where_not() -> None:
    noisy = Measured(base=[1.0, 1.0, 1.0], head=[1.5, 1.6, 1.0], instructions=(1000, 1010))
    assert noisy.ratios == [1.5, 1.6, 1.0]
    assert noisy.growth == 1.01
    assert Measured(base=[1.0, 2.0, 4.0], head=[1.5, 2.0, 5.0]).growth == 1.25


def test_what_grew_is_named() -> None:
    found = {"scan": Measured([1.0], [1.2]), "filter": Measured([1.0], [1.04]), "help": Measured([2.0], [1.0], (10, 11))}
    assert slower(found, 0.05) == ["scan", "help"]
    assert slower(found, 0.25) == []


def test_the_table_lines_up() -> None:
    lines = table({"scan": Measured([1.0], [1.25]), "filter": Measured([1.0], [0.5], (10, 20))}).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == ["scan", "1.000", "1.250", "1.250", "1.250", "1.250", "-"]
    assert lines[3].split("|")[-2].strip() == "2.0000"


def test_commands_name_the_files_they_are_given() -> None:
    lines = [command.line(Path("py"), Path("s.jsonl"), Path("o")) for command in COMMANDS]
    assert not any("{" in part and "}" in part for line in lines for part in line)
    assert [line[:2] for line in lines] == [["py", "-P"]] * len(COMMANDS)
    assert sum("s.jsonl" in line for line in lines) == 3


def test_signatures_run_as_written(tmp_path: Path) -> None:
    stories = tmp_path / "s.jsonl"
    stories.write_text('{"text": "one two three four five six"}\n')
    signatures = next(command for command in COMMANDS if command.name.startswith("signatures"))
    assert _call(signatures.line(Path(sys.executable), stories, tmp_path)) == ""


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(CalledProcessError):
        _call(Command("", ("-c", "raise SystemExit(2)")).line(Path(sys.executable), Path(), Path()))
