"""``python -m benchmarks.accuracy``: prints every row of DESIGN.md section 7, measured on ../shared/data."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.accuracy import ablation, pairs, reuters, scans
from benchmarks.accuracy.loading import Missing, Run, note
from benchmarks.accuracy.rows import Report, table
from dedup.errors import UsageError
from dedup.settings import Settings

SETS: dict[str, Callable[[Run], Report]] = {
    "seeds": scans.seeds,
    "reuters": reuters.labelled,
    "feed2018": scans.feed,
    "webis": pairs.webis,
    "pan13": pairs.pan13,
    "newsarticles": scans.outlets,
    "basil": scans.events,
    "all": reuters.exact,
}
"""What can be asked for, in the order of DESIGN.md."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        settings = changed_settings(options.set)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    if options.ablation:
        for line in (*ablation.table(settings, options.threads), "", *ablation.titles(settings, options.threads)):
            print(line, flush=True)
        return 0
    run = Run(settings, options.threads)
    wanted = [name for name in SETS if name in (options.only or SETS)]
    reports = {name: report for name in wanted if (report := _measured(name, run))}
    _print(reports, settings, options.mistakes)
    if options.json:
        options.json.write_text(json.dumps(_raw(reports, settings), indent=1) + "\n", encoding="utf-8")
    return 0 if len(reports) == len(wanted) else 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description="How right dedup is.")
    parser.add_argument("--only", nargs="+", choices=SETS, metavar="SET", help=f"of {', '.join(SETS)}")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting; repeatable")
    parser.add_argument("--ablation", action="store_true", help="what each part of the judging brings, instead")
    parser.add_argument("--mistakes", type=int, default=0, metavar="N", help="list the N worst of each set")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the raw figures")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="0, the default: one a core")
    return parser


def changed_settings(changes: Sequence[str]) -> Settings:
    """The defaults with ``NAME=VALUE`` changed, values as JSON has them; UsageError for what is no setting."""
    parsed: dict[str, Any] = {}
    for change in changes:
        name, _, value = change.partition("=")
        try:
            parsed[name] = json.loads(value)
        except ValueError:
            raise UsageError(f"setting {change!r}: no value; write NAME=VALUE, as in threshold=0.6") from None
    return Settings().replaced(**parsed)


def _measured(name: str, run: Run) -> Report | None:
    """None, and a word on stderr, if the set's data are not there: the others are measured all the same."""
    note(f"{name} ...")
    began = time.perf_counter()
    try:
        report = SETS[name](run)
    except Missing as error:
        note(f"{name}: {error}")
        return None
    report.seconds = time.perf_counter() - began
    note(f"{name}: {report.seconds:.1f} s")
    return report


def _print(reports: dict[str, Report], settings: Settings, mistakes: int) -> None:
    print(table([row for report in reports.values() for row in report.rows]))
    for report in reports.values():
        for text in report.texts:
            print(f"\n{text}")
    for name, report in reports.items():
        if mistakes and report.mistakes:
            print(f"\n{name}: the worst of {len(report.mistakes)} mistakes")
            for mistake in report.worst(mistakes):
                print(f"  {mistake.line(settings)}")


def _raw(reports: dict[str, Report], settings: Settings) -> dict[str, Any]:
    return {
        "settings": msgspec.to_builtins(settings),
        "digest": settings.digest(),
        "sets": {
            name: {
                "seconds": round(report.seconds, 2),
                "rows": [asdict(row) | {"reached": row.reached} for row in report.rows],
                "tables": report.texts,
                "mistakes": [
                    {"set": one.set, "a": one.a, "b": one.b, "label": one.label, "answer": one.answer, "weight": one.weight}
                    for one in report.worst(len(report.mistakes))
                ],
            }
            for name, report in reports.items()
        },
    }


if __name__ == "__main__":
    sys.exit(main())
