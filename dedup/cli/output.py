"""Consoles, progress and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dedup.files import printable, writing

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress

    from dedup.story import Problem

EXIT_UNREAD = 1
EXIT_INTERRUPTED = 130


def stdout() -> Console:
    """For results. In a pipe: 80 columns, no colour."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 80)


def printed(shown: RenderableType, file: BinaryIO | None) -> None:
    """Print to a file, as in a pipe, or to stdout if there is none."""
    if file is None:
        stdout().print(shown)
        return
    from rich.console import Console

    text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
    Console(file=text, highlight=False, width=80, force_terminal=False, color_system=None).print(shown)
    text.detach()  # flushes, and leaves the file open


def say(message: str) -> None:
    """One plain line on stderr."""
    sys.stderr.write(f"dedup: {message}\n")


def say_problem(problem: Problem) -> None:
    """A file or record that is not a story; what failed is told apart from what was rightly passed over."""
    say(f"{'error' if problem.failed else 'note'}: {printable(str(problem))}")


@contextmanager
def output_file(path: Path | None, force: bool, inputs: Sequence[str]) -> Iterator[BinaryIO | None]:
    """Opened before the work starts, so that an output that can't be written costs no scan."""
    if path is None:
        yield None
        return
    with writing(path, force=force, inputs=inputs) as file:
        yield file


class Problems:
    """Says every failure at once, and the first notes: a dump with one odd field can have a million of those."""

    def __init__(self, notes: int = 20) -> None:
        self._notes = notes
        self._unsaid = 0

    def tell(self, problem: Problem) -> None:
        """Say a problem, or count it."""
        self._notes -= not problem.failed
        if problem.failed or self._notes >= 0:
            say_problem(problem)
        else:
            self._unsaid += 1

    def sum_up(self) -> None:
        """Say how many notes were only counted."""
        if self._unsaid:
            say(f"and {self._unsaid:,} more notes; --all-notes says them all")


class Stages:
    """Progress of a run on stderr: bytes read, then the stage at work. Silent where there is no bar to move."""

    def __init__(self, progress: Progress | None, total_bytes: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task("reading", total=total_bytes) if progress else None

    def bytes_read(self, count: int) -> None:
        """``count`` more bytes were read."""
        if self._progress and self._task is not None:
            self._progress.advance(self._task, count)

    def step(self, name: str) -> None:
        """A stage begins."""
        if self._progress and self._task is not None:
            self._progress.update(self._task, description=name)


@contextmanager
def stages(total_bytes: int | None) -> Iterator[Stages]:
    """Shows progress on a terminal while the block runs, and clears it away."""
    if not sys.stderr.isatty():  # nothing to show, and nothing to load for it: rich takes as long as a small scan
        yield Stages(None, total_bytes)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Stages(progress, total_bytes)
