"""Columns of a table in Apache Arrow's formats: Parquet, and Arrow IPC files and streams. Rows are stories."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, Final

import msgspec

from dedup.read.fields import Nested, Value
from dedup.read.options import ReadOptions, size
from dedup.read.record import no_text, story_of
from dedup.read.roles import Roles, guessed_roles, told
from dedup.read.seeking import seekable
from dedup.read.source import Report, Source
from dedup.read.stream import Damage
from dedup.story import Problem, Story

NO_EXTRA: Final = "a table of columns, which needs pyarrow to be read; install it with pip install 'wire-dedup[arrow]'"
_ROWS: Final = 256  # at a time: a text may have megabytes
# pyarrow's own errors are kinds of these.
_TROUBLE: Final = (OSError, ValueError, KeyError, OverflowError, MemoryError, RuntimeError, TypeError)
_IPC_FILE: Final = b"ARROW1"


class _Unfit(Exception):
    """Why a file is not read on; the message is fit for a person."""


def read_parquet(source: Source, options: ReadOptions, report: Report) -> Iterator[Story]:
    """The rows of a Parquet file, of which only the columns that matter are read."""
    return _Columns(source, options, report).stories(_parquet)


def read_ipc(source: Source, options: ReadOptions, report: Report) -> Iterator[Story]:
    """The rows of an Arrow IPC file or stream (Feather, version 2)."""
    return _Columns(source, options, report).stories(_ipc)


class _Columns:
    """One file."""

    def __init__(self, source: Source, options: ReadOptions, report: Report) -> None:
        self._source = replace(source, origin=msgspec.structs.replace(source.origin, parts=True))
        self._options, self._report = options, report
        self._number = 0

    def stories(self, opened: Any) -> Iterator[Story]:
        """The stories of all rows, ``opened`` being what knows the format."""
        try:
            with seekable(self._source) as file, _said():
                names, batches = opened(file, self._options)
                roles = guessed_roles(self._options, names)
                if roles.text not in names:
                    raise _Unfit(str(no_text(roles, msgspec.UNSET, names)))
                if guess := told(roles, self._options):
                    self._note(guess, failed=False)
                for batch in batches([name for name in dict.fromkeys(roles) if name in names]):
                    yield from self._batch(batch, roles)
        except (_Unfit, Damage) as reason:
            behind = f" (met behind row {self._number:,})" if self._number else ""
            self._note(f"{reason}{behind}", failed=True)

    def _batch(self, batch: Any, roles: Roles) -> Iterator[Story]:
        columns = [_cells(batch, name) for name in roles]
        for values in zip(*columns, strict=True):
            self._number += 1
            number, text = self._number, values[1]
            if isinstance(text, str) and len(text.encode("utf-8", "replace")) > self._options.max_story_bytes:
                limit = size(self._options.max_story_bytes)
                self._note(f"a text of over {limit}; to read it, raise --max-story-bytes", row=number, failed=True)
                continue
            story = story_of(values, self._source, number, note=partial(self._note, row=number, failed=False))
            if story is None:
                self._note(str(no_text(roles, text, [])), row=number, failed=True)
            else:
                yield story

    def _note(self, reason: str, *, failed: bool, row: int = 0) -> None:
        where = f"{self._source.where}:{row}" if row else self._source.where
        self._report(Problem(where=where, reason=reason, failed=failed))


@contextmanager
def _said() -> Iterator[None]:
    """Whatever pyarrow makes of a bad file becomes one sentence."""
    try:
        yield
    except ImportError:
        raise _Unfit(NO_EXTRA) from None
    except _TROUBLE as error:
        first = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise _Unfit(f"cannot be read as such a table: {first}; fetch or write it again") from error


def _parquet(file: BinaryIO, options: ReadOptions) -> tuple[list[str], Any]:
    import pyarrow.parquet as pq

    table = pq.ParquetFile(file)
    groups = [table.metadata.row_group(number) for number in range(table.metadata.num_row_groups)]
    length = file.seek(0, 2)
    if sum(group.total_byte_size for group in groups) > max(options.expansion_floor, options.max_expansion * length):
        raise _Unfit(
            f"expands to more than {options.max_expansion} times its size; if that is meant, allow it with --max-expansion"
        )

    def batches(names: list[str]) -> Any:
        return table.iter_batches(batch_size=_ROWS, columns=names)

    return _names(table.schema_arrow), batches


def _ipc(file: BinaryIO, options: ReadOptions) -> tuple[list[str], Any]:
    import pyarrow as pa

    begin = file.read(len(_IPC_FILE))
    file.seek(0)
    if begin == _IPC_FILE:
        table = pa.ipc.open_file(file)
        whole = (table.get_batch(number) for number in range(table.num_record_batches))
    else:
        table = whole = pa.ipc.open_stream(file)

    def batches(names: list[str]) -> Iterator[Any]:
        for batch in whole:
            for start in range(0, batch.num_rows, _ROWS):
                yield batch.slice(start, _ROWS)

    return _names(table.schema), batches


def _names(schema: Any) -> list[str]:
    """The names of columns, and dotted ones of what is nested in them."""
    import pyarrow as pa

    names = []
    pending = [(field, field.name) for field in reversed(list(schema))]
    while pending:
        field, name = pending.pop()
        names.append(name)
        if pa.types.is_struct(field.type):
            inner = [field.type.field(place) for place in range(field.type.num_fields)]
            pending.extend((each, f"{name}.{each.name}") for each in reversed(inner))
    return names


def _cells(batch: Any, name: str) -> list[Value]:
    """The values of a column, of which one that is not there has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if name in batch.schema.names:
        column = batch.column(batch.schema.names.index(name))
    else:
        first, *rest = name.split(".")
        if first not in batch.schema.names or not rest:
            return [msgspec.UNSET] * batch.num_rows
        column = pc.struct_field(batch.column(batch.schema.names.index(first)), rest)
    if pa.types.is_temporal(column.type) or pa.types.is_decimal(column.type):
        column = column.cast(pa.string())  # Python has no years beyond 9999
    elif pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return [None if value is None else value.decode("utf-8", "replace") for value in column.to_pylist()]
    return [_plain(value) for value in column.to_pylist()]


def _plain(value: object) -> Value:
    if isinstance(value, list | dict):
        return Nested("an array" if isinstance(value, list) else "an object")
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
