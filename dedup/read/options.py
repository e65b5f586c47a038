"""What a reader may be told: which fields of a record to use, and how much is too much."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields

from dedup.errors import UsageError
from dedup.read.charsets import known_encoding

KIB = 1 << 10
MIB = 1 << 20

_UNUSABLE_NAME = re.compile(r'["\\\x00-\x1f\ud800-\udfff]')


@dataclass(frozen=True, slots=True)
class ReadOptions:
    r"""How to read; the defaults fit a folder of text files and the common JSONL dumps.

    The ``*_field`` names apply to records: JSON, tables. A name with dots reaches into nested records (``meta.title``); a
    field whose own name has the dots wins. None, the default, is the usual name, or the likeliest of those that the file's
    first record with a text has (see :mod:`dedup.read.roles`). A record without its id field is called ``file#line``.

    :param id_field: holds the story's id: a non-empty string, or a number, which keeps its digits.
    :param text_field: holds the story's text, a string; a record without it fails.
    :param title_field: holds the title, a string.
    :param source_field: holds the outlet, a string.
    :param url_field: holds the address, a string.
    :param date_field: holds the time of publication, see :func:`dedup.read.dates.parse_date`.
    :param max_story_bytes: the longest text, in bytes as it stands in the decompressed file (in JSON with its escapes);
        16 MiB, some 2.5 million words.
    :param max_line_bytes: the longest line of JSON, in bytes; 32 MiB, a longest text and as much again beside it.
    :param max_expansion: how many bytes one compressed byte may become, once ``expansion_floor`` is passed; 200, where
        prose reaches 3 to 10.
    :param expansion_floor: bytes of output up to which any expansion is allowed; 64 MiB, so that small files of one
        repeated line pass.
    :param max_zstd_window: the largest window a zstd frame may ask for, in bytes, 1 KiB to 2 GiB, rounded down to a
        power of two; 128 MiB, what ``zstd`` itself accepts unasked.
    :param max_depth: how deep the arrays and objects of a record may nest, itself included; 200.
    :param leave_out: folders that are not read where they lie below the ones given, such as the one a run writes to.
    :param encoding: what texts, tables and pages without a byte-order mark are in, whatever they say; None to find out.
    :param fix_text: mend mojibake in texts and titles (``cafÃ©``), with ftfy; else it is left as it is.
    :param uncached: where the system can be told so, leave nothing that was read in its cache of files, so that it has room
        for others.
    :param strict: raise the first failure as :class:`~dedup.errors.InputError` instead of reporting it.
    :raises UsageError: an encoding that is none, a limit below 1, a window out of range, or a field name that holds a
        quotation mark, a backslash or a control character.

    >>> ReadOptions(text_field="body.plain", max_line_bytes=1 << 20).text_field
    'body.plain'
    """

    id_field: str | None = None
    text_field: str | None = None
    title_field: str | None = None
    source_field: str | None = None
    url_field: str | None = None
    date_field: str | None = None
    max_story_bytes: int = 16 * MIB
    max_line_bytes: int = 32 * MIB
    max_expansion: int = 200
    expansion_floor: int = 64 * MIB
    max_zstd_window: int = 128 * MIB
    max_depth: int = 200
    leave_out: tuple[str | os.PathLike[str], ...] = ()
    encoding: str | None = None
    fix_text: bool = False
    uncached: bool = False
    strict: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.startswith("max_") and value < 1:
                raise UsageError(f"{field.name}={value!r}: a limit must be at least 1")
            if field.name.endswith("_field") and value is not None and _UNUSABLE_NAME.search(value):
                raise UsageError(f"{field.name}={value!r}: a field name cannot hold '\"', '\\' or control characters")
        if not KIB <= self.max_zstd_window <= 2048 * MIB:
            raise UsageError(f"max_zstd_window={self.max_zstd_window!r}: must lie between 1 KiB and 2 GiB")
        if self.encoding is not None and known_encoding(self.encoding) is None:
            raise UsageError(f"encoding={self.encoding!r}: no encoding of text; give a name such as utf-8, cp1252 or big5")
        if self.expansion_floor < 0:
            raise UsageError(f"expansion_floor={self.expansion_floor!r}: must not be negative")


def size(count: int) -> str:
    """A number of bytes as a person reads it; exact, as limits are compared exactly."""
    if count and count % MIB == 0:
        return f"{count // MIB} MiB"
    return f"{count:,} bytes"
