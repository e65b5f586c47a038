"""What a terminal shows of a scan: fits 80 columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dedup.files import printable
from dedup.result import ScanResult
from dedup.story import Overlap, Problem, Relation

_REASONS: Final = 5


def scan_table(result: ScanResult, top: int) -> Group:
    """Counts, then the ``top`` largest clusters and the ``top`` longest overlaps between kept stories."""
    parts: list[RenderableType] = [_counts(result)]
    if result.kept < len(result.stories):
        parts += ["", _clusters(result, top), *_more(result.cluster_count, top, "clusters")]
    overlaps, count = result.longest_overlaps(top)
    if overlaps:
        parts += ["", _overlaps(overlaps), *_more(count, top, "overlaps")]
    return Group(*parts)


def _counts(result: ScanResult) -> Text:
    stories, kept = len(result.stories), result.kept
    line = f"{stories:,} {'story' if stories == 1 else 'stories'}: {kept:,} kept, {stories - kept:,} dropped"
    counts = result.relation_counts()
    if counts:
        line += "\npairs: " + ", ".join(f"{counts[name]:,} {name}" for name in Relation if counts[name])
    if result.failed:
        line += f"\n{result.failed:,} {'file or record' if result.failed == 1 else 'files or records'} could not be read"
    return Text("\n".join([line, *_notes(result.problems)]))


def _notes(problems: Sequence[Problem]) -> Iterator[str]:
    """How often something was passed over, or not read as it was meant, by the reason."""
    reasons = Counter(printable(problem.reason) for problem in problems if not problem.failed)
    often = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    for number, (reason, count) in enumerate(often[:_REASONS]):
        yield f"{'       ' if number else 'notes: '}{count:,} × {reason}"
    if len(often) > _REASONS:
        yield f"       {sum(count for _, count in often[_REASONS:]):,} with {len(often) - _REASONS:,} other reasons"


def _more(count: int, top: int, what: str) -> Iterator[str]:
    if count > top:
        yield f"and {count - top:,} more {what}; --top {count} shows them, --pairs and --decisions write them all"


def _stories(title: str, first: str, *further: str) -> Table:
    """A table whose first column holds ids, a line each, and takes what room the others leave."""
    table = Table(box=None, pad_edge=False, title=title, title_justify="left", expand=True)
    table.add_column(first, ratio=1, overflow="fold")
    for name in further:
        table.add_column(name, no_wrap=True, justify="left" if name == "relation" else "right")
    return table


def _clusters(result: ScanResult, top: int) -> Table:
    table = _stories("Repeated stories", "kept, and below it what was dropped", "relation", "jaccard")
    for dropped in result.largest_clusters(top):
        table.add_row(_id(dropped[0].cluster), "", "")
        for decision in islice(dropped, top):
            table.add_row(_id(decision.id, "  "), decision.relation, f"{decision.jaccard:.2f}")
        if len(dropped) > top:
            table.add_row(f"  and {len(dropped) - top:,} more", "", "")
    return table


def _overlaps(pairs: list[Overlap]) -> Table:
    table = _stories("Overlaps between kept stories", "story, and below it the other", "relation", "words")
    for pair in pairs:
        table.add_row(_id(pair.a), pair.relation, f"{pair.shared_words:,}")
        table.add_row(_id(pair.b, "  "), "", "")
    return table


def _id(name: str, indent: str = "") -> Text:
    return Text(indent + printable(name))
