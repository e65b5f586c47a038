"""An explained pair as one page that needs nothing else: no script, no network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from dedup.errors import UsageError
from dedup.explain import Explanation, Side
from dedup.files import printable
from dedup.report.explained import VERDICTS, met_text, needed_text, notes_of, phrases, value_text
from dedup.report.marked import marked, one_marked

_FACTS: Final = 300
_TEMPLATES: Final = Path(__file__).with_name("templates")


def explanation_html(explanation: Explanation) -> bytes:
    """The page: both stories side by side, what they share numbered, what differs in it marked, figures and names that only
    one has, and the scores. UsageError if jinja2 is not there."""
    try:
        import jinja2
    except ImportError:
        raise UsageError("HTML pages need jinja2: pip install 'wire-dedup[report]'") from None
    loader = jinja2.FileSystemLoader(_TEMPLATES)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = (_TEMPLATES / "explanation.css").read_text(encoding="utf-8")
    page = environment.get_template("explanation.html.j2").render(
        _shown(explanation) | {"style": style, "hash": _hash(style)}
    )
    return page.encode("utf-8", "backslashreplace")


def _hash(style: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _shown(explanation: Explanation) -> dict[str, Any]:
    pair, (a, b) = explanation.overlap, (explanation.a, explanation.b)
    if a.text_kept and b.text_kept:
        sections = marked((a.story.text, b.story.text), pair.passages)
    else:
        sections = (
            one_marked(a.story.text, [passage.a for passage in pair.passages]) if a.text_kept else [],
            one_marked(b.story.text, [passage.b for passage in pair.passages]) if b.text_kept else [],
        )
    return {
        "verdict": VERDICTS[pair.relation],
        "notes": [printable(note) for note in notes_of(explanation)],
        "scores": [(score.label, value_text(score), needed_text(score), met_text(score)) for score in explanation.scores],
        "facts": list(_facts(explanation)),
        "passages": len(pair.passages),
        "linked": a.text_kept and b.text_kept,
        "sides": [
            {"key": key, "name": name, "side": side, "sections": found, **_named(side)}
            for key, name, side, found in zip("ab", ("first", "second"), (a, b), sections, strict=True)
        ],
    }


def _named(side: Side) -> dict[str, Any]:
    story = side.story
    date = story.published and story.published.isoformat(timespec="minutes")
    return {
        "id": printable(story.id),
        "title": printable(story.title or ""),
        "about": [printable(text) for text in (story.source, date) if text],
        "url": printable(story.url) if story.url and _is_web(story.url) else "",
    }


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https") and printable(url) == url
    except ValueError:
        return False


def _facts(explanation: Explanation) -> Iterator[tuple[str, list[str], list[str]]]:
    """For figures and for names what only the first and only the second story has."""
    a, b = explanation.a, explanation.b
    for kind in ("figures", "names"):
        first, second = (phrases(side.story.text, getattr(side.facts, kind)) for side in (a, b))
        yield kind, _some(first), _some(second)


def _some(values: list[str]) -> list[str]:
    more = [f"and {len(values) - _FACTS:,} more"] if len(values) > _FACTS else []
    return [*map(printable, values[:_FACTS]), *more]
