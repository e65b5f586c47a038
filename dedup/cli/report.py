"""``dedup report``: the page of an earlier scan."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dedup.cli.options import AllNotes, ConfigFile, Threshold, settings_in_force, with_reading
from dedup.cli.output import EXIT_UNREAD, Problems, output_file, stages

if TYPE_CHECKING:
    from dedup.read import ReadOptions
    from dedup.story import Problem


@with_reading
def report_command(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS", help="What 'dedup scan --pairs' wrote.")],
    decisions: Annotated[Path, typer.Argument(metavar="DECISIONS", help="What 'dedup scan --decisions X.jsonl' wrote.")],
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="The stories, given as to the scan.")],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Where to write the page.")],
    threshold: Threshold = None,
    config: ConfigFile = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the page if it exists.")] = False,
    all_notes: AllNotes = False,
    read: ReadOptions,
) -> None:
    """Make the page of 'dedup scan --report' from what a scan wrote, reading its stories again.

    Nothing is compared again: the page shows the pairs and decisions as they are in the files. The settings are only those
    that it names as thresholds.

    \b
    Examples:
      dedup scan stories/ --pairs pairs.jsonl --decisions decisions.jsonl
      dedup report pairs.jsonl decisions.jsonl stories/ -o report.html
    """
    from dedup.files import refuse_inputs
    from dedup.read import total_bytes
    from dedup.report import page_data, page_writer, read_decisions, read_pairs, stories_again

    write = page_writer()
    settings = settings_in_force(config, threshold=threshold)
    failed = 0
    problems = Problems(sys.maxsize if all_notes else 20)

    def tell(problem: Problem) -> None:
        nonlocal failed
        failed += problem.failed
        problems.tell(problem)

    inputs = [str(pairs), str(decisions), *(path for path in paths if path != "-")]
    with output_file(output, force, inputs) as out, stages(total_bytes(paths, read)) as progress:
        overlaps, decided = read_pairs(pairs), read_decisions(decisions)
        again = stories_again(paths, overlaps, read, on_problem=tell, on_bytes=progress.bytes_read)
        problems.sum_up()
        refuse_inputs([output], again.stamps)
        progress.step("writing the report")
        if out:
            write(page_data(overlaps, decided, again.stories.__getitem__, settings), out)
    if failed:
        raise typer.Exit(EXIT_UNREAD)
