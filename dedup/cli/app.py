"""The ``dedup`` command: subcommands, and what ends a run."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from dedup import __version__
from dedup.cli import eval, explain, filter, index, report, scan, undo
from dedup.cli.output import EXIT_INTERRUPTED, say
from dedup.errors import DedupError

_EPILOG = (
    "Exit codes: 0 done; 1 done, but some files or records could not be read or acted on; 2 the run could not be done "
    "as asked; 3 an output could not be written; 4 an index failed or has faults; 130 interrupted; 143 terminated."
)

app = typer.Typer(
    name="dedup",
    help="Find news stories that repeat each other: copies, updates, excerpts, and shared passages.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
app.command("scan", epilog=_EPILOG)(scan.scan_command)
app.command("filter", epilog=_EPILOG)(filter.filter_command)
app.command("explain", epilog=_EPILOG)(explain.explain_command)
app.command("eval", epilog=_EPILOG)(eval.eval_command)
app.command("report", epilog=_EPILOG)(report.report_command)
app.command("undo", epilog=_EPILOG)(undo.undo_command)
app.add_typer(index.app, name="index", epilog=_EPILOG)


def _version(wanted: bool) -> None:
    if wanted:
        from dedup.kernels import FOLD_VERSION

        typer.echo(f"dedup {__version__} (fold table {FOLD_VERSION})")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line and exit: errors become a line on stderr and their exit code."""
    try:
        app()
    except DedupError as error:
        say(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("interrupted; outputs that were not finished have not been written")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader has all it wanted. Python would complain once more while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
