"""Parquet and Arrow IPC: columns of any type of string, dates, nested fields, and damaged files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from read.helpers import ids, read, reasons

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def parquet(table: Any, path: Path) -> None:
    pq.write_table(table, path, row_group_size=2)


def ipc_file(table: Any, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def ipc_stream(table: Any, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


KINDS: dict[str, tuple[str, Callable[[Any, Path], None]]] = {
    "parquet": ("f.parquet", parquet),
    "file": ("f.arrow", ipc_file),
    "stream": ("g.ipc", ipc_stream),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strings", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_rows_are_stories(tmp_path: Path, kind: str, strings: Any) -> None:
    name, write = KINDS[kind]
    when = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    table = pa.table(
        {
            "id": pa.array([7, 8, 9]),
            "text": pa.array(["one", "two", None], pa.string()).cast(strings),
            "published": pa.array([when, None, None], pa.timestamp("us", "UTC")),
            "more": pa.array([[1], [], None]),
        }
    )
    write(table, tmp_path / name)
    stories, problems = read(tmp_path)
    assert [(story.id, story.text, story.published) for story in stories] == [("7", "one", when), ("8", "two", None)]
    reason = "field 'text' is null, not a string; say which field holds the text with --text-field"
    assert reasons(problems) == [(f"{name}:3: {reason}", True)]


def test_nested_fields_dates_and_guesses(tmp_path: Path) -> None:
    rows = [{"meta": {"title": "T", "day": date(2021, 5, 6)}, "Body": "one"}]
    parquet(pa.Table.from_pylist(rows), tmp_path / "f.parquet")
    (story,), problems = read(tmp_path, title_field="meta.title", date_field="meta.day")
    assert (story.id, story.title, story.text) == ("f.parquet#1", "T", "one")
    assert story.published == datetime(2021, 5, 6, tzinfo=UTC)
    assert reasons(problems) == [("f.parquet: takes text from 'Body'; say otherwise with --text-field and the like", False)]


def test_times_beyond_pythons_are_told(tmp_path: Path) -> None:
    far = pa.array([2**62], pa.int64()).cast(pa.timestamp("ms"))
    parquet(pa.table({"text": ["one"], "published": far}), tmp_path / "f.parquet")
    stories, problems = read(tmp_path)
    assert [story.published for story in stories] == [None]
    assert "date not understood" in problems[0].reason


def test_a_table_without_a_text_column_is_told(tmp_path: Path) -> None:
    parquet(pa.table({"words": ["one"]}), tmp_path / "f.parquet")
    told = "no field 'text'; say which of its fields holds the text with --text-field: 'words'"
    assert reasons(read(tmp_path)[1]) == [(f"f.parquet: {told}", True)]


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_one_problem(tmp_path: Path, kind: str) -> None:
    name, write = KINDS[kind]
    table = pa.table({"id": [str(number) for number in range(50)], "text": [f"story {number}" * 9 for number in range(50)]})
    write(table, tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / "good.txt").write_text("good")
    for cut in (0, 1, 4, 40, len(whole) // 2, len(whole) - 3):
        (tmp_path / name).write_bytes(whole[:cut])
        stories, problems = read(tmp_path)
        assert ids(stories)[-1] == "good.txt"
        assert sum(problem.failed for problem in problems) <= 1
        assert len(stories) == 51 or sum(problem.failed for problem in problems) == 1


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    parquet(pa.table({"text": ["a" * 1_000_000] * 4}), tmp_path / "f.parquet")
    stories, problems = read(tmp_path, max_expansion=2, expansion_floor=0)
    assert stories == []
    assert "expands to more than 2 times its size" in problems[0].reason


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_without_the_extra_a_table_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_bytes(b"PAR1")
    (tmp_path / "b.txt").write_text("one")
    for module in [each for each in sys.modules if each.partition(".")[0] == "pyarrow"]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    stories, problems = read(tmp_path)
    assert ids(stories) == ["b.txt"]
    lacking = "a table of columns, which needs pyarrow to be read; install it with pip install 'wire-dedup[arrow]'"
    assert reasons(problems) == [(f"{name}: {lacking}", True)]
