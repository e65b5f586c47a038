"""`dedup index` as a person runs it."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner
from wire import refused, run, wire

from dedup.cli.app import app
from dedup.prefilter import open_index


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    done = run(tmp_path, "filter", "--index", "wire.db", "--threshold", "0.6", stdin=b"".join(wire(60)))
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_info(folder: Path) -> None:
    text = run(folder, "index", "info", "wire.db").stdout.decode()
    told = json.loads(run(folder, "index", "info", "sqlite:///wire.db", "--format", "json").stdout)
    assert told["kept"] + told["dropped"] == 60
    assert told["settings"] == {"threshold": 0.6}
    assert told["bytes"] > 0
    now = datetime.now(UTC)
    assert abs((now - datetime.fromisoformat(told["oldest"])).total_seconds()) < 600
    assert told["oldest"] <= told["newest"]
    assert f"kept      {told['kept']} stories\ndropped   {told['dropped']}\n" in text
    assert "settings  threshold = 0.6\n" in text
    assert f"oldest    {told['oldest'][:19]}Z\n" in text


def test_check(folder: Path) -> None:
    done = run(folder, "index", "check", "wire.db")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"no faults\n", b"")
    with sqlite3.connect(folder / "wire.db") as connection:
        connection.execute("UPDATE text SET text = text || ' and more' WHERE seq = 1")
    connection.close()
    done = run(folder, "index", "check", "wire.db")
    assert done.returncode == 4
    assert done.stdout.strip()
    assert b"no faults" not in done.stdout


def test_remove_and_expire(folder: Path) -> None:
    (first, *_) = wire(60)
    name = json.loads(first)["id"]
    done = run(folder, "index", "remove", "wire.db", name, "never-there")
    assert (done.returncode, done.stdout) == (1, b"1 removed\n")
    assert b"error: story 'never-there': not in the index" in done.stderr
    assert run(folder, "index", "expire", "wire.db", "--before", "2024-05-01").stdout == b"0 stories forgotten\n"
    with open_index(folder / "wire.db") as index:
        left = index.info()
    done = run(folder, "index", "expire", "wire.db", "--before", "0s")
    assert (done.returncode, done.stdout) == (0, f"{left.kept + left.dropped} stories forgotten\n".encode())
    assert b"kept      0 stories\ndropped   0\noldest    none\n" in run(folder, "index", "info", "wire.db").stdout


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["info", "nowhere.db"], 4, "'nowhere.db': does not exist"),
        (["check", "stories.txt"], 4, "'stories.txt': "),
        (["expire", "nowhere.db", "--before", "soon"], 2, "--before 'soon': neither a span nor a date"),
        (["expire", "nowhere.db", "--before", "9999999d"], 2, "longer than any time there is"),
        (["remove", "mysql://x/y", "1"], 2, "'mysql://': no kind of index"),
    ],
)
def test_what_cannot_be_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], code: int, message: str
) -> None:
    (tmp_path / "stories.txt").write_text("no index at all, but a text that was named by mistake " * 20)
    monkeypatch.chdir(tmp_path)
    told = refused("index", *args)
    assert told[0] == code
    assert message in told[1]
    assert not (tmp_path / "nowhere.db").exists()


@pytest.mark.parametrize("name", ["info", "check", "expire", "remove"])
def test_help_has_an_example(name: str) -> None:
    assert f"dedup index {name} wire.db" in CliRunner().invoke(app, ["index", name, "--help"]).stdout
