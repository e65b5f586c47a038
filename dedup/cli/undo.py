"""``dedup undo``: moved files back where they were."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dedup.cli.output import EXIT_UNREAD
from dedup.cli.scan import say_report


def undo_command(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="The manifest.jsonl that --move-dropped left.")],
    force: Annotated[bool, typer.Option("--force", help="Move back files that have changed since, too.")] = False,
) -> None:
    """Move the files of a 'dedup scan --move-dropped' back to where they were.

    \b
    Example:
      dedup undo repeated/manifest.jsonl
    """
    from dedup.act import undo

    if say_report("moved back", undo(manifest, force=force)):
        raise typer.Exit(EXIT_UNREAD)
