"""A file that is one story."""

from __future__ import annotations

from collections.abc import Iterator

from dedup.read.decoding import decode
from dedup.read.options import ReadOptions, size
from dedup.read.source import Report, Source
from dedup.read.stream import Damage
from dedup.read.utf8 import too_long
from dedup.story import Problem, Story


def read_text(source: Source, options: ReadOptions, report: Report) -> Iterator[Story]:
    """The whole file as one story, nothing stripped but a byte-order mark; none if it is too long or damaged."""
    data = whole(source, options, report)
    if data is None:
        return
    text, note = decode(data, options)
    if note:
        if len(text) > options.max_story_bytes // 4 and len(text.encode()) > options.max_story_bytes:
            reason = too_long(options.max_story_bytes, "--max-story-bytes")
            report(Problem(where=source.where, reason=reason))
            return
        report(Problem(where=source.where, reason=note, failed=False))
    yield Story(id=source.id, text=text, origin=source.origin)


def whole(source: Source, options: ReadOptions, report: Report) -> bytes | None:
    """All of a file's bytes; None, and a report, if they are more than a story may have, or damaged."""
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
