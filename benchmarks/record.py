"""Runs everything and keeps it: ``python -m benchmarks.record`` writes runs/<date>-<machine>/.

A run holds the machine (machine.txt), the raw figures (speed.json, scale-*.json: every round, not only the best), and
README.md with versions, commands and tables. Figures quoted elsewhere cite one.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine, scale, table
from benchmarks.corpus import DATA, MAIN, ROOT, SETS

RUNS = Path(__file__).with_name("runs")
SIZES = [10_000, 100_000, 1_000_000]
KINDS = {"copies": "grown by copies with light edits", "fresh": "grown by other stories with as many repeats"}


def speed(folder: Path, arguments: Sequence[str]) -> list[str]:
    """The speed suite, as a section of Markdown."""
    raw = folder / "speed.json"
    shown = ["pytest", "benchmarks/speed", *arguments]
    # -P: not from this folder, so that an installed package is found before its sources
    command = [sys.executable, "-P", "-m", *shown, f"--benchmark-json={raw}"]
    with tempfile.TemporaryDirectory() as scratch:  # pytest's own would be tidied of what other runs left, meanwhile
        subprocess.run([*command, f"--basetemp={scratch}/pytest"], check=True, cwd=ROOT)
    results = json.loads(raw.read_text("utf-8"))
    return [
        "## Speed and recall",
        "",
        f"`{shlex.join(shown)}`, vector level {results['machine_info']['simd_level']}. Shortest round; ratios are of MB/s, "
        "above 1 is faster.",
        "",
        table.markdown(table.rows_of(results)),
        "",
    ]


def growth(folder: Path, sizes: Sequence[int], kind: str) -> list[str]:
    """One kind of growth, as a section of Markdown."""
    measured = list(scale.measure_all(sizes, kind, ()))
    figures = {"kind": kind, "jobs": 0, "sizes": [asdict(size) for size in measured]}
    (folder / f"scale-{kind}.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    command = shlex.join(["python", "-m", "benchmarks.scale", *map(str, sizes), "--kind", kind])
    lines = [scale.header(), *(scale.line(size.cells()) for size in measured)]
    return [f"## Scale: {KINDS[kind]}", "", f"`{command}`", "", *lines, ""]


def curve(folder: Path) -> list[str]:
    """How a threshold on exact Jaccard fares on the labelled pairs beside dedup's verdicts; nothing without the labels."""
    labels = DATA / MAIN / "pairs.tsv"
    if not labels.is_file():
        return []
    asked = [str(labels), str(DATA / SETS[MAIN]), "--positive", "duplicate,update", "--format", "json"]
    done = subprocess.run([sys.executable, "-P", "-m", "dedup", "eval", *asked], check=True, capture_output=True, cwd=ROOT)
    found = json.loads(done.stdout)
    verdicts = found["pairs"]["scan"]
    figures = {"pairs": found["pairs"]["pairs"], "f1": verdicts["f1"], "curve": found["curve"]}
    (folder / "curve.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    best = max(point["f1"] for point in found["curve"])
    said = f"F1 {verdicts['f1']:.3f} on {figures['pairs']} hard pairs; the best threshold on exact Jaccard {best:.3f}."
    return ["## Verdicts", "", "`dedup eval` on the labelled pairs of Reuters-21578 (curve.json).", "", said, ""]


def processor_details() -> str:
    """What lscpu says, without the list of vulnerabilities."""
    if not shutil.which("lscpu"):
        return machine.processor() + "\n"
    said = subprocess.run(["lscpu"], check=True, capture_output=True, text=True).stdout
    return "".join(f"{line}\n" for line in said.splitlines() if not line.startswith("Vulnerability"))


def heading(date: str) -> list[str]:
    """Which machine, which versions."""
    about = machine.describe()
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions().items())
    return [
        f"# {date}, {about['processor']}, {about['cores']} cores",
        "",
        f"{about['system']} {about['architecture']} (machine.txt); sources {about['source']}; {versions}.",
        "What the columns mean and which comparisons are unfair: [benchmarks/README.md](../../README.md).",
        "",
    ]


def record(folder: Path, date: str, sizes: Sequence[int], arguments: Sequence[str]) -> None:
    """Measure everything into the folder."""
    (folder / "machine.txt").write_text(processor_details(), "utf-8")
    sections = [*heading(date), *speed(folder, arguments)]
    for kind in KINDS if sizes else ():
        sections += growth(folder, sizes, kind)
    sections += curve(folder)
    (folder / "README.md").write_text("\n".join(sections).rstrip() + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.record",
        description="Measure everything and keep it. Other arguments go to pytest.",
        allow_abbrev=False,
    )
    parser.add_argument("--scale", type=int, nargs="*", default=SIZES, metavar="STORIES", help="sizes; none to skip")
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder to write the run in")
    options, arguments = parser.parse_known_args()
    date = datetime.now(UTC).date().isoformat()
    folder = options.runs.resolve() / f"{date}-{machine.slug()}"
    if folder.exists():
        raise SystemExit(f"{folder.name}: there already; move the earlier run of today away, runs are not mixed")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as unfinished:
        record(Path(unfinished), date, options.scale, arguments)
        folder.mkdir()
        for path in Path(unfinished).iterdir():
            shutil.copyfile(path, folder / path.name)
    print(folder / "README.md")


if __name__ == "__main__":
    main()
