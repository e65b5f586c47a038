"""HTML made harmless for the libraries that take it apart: what costs them the square of its size, or more, is left out."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from dedup.read.fields import Unreadable

# News pages have up to some 3,000; 20,000 take two or three seconds.
_MOST_ELEMENTS: Final = 20_000
# libxml2 leaves out longer ones without a word.
_LONGEST_RUN: Final = 9_000_000

# What a browser shows alike without them. News pages nest up to some 60 deep, and have up to some 30 attributes in a tag.
_DEEPEST: Final = 250
_MOST_IN_A_ROW: Final = 1_000  # tags within one paragraph: extraction takes the square of them
_MOST_ATTRIBUTES: Final = 64
_LONGEST_ATTRIBUTE: Final = 1_024
_SHORT_TAG: Final = 512  # not worth a look at its attributes
_LONGEST_NAME: Final = 64
_LONGEST_DATA: Final = 256 << 10
_LONGEST_TITLE: Final = 4_096

# Each alternative takes what it begins to the end of the page if need be, so that nothing is looked at twice.
_VALUE: Final = r"""=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))"""
_MARKUP: Final = re.compile(
    rf"""<!--(?:-?>|.*?(?:--!?>|\Z))|<[!?][^>]*+>?|<(/?)([A-Za-z][^\s/>]*+)((?:[^>=]++|{_VALUE}|=)*+)(?:>|\Z)""",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(rf"""[^\s=/>]++\s*+(?:{_VALUE}|=\s*+[^\s>]*+)?""")
_SPAN: Final = re.compile(rf"""\b(?:col|row)?span\s*+(?:{_VALUE}|=\s*+[^\s>]*+)""", re.IGNORECASE)

_UNREAD: Final = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "textarea", "iframe", "title", "noembed", "noframes")
}
_VOID: Final = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_LEFT_OPEN: Final = frozenset("p li dt dd td th tr thead tbody tfoot colgroup option optgroup rp rt html head body".split())
_BLOCKS: Final = frozenset(
    "p br hr div li ul ol dl dt dd td tr table section article blockquote pre h1 h2 h3 h4 h5 h6 header footer main".split()
)


def tamed(html: str) -> str:
    """The page without comments, declarations, scripts but for JSON-LD, and whatever there is too much of.

    Nesting, tags in a row and attributes beyond what any page needs are left out, and the text in them stays. Takes linear
    time.

    :raises Unreadable: what is left has too many elements, or text that a parser would drop for its length.

    >>> tamed('<p class=a>x<!-- y --><script>z()</script></p>')
    '<!DOCTYPE html><p class=a>x<script></script></p>'
    """
    return _Taming(html).done()


class _Taming:
    def __init__(self, html: str) -> None:
        self._html = html.replace("\0", "")
        self._elements = self._depth = self._in_a_row = 0
        self._run = self._place = 0

    def done(self) -> str:
        # With a declaration also a fragment is taken for a page.
        out = ["<!DOCTYPE html>"]
        while found := _MARKUP.search(self._html, self._place):
            out.append(self._text(found.start()))
            self._place = found.end()
            if found[2]:
                out.append(self._tag(found[1], found[2], found[3]))
        out.append(self._text(len(self._html)))
        return "".join(out)

    def _text(self, end: int) -> str:
        self._run = self._run + end - self._place
        if self._run > _LONGEST_RUN:
            raise Unreadable(f"a web page with over {_LONGEST_RUN:,} characters in a row; save its text, or leave it out")
        return self._html[self._place : end]

    def _tag(self, slash: str, name: str, attributes: str) -> str:
        kind = name.lower()
        cut_off = self._html[self._place - 1] != ">"
        if cut_off or len(name) > _LONGEST_NAME:
            return ""
        if not self._fits(kind, closing=bool(slash), empty=attributes.endswith("/")):
            return " " if kind in _BLOCKS else ""
        self._run = 0
        if slash:
            return f"</{name}>"
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            raise Unreadable(f"a web page of over {_MOST_ELEMENTS:,} elements; save its text, or leave it out")
        tag = f"<{name}{_fewer(kind, attributes)}>"
        return tag + self._unread(kind, attributes) if kind in _UNREAD else tag

    def _fits(self, kind: str, *, closing: bool, empty: bool) -> bool:
        """Whether there is room for one more; counts it."""
        if kind in _BLOCKS:
            self._in_a_row = 0
        elif not closing:
            self._in_a_row += 1
        if self._in_a_row > _MOST_IN_A_ROW:
            return False
        if kind in _VOID or kind in _LEFT_OPEN or kind in _UNREAD or empty:
            return True
        if closing:
            fits = self._depth <= _DEEPEST
            self._depth = max(0, self._depth - 1)
            return fits
        self._depth += 1
        return self._depth <= _DEEPEST

    def _unread(self, kind: str, attributes: str) -> str:
        """What of the text in an element is for programs is gone; its end tag comes with it."""
        if attributes.endswith("/"):  # as XHTML ends it at once
            return f"</{kind}>"
        start = self._place
        end = _UNREAD[kind].search(self._html, start)
        self._place = end.start() if end else len(self._html)
        length = self._place - start
        if kind == "title":
            return self._html[start : start + min(length, _LONGEST_TITLE)] + ("" if end else "</title>")
        kept = kind == "script" and "+json" in attributes.lower() and length <= _LONGEST_DATA
        return (self._html[start : self._place] if kept else "") + ("" if end else f"</{kind}>")


def _fewer(kind: str, attributes: str) -> str:
    if kind in ("td", "th", "col", "colgroup"):
        attributes = _SPAN.sub("", attributes)
    if len(attributes) <= _SHORT_TAG:
        return attributes
    first = islice(_ATTRIBUTE.finditer(attributes), _MOST_ATTRIBUTES)
    return "".join(f" {each[0]}" for each in first if len(each[0]) <= _LONGEST_ATTRIBUTE)
