"""Tables of comma- and tab-separated values: what their cells may hold, and what is wrong with some."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from read.helpers import ids, read, reasons

from dedup.read.options import ReadOptions
from dedup.read.source import Source
from dedup.read.table import read_csv
from dedup.story import Origin, Problem


def saved(folder: Path, content: str | bytes, name: str = "f.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_rows_are_stories(tmp_path: Path) -> None:
    saved(tmp_path, 'id,title,text,published\r\n7,"A, b","one\r\ntwo ""three""",2020-01-02\r\n,T,four,\r\n')
    (first, second), problems = read(tmp_path)
    assert problems == []
    assert (first.id, first.title, first.text) == ("7", "A, b", 'one\r\ntwo "three"')
    assert first.published == datetime(2020, 1, 2, tzinfo=UTC)
    assert (second.id, second.title, second.text, second.published) == ("f.csv#4", "T", "four", None)
    assert (first.line, second.line) == (2, 4)
    assert first.origin is not None
    assert first.origin.parts


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_first_line_tells_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    saved(tmp_path, "\n".join(delimiter.join(row) for row in (['"id;,|"', "text", "id"], ["1", "one", "x"])))
    assert ids(read(tmp_path)[0]) == ["x"]


def test_tabs_need_no_quotation_marks(tmp_path: Path) -> None:
    saved(tmp_path, "id\ttext\na\tone, two; three\n", "f.tsv")
    assert [story.text for story in read(tmp_path)[0]] == ["one, two; three"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = "Der Präsident erklärte, die Bürger seien für größere Schritte gerüstet. " * 3
    saved(tmp_path, f'id,text\na,"{text}"\n'.encode(encoding))
    stories, problems = read(tmp_path)
    assert [story.text for story in stories] == [text]
    assert [problem.failed for problem in problems] == ([False] if encoding == "cp1252" else [])


def test_columns_are_guessed_and_told(tmp_path: Path) -> None:
    saved(tmp_path, "GUID,Headline,Article Text,Article Text\na,T,one,two\n")
    (story,), problems = read(tmp_path)
    assert (story.id, story.title, story.text) == ("a", "T", "one")
    guess = (
        "takes id from 'GUID', text from 'Article Text', title from 'Headline'; say otherwise with --text-field and the like"
    )
    assert reasons(problems) == [(f"f.csv:1: {guess}; two columns are called 'Article Text', the first is taken", False)]


NO_FIELD = "f.csv:1: no field 'text'; say which of its fields holds the text with --text-field: 'id', 'words'"
BAD = {
    "id,words\na,b\n": (NO_FIELD, True),
    "": ("f.csv: empty; there is no table in it", False),
    "\n\n": ("f.csv: empty; there is no table in it", False),
}


@pytest.mark.parametrize("content", BAD)
def test_what_holds_no_stories_is_told(tmp_path: Path, content: str) -> None:
    stories, problems = read(saved(tmp_path, content))
    assert (stories, reasons(problems)) == ([], [BAD[content]])


def test_names_alone_are_a_table_without_stories(tmp_path: Path) -> None:
    assert read(saved(tmp_path, "id,text\n")) == ([], [])


def test_a_bad_row_fails_alone(tmp_path: Path) -> None:
    saved(tmp_path, "id,text\na,one\nb,two, three\nc\n\nd,four,,\ne,fi\0ve\n")
    stories, problems = read(tmp_path)
    assert [(story.id, story.text) for story in stories] == [("a", "one"), ("d", "four"), ("e", "fi\0ve")]
    assert reasons(problems) == [
        ("f.csv:3: 3 cells under 2 names; put cells that hold the delimiter in quotation marks", True),
        ("f.csv:4: 1 cells under 2 names; none for the text, 'text'", True),
    ]


def test_a_quotation_mark_that_never_closes_is_told_where_it_opens(tmp_path: Path) -> None:
    saved(tmp_path, 'id,text\na,one\nb,"two\n' + "c,three\n" * 50)
    stories, problems = read(tmp_path)
    assert ids(stories) == ["a"]
    said = "a quotation mark that opens in this row is never closed, so all that follows was taken for one cell; mend it"
    assert reasons(problems) == [(f"f.csv:3: {said}", True)]
    stories, problems = read(tmp_path, max_line_bytes=100)
    assert ids(stories)[0] == "a"
    said = "a row of over 100 bytes; close its quotation marks, or raise --max-line-bytes to read it"
    assert (f"f.csv:3: {said}", True) in reasons(problems)


def test_limits(tmp_path: Path) -> None:
    saved(tmp_path, f"id,text\na,{'x' * 500}\nb,{'x' * 60}\nc,short\n")
    stories, problems = read(tmp_path, max_line_bytes=300, max_story_bytes=50)
    assert ids(stories) == ["c"]
    assert [(where.split(":")[1], failed) for where, failed in reasons(problems)] == [("2", True), ("3", True)]


def test_a_cut_file_gives_its_whole_rows(tmp_path: Path) -> None:
    whole = gzip.compress(b"id,text\n" + b"".join(b"%d,%d text\n" % (n, n * n) for n in range(2000)))
    saved(tmp_path, whole[: len(whole) // 2], "f.csv.gz")
    stories, problems = read(tmp_path)
    assert 100 < len(stories) < 2000
    assert all(story.text == f"{int(story.id) ** 2} text" for story in stories[:-1])
    assert problems[-1].failed
    assert "cut off" in problems[-1].reason


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=12)


@given(st.lists(st.tuples(CELL, CELL), max_size=5), st.integers(1, 40))
def test_whatever_a_writer_of_csv_makes_is_read(rows: list[tuple[str, str]], step: int) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([("title", "text"), *rows])
    data = out.getvalue().encode()
    problems: list[Problem] = []
    source = Source(Origin("f.csv", "f.csv"), (data[at : at + step] for at in range(0, len(data), step)))
    stories = list(read_csv(source, ReadOptions(encoding="utf-8"), problems.append))
    assert [(story.title or "", story.text) for story in stories] == [row for row in rows if any(row)]
    assert problems == []


@given(st.binary(max_size=200))
def test_no_bytes_stop_a_run(data: bytes) -> None:
    list(read_csv(Source(Origin("f.csv", "f.csv"), iter([data])), ReadOptions(), lambda problem: None))
