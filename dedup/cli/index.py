"""``dedup index``: what is in an index, whether it is sound, and taking stories out."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from dedup.cli.options import moment
from dedup.cli.output import EXIT_UNREAD, say
from dedup.errors import IndexFault
from dedup.files import printable

app = typer.Typer(
    help="See to an index: what is in it, whether it is sound, and taking stories out of it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Url = Annotated[str, typer.Argument(metavar="URL", help="The index: a file, sqlite:///… or postgresql://…")]


class Format(StrEnum):
    """What standard output carries."""

    TEXT = "text"
    JSON = "json"


@app.command("info")
def info_command(
    url: Url, format: Annotated[Format, typer.Option("--format", help="On stdout: lines to read, or JSON.")] = Format.TEXT
) -> None:
    """How many stories are in it, since when, how large it is, and which of its settings are not the defaults.

    \b
    Examples:
      dedup index info wire.db
      dedup index info wire.db --format json
    """
    from dedup.prefilter import open_index
    from dedup.report import index_info, info_json, info_lines

    with open_index(url, create=False) as index:
        info = index_info(index)
    typer.echo(info_json(info) if format is Format.JSON else "\n".join(info_lines(info)), nl=format is Format.TEXT)


@app.command("check")
def check_command(url: Url) -> None:
    """Look for damage inside, and say each fault; the exit code is 4 if there is one.

    \b
    Example:
      dedup index check wire.db
    """
    from dedup.prefilter import open_index

    with open_index(url, create=False) as index:
        faults = index.faults()
    for fault in faults:
        typer.echo(printable(fault))
    if faults:
        raise typer.Exit(IndexFault.exit_code)
    typer.echo("no faults")


@app.command("expire")
def expire_command(
    url: Url,
    before: Annotated[
        str, typer.Option(metavar="SPAN|DATE", help="Forget those added longer ago than 36h, 30d, or before 2024-05-01.")
    ],
) -> None:
    """Forget the stories that were added before a time.

    \b
    Examples:
      dedup index expire wire.db --before 30d
      dedup index expire wire.db --before 2024-05-01T12:00:00Z
    """
    from dedup.prefilter import open_index

    when = moment(before, "--before")
    with open_index(url, create=False) as index:
        gone = index.expire(when)
    typer.echo(f"{gone:,} stories forgotten")


@app.command("remove")
def remove_command(
    url: Url,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of the stories; put -- before one like -x.")],
) -> None:
    """Forget stories, and with a kept one those that were dropped for it.

    \b
    Example:
      dedup index remove wire.db 2024-05-01/017 2024-05-01/018
    """
    from dedup.prefilter import open_index

    with open_index(url, create=False) as index:
        missing = [id for id in ids if not index.remove(id)]
    for id in missing:
        say(f"error: story {printable(repr(id))}: not in the index; check its id")
    typer.echo(f"{len(ids) - len(missing):,} removed")
    if missing:
        raise typer.Exit(EXIT_UNREAD)
