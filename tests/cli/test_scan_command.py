"""`dedup scan` as a person runs it."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
Run = Callable[..., subprocess.CompletedProcess[str]]


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


STORY = "The harbour board said on Tuesday that the old pier would close for repairs until the end of the year"
OTHER = "A court in the capital has fined three bakers who agreed on the price of rye bread for a decade"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stories = tmp_path / "stories"
    (stories / "sub").mkdir(parents=True)
    (stories / "a.txt").write_text(STORY)
    (stories / "sub" / "b.txt").write_text(STORY.upper())
    (stories / "c.txt").write_text(OTHER)
    return stories


def test_table_names_kept_and_dropped(dedup: Run, folder: Path) -> None:
    done = dedup("scan", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 stories: 2 kept, 1 dropped" in done.stdout
    assert "sub/b.txt" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_records_have_the_promised_fields(dedup: Run, folder: Path, tmp_path: Path) -> None:
    done = dedup("scan", folder, "--pairs", "p.jsonl", "--decisions", "d.jsonl")
    assert done.returncode == 0
    (pair,) = lines(tmp_path / "p.jsonl")
    words = len(STORY.split())
    assert pair == {
        "a": "a.txt",
        "b": "sub/b.txt",
        "relation": "identical",
        "jaccard": 1.0,
        "containment_a": 1.0,
        "containment_b": 1.0,
        "shared_words": words,
        "longest_passage": words,
        "passages": [{"a": [0, len(STORY)], "b": [0, len(STORY)], "words": words}],
        "update_of": None,
    }
    dropped = [d for d in lines(tmp_path / "d.jsonl") if not d["keep"]]
    path = str(folder / "sub" / "b.txt")
    assert dropped == [
        {
            "id": "sub/b.txt",
            "keep": False,
            "duplicate_of": "a.txt",
            "relation": "identical",
            "jaccard": 1.0,
            "cluster": "a.txt",
            "path": path,
        }
    ]


def test_decisions_as_csv_and_parquet(dedup: Run, folder: Path, tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    assert dedup("scan", folder, "--decisions", "d.csv").returncode == 0
    assert dedup("scan", folder, "--decisions", "d.parquet").returncode == 0
    with (tmp_path / "d.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["keep"], row["jaccard"]) for row in rows] == [
        ("a.txt", "true", ""),
        ("c.txt", "true", ""),
        ("sub/b.txt", "false", "1.0"),
    ]
    table = pq.read_table(tmp_path / "d.parquet").to_pylist()
    assert [(row["id"], row["keep"], row["jaccard"]) for row in table] == [
        ("a.txt", True, None),
        ("c.txt", True, None),
        ("sub/b.txt", False, 1.0),
    ]


def test_jsonl_on_stdout_is_the_pairs_file(dedup: Run, tmp_path: Path) -> None:
    done = dedup("scan", FIXTURES, "--format", "jsonl", "--pairs", "p.jsonl")
    assert done.stdout == (tmp_path / "p.jsonl").read_text()
    assert done.stdout.count("\n") == len({(p["a"], p["b"]) for p in lines(tmp_path / "p.jsonl")}) > 0


def test_stdin_is_json_lines(dedup: Run) -> None:
    records = "".join(json.dumps({"id": n, "text": STORY}) + "\n" for n in range(3))
    done = dedup("scan", "-", "--format", "jsonl", stdin=records)
    assert done.returncode == 0
    pairs = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(p["a"], p["b"]) for p in pairs] == [("0", "1"), ("0", "2"), ("1", "2")]


def test_keep_policy_and_dates(dedup: Run, tmp_path: Path) -> None:
    records = [
        {"id": "late", "text": STORY, "published": "2020-02-02T10:00:00Z"},
        {"id": "early", "text": STORY, "published": "2020-02-01T10:00:00Z"},
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    kept = {}
    for policy in ("earliest", "latest", "first"):
        assert dedup("scan", "in.jsonl", "--keep", policy, "--decisions", f"{policy}.jsonl").returncode == 0
        kept[policy] = [d["id"] for d in lines(tmp_path / f"{policy}.jsonl") if d["keep"]]
    assert kept == {"earliest": ["early"], "latest": ["late"], "first": ["late"]}


@pytest.mark.parametrize(("window", "dropped"), [("12h", 0), ("24h", 1), ("1d", 1), ("2w", 1)])
def test_window(dedup: Run, tmp_path: Path, window: str, dropped: int) -> None:
    stories = [{"id": n, "text": STORY, "published": f"2020-02-0{n}T10:00:00Z"} for n in (1, 2)]
    # One word differs: identical stories are listed whatever lies between them only if the window allows it, too.
    stories[1]["text"] = STORY + " indeed"
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(r) + "\n" for r in stories))
    done = dedup("scan", "in.jsonl", "--window", window)
    assert f"{dropped} dropped" in done.stdout


def test_drop_can_be_narrowed(dedup: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(STORY)
    (tmp_path / "b.txt").write_text(STORY + " at least")
    assert "1 dropped" in dedup("scan", "a.txt", "b.txt").stdout
    assert "0 dropped" in dedup("scan", "a.txt", "b.txt", "--drop", "identical").stdout


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["--keep", "newest"], 2, "keep policy 'newest': not known; use longest, earliest"),
        (["--drop", "template"], 2, "'template': never a reason to drop a story"),
        (["--drop", "identcal"], 2, "relation 'identcal': not known"),
        (["--window", "soon"], 2, "--window 'soon': give a number and a unit"),
        (["--decisions", "d.xls"], 2, "'d.xls': decisions are written as"),
        (["--pairs", "no/such/p.jsonl"], 3, "its folder does not exist"),
        (["--pairs", "stories/a.txt", "--force"], 3, "is an input of this run"),
        (["--copy-kept", "x", "--move-dropped", "y"], 2, "choose one"),
    ],
)
def test_wrong_options_say_what_to_do(dedup: Run, folder: Path, args: list[str], code: int, message: str) -> None:
    done = dedup("scan", "stories", *args)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "a.txt").read_text() == STORY


def test_existing_output_needs_force(dedup: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text("mine")
    refused = dedup("scan", folder, "--pairs", "p.jsonl")
    assert (refused.returncode, (tmp_path / "p.jsonl").read_text()) == (3, "mine")
    assert dedup("scan", folder, "--pairs", "p.jsonl", "--force").returncode == 0
    assert len(lines(tmp_path / "p.jsonl")) == 1


def test_unreadable_input_is_reported_and_the_run_goes_on(dedup: Run, folder: Path) -> None:
    (folder / "bad.jsonl").write_text('{"id": 1, "text": "fine"}\n{"id": 2, "txt": "no text"}\n{nonsense\n')
    done = dedup("scan", folder)
    assert done.returncode == 1
    assert "bad.jsonl:2" in done.stderr
    assert "bad.jsonl:3" in done.stderr
    assert "4 stories" in done.stdout
    assert "2 files or records could not be read" in done.stdout
    strict = dedup("scan", folder, "--strict")
    assert strict.returncode == 1
    assert "bad.jsonl:3" not in strict.stderr


def test_notes_are_counted_after_the_first_twenty(dedup: Run, tmp_path: Path) -> None:
    records = [{"id": n, "text": f"story {n}", "published": "some day"} for n in range(50)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    done = dedup("scan", "in.jsonl")
    assert (done.returncode, done.stderr.count("date not understood")) == (0, 20)
    assert "and 30 more notes; --all-notes" in done.stderr
    assert "\nnotes: 50 × date not understood" in done.stdout
    assert dedup("scan", "in.jsonl", "--all-notes").stderr.count("date not understood") == 50


def test_notes_are_summed_up_by_their_reasons(dedup: Run, folder: Path) -> None:
    for number in range(3):
        (folder / f"{number}.pdf").write_bytes(b"%PDF")
    for number in range(6):
        (folder / f"bad{number}.txt").write_bytes(b"one" + b"\xff" * (number + 1) + "é".encode())
    summary = dedup("scan", folder).stdout.partition("Repeated")[0].splitlines()
    assert summary[2] == "notes: 3 × not a kind of file that holds stories"
    assert [line[:11] for line in summary[3:7]] == ["       1 × "] * 4
    assert summary[7] == "       2 with 2 other reasons"


def test_missing_path(dedup: Run) -> None:
    done = dedup("scan", "nowhere")
    assert done.returncode == 1
    assert "nowhere" in done.stderr


@pytest.mark.parametrize("content", [[], [STORY], [STORY] * 5, [STORY, OTHER]])
def test_small_collections_finish_cleanly(dedup: Run, tmp_path: Path, content: list[str]) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    for number, text in enumerate(content):
        (folder / f"{number}.txt").write_text(text)
    done = dedup("scan", folder)
    assert (done.returncode, done.stderr) == (0, "")
    kept = len(set(content))
    assert f"{kept} kept, {len(content) - kept} dropped" in done.stdout


def test_hostile_titles_and_names_do_not_drive_the_terminal(dedup: Run, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for name in ("a\x1b[31m.txt", "b\nc.txt", "d [red]e.txt"):
        (folder / name).write_text(STORY)
    done = dedup("scan", folder)
    assert "\x1b" not in done.stdout
    assert "[red]e" in done.stdout
    assert "1 kept, 2 dropped" in done.stdout


def test_copy_kept_and_move_dropped_and_undo(dedup: Run, folder: Path, tmp_path: Path) -> None:
    before = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.txt")}
    copied = dedup("scan", "stories", "--copy-kept", "unique")
    assert copied.returncode == 0, copied.stderr
    assert sorted(p.name for p in (tmp_path / "unique").rglob("*.txt")) == ["a.txt", "c.txt"]
    moved = dedup("scan", "stories", "--move-dropped", "repeated")
    assert moved.returncode == 0, moved.stderr
    assert not (folder / "sub" / "b.txt").exists()
    assert (tmp_path / "repeated" / "sub" / "b.txt").read_text() == STORY.upper()
    undone = dedup("undo", "repeated/manifest.jsonl")
    assert undone.returncode == 0, undone.stderr
    assert {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.txt")} == before


def test_copy_kept_of_json_lines_keeps_the_bytes_of_records(dedup: Run, tmp_path: Path) -> None:
    kept = '{"text": "' + STORY + '",  "id": 18446744073709551617, "x": 1.0}'
    (tmp_path / "in.jsonl").write_text(kept + "\n" + json.dumps({"id": "z", "text": STORY}) + "\n")
    done = dedup("scan", "in.jsonl", "--copy-kept", "unique")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "unique" / "in.jsonl").read_text() == kept + "\n"


def test_jobs_do_not_change_a_byte(dedup: Run, tmp_path: Path) -> None:
    for jobs in ("1", "2", "8"):
        out = ("--pairs", f"p{jobs}", "--decisions", f"d{jobs}.jsonl")
        assert dedup("scan", FIXTURES, "-j", jobs, *out).returncode == 0
    assert len({(tmp_path / f"p{jobs}").read_bytes() for jobs in "128"}) == 1
    assert len({(tmp_path / f"d{jobs}.jsonl").read_bytes() for jobs in "128"}) == 1


@pytest.mark.parametrize("option", ["--copy-kept", "--move-dropped"])
def test_a_second_run_does_not_read_what_the_first_put_into_the_folder(dedup: Run, folder: Path, option: str) -> None:
    for _ in range(2):
        done = dedup("scan", folder, option, folder / "result", "--format", "jsonl")
        assert done.returncode == 0
    # Read again, the copies would be identical to their originals, or the moved file come back as a story of its own.
    assert "result" not in done.stdout
    assert f"{folder}/result: left out as asked" in done.stderr


def test_a_config_file_is_read_and_options_win(dedup: Run, tmp_path: Path) -> None:
    (tmp_path / "dedup.toml").write_text("passage_words = 500\npassage_shingles = 500\n")
    done = dedup("scan", FIXTURES, "--format", "jsonl")
    assert "dedup: settings of dedup.toml: passage_words = 500, passage_shingles = 500\n" in done.stderr
    assert "shared-passage" not in done.stdout.replace('"shared-passage/', "")
    (tmp_path / "dedup.toml").write_text("threshold = 0.99\n")
    done = dedup("scan", FIXTURES, "--threshold", "0.5")
    assert "settings of" not in done.stderr
    assert "4 near-duplicate" in done.stdout


def test_below_a_limit_of_memory_it_finds_the_same(dedup: Run, folder: Path, tmp_path: Path) -> None:
    free = dedup("scan", folder, "--format", "jsonl")
    limited = dedup("scan", folder, "--format", "jsonl", "--memory", "1G", "--temp", tmp_path)
    assert (limited.returncode, limited.stderr) == (0, "")
    assert limited.stdout == free.stdout != ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--memory", "much"], "--memory 'much': give a number and a unit, K, M, G or T, such as 500M or 4G"),
        (["--memory", "-1G"], "--memory '-1G': give a number and a unit"),
        (["--memory", "100k"], "memory 102,400 bytes: too little for any run; give at least 64 MiB"),
        (
            ["--memory", "4 GiB", "--temp", "nowhere"],
            "'nowhere': No such file or directory; say where a temporary file can be",
        ),
        (["--temp", "."], "--temp: is for --memory; give that, too"),
    ],
)
def test_limits_of_memory_that_cannot_be(dedup: Run, folder: Path, options: list[str], message: str) -> None:
    done = dedup("scan", folder, *options)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert done.stdout == ""
