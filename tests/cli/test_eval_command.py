"""`dedup eval` as a person runs it."""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """What the fixtures' relations.toml says, with two pairs labelled wrongly."""
    expected = tomllib.loads((FIXTURES / "relations.toml").read_text())["pair"]
    rows = [f"{pair['a']}\t{pair['b']}\t{pair['relation']}\n" for pair in expected]
    rows[1] = rows[1].replace("\tnear-duplicate\n", "\ttemplate\n")
    rows.append("unrelated/toll-road-vote.txt\tcontained/lost-map.txt\tnear-duplicate\n")
    path = tmp_path / "labels.tsv"
    path.write_text("".join(["a\tb\tlabel\n", *rows]))
    return path


def test_table(dedup: Run, labels: Path) -> None:
    done = dedup("eval", labels, FIXTURES)
    assert done.returncode == 0
    assert "18 labelled pairs of 39 stories: 9 the same story (contained, identical" in done.stdout
    assert "the scan                         0.889   0.889  0.889      8      1       1" in done.stdout
    assert "compared 8;" in done.stdout
    assert "1 were not proposed" in done.stdout
    assert "near-duplicate/tram-opening-evening.txt\nnear-duplicate/tram-opening-morning.txt\n" in done.stdout
    assert "judged none, not proposed; Jaccard 0.00" in done.stdout
    assert "too little in common" in done.stdout
    assert "0.50" in done.stdout
    assert "proposed by 42 × 3 bands" in done.stdout
    assert "comparing passages" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_json_carries_everything(dedup: Run, labels: Path) -> None:
    done = dedup(
        "eval", labels, FIXTURES, "--format", "json", "--positive", "template,contained", "--tune", "--mistakes", "2"
    )
    found = json.loads(done.stdout)
    assert found["pairs"]["positive_labels"] == ["contained", "template"]
    assert found["pairs"]["positives"] == 10
    assert found["groups"] is None
    assert len(found["curve"]) == 19
    assert len(found["mistakes"]["missed"]) == 2 < found["mistakes"]["missed_count"]
    assert found["tuning"]["settings"]["num_perm"] == found["settings"]["num_perm"] == 128


def test_tuned_settings_are_written_and_then_in_force(dedup: Run, tmp_path: Path) -> None:
    # Half of each story is the other's: Jaccard 46/146. As if that were the same story, the threshold must fall.
    labels, stories = tmp_path / "labels.csv", tmp_path / "stories.jsonl"
    lines, texts = ["a,b,label"], []
    for n in range(4):
        own = [" ".join(f"{kind}{chr(97 + n)}{chr(97 + at // 26)}{chr(97 + at % 26)}" for at in range(50)) for kind in "xyz"]
        texts += [f"{own[0]} {own[1]}", f"{own[0]} {own[2]}", f"{own[2]}"]
        lines += [f"{3 * n},{3 * n + 1},same", f"{3 * n},{3 * n + 2},other"]
    labels.write_text("\n".join(lines))
    stories.write_text("".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(texts)))
    args = ("eval", labels, stories, "--tune", "--config-out", "dedup.toml")
    done = dedup(*args)
    assert done.returncode == 0, done.stderr
    assert "F1 on pairs held out, 4 folds" in done.stdout
    written = (tmp_path / "dedup.toml").read_text()
    assert "# proposed by dedup eval --tune from" in written
    assert tomllib.loads(written)["threshold"] <= 46 / 146
    again = dedup(*args)
    assert again.returncode == 3
    assert "exists already" in again.stderr
    scanned = dedup("scan", stories)
    assert "dedup: settings of dedup.toml: " in scanned.stderr
    assert "4 near-duplicate" in scanned.stdout
    assert "settings of" not in dedup("scan", FIXTURES, "--config", "/dev/null").stderr


def test_groups_in_the_story_file(dedup: Run, tmp_path: Path) -> None:
    words = " ".join(f"w{n}" for n in range(40))
    records = [{"id": n, "text": f"{words} {n}" if n < 3 else f"other {n} " * 9, "g": min(n, 3)} for n in range(4)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    done = dedup("eval", "in.jsonl", "in.jsonl", "--group-field", "g", "--tune")
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 of 4 stories have a group: 4 groups, 2 clusters" in done.stdout
    assert "adjusted Rand index 0.000" in done.stdout
    assert "In one cluster, but of two groups" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["labels.tsv", "x.txt", "--config-out", "d.toml"], 2, "--config-out: writes what --tune proposes"),
        (["labels.tsv", "x.txt", "--tune", "--config-out", "x.txt"], 2, "name it dedup.toml, say"),
        (["labels.tsv", "x.txt", "--label-field", "verdict"], 2, "this file has 'a', 'b', 'label'"),
        (["none.csv", "x.txt"], 1, "'none.csv': no such file"),
        (["labels.tsv", "x.txt", "--config", "bad.toml"], 2, "'bad.toml': 'treshold' is no setting; did you mean"),
    ],
)
def test_wrong_options_say_what_to_do(
    dedup: Run, labels: Path, tmp_path: Path, args: list[str], code: int, message: str
) -> None:
    (tmp_path / "x.txt").write_text("some story")
    (tmp_path / "bad.toml").write_text("treshold = 0.5\n")
    done = dedup("eval", *args)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_ids_are_counted(dedup: Run, labels: Path, tmp_path: Path) -> None:
    with labels.open("a") as file:
        file.write("nobody.txt\tcontained/lost-map.txt\tidentical\n")
    done = dedup("eval", labels, FIXTURES, "--mistakes", "0")
    assert done.returncode == 1
    assert "dedup: error: " in done.stderr
    assert "labels.tsv:20: no story has the id 'nobody.txt'" in done.stderr
