"""``dedup eval``: how right a scan is, by labels, and which settings would serve better."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dedup.cli.options import (
    AllNotes,
    ConfigFile,
    Jobs,
    Keep,
    Paths,
    Threshold,
    Window,
    settings_in_force,
    span,
    with_reading,
)
from dedup.cli.output import EXIT_UNREAD, Problems, output_file, stages, stdout
from dedup.errors import UsageError

if TYPE_CHECKING:
    from dedup.read import ReadOptions


class Format(StrEnum):
    """What standard output carries."""

    TABLE = "table"
    JSON = "json"


@with_reading
def eval_command(
    labels: Annotated[Path, typer.Argument(metavar="LABELS", help="Labelled pairs or groups: .csv, .tsv or .jsonl.")],
    paths: Paths,
    *,
    positive: Annotated[
        str | None,
        typer.Option(
            metavar="LABELS",
            help="Labels that mean the same story, separated by commas; unless given: identical, near-duplicate, contains, "
            "contained, duplicate, update, same, yes, true, 1.",
        ),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="On stdout: a readable table, or all of it.")] = Format.TABLE,
    mistakes: Annotated[int, typer.Option(min=0, help="The worst mistakes of each kind to show.")] = 10,
    tune: Annotated[
        bool, typer.Option("--tune", help="Propose settings with a better F1, and say what to expect of them elsewhere.")
    ] = False,
    config_out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the proposed settings, as dedup.toml; goes with --tune.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --config-out if it exists.")] = False,
    keep: Keep = "longest",
    threshold: Threshold = None,
    window: Window = None,
    config: ConfigFile = None,
    a_field: Annotated[str, typer.Option(help="Column of a pair's first id.")] = "a",
    b_field: Annotated[str, typer.Option(help="Column of its second id.")] = "b",
    label_field: Annotated[str, typer.Option(help="Column of its label.")] = "label",
    group_field: Annotated[str, typer.Option(help="Column of a story's group, beside its id (--id-field).")] = "group",
    jobs: Jobs = 0,
    all_notes: AllNotes = False,
    read: ReadOptions,
) -> None:
    """Hold a scan against labels: precision, recall, F1, its worst mistakes, its cost.

    LABELS has a line a pair (columns a, b, label) or a line a story (id, group), with a header in .csv and .tsv; .jsonl
    may be the story file itself. PATH is what 'dedup scan' would read. Pairs that were never proposed are told apart from
    those judged otherwise. With groups, the clusters are scored, by pairs and by the adjusted Rand index.

    --tune searches the settings that judge a pair, starting from the defaults, and tells the F1 on pairs held out.

    \b
    Examples:
      dedup eval pairs.csv stories/
      dedup eval pairs.tsv wire.jsonl.gz --positive 2,3 --format json
      dedup eval stories.jsonl.gz stories.jsonl.gz --group-field group
      dedup eval pairs.csv stories/ --tune --config-out dedup.toml
    """
    from dedup.config import check_new_config, config_text
    from dedup.evaluate import Columns, Question, evaluate
    from dedup.read import total_bytes
    from dedup.report import evaluation_json, evaluation_table, tuning_notes

    if config_out:
        if not tune:
            raise UsageError("--config-out: writes what --tune proposes; give both")
        check_new_config(config_out)
    settings = settings_in_force(config, threshold=threshold)
    question = Question(
        columns=Columns(a_field, b_field, label_field, read.id_field or "id", group_field),
        positive=None if positive is None else [name.strip() for name in positive.split(",") if name.strip()],
        keep=keep,
        window=span(window),
        mistakes=mistakes,
        tuning=tune,
    )
    problems = Problems(sys.maxsize if all_notes else 20)
    with output_file(config_out, force, [str(labels), *(path for path in paths if path != "-")]) as out:
        with stages(total_bytes(paths, read)) as progress:
            evaluation = evaluate(
                labels,
                paths,
                question,
                settings=settings,
                read=read,
                threads=jobs,
                on_problem=problems.tell,
                on_bytes=progress.bytes_read,
                on_step=progress.step,
            )
        problems.sum_up()
        if out and evaluation.tuning:
            out.write(config_text(evaluation.tuning.settings, tuning_notes(evaluation)).encode())
    if format is Format.JSON:
        sys.stdout.buffer.write(evaluation_json(evaluation))
        sys.stdout.buffer.flush()
    else:
        stdout().print(evaluation_table(evaluation))
    if evaluation.failed:
        raise typer.Exit(EXIT_UNREAD)
