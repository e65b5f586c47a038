"""A file that is one story."""

from __future__ import annotations

from collections.abc import Iterator

from dedup.read.options import ReadOptions, size
from dedup.read.source import Report, Source
from dedup.read.stream import Damage
from dedup.read.utf8 import BOM, is_utf8, mended, not_utf8, too_long
from dedup.story import Problem, Story


def read_text(source: Source, options: ReadOptions, report: Report) -> Iterator[Story]:
    """The whole file as one story, nothing stripped but a byte-order mark; none if it is too long or damaged."""
    data = _whole(source, options, report)
    if data is None:
        return
    data = data.removeprefix(BOM)
    if not is_utf8(data):
        good = mended(data, options.max_story_bytes)
        if good is None:
            reason = too_long(options.max_story_bytes, "--max-story-bytes")
            report(Problem(where=source.where, reason=reason))
            return
        data, count = good
        report(Problem(where=source.where, reason=not_utf8(count), failed=False))
    yield Story(id=source.id, text=data.decode(), origin=source.origin)


def _whole(source: Source, options: ReadOptions, report: Report) -> bytes | None:
    pieces: list[bytes] = []
    length = 0
    reason = ""
    whole = True
    try:
        for chunk in source.chunks:
            length += len(chunk)
            pieces.append(chunk)
            if length > options.max_story_bytes:
                whole = False
                reason = f"a text of over {size(options.max_story_bytes)}; to read it, raise --max-story-bytes"
                break
    except Damage as damage:
        whole = damage.whole
        reason = str(damage) if whole else f"{damage} (the text is not read in part)"
    if reason:
        report(Problem(where=source.where, reason=reason))
    return b"".join(pieces) if whole else None
