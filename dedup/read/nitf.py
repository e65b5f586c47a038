"""NITF, the IPTC's format of a single text (https://iptc.org/standards/nitf/): from its elements to a story."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from dedup.read.dates import parse_date
from dedup.read.prose import line_of, prose
from dedup.read.xmlitems import local
from dedup.story import Story

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Note = Callable[[str], None]

_CONTENT: Final = "body.content"
_SHOWN: Final = 200


def nitf_story(root: Element, note: Note) -> Story | None:
    """The story of an item; None, and a note, if it has no text. Its id is "" if it has none."""
    parts = first_of_each(each for each in root.iter() if local(each.tag) not in ("p", "media"))
    text = nitf_text(parts)
    if not text:
        note("a NITF item without text; passed over")
        return None
    published = _published(parts, note)
    release = parse_date(_attribute(parts, "date.release", "norm"))
    said = [
        _of(parts, "du-key", "generation", "it is update {} of {!r}", "key"),
        _of(parts, "ed-msg", "info", "a message to editors: {!r}"),
    ]
    if release and published and release > published:
        said.insert(0, f"embargoed until {release.isoformat()}")
    if any(said):
        note("; ".join(filter(None, said)))
    return Story(
        id=_attribute(parts, "doc-id", "id-string"),
        text=text,
        title=nitf_title(parts) or line_of(parts.get("title")),
        source=line_of(parts.get("distributor")) or _named(parts),
        published=published,
    )


def first_of_each(elements: Iterable[Element]) -> dict[str, Element]:
    """The first element of each local name."""
    found: dict[str, Element] = {}
    for each in elements:
        found.setdefault(local(each.tag), each)
    return found


def nitf_text(parts: dict[str, Element]) -> str:
    """What an editor calls the text: cross-heads are of it, the headline's second deck and the abstract are not."""
    content = parts.get(_CONTENT, parts.get("body"))
    return prose(content) if content is not None else ""


def nitf_title(parts: dict[str, Element]) -> str | None:
    """The headline."""
    return line_of(parts.get("hl1")) or line_of(parts.get("hedline"))


def date_of(values: Iterable[str], note: Note) -> datetime | None:
    """The first date among the values that is one; if there is none, the first that is not empty is told."""
    given = [value for value in values if value]
    for value in given:
        date = parse_date(value)
        if date is not None:
            return date
    if given:
        note(f"date not understood: {given[0][:_SHOWN]!r}; the story is read without one")
    return None


def _published(parts: dict[str, Element], note: Note) -> datetime | None:
    # The issue of this version comes first: the date of the story stays the same through all its updates.
    names = ("date.issue", "story.date", "pubdata", "date.release")
    norms = [_attribute(parts, name, "date.publication" if name == "pubdata" else "norm") for name in names]
    texts = [line_of(parts.get(name)) or "" for name in ("story.date",)]
    return date_of([*norms, *texts], note)


def _named(parts: dict[str, Element]) -> str | None:
    return _attribute(parts, "doc.copyright", "holder") or _attribute(parts, "pubdata", "name") or None


def _attribute(parts: dict[str, Element], name: str, attribute: str) -> str:
    found = parts.get(name)
    return found.get(attribute, "") if found is not None else ""


def _of(parts: dict[str, Element], name: str, attribute: str, said: str, *others: str) -> str:
    """What is to be said of an element, if it has the attribute."""
    values = [_attribute(parts, name, each)[:_SHOWN] for each in (attribute, *others)]
    return said.format(*values) if values[0] else ""
