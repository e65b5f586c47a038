"""The names of encodings, as documents and users give them."""

from __future__ import annotations

import codecs
from typing import Final

_NO_CHARSETS: Final = ("idna", "punycode", "unicode_escape", "unicode-escape", "raw_unicode_escape", "raw-unicode-escape")
_WIDE_SPACES: Final = " \u2020\ufffd"  # what four spaces are in UTF-8, -16 and -32


def known_encoding(name: str) -> str | None:
    """The name that Python has for an encoding of text; None for what is none.

    >>> known_encoding("ISO-8859-1"), known_encoding("latin9"), known_encoding("rot13")
    ('cp1252', 'iso8859-15', None)
    """
    try:
        found = codecs.lookup(name.strip()).name
        if found in _NO_CHARSETS or b"    ".decode(found, "replace").strip(_WIDE_SPACES):
            return None
    except (LookupError, ValueError):  # not known, or no encoding of text
        return None
    # As browsers do (WHATWG, "Encoding"): who says Latin-1 or ASCII means what Windows makes of it.
    return "cp1252" if found in ("iso8859-1", "ascii") else found
