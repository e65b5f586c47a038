"""Times ``dedup scan``, text-dedup and datatrove in turns, from process start to files written, and counts what they miss.

Each works on two cores, with word 5-grams and 42 bands of 3 values. The first run makes the rivals' virtual environments,
some 2 GB; --venvs keeps them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.corpus import Corpus, main_corpus, write_jsonl
from benchmarks.truth import Hits, Truth, exact_pairs

PROCESSES = 2
NEEDS = {"text-dedup": ("text-dedup==0.4.1",), "datatrove": ("datatrove[processing,io]==0.10.1", "spacy")}
_TEXT_DEDUP = """\
[input]
input_type = "local_files"
file_type = "json"
read_arguments = {{ path = "json", data_files = "{stories}", split = "train" }}

[algorithm]
algorithm_name = "minhash"
text_column = "text"
num_proc = {processes}
num_perm = 128
bands = 42
rows = 3
ngram_size = 5
threshold = 0.5
min_length = 5
check_false_positive = true

[output]
output_dir = "kept"
clean_cache = false

[debug]
"""


@dataclass(frozen=True)
class Tool:
    """``run`` does the job in an empty folder; ``kept`` reads there which stories stayed."""

    name: str
    run: Callable[[Path], None]
    kept: Callable[[Path], set[str]]


def dedup_tool(stories: Path) -> Tool:
    command = [sys.executable, "-P", "-m", "dedup", "scan", str(stories), "--pairs", "pairs.jsonl", "-j", str(PROCESSES)]

    def kept(folder: Path) -> set[str]:
        decisions = map(json.loads, (folder / "decisions.jsonl").read_text("utf-8").splitlines())
        return {decision["id"] for decision in decisions if decision["keep"]}

    return Tool("dedup scan", lambda folder: _call([*command, "--decisions", "decisions.jsonl"], folder), kept)


def text_dedup_tool(python: Path, stories: Path) -> Tool:
    def run(folder: Path) -> None:
        (folder / "config.toml").write_text(_TEXT_DEDUP.format(stories=stories, processes=PROCESSES), "utf-8")
        _call([str(python), "-m", "text_dedup.minhash"], folder)

    def kept(folder: Path) -> set[str]:
        code = "import datasets, json; print(json.dumps(list(map(str, datasets.load_from_disk('kept')['id']))))"
        said = subprocess.run([str(python), "-c", code], cwd=folder, check=True, capture_output=True, text=True).stdout
        return set(json.loads(said))

    return Tool("text-dedup", run, kept)


def datatrove_tool(python: Path, stories: Path) -> Tool:
    job = Path(__file__).with_name("datatrove_job.py")

    def kept(folder: Path) -> set[str]:
        lines = b"".join(gzip.decompress(path.read_bytes()) for path in (folder / "kept").glob("*.gz")).splitlines()
        return {str(json.loads(line)["id"]) for line in lines}

    return Tool("datatrove", lambda folder: _call([str(python), str(job), str(stories.parent), str(folder)], folder), kept)


def _call(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=os.environ | {"HF_HUB_OFFLINE": "1"})


def environment(folder: Path, name: str, python: str) -> Path:
    """The interpreter of a rival's virtual environment, made if it is not there."""
    home = folder / name
    if not (home / "bin" / "python").exists():
        print(f"installing {' '.join(NEEDS[name])} …", file=sys.stderr)
        if python == sys.executable:
            venv.create(home, with_pip=True)
        else:
            subprocess.run([python, "-m", "venv", str(home)], check=True)
        subprocess.run([str(home / "bin" / "pip"), "install", "--quiet", *NEEDS[name]], check=True)
    return home / "bin" / "python"


def missed(corpus: Corpus, truth: Truth, kept: set[str], least: float) -> float:
    """Of the pairs at or above a Jaccard similarity, by brute force, the share of which both stories stayed.

    A tool that goes by similarity alone has missed them; dedup keeps forms filled in with other facts on purpose.
    """
    stays = np.array([name in kept for name in corpus.ids], np.bool_)
    both: Hits = stays[truth.pairs[:, 0]] & stays[truth.pairs[:, 1]]
    return truth.recall(both, least) or 0.0


def measure(tools: list[Tool], rounds: int) -> dict[str, tuple[list[float], set[str]]]:
    """Seconds of every round, taken in turns, and what each tool kept."""
    seconds: dict[str, list[float]] = {tool.name: [] for tool in tools}
    kept: dict[str, set[str]] = {}
    for _ in range(rounds):
        for tool in tools:
            with tempfile.TemporaryDirectory() as scratch:
                begin = perf_counter()
                tool.run(Path(scratch))
                seconds[tool.name].append(perf_counter() - begin)
                if tool.name not in kept:
                    kept[tool.name] = tool.kept(Path(scratch))
    return {name: (seconds[name], kept[name]) for name in seconds}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rivals", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--venvs", type=Path, help="where the rivals' environments are kept; by default they are removed")
    parser.add_argument("--python", default=sys.executable, help="for text-dedup, which needs 3.12 or newer")
    options = parser.parse_args()
    corpus = main_corpus()
    with tempfile.TemporaryDirectory() as scratch:
        venvs = options.venvs or Path(scratch, "venvs")
        stories = Path(scratch, "stories", "stories.jsonl")
        stories.parent.mkdir()
        write_jsonl(corpus.records, stories)
        tools = [
            dedup_tool(stories),
            text_dedup_tool(environment(venvs, "text-dedup", options.python), stories),
            datatrove_tool(environment(venvs, "datatrove", sys.executable), stories),
        ]
        results = measure(tools, options.rounds)
        shutil.rmtree(stories.parent)
    truth = exact_pairs(corpus)
    print(f"{len(corpus.ids):,} stories of {corpus.name}, median of {options.rounds} rounds")
    print("| tool | seconds | x dedup | kept | both stay, J >= .5 | both stay, J >= .8 |\n|---|---:|---:|---:|---:|---:|")
    base = statistics.median(results["dedup scan"][0])
    for name, (seconds, kept) in results.items():
        middle = statistics.median(seconds)
        shares = " | ".join(f"{missed(corpus, truth, kept, least):.3f}" for least in (0.5, 0.8))
        print(f"| {name} | {middle:.2f} | {middle / base:.1f} | {len(kept):,} | {shares} |")


if __name__ == "__main__":
    main()
