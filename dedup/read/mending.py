"""JSON lines that are almost right, and those that are built to break a parser."""

from __future__ import annotations

import re

# Every escape is matched whole, so that an escaped backslash before a "u" is never taken for the start of one.
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u([dD][89a-fA-F]..)|.)", re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_REPLACEMENT = b"fffd"

# An unended string reaches to the end of the line: tried again from each quote in it, it would cost the square.
_NESTING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[{]+|[\]}]+', re.DOTALL)


def nests_deeper(line: bytes, limit: int) -> bool:
    """Whether arrays and objects stand more than ``limit`` deep in each other; brackets in strings do not count."""
    # Two searches tell for a flat record, and two counts for most others.
    if line.find(b"{", 1) < 0 and line.find(b"[") < 0:
        return False
    if line.count(b"{") + line.count(b"[") <= limit:
        return False
    depth = 0
    for found in _NESTING.finditer(line):
        first = line[found.start()]
        if first in b"[{":
            depth += found.end() - found.start()
            if depth > limit:
                return True
        elif first in b"]}":
            depth -= found.end() - found.start()
    return False


def without_lone_surrogates(line: bytes) -> tuple[bytes, int]:
    r"""The line with every half of a surrogate pair that stands alone escaped as U+FFFD instead, and their number.

    >>> without_lone_surrogates(rb'"\ud83d \ud83d\ude00"')
    (b'"\\ufffd \\ud83d\\ude00"', 1)
    """
    if not _SURROGATE.search(line):
        return line, 0
    # In place, as both escapes are equally long: a substitution would hold every piece between two escapes.
    mended = bytearray(line)
    count = 0
    for found in _ESCAPE.finditer(line):
        if found[1] is not None:
            mended[found.start(1) : found.end(1)] = _REPLACEMENT
            count += 1
    return bytes(mended), count
