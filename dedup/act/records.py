"""The kept lines of a JSON lines file, byte for byte, packed as the file was."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import IO, Any

from dedup.errors import OutputError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

RECORD_SUFFIXES = (".jsonl", ".ndjson", ".jl", ".jsonlines", ".json")
_PIECE = 1 << 20
_GZIP_LEVEL = 6


def packing(name: str) -> str:
    """``.gz``, ``.zst`` or nothing: how the file of this name is packed. OutputError if it is no JSON lines file."""
    lowered = name.lower()
    packed = next((suffix for suffix in (".gz", ".zst") if lowered.endswith(suffix)), "")
    if not lowered.removesuffix(packed).endswith(RECORD_SUFFIXES):
        raise OutputError(f"{name!r}: records are copied out of JSON lines files only ({', '.join(RECORD_SUFFIXES)})")
    return packed


def copy_lines(source: IO[bytes], sink: IO[bytes], lines: frozenset[int], packed: str) -> None:
    """Write the lines of these numbers, from 1 and not none, to ``sink`` in file order.

    OutputError if the file is damaged before the last of them, or has fewer lines.
    """
    seen = current = 0
    with _packer(sink, packed) as output:
        for number, piece in _pieces(source, packed, last=max(lines)):
            if number in lines:
                output.write(piece)
                seen += number != current
            current = number
    if seen < len(lines):
        raise OutputError(f"has fewer lines than were read: {len(lines) - seen} are missing; scan again")


def _pieces(source: IO[bytes], packed: str, *, last: int) -> Iterator[tuple[int, bytes]]:
    """Lines in pieces, so that one too long to be a record takes no memory; ends after line ``last``, so that damage
    behind the records that were read is not met."""
    number = 1
    try:
        with _unpacker(source, packed) as plain:
            while number <= last and (piece := plain.readline(_PIECE)):
                yield number, piece
                number += piece.endswith(b"\n")
    except (gzip.BadGzipFile, EOFError, zlib.error, zstd.ZstdError) as error:
        raise OutputError(f"cannot be unpacked: {error}") from error


def _unpacker(source: IO[bytes], packed: str) -> AbstractContextManager[Any]:
    if packed == ".gz":
        return gzip.GzipFile(fileobj=source)
    return zstd.ZstdFile(source) if packed == ".zst" else nullcontext(source)


def _packer(sink: IO[bytes], packed: str) -> AbstractContextManager[Any]:
    if packed == ".gz":  # without name and time the same lines give the same bytes
        return gzip.GzipFile(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=sink, mtime=0)
    return zstd.ZstdFile(sink, "w") if packed == ".zst" else nullcontext(sink)
