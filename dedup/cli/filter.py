"""``dedup filter``: a stream of stories in, the new ones out."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, NamedTuple

import typer

from dedup.cli.options import (
    DROPPED,
    AllNotes,
    ConfigFile,
    Drop,
    Jobs,
    Threshold,
    Window,
    index_settings,
    names,
    span,
    with_reading,
)
from dedup.cli.output import EXIT_UNREAD, Problems, Stages, say, stages
from dedup.cli.stopping import Stopped, Stopping
from dedup.errors import UsageError
from dedup.files import Inode, appending, writing, writing_stdout

if TYPE_CHECKING:
    from dedup.filtering import Counts
    from dedup.read import ReadOptions

IndexUrl = Annotated[
    str,
    typer.Option("--index", metavar="URL", help="The index, made if it isn't there: a file, sqlite:///… or postgresql://…"),
]


@with_reading
def filter_command(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[IN]...", help="JSON lines, or what 'dedup scan' reads; stdin unless given."),
    ] = None,
    *,
    index: IndexUrl,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="OUT", help="Write the new stories there, once all is done.")
    ] = None,
    annotate: Annotated[
        bool, typer.Option("--annotate", help="Pass all stories, each with the answer as its last field, 'dedup'.")
    ] = False,
    rejects: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the repeated stories there.")] = None,
    append: Annotated[
        bool, typer.Option("--append", help="Add to OUT and FILE at each answer: for streams that do not end.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace output files that exist.")] = False,
    skip_seen: Annotated[
        bool,
        typer.Option(
            "--skip-seen",
            help="Do not pass what an earlier run was asked about, by its id: for feeds that overlap. What a run that died "
            "has not delivered is lost then.",
        ),
    ] = False,
    ttl: Annotated[
        str | None, typer.Option(metavar="SPAN", help="Forget stories so long after they were added: 36h, 30d.")
    ] = None,
    window: Window = None,
    drop: Drop = DROPPED,
    stats: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the counts as JSON; - for stdout, which goes with -o.")
    ] = None,
    relaxed: Annotated[
        bool, typer.Option("--relaxed", help="Faster, but a power cut (not a crash) may take the last answers back.")
    ] = False,
    batch: Annotated[int, typer.Option(min=1, help="Stories decided at once, at the most.")] = 2048,
    threshold: Threshold = None,
    config: ConfigFile = None,
    jobs: Jobs = 0,
    all_notes: AllNotes = False,
    read: ReadOptions,
) -> None:
    """Pass the stories that are new, and drop those that repeat one in the index.

    IN is JSON lines, compressed or not, or whatever else scan reads, which comes out as JSON lines; records come out in
    their order, byte for byte. A story is taken into the index
    and committed before it is passed. From a live stream each answer comes at once.

    A run that was stopped or died is simply run again: what was answered gets the same answer again, so a story that was
    new is passed again, since it may not have arrived. In one run an id is passed once. A record without an id goes by
    its content. For a new index --threshold and the config say how stories are compared; one that exists keeps its own.

    Ctrl-C or SIGTERM ends a run when the stories in hand are answered and passed, a second one at once.

    \b
    Examples:
      dedup filter today.jsonl.gz --index wire.db -o new.jsonl
      tail -F feed.jsonl | dedup filter --index wire.db --ttl 30d | store
      dedup filter feed.jsonl --index wire.db --annotate | jq .dedup
    """
    from dedup.filtering import StoryFilter, check_outputs
    from dedup.prefilter import open_index

    sources = paths or ["-"]
    wanted = _Wanted(None if out == Path("-") else out, rejects, stats)
    check_outputs(index, wanted.files())
    problems, began, run = Problems(sys.maxsize if all_notes else 20), time.monotonic(), None
    try:
        with (
            Stopping() as stopping,
            _outputs(wanted, _inputs(sources, index), append=append, force=force) as files,
            open_index(
                index,
                settings=index_settings(config, threshold=threshold),
                drop=names(drop),
                window=span(window),
                ttl=span(ttl, "--ttl"),
                relaxed=relaxed,
                threads=jobs,
            ) as opened,
        ):
            run = StoryFilter(
                opened,
                files.passed,
                files.rejects,
                annotate=annotate,
                skip_seen=skip_seen,
                batch=batch,
                guard=stopping.held,
                outputs=[*wanted.files(), *([] if wanted.out else ["/dev/stdout"])],
            )
            with _progress(sources, read, shown=wanted.out is not None) as progress:
                run.run(sources, read, on_problem=problems.tell, on_bytes=progress.bytes_read)
            if files.stats:
                files.stats.write(run.counts.as_json(time.monotonic() - began))
    except Stopped as stop:
        say("stopped; run it again on the same input to have what was not delivered")
        raise typer.Exit(stop.exit_code) from None
    except BrokenPipeError:  # the reader has all it wanted
        raise typer.Exit from None
    finally:
        if run:
            problems.sum_up()
            _sum_up(run.counts, time.monotonic() - began)
    if run.counts.failed:
        raise typer.Exit(EXIT_UNREAD)


class _Wanted(NamedTuple):
    """The outputs asked for; ``out`` None is stdout, as is the "-" of ``stats``."""

    out: Path | None
    rejects: Path | None
    stats: str | None

    def files(self) -> list[Path]:
        stats = Path(self.stats) if self.stats and self.stats != "-" else None
        return [path for path in (self.out, self.rejects, stats) if path]


class _Files(NamedTuple):
    """The same, open."""

    passed: BinaryIO
    rejects: BinaryIO | None
    stats: BinaryIO | None


@contextmanager
def _outputs(wanted: _Wanted, inputs: Sequence[str | Inode], *, append: bool, force: bool) -> Iterator[_Files]:
    """Opened before the work starts, so that an output that can't be written costs none of it."""

    def opened(path: Path) -> AbstractContextManager[BinaryIO]:
        return appending(path, inputs=inputs) if append else writing(path, force=force, inputs=inputs)

    if wanted.stats == "-" and not wanted.out:
        raise UsageError("--stats -: stdout carries the stories; write those to a file with -o, or name a file for --stats")
    with ExitStack() as stack:
        stats = None
        if wanted.stats == "-":
            stats = stack.enter_context(writing_stdout(inputs=inputs))
        elif wanted.stats:
            stats = stack.enter_context(writing(wanted.stats, force=force, inputs=inputs))
        passed = stack.enter_context(opened(wanted.out) if wanted.out else writing_stdout(inputs=inputs))
        yield _Files(passed, stack.enter_context(opened(wanted.rejects)) if wanted.rejects else None, stats)


def _inputs(sources: Sequence[str], index: str) -> list[str | Inode]:
    """What no output may be."""
    from dedup.filtering import index_file

    inputs: list[str | Inode] = [index_file(index), *(path for path in sources if path != "-")]
    if "-" in sources and sys.stdin is not None:
        status = os.fstat(sys.stdin.fileno())
        inputs.append((status.st_dev, status.st_ino))
    return inputs


def _progress(sources: Sequence[str], read: ReadOptions, *, shown: bool) -> AbstractContextManager[Stages]:
    """A bar where there is an end to come, and where it would not stand among the stories."""
    from dedup.read import total_bytes

    total = total_bytes(sources, read) if sys.stderr.isatty() and (shown or not sys.stdout.isatty()) else None
    return nullcontext(Stages(None, None)) if total is None else stages(total)


def _sum_up(counts: Counts, seconds: float) -> None:
    say(f"{counts.in_words()}; {seconds:.1f} s, {counts.stories / max(seconds, 1e-9):,.0f} stories/s")
