"""Bytes that should be UTF-8 and are not quite."""

from __future__ import annotations

import codecs

from dedup.read.options import MIB, size

BOM = codecs.BOM_UTF8
_REPLACEMENT = "\ufffd".encode()


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8; long ones are looked at in pieces, as their string could be four times as large."""
    if data.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), MIB):
            decoder.decode(data[start : start + MIB], final=start + MIB >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def mended(data: bytes, limit: int) -> tuple[bytes, int] | None:
    r"""The bytes with all that is not UTF-8 replaced by U+FFFD, as ``errors="replace"`` does, and how many were not.

    None if that makes more than ``limit`` bytes of them: it may be three times as many.

    >>> mended(b"caf\xe9!", 100)
    (b'caf\xef\xbf\xbd!', 1)
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    out = bytearray()
    for start in range(0, len(data), MIB):
        out += decoder.decode(data[start : start + MIB], final=start + MIB >= len(data)).encode()
        if len(out) > limit:
            return None
    # U+FFFD that were in the data already always decode to themselves, so the others came in here.
    put_in = out.count(_REPLACEMENT) - data.count(_REPLACEMENT)
    return bytes(out), len(data) - (len(out) - len(_REPLACEMENT) * put_in)


def not_utf8(count: int) -> str:
    """The reason of the problem that says how many bytes were replaced."""
    return f"{count:,} byte{' was' if count == 1 else 's were'} not UTF-8 and read as U+FFFD"


def too_long(limit: int, option: str) -> str:
    """The reason of the problem that bytes would be over the limit with the replacements in them."""
    return f"over {size(limit)} once what is not UTF-8 is read as U+FFFD; to read it, raise {option}"
