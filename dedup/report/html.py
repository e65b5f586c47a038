"""A scan as one HTML file that needs nothing else: overview, list of pairs, texts side by side, and a review.

Stories are hostile: what Jinja2 prints is escaped, what JavaScript shows becomes text nodes, and the page's policy allows
its own script and style, known by their hashes, and no other. Pairs and texts are packed, so that none of their characters
can be markup.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from dedup import __version__
from dedup.errors import UsageError
from dedup.files import printable
from dedup.relate import RELATIONS
from dedup.report.outlets import matrix, timelines
from dedup.report.plots import GLYPHS, cluster_bars, relation_bars, scatter
from dedup.report.reportdata import PageData

if TYPE_CHECKING:
    import jinja2

_SCRIPTS: Final = ("base.js", "data.js", "select.js", "list.js", "words.js", "pair.js", "review.js", "start.js")
_BLOCK: Final = 1_000_000  # characters of texts that a browser unpacks at a time
_LEVEL: Final = 4  # of zlib: a third of the time of its default, for files 5 % larger
_SPACE: Final = re.compile(r"[ \t\r\n]+")
_VIEWS: Final = (
    ("clusters", "Clusters"),
    ("removals", "Removed stories"),
    ("overlaps", "Overlaps between kept"),
    ("all", "All pairs"),
)
_KEYS: Final = (
    ("/", "search"),
    ("↑ ↓", "in the list: the row above or below"),
    ("Enter", "in the list: open the pair"),
    ("n p", "next or previous passage"),
    ("j k", "next or previous pair of the list"),
    ("r w", "mark the decision right or wrong"),
    ("u", "take the mark back"),
    ("Esc", "back to the list"),
    ("?", "this help"),
)


def page_writer() -> Callable[[PageData, BinaryIO], None]:
    """What writes a page. UsageError without Jinja2."""
    try:
        environment = _environment()
    except ImportError:
        raise UsageError("HTML reports need Jinja2: pip install 'wire-dedup[report]'") from None

    def write(data: PageData, out: BinaryIO) -> None:
        for part in environment.get_template("page.html.j2").generate(_content(data, environment)):
            out.write(part.encode("utf-8", "backslashreplace"))

    return write


def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("dedup.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def _finalized(value: object) -> object:
    """What a template prints: strings of stories on one line, without anything that could turn or hide what follows."""
    return printable(_SPACE.sub(" ", value)) if type(value) is str else value


def _content(data: PageData, environment: jinja2.Environment) -> dict[str, object]:
    style, script = (_source(environment, names) for names in (("page.css",), _SCRIPTS))
    return {
        "version": __version__,
        "data": data,
        "relations": relation_bars(data) if data.pairs else [],
        "clusters": cluster_bars(data),
        "plot": scatter(data) if data.pairs else None,
        "matrix": matrix(data),
        "timelines": timelines(data),
        "glyphs": GLYPHS,
        "views": _VIEWS,
        "keys": _KEYS,
        "cut": any(one.gaps for one in data.excerpts),
        "style": style,
        "style_hash": _hash(style),
        "script": script,
        "script_hash": _hash(script),
        "blocks": _blocks(data),
    }


def _source(environment: jinja2.Environment, names: tuple[str, ...]) -> str:
    assert environment.loader is not None
    return _markup("\n".join(environment.loader.get_source(environment, name)[0] for name in names))


def _hash(source: str) -> str:
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _digest(value: object) -> str:
    """16 hex digits that name a page, so that a browser keeps the marks of each apart."""
    return hashlib.sha256(json.dumps(value).encode("ascii")).hexdigest()[:16]


def _blocks(data: PageData) -> Iterator[tuple[str, str]]:
    """The packed data by element: texts and passages only when they are asked for, so the columns know what is where."""
    texts, firsts = [], []
    for first, block in _text_blocks(data):
        firsts.append(first)
        texts.append((f"texts-{first}", _packed(block)))
    numbers, ends = data.passages()
    stories, pairs = data.story_columns(), data.pair_columns()
    columns = {
        "digest": _digest([stories["id"], *pairs.values()]),
        "relations": list(RELATIONS),
        "glyphs": GLYPHS,
        "settings": {
            name: getattr(data.settings, name) for name in ("threshold", "containment", "passage_words", "template_jaccard")
        },
        "outlets": data.outlets,
        "stories": stories,
        "pairs": pairs,
        "texts": firsts,
    }
    yield "columns", _packed(columns)
    yield "passages", _packed({"numbers": numbers, "ends": ends})
    yield from texts


def _text_blocks(data: PageData) -> Iterator[tuple[int, list[object]]]:
    """Texts with their gaps, some ``_BLOCK`` characters at a time, and the number of the first story of each block."""
    block: list[object] = []
    first = size = 0
    for number, (text, gaps) in enumerate(data.texts()):
        block.append([text, gaps] if gaps else text)
        size += len(text)
        if size >= _BLOCK:
            yield first, block
            first, size, block = number + 1, 0, []
    if block:
        yield first, block


def _packed(value: object) -> str:
    # Not msgspec: lone surrogates, which ids and titles may have, must come through.
    packed = zlib.compress(json.dumps(value, separators=(",", ":")).encode("ascii"), _LEVEL)
    return _markup(base64.b64encode(packed).decode())


def _markup(text: str) -> str:
    """Text that is ours, to be printed as it is."""
    from markupsafe import Markup

    return Markup(text)
