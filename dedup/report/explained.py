"""What a terminal shows of one pair: the verdict and why, the scores, and the passages side by side in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dedup.explain import Explanation
from dedup.files import printable
from dedup.report.records import pair_lines

_SHOWN: Final = 120  # words of a passage
_EDGES: Final = "\"'()[]{}«»“”‘’„‚.,;:!?…-–—"  # what stands around a word and does not make it another
_CHANGED: Final = "bold"


class Run(NamedTuple):
    """Words of a passage that stand in one story only, or in both."""

    words: Sequence[str]
    changed: bool


def explanation_table(explanation: Explanation, text_a: str, text_b: str) -> Group:
    """Verdict, scores, and the shared passages side by side, words that only one story has in brackets."""
    pair = explanation.overlap
    verdict = f"{printable(pair.a)} {pair.relation or 'is unrelated to'} {printable(pair.b)}"
    scores = Table(box=None, pad_edge=False, show_header=False)
    scores.add_column()
    scores.add_column(justify="right")
    scores.add_row("Jaccard similarity", f"{pair.jaccard:.3f}")
    scores.add_row("of the first in the second", f"{pair.containment_a:.1%}")
    scores.add_row("of the second in the first", f"{pair.containment_b:.1%}")
    scores.add_row("words of the first in passages", f"{pair.shared_words:,}")
    scores.add_row("longest passage, words", f"{pair.longest_passage:,}")
    parts: list[RenderableType] = [Text(verdict, style="bold"), Text(explanation.reason), "", scores]
    changed = False
    for number, passage in enumerate(pair.passages, 1):
        sides = aligned(text_a[slice(*passage.a)], text_b[slice(*passage.b)])
        changed = changed or any(run.changed for side in sides for run in side)
        spans = f"first {passage.a[0]:,}–{passage.a[1]:,}", f"second {passage.b[0]:,}–{passage.b[1]:,}"
        parts += [Text(f"\npassage {number}, {passage.words:,} words", style="bold"), _side_by_side(spans, sides)]
    if changed:
        parts.append(Text("\n[ ] words that the other story does not have there"))
    return Group(*parts)


def explanation_json(explanation: Explanation) -> bytes:
    """The pair record and the reason for its relation, as one line of JSON."""
    (record,) = pair_lines([explanation.overlap])
    reason = msgspec.json.encode(explanation.reason)
    return record.rstrip()[:-1] + b',"reason":' + reason + b"}\n"


def aligned(a: str, b: str) -> tuple[list[Run], list[Run]]:
    """Two passages as runs of words that are the same in both, but for case and punctuation, or in one only.

    >>> [run.words for run in aligned("A new era.", "A wholly new era")[1] if run.changed]
    [['wholly']]
    """
    words_a, words_b = a.split(), b.split()
    matcher = SequenceMatcher(None, list(map(_plain, words_a)), list(map(_plain, words_b)), autojunk=False)
    first: list[Run] = []
    second: list[Run] = []
    for kind, start_a, end_a, start_b, end_b in matcher.get_opcodes():
        changed = kind != "equal"
        if end_a > start_a:
            first.append(Run(words_a[start_a:end_a], changed))
        if end_b > start_b:
            second.append(Run(words_b[start_b:end_b], changed))
    return first, second


def _plain(word: str) -> str:
    return word.strip(_EDGES).casefold()


def _side_by_side(names: tuple[str, str], sides: tuple[list[Run], list[Run]]) -> Table:
    table = Table(box=None, pad_edge=False, expand=True, header_style="")
    for name in names:
        table.add_column(name, ratio=1, overflow="fold")
    table.add_row(*(Text(" ").join(_shown(side)) for side in sides))
    return table


def _shown(side: list[Run]) -> Iterator[Text]:
    left = _SHOWN
    for run in side:
        words = run.words[:left]
        left -= len(words)
        if words:
            said = printable(" ".join(words))
            yield Text(f"[{said}]", style=_CHANGED) if run.changed else Text(said)
    if sum(len(run.words) for run in side) > _SHOWN:
        yield Text("…")
