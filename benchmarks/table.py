"""Takes measured rows, gives the one table: speed, speed against two yardsticks, and recall beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WC = "wc -w"
GAOYA = "gaoya"
TOKENISE, TOKENISE_HASH, HASH, PERMUTE, SIGNATURES = "tokenise", "tokenise + hash", "hash", "permute", "signatures -j 1"

HEADER = ("corpus", "what", "MB/s", "x gaoya", "x wc -w", "recall >= .5", "recall >= .8", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing measured: the shortest of its rounds, and the text bytes that went through."""

    name: str
    corpus: str
    digest: str
    source: str
    seconds: float
    size: int
    recall_50: float | None = None
    recall_80: float | None = None
    note: str = ""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Row:
        """From an entry of a pytest-benchmark JSON file."""
        return cls(seconds=entry["stats"]["min"], **entry["extra_info"])

    @property
    def speed(self) -> float:
        """MB/s of text, whatever else the input holds."""
        return self.size / self.seconds / 1e6


def rows_of(results: Mapping[str, Any]) -> list[Row]:
    """The rows of a pytest-benchmark JSON file."""
    return [Row.of(entry) for entry in results["benchmarks"]]


def with_hash_alone(rows: Sequence[Row]) -> list[Row]:
    """The rows, and after each *tokenise + hash* the hash alone, which is the difference from *tokenise*."""
    tokenise = {row.digest: row.seconds for row in rows if row.name == TOKENISE}
    result = []
    for row in rows:
        result.append(row)
        if row.name == TOKENISE_HASH and row.seconds > tokenise.get(row.digest, row.seconds):
            alone = row.seconds - tokenise[row.digest]
            result.append(Row(HASH, row.corpus, row.digest, row.source, alone, row.size, note="by difference"))
    return result


def markdown(measured: Sequence[Row]) -> str:
    """The table, and how far the whole is from the sum of its two unavoidable parts."""
    first_seen = {row.digest: place for place, row in reversed(list(enumerate(measured)))}
    rows = with_hash_alone(sorted(measured, key=lambda row: first_seen[row.digest]))
    lines = _aligned([HEADER, *(_cells(row, rows) for row in rows)])
    return "\n".join([*lines, *_overheads(rows)])


def _cells(row: Row, rows: Sequence[Row]) -> tuple[str, ...]:
    gaoya = [other.speed for other in rows if other.name == GAOYA and other.digest == row.digest]
    wc = [other.speed for other in rows if (other.name, other.digest, other.source) == (WC, row.digest, row.source)]
    ratios = (f"{row.speed / other[0]:.2f}" if other else "" for other in (gaoya, wc))
    recalls = ("" if recall is None else f"{recall:.4f}" for recall in (row.recall_50, row.recall_80))
    name = row.name if row.source == "texts" else f"{row.name} ({row.source})"
    return (row.corpus, name, f"{row.speed:,.1f}", *ratios, *recalls, row.note)


def _overheads(rows: Sequence[Row]) -> list[str]:
    """Text to signature as a multiple of hash + permute alone: what reading and folding add."""
    seconds = {(row.digest, row.name): row.seconds for row in rows}
    lines = []
    for digest, corpus in {row.digest: row.corpus for row in rows}.items():
        parts = [seconds.get((digest, name)) for name in (SIGNATURES, HASH, PERMUTE)]
        whole, hashing, permuting = parts
        if whole and hashing and permuting:
            lines += ["", f"{corpus}: {SIGNATURES} takes {whole / (hashing + permuting):.2f} x (hash + permute); goal 1.6"]
    return lines


def _aligned(cells: Sequence[Iterable[str]]) -> list[str]:
    """Rows as a Markdown table that reads as plain text, too."""
    table = [list(row) for row in cells]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = []
    for number, row in enumerate(table):
        padded = [
            cell.rjust(width) if 2 <= column < 7 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"| {' | '.join(padded)} |")
        if number == 0:
            rules = (f"{'-' * (width - 1)}:" if 2 <= i < 7 else "-" * width for i, width in enumerate(widths))
            lines.append(f"| {' | '.join(rules)} |")
    return lines
