"""The items of an XML document, one after the other as small trees: nothing is fetched, expanded or held beyond limits.

Elements bear the names they have in the document, prefix and all. A parser that puts the namespace in front of every name
lets a megabyte of namespace become a terabyte of names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.entities import html5
from typing import TYPE_CHECKING, Final

from dedup.read.fields import Unreadable
from dedup.read.options import MIB, ReadOptions

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element, TreeBuilder
    from xml.parsers.expat import XMLParserType

# A news item has hundreds, the longest messages and feeds some thousands; these take half a second.
MOST_ELEMENTS: Final = 100_000

ENTITIES: Final = "XML that declares entities, which are not expanded; write out what they stand for"
DECLARATIONS: Final = "XML that declares its own attributes, which is not read; take the declarations out of its DOCTYPE"

_ATTRIBUTE: Final = re.compile(r"""=\s*["']""")
_FORBIDDEN: Final = [chr(code) for code in (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF)]
# Expat looks at an unfinished token again with every piece, so that small pieces cost the square of its length.
_PIECE: Final = MIB


class Items:
    """Finds the outermost elements that are items in documents with a root of some name.

    ``names`` says for the local name of a root which elements those are; the root may be one itself. ``root`` is the name
    that was found, "" before that.
    """

    def __init__(self, names: Callable[[str], frozenset[str]], options: ReadOptions) -> None:
        self._names = names
        self._deepest = options.max_depth
        self.root = ""

    def of(self, text: str) -> Iterator[Element]:
        """The items, each as soon as its end is found; what comes before a fault in the document is given.

        :raises Unreadable: behind the last whole item, if the document is not well-formed or over a limit.
        """
        # Entities aside, an attribute costs the most memory by the character, and has to be there before it is counted.
        if sum(1 for _ in _ATTRIBUTE.finditer(text)) > MOST_ELEMENTS:
            raise Unreadable(f"XML of over {MOST_ELEMENTS:,} attributes; leave it out, or split it")
        done: list[Element] = []
        parser = _Building(self, self._names, self._deepest, done).parser
        length = len(text)
        if not length:
            raise Unreadable("not well-formed XML: an empty document; mend it or fetch it again")
        for start in range(0, length, _PIECE):
            last = start + _PIECE >= length
            fault = _parsed(parser, text[start : start + _PIECE], last=last)
            if last:
                text = ""  # a document of one long text would be in memory twice
            yield from done
            done.clear()
            if fault:
                raise Unreadable(fault)


def without_forbidden(text: str) -> tuple[str, int]:
    r"""The text with the characters that no XML may hold read as U+FFFD, and how many there were.

    >>> without_forbidden("<p>a\x00b</p>")
    ('<p>a\ufffdb</p>', 1)
    """
    count = 0
    for char in _FORBIDDEN:
        if char in text:
            count += text.count(char)
            text = text.replace(char, "\ufffd")
    return text, count


def local(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


def _parsed(parser: XMLParserType, piece: str, *, last: bool) -> str:
    """Why the document cannot be read on, "" if it can."""
    from xml.parsers.expat import ExpatError

    try:
        parser.Parse(piece, last)
    except Unreadable as reason:
        return str(reason)
    except (ExpatError, ValueError) as error:
        return f"not well-formed XML: {error}; mend it or fetch it again"
    return ""


class _Building:
    """What is built while a document is parsed; only items are, what is around them is passed by."""

    def __init__(self, items: Items, names: Callable[[str], frozenset[str]], deepest: int, done: list[Element]) -> None:
        from xml.etree.ElementTree import TreeBuilder
        from xml.parsers.expat import ParserCreate

        self._new_tree = TreeBuilder
        self._tree: TreeBuilder | None = None
        self._items = items
        self._names = names
        self._wanted: frozenset[str] = frozenset()
        self._deepest = deepest
        self._done = done
        self._depth = self._item_depth = self._count = 0
        self.parser = ParserCreate()
        self.parser.buffer_text = True
        self.parser.buffer_size = 64 << 10
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = _refuse_entity
        self.parser.AttlistDeclHandler = _refuse_attributes
        self.parser.SkippedEntityHandler = self._skipped

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > self._deepest:
            raise Unreadable(f"XML nested more than {self._deepest} deep; flatten the document")
        if self._count > MOST_ELEMENTS:
            raise Unreadable(f"XML of over {MOST_ELEMENTS:,} elements; leave it out, or split it")
        if self._depth == 1:
            self._items.root = local(name)
            self._wanted = self._names(self._items.root)
        if self._tree is None:
            if local(name) not in self._wanted:
                return
            self._tree = self._new_tree()
            self._item_depth = self._depth
            self.parser.CharacterDataHandler = self._tree.data
        self._tree.start(name, attributes)

    def _end(self, name: str) -> None:
        if self._tree is not None:
            self._tree.end(name)
            if self._depth == self._item_depth:
                self.parser.CharacterDataHandler = None
                self._done.append(self._tree.close())
                self._tree = None
        self._depth -= 1

    def _skipped(self, name: str, is_parameter: bool) -> None:
        """An entity that the DTD may declare, which is not read: one of HTML's is most likely the same there."""
        if self._tree is not None and not is_parameter:
            self._tree.data(html5.get(f"{name};", f"&{name};"))


def _refuse_entity(*declaration: object) -> None:
    raise Unreadable(ENTITIES)


def _refuse_attributes(*declaration: object) -> None:
    # A default is put into every such element, so that some thousand declarations multiply a document.
    raise Unreadable(DECLARATIONS)
