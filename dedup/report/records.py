"""Pair and decision records as files: JSON lines, CSV, Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from dedup.errors import UsageError
from dedup.files import csv_safe
from dedup.story import Decision, Overlap

if TYPE_CHECKING:
    from dedup.evaluate import Evaluation

_AT_ONCE: Final = 1024
_json = msgspec.json.Encoder()


def write_pairs(pairs: Iterable[Overlap], out: BinaryIO) -> None:
    """All pairs as JSON lines."""
    _write_lines(pairs, out)


def decision_format(path: str) -> Callable[[Iterable[Decision], BinaryIO], None]:
    """The writer for a file's suffix: .jsonl (or .ndjson), .csv, .parquet. UsageError for another suffix."""
    suffix = PurePath(path).suffix.lower()
    if suffix not in _FORMATS:
        raise UsageError(f"{path!r}: decisions are written as .jsonl, .csv or .parquet; choose one of these suffixes")
    return _FORMATS[suffix]


def write_decisions(decisions: Iterable[Decision], out: BinaryIO) -> None:
    """All decisions as JSON lines."""
    _write_lines(decisions, out)


def _write_lines(records: Iterable[Overlap | Decision], out: BinaryIO) -> None:
    left = iter(records)
    while block := list(islice(left, _AT_ONCE)):
        out.write(_json.encode_lines(block))


def evaluation_json(evaluation: Evaluation) -> bytes:
    """All of an evaluation as one JSON object, indented, newline included."""
    return msgspec.json.format(_json.encode(evaluation)) + b"\n"


def _write_csv(decisions: Iterable[Decision], out: BinaryIO) -> None:
    """Numbers stay numbers; text that a spreadsheet would run as a formula is defused."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(Decision.__struct_fields__)
    for decision in decisions:
        cells = (getattr(decision, field) for field in Decision.__struct_fields__)
        rows.writerow([_cell(cell) for cell in cells])
    text.detach()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return csv_safe(value) if isinstance(value, str) else value


def _write_parquet(decisions: Iterable[Decision], out: BinaryIO) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise UsageError("Parquet files need pyarrow: pip install 'wire-dedup[arrow]'") from None
    text = pa.string()
    schema = pa.schema(
        {
            "id": text,
            "keep": pa.bool_(),
            "duplicate_of": text,
            "relation": text,
            "jaccard": pa.float64(),
            "cluster": text,
            "path": text,
        }
    )
    rows = [msgspec.to_builtins(decision) for decision in decisions]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), out)


_FORMATS = {".jsonl": write_decisions, ".ndjson": write_decisions, ".csv": _write_csv, ".parquet": _write_parquet}
