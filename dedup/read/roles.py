"""Which field of a record plays which role: as the user says, else the usual name, else the likeliest of those there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from dedup.read.options import ReadOptions


class Roles(NamedTuple):
    """The names of the fields that hold what a story has."""

    id: str
    text: str
    title: str
    source: str
    url: str
    date: str


# The first of each is the usual name; the others are what news APIs, crawlers and archives call it, likeliest first.
_CANDIDATES: Final = Roles(
    id="id guid uuid uid doc_id article_id story_id _id key",
    text="text body content article body_text article_body article_text full_text main_text maintext story plain_text "
    "clean_text content_text raw_text document",
    title="title headline head heading web_title title_text",
    source="source outlet publisher publication source_name site_name provider domain newspaper media agency",
    url="url link uri web_url permalink source_url canonical_url href address",
    date="published date published_at publish_date publication_date pub_date date_published date_publish published_date "
    "web_publication_date version_created created_at datetime timestamp created time",
)
_CHOICES: Final = tuple(tuple(names.split()) for names in _CANDIDATES)
_USUAL: Final = Roles(*(names[0] for names in _CHOICES))
_EXACT: Final = frozenset(name for names in _CHOICES for name in names)


def asked_roles(options: ReadOptions) -> Roles:
    """The fields that the options name, and the usual ones for the rest."""
    asked = _asked(options)
    return Roles(*(usual if name is None else name for name, usual in zip(asked, _USUAL, strict=True)))


def guessed_roles(options: ReadOptions, names: Iterable[str]) -> Roles:
    """The fields that the options name, and for the rest the likeliest of ``names``, those that a record has.

    Upper and lower case, ``_``, ``-`` and spaces make no difference; the usual name stands for what is not there.

    >>> guessed_roles(ReadOptions(title_field="slug"), ["ID", "Article Text", "datePublished", "slug"])
    Roles(id='ID', text='Article Text', title='slug', source='source', url='url', date='datePublished')
    """
    present: dict[str, str] = {}
    for name in names:
        if name in _EXACT:
            present[_plain(name)] = name
        present.setdefault(_plain(name), name)
    return Roles(
        *(
            next((present[choice] for choice in map(_plain, choices) if choice in present), choices[0])
            if name is None
            else name
            for name, choices in zip(_asked(options), _CHOICES, strict=True)
        )
    )


def told(roles: Roles, options: ReadOptions) -> str:
    """What was guessed, for a note; "" if nothing was but the usual names."""
    guessed = [
        f"{role} from {name!r}"
        for role, name, asked, usual in zip(Roles._fields, roles, _asked(options), _USUAL, strict=True)
        if asked is None and name != usual
    ]
    return f"takes {', '.join(guessed)}; say otherwise with --text-field and the like" if guessed else ""


def _asked(options: ReadOptions) -> tuple[str | None, ...]:
    return (
        options.id_field,
        options.text_field,
        options.title_field,
        options.source_field,
        options.url_field,
        options.date_field,
    )


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()
