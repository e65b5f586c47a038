"""Fails when something became slower: ``python -m benchmarks.gate results.json``.

Takes a pytest-benchmark file and compares it with baseline.json. Times of different days and machines do not compare,
so the gate looks at ratios between two entries of one run, such as a signature against ``wc -w`` on the same bytes.
Recall must not fall at all: it does not depend on the machine.

The vector instructions at hand change the ratios, and so does the corpus: the baseline has an entry for each. Exit
codes: 0 as good as the baseline or better; 1 slower by more than the tolerance, or less recall; 2 nothing to compare with.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.table import PERMUTE, SIGNATURES, TOKENISE, TOKENISE_HASH, WC, Row, rows_of

BASELINE = Path(__file__).with_name("baseline.json")
TOLERANCE = 0.15
"""Share by which a ratio may exceed its baseline. Two runs on a quiet machine should differ by well under 10 %."""

Named = tuple[str, str]
_WC_TEXTS, _SHA, _WC_JSONL = (WC, "texts"), ("sha256", "texts"), (WC, "jsonl")
GATED: tuple[tuple[Named, Named], ...] = (
    ((TOKENISE, "texts"), _WC_TEXTS),
    ((TOKENISE_HASH, "texts"), _WC_TEXTS),
    ((PERMUTE, "texts"), _SHA),
    ((SIGNATURES, "texts"), _WC_TEXTS),
    ((SIGNATURES, "texts"), _SHA),
    (("signatures -j 2", "texts"), (SIGNATURES, "texts")),
    (("scan -j 1", "jsonl"), _WC_JSONL),
    (("scan -j 2", "jsonl"), _WC_JSONL),
)
"""What is divided by what: name and source of two rows. Two yardsticks, so that one that moves by itself shows."""

RECALLED = (SIGNATURES, "scan -j 1")


def main_rows(results: Mapping[str, Any]) -> list[Row]:
    """The rows on the corpus that the gate is about: the one scan ran on, or signatures with two threads."""
    rows = rows_of(results)
    digests = {row.digest for row in rows if row.name in ("signatures -j 2", "scan -j 1")}
    return [row for row in rows if row.digest in digests]


def ratios(rows: Sequence[Row]) -> dict[str, float]:
    """Seconds over seconds, for every gated pair that was measured: the smaller the better."""
    seconds = {(row.name, row.source): row.seconds for row in rows}
    return {
        f"{what[0]} / {yardstick[0]} on {yardstick[1]}": seconds[what] / seconds[yardstick]
        for what, yardstick in GATED
        if what in seconds and yardstick in seconds
    }


def recalls(rows: Sequence[Row]) -> dict[str, float]:
    """Recall at .5, where it was measured."""
    return {row.name: row.recall_50 for row in rows if row.name in RECALLED and row.recall_50 is not None}


def complaints(base: Mapping[str, Any], rows: Sequence[Row], tolerance: float) -> list[str]:
    """One sentence for every figure that is worse than it was, or missing."""
    found = []
    now = ratios(rows)
    for name, before in base["ratios"].items():
        if name not in now:
            found.append(f"{name}: in the baseline, but not measured in this run")
        elif now[name] > before * (1 + tolerance):
            found.append(f"{name}: {now[name]:.3f}, was {before:.3f}: more than {tolerance:.0%} slower")
    recalled = recalls(rows)
    for name, before in base["recall"].items():
        if recalled.get(name, 0.0) < before:
            found.append(f"recall of {name}: {recalled.get(name)}, was {before}")
    return found


def key(results: Mapping[str, Any], rows: Sequence[Row]) -> str:
    """Names the corpus and the vector instructions."""
    digests = {row.digest for row in rows}
    if len(digests) != 1:
        raise SystemExit(f"{len(digests)} main corpora in this file: run pytest benchmarks/speed as a whole, once")
    return f"{digests.pop()}/simd{results['machine_info']['simd_level']}"


def entry(results: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    """What --update writes."""
    measured = {"corpus": rows[0].corpus, "bytes": rows[0].size, "date": datetime.now(UTC).date().isoformat()}
    machine = {name: results["machine_info"][name] for name in ("processor", "cores", "versions", "source")}
    return {**measured, "machine": machine, "ratios": ratios(rows), "recall": recalls(rows)}


def gate(results: Mapping[str, Any], baseline: dict[str, Any], tolerance: float) -> int:
    """Print the verdict; the exit code."""
    rows = main_rows(results)
    base = baseline.get(key(results, rows))
    for name, value in ratios(rows).items():
        before = base["ratios"].get(name) if base else None
        print(f"{name:40} {value:8.3f}" + (f"   was {before:.3f}" if before else ""))
    if base is None:
        print(f"no baseline for {key(results, rows)}: on a quiet machine, run this with --update", file=sys.stderr)
        return 2
    worse = complaints(base, rows, tolerance)
    print("\n".join(worse), file=sys.stderr, end="\n" if worse else "")
    return 1 if worse else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description="Fail if something became slower.")
    parser.add_argument("results", type=Path, help="what pytest benchmarks/speed --benchmark-json=FILE wrote")
    parser.add_argument("--baseline", type=Path, default=BASELINE)
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help="share a ratio may grow by (default %(default)s)")
    parser.add_argument("--update", action="store_true", help="make this run the baseline for its corpus and processor")
    options = parser.parse_args()
    results = json.loads(options.results.read_text("utf-8"))
    baseline = json.loads(options.baseline.read_text("utf-8")) if options.baseline.is_file() else {}
    if not options.update:
        return gate(results, baseline, options.tolerance)
    rows = main_rows(results)
    baseline[key(results, rows)] = entry(results, rows)
    options.baseline.write_text(json.dumps(baseline, indent=2, sort_keys=True) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
