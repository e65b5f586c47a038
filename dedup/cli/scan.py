"""``dedup scan``: a folder or dump of stories in, overlaps and decisions out."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dedup.cli.options import (
    DROPPED,
    AllNotes,
    ConfigFile,
    Drop,
    Jobs,
    Keep,
    Paths,
    Threshold,
    Window,
    names,
    settings_in_force,
    size,
    span,
    with_reading,
)
from dedup.cli.output import EXIT_UNREAD, Problems, output_file, say, say_problem, stages, stdout
from dedup.errors import UsageError

if TYPE_CHECKING:
    from dedup.act import Report
    from dedup.read import ReadOptions
    from dedup.result import ScanResult


class Format(StrEnum):
    """What standard output carries."""

    TABLE = "table"
    JSONL = "jsonl"


@with_reading
def scan_command(
    paths: Paths,
    *,
    pairs: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the pair records as JSON lines.")] = None,
    decisions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a decision a story: .jsonl, .csv or .parquet.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write an HTML page to read, search and review it all, with the texts."),
    ] = None,
    format: Annotated[
        Format, typer.Option("--format", help="On stdout: a readable table, or the pair records.")
    ] = Format.TABLE,
    keep: Keep = "longest",
    drop: Drop = DROPPED,
    threshold: Threshold = None,
    window: Window = None,
    config: ConfigFile = None,
    copy_kept: Annotated[Path | None, typer.Option(metavar="DIR", help="Copy the kept stories to DIR.")] = None,
    move_dropped: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Move the dropped files to DIR, with a manifest for 'dedup undo'."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace output files that exist.")] = False,
    jobs: Jobs = 0,
    memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Stay below so much memory, such as 4G: the rest goes to a temporary file."),
    ] = None,
    temp: Annotated[Path | None, typer.Option(metavar="DIR", help="Where that file is put. [the system's own]")] = None,
    top: Annotated[int, typer.Option(min=1, help="Clusters and overlaps that the table shows.")] = 20,
    all_notes: AllNotes = False,
    read: ReadOptions,
) -> None:
    """Find stories that repeat each other, and say which to keep.

    PATH is a folder, read recursively, or a file: text, HTML, JSON lines, JSON, CSV, Parquet, NITF, NewsML-G2, WARC, zip,
    tar, each also compressed as .gz, .zst, .bz2 or .xz. "-" reads JSON lines from standard input. No input is changed unless
    --move-dropped is given.

    \b
    Examples:
      dedup scan stories/
      dedup scan wire.jsonl.gz --pairs pairs.jsonl --decisions decisions.csv
      dedup scan stories/ --report report.html
      dedup scan stories/ --keep earliest --copy-kept unique/
      dedup scan stories/ --move-dropped repeated/ && dedup undo repeated/manifest.jsonl
    """
    from dedup import report as reports  # each of whose parts loads when it is used
    from dedup.files import refuse_inputs
    from dedup.read import total_bytes
    from dedup.scanning import scan

    if temp and not memory:
        raise UsageError("--temp: is for --memory; give that, too")
    if copy_kept and move_dropped:
        raise UsageError("--copy-kept and --move-dropped: choose one")
    read = replace(read, leave_out=tuple(filter(None, (copy_kept, move_dropped))))
    settings = settings_in_force(config, threshold=threshold)
    write_decisions = reports.decision_format(str(decisions)) if decisions else None
    write_page = reports.page_writer() if report else None
    inputs = [path for path in paths if path != "-"]
    problems = Problems(sys.maxsize if all_notes else 20)
    with (
        output_file(pairs, force, inputs) as pairs_out,
        output_file(decisions, force, inputs) as decisions_out,
        output_file(report, force, inputs) as report_out,
    ):
        with stages(total_bytes(paths, read)) as progress:
            result = scan(
                paths,
                keep=keep,
                drop=names(drop),
                window=span(window),
                settings=settings,
                read=read,
                threads=jobs,
                memory=size(memory, "--memory"),
                temp=temp,
                on_problem=problems.tell,
                on_bytes=progress.bytes_read,
                on_step=progress.step,
            )
            refuse_inputs([path for path in (pairs, decisions, report) if path], result.stories.stamps())
            if report_out and write_page:
                progress.step("writing the report")
                write_page(reports.scan_page(result), report_out)
        problems.sum_up()
        if pairs_out:
            reports.write_pairs(result.pairs, pairs_out)
        if decisions_out and write_decisions:
            write_decisions(result.decisions, decisions_out)
    if format is Format.JSONL:
        reports.write_pairs(result.pairs, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        stdout().print(reports.scan_table(result, top))
    failed = _act(result, copy_kept, move_dropped, force)
    if failed or result.failed:
        raise typer.Exit(EXIT_UNREAD)


def _act(result: ScanResult, copy_kept: Path | None, move_dropped: Path | None, force: bool) -> bool:
    """Copy or move as asked; whether anything failed."""
    if not (copy_kept or move_dropped):
        return False
    from dedup import act

    items = act.items_of(result)
    failed = False
    if copy_kept:
        failed = say_report("copied", act.copy_kept(items, copy_kept, force=force))
    if move_dropped:
        failed = say_report("moved", act.move_dropped(items, move_dropped))
    return failed


def say_report(done: str, report: Report) -> bool:
    """What acting did, on stderr; whether anything failed."""
    for problem in report.failed + report.skipped:
        say_problem(problem)
    say(f"{len(report.done):,} {done}, {len(report.failed):,} failed")
    return bool(report.failed)
