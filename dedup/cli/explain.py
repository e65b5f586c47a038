"""``dedup explain``: why two stories are what they are to each other."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, NamedTuple

import typer

from dedup.cli.options import (
    DROPPED,
    AllNotes,
    ConfigFile,
    Jobs,
    Threshold,
    Window,
    index_settings,
    names,
    settings_in_force,
    span,
    with_reading,
)
from dedup.cli.output import EXIT_UNREAD, Problems, output_file, printed, stages
from dedup.errors import UsageError
from dedup.files import refuse_inputs

if TYPE_CHECKING:
    from dedup.explain import Explanation
    from dedup.read import ReadOptions
    from dedup.settings import Settings


class Format(StrEnum):
    """What is written."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


@with_reading
def explain_command(
    a: Annotated[
        str, typer.Argument(metavar="A", help="A file that holds one story, a story in a file, FILE#ID, or an id.")
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    *,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--in", metavar="PATH", help="What was scanned: A and B are ids there. May be given several times."),
    ] = None,
    index: Annotated[
        str | None,
        typer.Option(
            "--index", metavar="URL", help="An index: A and B are ids there. A file, sqlite:///… or postgresql://…"
        ),
    ] = None,
    format: Annotated[
        Format, typer.Option("--format", help="For reading, the pair record with all of it, or a page with both stories.")
    ] = Format.TEXT,
    out: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it there, not to stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    threshold: Threshold = None,
    keep: Annotated[
        str | None, typer.Option(metavar="POLICY", help="With --in: what the scan was given; 'longest' if nothing.")
    ] = None,
    drop: Annotated[
        str | None,
        typer.Option(metavar="RELATIONS", help=f"With --in: what the scan was given; {DROPPED} if nothing."),
    ] = None,
    window: Window = None,
    config: ConfigFile = None,
    jobs: Jobs = 0,
    all_notes: AllNotes = False,
    read: ReadOptions,
) -> None:
    """Show why two stories are what they are to each other, in their own words.

    It shows the verdict and the reason, each score beside what it is held against, the shared passages side by side with
    the changed words marked, the figures and names that only one story has, and what each story has alone.

    Two files are judged by their texts alone. With --in the inputs are scanned, and the pair is judged as that scan judges
    it: give the options that the scan was given. With --index it is judged by what the index held when the later of the
    two was added; of a dropped story an index has no text, only the answer.

    \b
    Examples:
      dedup explain stories/morning.txt stories/evening.txt
      dedup explain wire.jsonl#17 wire.jsonl#24 --format html -o pair.html
      dedup explain sport/cup.txt news/cup.txt --in stories/ --keep earliest
      dedup explain 2024-05-01/017 2024-05-01/018 --index wire.db --format json
    """
    from dedup.read import ReadOptions

    if inputs and index:
        raise UsageError("--in and --index: choose one")
    scanning = {"--keep": keep, "--drop": drop, "--window": window, "--jobs": jobs or None}
    if not inputs and (useless := [name for name, value in scanning.items() if value is not None]):
        raise UsageError(f"{useless[0]}: says how the inputs of --in are scanned; name them, or leave it out")
    if index and read != ReadOptions():
        raise UsageError("--index: has been read already; options of reading go with files and --in, leave them out")
    problems = Problems(sys.maxsize if all_notes else 20)
    failed = False
    with output_file(out, force, _sources(a, b, inputs or [], index)) as file:
        if inputs:
            scan = _Scan(inputs, keep or "longest", names(drop or DROPPED), span(window), jobs)
            settings = settings_in_force(config, threshold=threshold)
            explanation, failed = _scanned(a, b, scan, settings, read, problems, out)
        elif index:
            explanation = _indexed(index, a, b, index_settings(config, threshold=threshold))
        else:
            settings = settings_in_force(config, threshold=threshold)
            explanation = _read(a, b, settings, read, problems)
        problems.sum_up()
        _write(explanation, format, file)
    if failed:
        raise typer.Exit(EXIT_UNREAD)


class _Scan(NamedTuple):
    """How the inputs are scanned."""

    paths: list[str]
    keep: str
    drop: Sequence[str]
    window: timedelta | None
    threads: int


def _scanned(
    a: str, b: str, scan: _Scan, settings: Settings, read: ReadOptions, problems: Problems, out: Path | None
) -> tuple[Explanation, bool]:
    """The explanation, and whether anything could not be read."""
    from dedup.explain.scanned import explain_scanned
    from dedup.read import total_bytes

    with stages(total_bytes(scan.paths, read)) as progress:
        explanation, result = explain_scanned(
            scan.paths,
            a,
            b,
            keep=scan.keep,
            drop=scan.drop,
            window=scan.window,
            settings=settings,
            read=read,
            threads=scan.threads,
            on_problem=problems.tell,
            on_bytes=progress.bytes_read,
            on_step=progress.step,
        )
    refuse_inputs([out] if out else [], result.stories.stamps())
    return explanation, bool(result.failed)


def _indexed(index: str, a: str, b: str, settings: Settings | None) -> Explanation:
    from dedup.explain.indexed import explain_indexed

    return explain_indexed(index, a, b, settings=settings)


def _read(a: str, b: str, settings: Settings, read: ReadOptions, problems: Problems) -> Explanation:
    from dedup.explain import explain_stories
    from dedup.explain.finding import read_one

    first, second = (read_one(name, read, problems.tell) for name in (a, b))
    return explain_stories(first, second, settings=settings)


def _sources(a: str, b: str, inputs: Sequence[str], index: str | None) -> list[str]:
    """What no output may be."""
    if inputs:
        return [path for path in inputs if path != "-"]
    if index is not None:
        from dedup.filtering import index_file

        return [index_file(index)]
    from dedup.explain.finding import file_of

    return [file_of(a), file_of(b)]


def _write(explanation: Explanation, format: Format, file: BinaryIO | None) -> None:
    from dedup.report import explanation_html, explanation_json, explanation_table

    if format is Format.TEXT:
        printed(explanation_table(explanation), file)
        return
    rendered = explanation_json(explanation) if format is Format.JSON else explanation_html(explanation)
    out = file or sys.stdout.buffer
    out.write(rendered)
    out.flush()
