"""``dedup explain``: why two stories are what they are to each other."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dedup.cli.options import ConfigFile, Threshold, settings_in_force
from dedup.cli.output import say_problem, stdout
from dedup.errors import InputError


class Format(StrEnum):
    """What standard output carries."""

    TEXT = "text"
    JSON = "json"


def explain_command(
    a: Annotated[Path, typer.Argument(metavar="A", help="A file that holds one story.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    format: Annotated[Format, typer.Option("--format", help="On stdout: for reading, or the pair record.")] = Format.TEXT,
    threshold: Threshold = None,
    config: ConfigFile = None,
) -> None:
    """Compare two files and show the verdict, the scores, and the passages they share, side by side.

    \b
    Examples:
      dedup explain stories/morning.txt stories/evening.txt
      dedup explain page.html wire.nitf --format json | jq .reason
    """
    from dedup.explain import explain_texts
    from dedup.report import explanation_json, explanation_table

    text_a, text_b = _text(a), _text(b)
    settings = settings_in_force(config, threshold=threshold)
    explanation = explain_texts(text_a, text_b, id_a=str(a), id_b=str(b), settings=settings)
    if format is Format.JSON:
        sys.stdout.buffer.write(explanation_json(explanation))
        sys.stdout.buffer.flush()
    else:
        stdout().print(explanation_table(explanation, text_a, text_b))


def _text(path: Path) -> str:
    from dedup.read import ReadOptions, read_stories

    stories = list(read_stories([path], ReadOptions(strict=True), on_problem=say_problem))
    if len(stories) != 1:
        raise InputError(f"{str(path)!r}: holds {len(stories)} stories; name a file that holds one")
    return stories[0].text
