"""RSS and Atom: every entry of a feed is a story, as far as the feed gives its text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dedup.read.nitf import Note, date_of
from dedup.read.plain import text_of_html
from dedup.read.prose import line_of, prose
from dedup.read.xmlitems import local
from dedup.story import Story

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

FEEDS: Final = {"rss": "item", "RDF": "item", "feed": "entry"}
"""What the entries of a feed are called, by the local name of its root."""

# The full text before the teaser, the date of this version before that of the first.
_TEXTS: Final = ("content:encoded", "content", "description", "summary")
_DATES: Final = ("updated", "atom:updated", "pubDate", "published", "dc:date", "issued")


def entry_story(entry: Element, note: Note) -> Story | None:
    """The story of an entry; None, and a note, if it has no text. Its id is "" if it has none."""
    own = entry.tag.removesuffix(local(entry.tag))
    parts: dict[str, Element] = {}
    for each in entry:
        # Prefixes other than the feed's own count: media:title is a picture's.
        parts.setdefault(each.tag.removeprefix(own), each)
    text = next(filter(None, (_text(parts[name]) for name in _TEXTS if name in parts)), "")
    if not text:
        note("an entry without text; passed over")
        return None
    url = line_of(parts.get("link")) or _link(entry, f"{own}link")
    return Story(
        id=line_of(parts.get("guid")) or line_of(parts.get("id")) or url or "",
        text=text,
        title=_title(parts.get("title")),
        url=url,
        published=date_of([line_of(parts.get(name)) or "" for name in _DATES], note),
    )


def _text(element: Element) -> str:
    """Marked up in the document's own elements, or as HTML in its characters."""
    return prose(element) if len(element) else text_of_html(element.text or "")


def _title(title: Element | None) -> str | None:
    # May be HTML too; as one line.
    return None if title is None else " ".join(_text(title).split()) or None


def _link(entry: Element, name: str) -> str | None:
    links = [each for each in entry if each.tag == name and each.get("rel", "alternate") == "alternate"]
    return next((each.get("href") for each in links), None)
