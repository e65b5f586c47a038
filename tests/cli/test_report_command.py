"""`dedup scan --report` and `dedup report` as a person runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def records(dedup: Run, tmp_path: Path) -> list[Path]:
    files = [tmp_path / "pairs.jsonl", tmp_path / "decisions.jsonl"]
    done = dedup("scan", FIXTURES, "--pairs", files[0], "--decisions", files[1], "--report", "scan.html")
    assert done.returncode == 0
    return files


def test_both_commands_write_the_same_page(dedup: Run, records: list[Path], tmp_path: Path) -> None:
    done = dedup("report", *records, FIXTURES, "-o", "again.html")
    assert done.returncode == 0
    assert done.stdout == ""
    first, again = ((tmp_path / name).read_bytes() for name in ("scan.html", "again.html"))
    assert first == again
    assert first.startswith(b"<!doctype html>")


def test_the_table_is_the_same_with_a_report(dedup: Run) -> None:
    plain, reported = dedup("scan", FIXTURES), dedup("scan", FIXTURES, "--report", "r.html")
    assert plain.stdout == reported.stdout


def test_renamed_stories_are_found_again(dedup: Run, tmp_path: Path) -> None:
    text = "The harbour board said on Tuesday that the old pier would close for repairs until the end of the year"
    lines = [json.dumps({"id": "same", "text": text + " " * n}) for n in range(3)]
    (tmp_path / "s.jsonl").write_text("\n".join(lines))
    assert dedup("scan", "s.jsonl", "--pairs", "p.jsonl", "--decisions", "d.jsonl", "--report", "a.html").returncode == 0
    assert dedup("report", "p.jsonl", "d.jsonl", "s.jsonl", "-o", "b.html").returncode == 0
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_page_is_not_replaced_unless_told(dedup: Run, records: list[Path], tmp_path: Path) -> None:
    (tmp_path / "there.html").write_text("mine")
    for command in (("scan", FIXTURES, "--report"), ("report", *records, FIXTURES, "-o")):
        done = dedup(*command, "there.html")
        assert done.returncode == 3
        assert "there.html" in done.stderr
        assert (tmp_path / "there.html").read_text() == "mine"
    assert dedup("report", *records, FIXTURES, "-o", "there.html", "--force").returncode == 0
    assert (tmp_path / "there.html").read_text() != "mine"


def test_an_input_is_never_the_page(dedup: Run, records: list[Path], tmp_path: Path) -> None:
    before = records[0].read_bytes()
    assert dedup("report", *records, FIXTURES, "-o", records[0], "--force").returncode == 3
    story = tmp_path / "stories" / "a.txt"
    story.parent.mkdir()
    story.write_text("A story of a few words that is not to be written over by anything at all")
    (tmp_path / "link.html").hardlink_to(story)
    assert dedup("scan", "stories", "--report", "link.html", "--force").returncode == 3
    assert records[0].read_bytes() == before
    assert story.read_text().startswith("A story")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("swapped", "decisions.jsonl:1: no pair record"),
        ("cut", "pairs.jsonl:1: no pair record"),
        ("other stories", "story 'contained/lost-map-brief.txt': has a pair, and is not in what was read; nor are 30 more"),
        ("no decisions", "has a pair and no decision"),
        ("no pairs", "by its decision, and the two have no pair"),
        ("chain", "which is not kept"),
        ("shorter text", "is shorter than its passages say"),
        ("missing", "nowhere.jsonl"),
    ],
)
def test_what_does_not_belong_together_is_told(
    dedup: Run, records: list[Path], tmp_path: Path, edit: str, said: str
) -> None:
    pairs, decisions = records
    stories = FIXTURES
    lines = [json.loads(line) for line in decisions.read_text().splitlines()]
    if edit == "swapped":
        pairs, decisions = decisions, pairs
    elif edit == "cut":
        pairs.write_bytes(pairs.read_bytes()[:100])
    elif edit == "other stories":
        stories = FIXTURES / "edge"
    elif edit == "no decisions":
        decisions.write_text("")
    elif edit == "no pairs":
        pairs.write_text("")
    elif edit == "chain":
        kept = next(line["duplicate_of"] for line in lines if not line["keep"])
        chained = [
            line | {"keep": False, "duplicate_of": "edge/empty.txt"} if line["id"] == kept else line for line in lines
        ]
        decisions.write_text("".join(json.dumps(line) + "\n" for line in chained))
    elif edit == "shorter text":
        records_of_pairs = [json.loads(line) for line in pairs.read_text().splitlines()]
        records_of_pairs[0]["passages"][0]["a"][1] = 10**6
        pairs.write_text("".join(json.dumps(line) + "\n" for line in records_of_pairs))
    else:
        pairs = tmp_path / "nowhere.jsonl"
    done = dedup("report", pairs, decisions, stories, "-o", "page.html")
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "page.html").exists()


def test_what_cannot_be_read_is_told_and_counted(dedup: Run, records: list[Path], tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{")
    done = dedup("report", *records, FIXTURES, "bad.jsonl", "-o", "page.html")
    assert done.returncode == 1
    assert "bad.jsonl:1" in done.stderr
    assert (tmp_path / "page.html").exists()


def test_without_jinja_the_extra_is_named(tmp_path: Path) -> None:
    code = "import sys; sys.modules['jinja2'] = None; sys.argv = ['dedup', 'scan', sys.argv[1], '--report', 'r.html']\n"
    code += "from dedup.cli.app import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code, FIXTURES], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "pip install 'wire-dedup[report]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_same_scan_gives_the_same_bytes(tmp_path: Path) -> None:
    pages = []
    for seed in ("0", "1"):
        command = [sys.executable, "-m", "dedup", "scan", str(FIXTURES), "--report", str(tmp_path / f"{seed}.html")]
        subprocess.run(command, check=True, capture_output=True, env={"PYTHONHASHSEED": seed})
        pages.append((tmp_path / f"{seed}.html").read_bytes())
    assert pages[0] == pages[1]
