"""How time and memory grow: ``python -m benchmarks.scale 10000 100000 1000000``.

For each size a JSONL file is grown from the main corpus into a temporary folder, ``dedup scan`` runs on it in a process
of its own, and so does ``wc -w``. This process imports nothing heavy and makes no stories itself: on Linux a child's peak
memory starts at what its parent had reached.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from benchmarks.corpus import original_of, write_grown

WC_ROUNDS = 3
WORDS = 500

COLUMNS = ("stories", "MB", "scan s", "CPU s", "wc -w s", "scan / wc", "peak MB", "KB a story", "KB a 500 words", "dropped",
           "copies clustered")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """What a process took."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Clustered:
    """What the decisions say: stories dropped, planted copies, and how many of those are with their original."""

    dropped: int
    copies: int
    together: int


@dataclass(frozen=True, slots=True)
class Size:
    """One line of the table."""

    stories: int
    bytes: int
    words: int
    scan: Run
    wc_seconds: float
    clustered: Clustered

    def cells(self) -> list[str]:
        peak = self.scan.peak_bytes
        copies = f"{self.clustered.together / self.clustered.copies:.4f}" if self.clustered.copies else "-"
        return [
            f"{self.stories:,}",
            f"{self.bytes / 1e6:,.1f}",
            f"{self.scan.seconds:.2f}",
            f"{self.scan.cpu_seconds:.2f}",
            f"{self.wc_seconds:.2f}",
            f"{self.scan.seconds / self.wc_seconds:.2f}",
            f"{peak / 1e6:,.0f}",
            f"{peak / 1000 / self.stories:.2f}",
            f"{peak / 1000 / self.words * WORDS:.2f}",
            f"{self.clustered.dropped / self.stories:.3f}",
            copies,
        ]


def run(command: Sequence[str], folder: Path) -> Run:
    """Run to the end and account for it; CalledProcessError with the end of its stderr if it fails."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            failure = subprocess.CalledProcessError(process.returncode, command)
            failure.add_note(errors.read().decode()[-2000:])
            raise failure
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def count_words(path: Path) -> tuple[float, int]:
    """The shortest time of ``wc -w``, the file being in memory after the first, and its count."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    best, words = float("inf"), 0
    for _ in range(WC_ROUNDS):
        started = time.perf_counter()
        counted = subprocess.run(["wc", "-w", path], check=True, capture_output=True, env=environment)
        best = min(best, time.perf_counter() - started)
        words = int(counted.stdout.split()[0])
    return best, words


def read_decisions(path: Path) -> Iterator[tuple[str, str | None, bool]]:
    """The id, cluster and verdict of each story."""
    with path.open(encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            yield record["id"], record["cluster"], record["keep"]


def check(path: Path) -> Clustered:
    """Whether copies are where their originals are."""
    cluster_of = {name: cluster for name, cluster, _ in read_decisions(path) if original_of(name) is None}
    dropped = copies = together = 0
    for name, cluster, keep in read_decisions(path):
        dropped += not keep
        original = original_of(name)
        if original is not None:
            copies += 1
            together += cluster == cluster_of[original]
    return Clustered(dropped, copies, together)


def measure(count: int, kind: str, options: Sequence[str], folder: Path) -> Size:
    """One size, scanned with further options, its files removed afterwards."""
    stories, decisions = folder / f"{count}.jsonl", folder / f"{count}.decisions.jsonl"
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"), max_tasks_per_child=1) as aside:
        aside.submit(write_grown, count, kind, stories).result()
        wc_seconds, words = count_words(stories)
        command = [sys.executable, "-m", "dedup", "scan", str(stories), "--decisions", str(decisions), *options]
        scanned = run(command, folder)
        clustered = aside.submit(check, decisions).result()
    size = stories.stat().st_size
    stories.unlink()
    decisions.unlink()
    return Size(count, size, words, scanned, wc_seconds, clustered)


def measure_all(counts: Sequence[int], kind: str, options: Sequence[str]) -> Iterator[Size]:
    """Each size in turn, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="dedup-scale-") as folder:
        for count in counts:
            yield measure(count, kind, options, Path(folder))


def line(cells: Sequence[str]) -> str:
    """A row of a Markdown table that reads as plain text, too."""
    return f"| {' | '.join(cell.rjust(len(name)) for cell, name in zip(cells, COLUMNS, strict=True))} |"


def header() -> str:
    """The first two rows."""
    return f"{line(COLUMNS)}\n|{'|'.join('-' * (len(name) + 1) + ':' for name in COLUMNS)}|"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description="Time and memory of dedup scan.")
    parser.add_argument("counts", type=int, nargs="+", metavar="STORIES", help="sizes, such as 10000 100000 1000000")
    parser.add_argument("--kind", choices=("copies", "fresh"), default="copies", help="what the collection grows by")
    parser.add_argument("-j", "--jobs", type=int, default=0, help="threads of scan; 0 is one a core")
    parser.add_argument("--memory", metavar="SIZE", help="what scan is to stay below, such as 4G")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    print(header(), flush=True)
    sizes = []
    further = ["-j", str(options.jobs), *(["--memory", options.memory] if options.memory else [])]
    for size in measure_all(options.counts, options.kind, further):
        print(line(size.cells()), flush=True)
        sizes.append(asdict(size))
    if options.json:
        figures = {"kind": options.kind, "jobs": options.jobs, "memory": options.memory, "sizes": sizes}
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
