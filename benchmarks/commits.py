"""Compares two commits in one run: ``python -m benchmarks.commits main HEAD``. "." is the working tree.

Each is built and installed into a virtual environment of its own; then whole commands run in turns, base and head, head and
base, on the same files. Machines are noisy, so what counts is the median of the rounds' ratios; and where valgrind is there,
the instructions that callgrind counts, which hardly move.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from benchmarks.corpus import ROOT, main_corpus, write_jsonl

SAMPLE = 1_500  # stories under callgrind, which is fifty times as slow
HEADER = ("command", "base s", "head s", "head / base", "lowest", "highest", "instructions")
_SIGNATURES = "import dedup, json, sys; dedup.signatures([json.loads(x)['text'] for x in open(sys.argv[1])], threads=1)"


@dataclass(frozen=True)
class Command:
    """What is run, ``{stories}`` standing for the file and ``{out}`` for an empty folder."""

    name: str
    arguments: tuple[str, ...]

    def line(self, python: Path, stories: Path, out: Path) -> list[str]:
        """As a process is started with it."""
        return [str(python), "-P", *(part.format(stories=stories, out=out) for part in self.arguments)]


COMMANDS = (
    Command("--help", ("-m", "dedup", "--help")),
    Command("signatures -j 1", ("-c", _SIGNATURES.replace("{", "{{").replace("}", "}}"), "{stories}")),
    Command("scan", ("-m", "dedup", "scan", "{stories}", "--pairs", "{out}/pairs.jsonl")),
    Command("filter", ("-m", "dedup", "filter", "{stories}", "--index", "{out}/index.db", "-o", "{out}/new.jsonl")),
)


@dataclass
class Measured:
    """Seconds of each round, and instructions on the sample, of base and head."""

    base: list[float] = field(default_factory=list)
    head: list[float] = field(default_factory=list)
    instructions: tuple[int, int] | None = None

    @property
    def ratios(self) -> list[float]:
        """Of each round."""
        return [head / base for base, head in zip(self.base, self.head, strict=True)]

    @property
    def growth(self) -> float:
        """What counts: how many times the instructions, or where they are not counted the time."""
        if self.instructions is not None:
            return self.instructions[1] / self.instructions[0]
        return statistics.median(self.ratios)

    def cells(self, name: str) -> list[str]:
        """A row of the table."""
        seconds = [f"{statistics.median(rounds):.3f}" for rounds in (self.base, self.head)]
        ratios = [f"{ratio:.3f}" for ratio in (statistics.median(self.ratios), min(self.ratios), max(self.ratios))]
        counted = "-" if self.instructions is None else f"{self.instructions[1] / self.instructions[0]:.4f}"
        return [name, *seconds, *ratios, counted]


def install(commit: str, folder: Path) -> Path:
    """The interpreter of a fresh environment that has this commit. CalledProcessError if there is none, or it fails."""
    source = ROOT
    if commit != ".":
        source = folder / "source"
        source.mkdir(parents=True)
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x"], cwd=source, check=True, input=archive)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    print(f"installing {commit} …", file=sys.stderr)
    subprocess.run([str(python), "-m", "pip", "install", "-qq", str(source)], check=True)
    return python


def seconds(command: Command, python: Path, stories: Path) -> float:
    """From the start of the process to its end."""
    with tempfile.TemporaryDirectory() as out:
        begin = perf_counter()
        _call(command.line(python, stories, Path(out)))
        return perf_counter() - begin


def instructions(command: Command, python: Path, stories: Path) -> int:
    """How many are executed, by callgrind."""
    with tempfile.TemporaryDirectory() as out:
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}/callgrind"]
        said = _call(tool + command.line(python, stories, Path(out)))
    found = re.search(r"Collected : (\d+)", said)
    if found is None:
        raise RuntimeError(f"callgrind does not say what it counted: {said[-500:]}")
    return int(found[1])


def _call(line: Sequence[str]) -> str:
    # A scan exits with 1 where some record was not read; that is no failure here.
    done = subprocess.run(line, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise subprocess.CalledProcessError(done.returncode, line, done.stdout, done.stderr)
    return done.stderr


def measure(pythons: tuple[Path, Path], stories: Path, sample: Path, rounds: int, *, count: bool) -> dict[str, Measured]:
    """All commands with both, in turns."""
    found = {command.name: Measured() for command in COMMANDS}
    for number in range(rounds + 1):
        for command in COMMANDS:
            order = (0, 1) if number % 2 else (1, 0)
            taken = {which: seconds(command, pythons[which], stories) for which in order}
            if number:  # the first round warms up
                found[command.name].base.append(taken[0])
                found[command.name].head.append(taken[1])
    for command in COMMANDS if count else ():
        base, head = (instructions(command, python, sample) for python in pythons)
        found[command.name].instructions = base, head
    return found


def table(found: dict[str, Measured]) -> str:
    """A Markdown table that reads as plain text, too."""
    rows = [list(HEADER), *(measured.cells(name) for name, measured in found.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"| {' | '.join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))} |" for row in rows]
    return "\n".join([lines[0], f"|{'|'.join('-' * (width + 1) + ':' for width in widths)}|", *lines[1:]])


def slower(found: dict[str, Measured], tolerance: float) -> list[str]:
    """The commands that grew by more than the tolerance."""
    return [name for name, measured in found.items() if measured.growth > 1 + tolerance]


def main() -> None:
    """Exit code 1 if a command is slower than it may be."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.commits", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("base", help="a commit")
    parser.add_argument("head", nargs="?", default=".", help='another; "." is the working tree')
    parser.add_argument("--rounds", type=int, default=7, help="pairs of runs of each command")
    parser.add_argument("--tolerance", type=float, default=0.05, help="growth that is let pass; .05 is five per cent")
    parser.add_argument("--no-callgrind", action="store_true", help="count no instructions, even if valgrind is there")
    options = parser.parse_args()
    count = not options.no_callgrind and shutil.which("valgrind") is not None
    with tempfile.TemporaryDirectory(prefix="dedup-commits-") as scratch:
        pythons = install(options.base, Path(scratch, "base")), install(options.head, Path(scratch, "head"))
        stories, sample = Path(scratch, "stories.jsonl"), Path(scratch, "sample.jsonl")
        records = main_corpus().records
        write_jsonl(records, stories)
        write_jsonl(records[:SAMPLE], sample)
        found = measure(pythons, stories, sample, options.rounds, count=count)
    print(table(found))
    worse = slower(found, options.tolerance)
    if worse:
        print(f"slower by more than {options.tolerance:.0%}: {', '.join(worse)}", file=sys.stderr)
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
