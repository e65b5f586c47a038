"""Consoles, progress and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dedup.files import printable
from dedup.story import Problem

EXIT_UNREAD = 1
EXIT_INTERRUPTED = 130


def stdout() -> Console:
    """For results. In a pipe: 80 columns, no colour."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 80)


def stderr() -> Console:
    """For everything else."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(message: str) -> None:
    """One plain line on stderr."""
    sys.stderr.write(f"dedup: {message}\n")


def say_problem(problem: Problem) -> None:
    """A file or record that is not a story; what failed is told apart from what was rightly passed over."""
    say(f"{'error' if problem.failed else 'note'}: {printable(str(problem))}")


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
    """Progress of a run on stderr: bytes read, then the stage at work. Silent where stderr is no terminal."""

    def __init__(self, progress: Progress, total_bytes: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task("reading", total=total_bytes)

    def bytes_read(self, count: int) -> None:
        """``count`` more bytes were read."""
        self._progress.advance(self._task, count)

    def step(self, name: str) -> None:
        """A stage begins."""
        self._progress.update(self._task, description=name)


@contextmanager
def stages(total_bytes: int | None) -> Iterator[Stages]:
    """Shows progress while the block runs, and clears it away."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Stages(progress, total_bytes)
