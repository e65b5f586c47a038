"""Options that several commands have in common."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from dedup.cli.output import say
from dedup.errors import UsageError
from dedup.files import printable

if TYPE_CHECKING:
    from dedup.settings import Settings


Paths = Annotated[list[str], typer.Argument(metavar="PATH...", help="Folders or files to read; - for stdin.")]
Keep = Annotated[
    str,
    typer.Option(
        metavar="POLICY",
        help="Which of two stories stays: longest, earliest, latest, first, or source:A,B,... to rank sources.",
    ),
]
DROPPED = "identical,near-duplicate,contained"
"""What ``Drop`` is where nothing else is said."""
Drop = Annotated[str, typer.Option(metavar="RELATIONS", help="Relations for which a story is dropped, separated by commas.")]
Threshold = Annotated[
    float | None,
    typer.Option(
        min=0.05, max=1.0, help="Jaccard similarity from which stories are near-duplicates: 0.5, or what the config says."
    ),
]
Window = Annotated[
    str | None, typer.Option(metavar="SPAN", help="Do not compare dated stories further apart than this: 36h, 7d, 2w.")
]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=0, help="Threads; 0 is one a core.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Settings to use, instead of dedup.toml or pyproject.toml in the current folder."),
]
AllNotes = Annotated[
    bool, typer.Option("--all-notes", help="Say every note on what was passed over or mended, not only the first 20.")
]

# What a reader may be told, by the names of ReadOptions.
_READING: dict[str, tuple[Any, object]] = {
    "strict": (
        Annotated[bool, typer.Option("--strict", help="Stop at the first file or record that can't be read.")],
        False,
    ),
    "id_field": (
        Annotated[
            str | None,
            typer.Option(
                metavar="NAME", help="Field of a record that holds its id; a.b reaches into records. [guessed if not given]"
            ),
        ],
        None,
    ),
    "text_field": (
        Annotated[str | None, typer.Option(metavar="NAME", help="Its text. What is not named is guessed.")],
        None,
    ),
    "title_field": (Annotated[str | None, typer.Option(metavar="NAME", help="Its title.")], None),
    "source_field": (Annotated[str | None, typer.Option(metavar="NAME", help="Its outlet.")], None),
    "url_field": (Annotated[str | None, typer.Option(metavar="NAME", help="Its address.")], None),
    "date_field": (Annotated[str | None, typer.Option(metavar="NAME", help="Its time of publication.")], None),
    "encoding": (
        Annotated[
            str | None, typer.Option(metavar="NAME", help="What texts, tables and pages are in; found out if not given.")
        ],
        None,
    ),
    "fix_text": (Annotated[bool, typer.Option("--fix-text", help="Mend mojibake, such as Ã© for é.")], False),
    "max_story_bytes": (Annotated[int, typer.Option(min=1, help="The longest text read.")], 16 << 20),
    "max_line_bytes": (Annotated[int, typer.Option(min=1, help="The longest JSON line read.")], 32 << 20),
    "max_expansion": (
        Annotated[int, typer.Option(min=1, help="Bytes that one compressed byte may become, past the first 64 MiB.")],
        200,
    ),
    "max_zstd_window": (
        Annotated[
            int, typer.Option(min=1 << 10, max=1 << 31, help="The largest window, in bytes, a zstd file may ask for.")
        ],
        128 << 20,
    ),
}


def with_reading(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of reading, behind its own; it takes them as one argument, ``read``: ReadOptions."""

    @functools.wraps(command)
    def wrapped(**options: Any) -> None:
        from dedup.read import ReadOptions

        read = ReadOptions(**{name: options.pop(name) for name in _READING})
        command(**options, read=read)

    # typer goes by the signature. ReadOptions is loaded when a command runs, not when its help is shown.
    hints = get_type_hints(command, localns={"ReadOptions": object}, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(command).parameters.items()
        if name != "read"
    ]
    further = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=option)
        for name, (option, default) in _READING.items()
    ]
    wrapped.__signature__ = inspect.Signature([*own, *further])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *further)}
    return wrapped


def settings_in_force(config: Path | None, **options: object) -> Settings:
    """The settings of the config file, if there is one, and over them the options given; says which file changed what."""
    from dedup.config import load_config

    found = load_config(config)
    changed = found.in_force(**options)
    if changed and found.path is not None:
        listed = ", ".join(f"{name} = {value}" for name, value in changed.items())
        say(f"settings of {printable(found.path)}: {listed}")
    return found.settings(**options)


def index_settings(config: Path | None, **options: object) -> Settings | None:
    """The same for an index; None, for those that it has, where nothing says otherwise."""
    from dedup.settings import Settings

    settings = settings_in_force(config, **options)
    asked = config is not None or any(value is not None for value in options.values())
    return settings if asked or settings != Settings() else None


def names(listed: str) -> list[str]:
    """Names separated by commas."""
    return [name.strip() for name in listed.split(",") if name.strip()]


def moment(text: str, option: str) -> datetime:
    """The time that ``option`` names: a span before now, or a date. UsageError for what is neither."""
    from dedup.read import parse_date

    try:
        return datetime.now(UTC) - (span(text, option) or timedelta(0))
    except OverflowError:
        raise UsageError(f"{option} {text!r}: longer than any time there is; give a shorter one") from None
    except UsageError:
        found = parse_date(text)
    if found is None:
        raise UsageError(f"{option} {text!r}: neither a span nor a date; give one such as 30d or 2024-05-01")
    return found


def size(text: str | None, option: str) -> int | None:
    """The bytes that ``option`` names, with a unit of 1024s. UsageError for what is none."""
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d{1,15})\s*([kmgt]?)(?:i?b)?\s*", text.lower())
    if found is None:
        raise UsageError(f"{option} {text!r}: give a number and a unit, K, M, G or T, such as 500M or 4G")
    return int(found[1]) << 10 * "_kmgt".index(found[2] or "_")


def span(text: str | None, option: str = "--window") -> timedelta | None:
    """The time that ``option`` names. UsageError for what is none."""
    if text is None:
        return None
    from dedup.read.dates import parse_span

    try:
        found = parse_span(text)
    except OverflowError:
        raise UsageError(f"{option} {text!r}: longer than any time there is; give a shorter one") from None
    if found is None:
        raise UsageError(f"{option} {text!r}: give a number and a unit, s, m, h, d or w, such as 36h or 7d")
    return found
