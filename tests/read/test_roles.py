"""Which field plays which role: asked for, usual, or guessed."""

from __future__ import annotations

import pytest

from dedup.read import ReadOptions
from dedup.read.roles import Roles, asked_roles, guessed_roles, told

USUAL = Roles("id", "text", "title", "source", "url", "published")


def test_the_usual_names_are_taken_without_a_word() -> None:
    names = ["content", "text", "headline", "title", "guid", "id", "link", "url"]
    assert guessed_roles(ReadOptions(), names) == asked_roles(ReadOptions()) == USUAL
    assert told(USUAL, ReadOptions()) == ""


def test_what_is_asked_for_is_not_guessed() -> None:
    options = ReadOptions(text_field="", date_field="when")
    roles = guessed_roles(options, ["body", "when", "date"])
    assert (roles.text, roles.date) == ("", "when")
    assert told(roles, options) == ""


# Records as public APIs, crawlers and data sets spell them.
@pytest.mark.parametrize(
    ("names", "roles"),
    [
        (
            ["_id", "webTitle", "bodyText", "webUrl", "webPublicationDate"],
            ("_id", "bodyText", "webTitle", "source", "webUrl", "webPublicationDate"),
        ),
        (
            ["author", "title", "url", "publishedAt", "content"],
            ("id", "content", "title", "source", "url", "publishedAt"),
        ),
        (
            ["@type", "headline", "articleBody", "datePublished", "publisher"],
            ("id", "articleBody", "headline", "publisher", "url", "datePublished"),
        ),
        (
            ["maintext", "date_publish", "source_domain", "title"],
            ("id", "maintext", "title", "source", "url", "date_publish"),
        ),
    ],
)
def test_the_likeliest_names_are_guessed(names: list[str], roles: tuple[str, ...]) -> None:
    assert guessed_roles(ReadOptions(), names) == Roles(*roles)


def test_an_exact_name_wins_over_a_like_one() -> None:
    assert guessed_roles(ReadOptions(), ["ID", "id", "Text", "te-xt"]) == USUAL._replace(text="Text")
