"""``dedup scan``: a folder or dump of stories in, overlaps and decisions out."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from dedup.cli.output import EXIT_UNREAD, Problems, say, say_problem, stages, stdout
from dedup.errors import UsageError

if TYPE_CHECKING:
    from dedup.act import Report
    from dedup.result import ScanResult

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Format(StrEnum):
    """What standard output carries."""

    TABLE = "table"
    JSONL = "jsonl"


def scan_command(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Folders or files to read; - for stdin.")],
    pairs: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the pair records as JSON lines.")] = None,
    decisions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a decision a story: .jsonl, .csv or .parquet.")
    ] = None,
    format: Annotated[
        Format, typer.Option("--format", help="On stdout: a readable table, or the pair records.")
    ] = Format.TABLE,
    keep: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="Which of two stories stays: longest, earliest, latest, first, or source:A,B,... to rank sources.",
        ),
    ] = "longest",
    drop: Annotated[
        str, typer.Option(metavar="RELATIONS", help="Relations for which a story is dropped, separated by commas.")
    ] = "identical,near-duplicate,contained",
    threshold: Annotated[
        float, typer.Option(min=0.05, max=1.0, help="Jaccard similarity from which stories are near-duplicates.")
    ] = 0.5,
    window: Annotated[
        str | None,
        typer.Option(metavar="SPAN", help="Do not compare dated stories further apart than this: 36h, 7d, 2w."),
    ] = None,
    copy_kept: Annotated[Path | None, typer.Option(metavar="DIR", help="Copy the kept stories to DIR.")] = None,
    move_dropped: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Move the dropped files to DIR, with a manifest for 'dedup undo'."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace output files that exist.")] = False,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=0, help="Threads; 0 is one a core.")] = 0,
    top: Annotated[int, typer.Option(min=1, help="Clusters and overlaps that the table shows.")] = 20,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first file or record that can't be read.")] = False,
    all_notes: Annotated[
        bool, typer.Option("--all-notes", help="Say every note on what was passed over or mended, not only the first 20.")
    ] = False,
    id_field: Annotated[str, typer.Option(help="JSON field of the story's id; a.b reaches into records.")] = "id",
    text_field: Annotated[str, typer.Option(help="JSON field of its text.")] = "text",
    title_field: Annotated[str, typer.Option(help="JSON field of its title.")] = "title",
    source_field: Annotated[str, typer.Option(help="JSON field of its outlet.")] = "source",
    url_field: Annotated[str, typer.Option(help="JSON field of its address.")] = "url",
    date_field: Annotated[str, typer.Option(help="JSON field of its time of publication.")] = "published",
    max_story_bytes: Annotated[int, typer.Option(min=1, help="The longest text read.")] = 16 << 20,
    max_line_bytes: Annotated[int, typer.Option(min=1, help="The longest JSON line read.")] = 32 << 20,
    max_expansion: Annotated[
        int, typer.Option(min=1, help="Bytes that one compressed byte may become, past the first 64 MiB.")
    ] = 200,
    max_zstd_window: Annotated[
        int, typer.Option(min=1 << 10, max=1 << 31, help="The largest window, in bytes, a zstd file may ask for.")
    ] = 128 << 20,
) -> None:
    """Find stories that repeat each other, and say which to keep.

    PATH is a folder, read recursively, or a file: .txt and .md hold one story each, .jsonl one record a line, each also
    compressed as .gz or .zst. "-" reads JSON lines from standard input. No input is changed unless --move-dropped is given.

    \b
    Examples:
      dedup scan stories/
      dedup scan wire.jsonl.gz --pairs pairs.jsonl --decisions decisions.csv
      dedup scan stories/ --keep earliest --copy-kept unique/
      dedup scan stories/ --move-dropped repeated/ && dedup undo repeated/manifest.jsonl
    """
    from dedup.files import refuse_inputs
    from dedup.read import ReadOptions, total_bytes
    from dedup.report import decision_format, pair_lines, scan_table, write_pairs
    from dedup.scanning import scan
    from dedup.settings import Settings

    if copy_kept and move_dropped:
        raise UsageError("--copy-kept and --move-dropped: choose one")
    read = ReadOptions(
        id_field=id_field,
        text_field=text_field,
        title_field=title_field,
        source_field=source_field,
        url_field=url_field,
        date_field=date_field,
        max_story_bytes=max_story_bytes,
        max_line_bytes=max_line_bytes,
        max_expansion=max_expansion,
        max_zstd_window=max_zstd_window,
        leave_out=tuple(filter(None, (copy_kept, move_dropped))),
        strict=strict,
    )
    write_decisions = decision_format(str(decisions)) if decisions else None
    inputs = [path for path in paths if path != "-"]
    problems = Problems(sys.maxsize if all_notes else 20)
    with _output(pairs, force, inputs) as pairs_out, _output(decisions, force, inputs) as decisions_out:
        with stages(total_bytes(paths, read)) as progress:
            result = scan(
                paths,
                keep=keep,
                drop=[name.strip() for name in drop.split(",") if name.strip()],
                window=_span(window),
                settings=Settings().replaced(threshold=threshold),
                read=read,
                threads=jobs,
                on_problem=problems.tell,
                on_bytes=progress.bytes_read,
                on_step=progress.step,
            )
        problems.sum_up()
        refuse_inputs([path for path in (pairs, decisions) if path], result.stories.stamps())
        if pairs_out:
            write_pairs(result.pairs, pairs_out)
        if decisions_out and write_decisions:
            write_decisions(result.decisions, decisions_out)
    if format is Format.JSONL:
        sys.stdout.buffer.writelines(pair_lines(result.pairs))
        sys.stdout.buffer.flush()
    else:
        stdout().print(scan_table(result, top))
    failed = _act(result, copy_kept, move_dropped, force)
    if failed or result.failed:
        raise typer.Exit(EXIT_UNREAD)


@contextmanager
def _output(path: Path | None, force: bool, inputs: list[str]) -> Iterator[BinaryIO | None]:
    """Opened before the work starts, so that an output that can't be written costs no scan."""
    if path is None:
        yield None
        return
    from dedup.files import writing

    with writing(path, force=force, inputs=inputs) as file:
        yield file


def _span(text: str | None) -> timedelta | None:
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", text)
    if not found:
        raise UsageError(f"--window {text!r}: give a number and a unit, s, m, h, d or w, such as 36h or 7d")
    return timedelta(**{_UNITS[found[2]]: float(found[1])})


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
