"""JSON lines that are almost right, and those that are built to break a parser."""

from __future__ import annotations

import re
from typing import Final

from dedup import kernels
from dedup.read.options import MIB

# A run of backslashes is taken from its start and whole: tried again from each of them, it would cost the square.
_SURROGATE: Final = re.compile(rb"(?<!\\)(\\++)u([dD][89a-fA-F]..)", re.DOTALL)
_LOW: Final = re.compile(rb"\\u[dD][c-fC-F]..", re.DOTALL)
_HIGH_DIGITS: Final = b"89abAB"
_REPLACEMENT: Final = b"fffd"

_STRUCTURE: Final = b'"[]{}'
_ALL_ELSE: Final = bytes(set(range(256)) - set(_STRUCTURE))


def flat_lines(block: bytes, deepest: int) -> int | None:
    r"""How many lines a block has; None unless every line, if the block is JSON, is one object on its own that nests at most
    ``deepest`` deep.

    The end of a line inside a string is no JSON, and one between two objects cannot be inside of either.
    """
    ends, brackets, apart = kernels.line_counts(block)
    if not apart:
        return None
    lines = ends + (not block.endswith(b"\n"))
    # Each has a bracket of its own: where all together have few more, none nests deep.
    if brackets < lines + deepest:
        return lines
    return None if any(nests_deeper(line, deepest) for line in block.split(b"\n")) else lines


def nests_deeper(line: bytes, limit: int) -> bool:
    """Whether arrays and objects stand more than ``limit`` deep in each other; brackets in strings do not count."""
    # Two searches tell for a flat record, and two counts for most others.
    if line.find(b"{", 1) < 0 and line.find(b"[") < 0:
        return False
    if line.count(b"{") + line.count(b"[") <= limit:
        return False
    return _depth_reaches(line, limit + 1)


def _depth_reaches(line: bytes, depth: int) -> bool:
    # Imported when first needed: most runs meet no such record.
    import numpy as np

    step = np.zeros(256, np.int64)
    step[list(b"[{")] = 1
    step[list(b"]}")] = -1
    # Without escapes, every quotation mark left begins or ends a string.
    bare = line.replace(rb"\\", b"").replace(rb"\"", b"").translate(None, _ALL_ELSE)
    level = quotes = 0
    for start in range(0, len(bare), MIB):
        block = np.frombuffer(bare[start : start + MIB], np.uint8)
        in_string = (quotes + np.cumsum(block == ord('"'))) & 1
        levels = level + np.cumsum(np.where(in_string, 0, step[block]))
        if levels.max() >= depth:
            return True
        quotes, level = int(in_string[-1]), int(levels[-1])
    return False


def without_lone_surrogates(line: bytes) -> tuple[bytes, int]:
    r"""The line with every half of a surrogate pair that stands alone escaped as U+FFFD instead, and their number.

    >>> without_lone_surrogates(rb'"\ud83d \ud83d\ude00"')
    (b'"\\ufffd \\ud83d\\ude00"', 1)
    """
    # In place, as both escapes are equally long: a substitution would hold every piece between two of them.
    mended = bytearray(line)
    count = 0
    partner = -1
    for found in _SURROGATE.finditer(line):
        digits = found.start(2)
        if len(found[1]) % 2 == 0 or digits == partner:
            continue
        if line[digits + 1] in _HIGH_DIGITS and _LOW.match(line, found.end()):
            partner = found.end() + len(rb"\u")
            continue
        mended[digits : digits + 4] = _REPLACEMENT
        count += 1
    return (bytes(mended), count) if count else (line, 0)
