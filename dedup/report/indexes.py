"""What is in an index, for a person or a program."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from dedup.prefilter import Index
from dedup.settings import Settings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEFAULTS = Settings()


class IndexInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What ``dedup index info`` tells: times of arrival, and the settings that are not the defaults."""

    kept: int
    dropped: int
    oldest: datetime | None
    newest: datetime | None
    bytes: int
    settings: dict[str, int | float]


def index_info(index: Index) -> IndexInfo:
    """What is in an index."""
    summary, settings = index.info(), index.settings
    return IndexInfo(
        kept=summary.kept,
        dropped=summary.dropped,
        oldest=_moment(summary.oldest),
        newest=_moment(summary.newest),
        bytes=summary.bytes,
        settings={
            name: getattr(settings, name)
            for name in Settings.__struct_fields__
            if getattr(settings, name) != getattr(_DEFAULTS, name)
        },
    )


def info_json(info: IndexInfo) -> bytes:
    """The same as one JSON object, indented, newline included."""
    return msgspec.json.format(msgspec.json.encode(info)) + b"\n"


def info_lines(info: IndexInfo) -> list[str]:
    """The same, a line each."""
    changed = ", ".join(f"{name} = {value}" for name, value in info.settings.items())
    return [
        f"kept      {info.kept:,} stories",
        f"dropped   {info.dropped:,}",
        f"oldest    {_shown(info.oldest)}",
        f"newest    {_shown(info.newest)}",
        f"size      {info.bytes:,} bytes",
        f"settings  {changed or 'the defaults'}",
    ]


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def _shown(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else "none"
