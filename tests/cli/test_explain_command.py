"""`dedup explain` as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import html  # type: ignore[import-untyped]
from rich.cells import cell_len

import dedup

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"


def explain(*arguments: Path | str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dedup", "explain", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd)


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
    assert "\nunrelated\n" in done.stdout
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


def test_all_of_it_as_json() -> None:
    folder = FIXTURES / "template"
    done = explain(folder / "dividend-arkell-foundry.txt", folder / "dividend-bremmer-paper.txt", "--format", "json")
    record = json.loads(done.stdout)
    text = (folder / "dividend-arkell-foundry.txt").read_text()
    # The fields of a pair record come first, in their order.
    assert list(record)[:5] == ["a", "b", "relation", "jaccard", "containment_a"]
    figures = record["facts"]["a"]["figures"]
    assert [fact["text"] for fact in figures] == ["21", "31.5", "28", "30", "14", "3", "118.5", "2,140"]
    assert all(text[slice(*fact["span"])] == fact["text"] for fact in figures)
    assert [(text[slice(*one["span"])], one["words"]) for one in record["alone"]["a"]][1] == (
        "Arkell employs 2,140 people",
        5,
    )
    scores = {(score["name"], score["setting"]): score for score in record["scores"]}
    evidence = scores["evidence", "evidence"]
    assert (evidence["threshold"], evidence["limit"], evidence["met"]) == (2.25, "from", False)
    assert record["judged"]["by"] == "texts"


def test_ids_of_what_was_scanned() -> None:
    names = "template/dividend-arkell-foundry.txt", "template/dividend-bremmer-paper.txt"
    done = explain(*names, "--in", FIXTURES, "--format", "json")
    record = json.loads(done.stdout)
    assert (record["a"], record["b"], record["relation"]) == (*names, "template")
    assert (record["judged"]["by"], record["judged"]["stories"], record["judged"]["compared"]) == ("scan", 39, True)
    assert [decision["keep"] for decision in record["judged"]["decisions"]] == [True, True]


def test_several_inputs_and_the_options_of_reading(tmp_path: Path) -> None:
    text = (FIXTURES / "contained" / "lost-map.txt").read_text()
    (tmp_path / "one.jsonl").write_text(json.dumps({"key": "x", "body": text}) + "\n")
    (tmp_path / "two.jsonl").write_text(json.dumps({"key": "y", "body": text[:400]}) + "\n{broken\n")
    inputs = ("--in", tmp_path / "one.jsonl", "--in", tmp_path / "two.jsonl")
    done = explain("x", "y", *inputs, "--id-field", "key", "--keep", "first")
    assert done.returncode == 1  # something could not be read, and is said
    assert "two.jsonl:2" in done.stderr
    assert "contains: the first holds the second" in done.stdout
    assert "judged as a scan of these 2 stories judges it" in done.stdout


def test_an_unknown_id_names_the_near_ones() -> None:
    done = explain("lost-map.txt", "contained/lost-map-brief.txt", "--in", FIXTURES)
    assert done.returncode == 2
    assert "did you mean 'contained/lost-map.txt'" in done.stderr
    assert "Traceback" not in done.stderr


def test_stories_in_one_file(tmp_path: Path) -> None:
    text = (FIXTURES / "contained" / "lost-map.txt").read_text()
    records = [{"id": "x", "text": text}, {"text": text[:400]}]
    (tmp_path / "wire.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    done = explain("wire.jsonl#x", "wire.jsonl#2", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "contains: the first holds the second" in done.stdout


def test_ids_of_an_index(tmp_path: Path) -> None:
    index = tmp_path / "wire.db"
    names = "near-duplicate/flood-aid-corrected.txt", "near-duplicate/flood-aid.txt"
    with dedup.open_index(index) as opened:
        opened.add_all(dedup.Story(id=name, text=(FIXTURES / name).read_text()) for name in names)
    done = explain(*names, "--index", index)
    assert done.returncode == 0
    assert "near-duplicate\nas it was answered when" in done.stdout
    assert "the index keeps no text of 'near-duplicate/flood-aid.txt'" in " ".join(done.stdout.split())
    page = explain(*names, "--index", index, "--format", "html").stdout
    first, second = html.document_fromstring(page).xpath("//article")
    assert "Its text is not kept." in first.text_content()
    assert "The fund stands at 14.6 million crowns" in second.text_content()
    assert not html.document_fromstring(page).xpath("//a")
    done = explain(*names, "--index", tmp_path / "none.db")
    assert done.returncode == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--in", "x", "--index", "y"), "choose one"),
        (("--keep", "first"), "--keep: says how the inputs of --in are scanned"),
        (("--index", "y", "--window", "7d"), "--window: says how"),
        (("--jobs", "2"), "--jobs: says how"),
        (("--index", "y", "--id-field", "key"), "options of reading go with files"),
    ],
)
def test_options_that_do_nothing_are_refused(options: tuple[str, ...], message: str) -> None:
    done = explain("a", "b", *options)
    assert done.returncode == 2
    assert message in done.stderr


STRAIT = [FIXTURES / "shared-passage" / f"strait-statement-{name}.txt" for name in ("coastal-herald", "northern-ledger")]


@pytest.mark.parametrize("format", ["text", "json", "html"])
def test_an_output_file_has_what_stdout_would(tmp_path: Path, format: str) -> None:
    out = tmp_path / "pair"
    done = explain(*STRAIT, "--format", format, "-o", out)
    assert (done.returncode, done.stdout) == (0, "")
    printed = explain(*STRAIT, "--format", format).stdout
    assert out.read_text(encoding="utf-8") == printed
    again = explain(*STRAIT, "--format", format, "-o", out)
    assert again.returncode == 3
    assert "exists already" in again.stderr
    assert out.read_text(encoding="utf-8") == printed
    assert explain(*STRAIT, "--format", format, "-o", out, "--force").returncode == 0


def test_an_output_never_replaces_a_story(tmp_path: Path) -> None:
    for path in STRAIT:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    a, b = (tmp_path / path.name for path in STRAIT)
    for arguments in ([a, b], [f"{a}#1", b], [a.name, b.name, "--in", tmp_path]):
        done = explain(*arguments, "-o", a, "--force")
        assert done.returncode == 3
        assert "is an input" in done.stderr
    assert a.read_bytes() == STRAIT[0].read_bytes()


def test_names_that_are_not_text_are_shown_escaped(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9\x1b[31m.txt")
    (tmp_path / name).write_text("some words")
    for format in ("text", "json", "html"):
        done = subprocess.run(
            [sys.executable, "-m", "dedup", "explain", name, name, "--format", format], capture_output=True, cwd=tmp_path
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"\x1b" not in done.stdout
        assert "caf\\" in done.stdout.decode("utf-8")


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
