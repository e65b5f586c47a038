r"""File names, which are bytes, as strings that can be stored, compared and printed, and back.

A name that is UTF-8 stands for itself. In any other, each byte that is not UTF-8 becomes ``\xNN`` and each backslash is
doubled; so it is, too, in a name that holds a ``\x`` of its own, for it could be mistaken for an escaped one. Two
different names are therefore never spelt alike, and :func:`name_bytes` undoes it exactly.
"""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\udc80-\udcff]")
_ESCAPE = re.compile(rb"\\(\\|x([0-9a-f]{2}))")


def name_text(name: bytes) -> str:
    r"""The string that stands for a file name or path.

    >>> print(name_text("Café.txt".encode()), name_text(b"Caf\xe9.txt"), name_text(rb"a\b"), name_text(rb"a\xe9"))
    Café.txt Caf\xe9.txt a\b a\\xe9
    """
    text = name.decode("utf-8", "surrogateescape")
    if not _needs_escape(name) and not _SURROGATE.search(text):
        return text
    return _SURROGATE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", text.replace("\\", "\\\\"))


def name_bytes(text: str) -> bytes:
    r"""The file name or path that a string of :func:`name_text` stands for.

    >>> name_bytes(r"Caf\xe9.txt")
    b'Caf\xe9.txt'
    """
    name = text.encode("utf-8", "surrogateescape")
    if not _needs_escape(name):
        return name
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[2].decode()) if found[2] else b"\\", name)


def _needs_escape(name: bytes) -> bool:
    return b"\\x" in name
