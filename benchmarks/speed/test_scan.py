"""The whole job as its user runs it: a process that reads a JSONL file and writes pairs and decisions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.corpus import Corpus
from benchmarks.scale import run
from benchmarks.speed.conftest import Speed
from benchmarks.truth import listed_hits

SCAN = [sys.executable, "-m", "dedup", "scan"]


@pytest.fixture(scope="module")
def scan_exists(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Away from the repository, so that the installed package is what runs."""
    asked = subprocess.run([*SCAN, "--help"], capture_output=True, check=False, cwd=tmp_path_factory.mktemp("help"))
    if asked.returncode:
        pytest.skip("no `dedup scan` in this installation: pip install --no-build-isolation -e .")


@pytest.mark.usefixtures("scan_exists")
@pytest.mark.parametrize("jobs", [1, 2])
def test_scan(speed: Speed, stories: Corpus, jsonl_file: Path, tmp_path: Path, jobs: int) -> None:
    pairs, decisions = tmp_path / "pairs.jsonl", tmp_path / "decisions.jsonl"
    outputs = ["--pairs", str(pairs), "--decisions", str(decisions), "--force"]
    command = [*SCAN, str(jsonl_file), *outputs, "-j", str(jobs)]

    note = "a process, from Python's start to files written; every pair verified"
    speed(f"scan -j {jobs}", stories, lambda: run(command, tmp_path), rounds=7, source="jsonl", note=note)
    assert len(decisions.read_bytes().splitlines()) == len(stories.ids)
    speed.recall(lambda truth: listed_hits(_listed(pairs, stories.ids), truth.pairs))


def _listed(path: Path, ids: list[str]) -> set[tuple[int, int]]:
    """The pairs in the file, as story numbers, the smaller first."""
    number = {name: place for place, name in enumerate(ids)}
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    both = ((number[record["a"]], number[record["b"]]) for record in records)
    return {(min(pair), max(pair)) for pair in both}
