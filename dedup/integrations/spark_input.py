"""What a Spark job is given as stories: columns of a DataFrame by their names, or the fields of JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import functions as F

from dedup.errors import UsageError
from dedup.integrations.spark_rows import Batches
from dedup.read import ReadOptions
from dedup.read.fields import Fields, Unreadable, own_names
from dedup.read.jsonl import Records
from dedup.read.roles import Roles, asked_roles, guessed_roles
from dedup.read.source import Source
from dedup.story import Origin

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_LINE = "id string, text string, source string, published timestamp, path string"
_TRIED = 100  # lines at the begin, of which the first with a text says what the fields are called
_NOWHERE = "\0"  # opens the id that a record without one gets


def stories_of(given: DataFrame, keep: str) -> DataFrame:
    """The columns of a DataFrame that count: id, text, path, what tells ``published``, and what the policy ``keep`` goes by.

    UsageError for a DataFrame without the columns that are needed.
    """
    wanted = {"id": "string", "text": "string", "path": "string"}
    if keep == "first":
        wanted["position"] = "bigint"
    elif keep.startswith("source:"):
        wanted["source"] = "string"
    for name in wanted:
        if name not in given.columns and name not in ("path", "source"):
            raise UsageError(f"column {name!r}: not there; the DataFrame has {', '.join(given.columns)}")
    columns = [
        (F.col(name) if name in given.columns else F.lit(None)).cast(kind).alias(name) for name, kind in wanted.items()
    ]
    return given.select(*columns, _published(given))


def _published(given: DataFrame) -> Column:
    """``published`` in microseconds, or ``stated``, to be understood as a reader understands dates."""
    kind = dict(given.dtypes).get("published", "string")
    if kind.startswith(("timestamp", "date")):
        return F.unix_micros(F.col("published").cast("timestamp")).alias("published")
    if kind not in ("string", "int", "bigint", "float", "double"):
        raise UsageError(f"column 'published' of {kind}: must hold timestamps, dates, text or numbers; convert it")
    return (F.col("published") if "published" in given.columns else F.lit(None).cast("string")).alias("stated")


def parquet_stories(spark: SparkSession, paths: Sequence[str], options: ReadOptions) -> DataFrame:
    """The rows of Parquet files or folders, their columns found as a scan finds them."""
    table = spark.read.parquet(*paths).select("*", F.col("_metadata.file_path").alias(_NOWHERE))
    names = [name for name in table.columns if name != _NOWHERE]
    roles = guessed_roles(options, names)
    chosen = {"id": roles.id, "text": roles.text, "source": roles.source, "published": roles.date}
    top = {role: name.split(".")[0] if name not in names else name for role, name in chosen.items()}
    for role in ("id", "text"):
        if top[role] not in names:
            raise UsageError(
                f"no column {chosen[role]!r}: say which holds the {role} with --{role}-field: {', '.join(names)}"
            )
    found = [
        F.col(f"`{name}`" if name in names else name).alias(role) for role, name in chosen.items() if top[role] in names
    ]
    return table.select(*found, F.col(f"`{_NOWHERE}`").alias("path"))


def json_stories(spark: SparkSession, paths: Sequence[str], options: ReadOptions) -> DataFrame:
    r"""The records of files of JSON lines, read as a scan reads them; null in ``text`` or ``id`` where there is none.

    Only ``\n`` ends a line. A record is known by its id, as lines have no numbers here.
    """
    lines = spark.read.text(list(paths), lineSep="\n").select("value", F.col("_metadata.file_path").alias("path"))
    first = [row["value"].encode() for row in lines.select("value").limit(_TRIED).collect()]
    return lines.mapInArrow(_Lines(_roles(first, options), options), _LINE)


def _roles(lines: Sequence[bytes], options: ReadOptions) -> Roles:
    for line in lines:
        roles = guessed_roles(options, own_names(line))
        try:
            if isinstance(Fields(roles, options.max_story_bytes).values(line)[1], str):
                return roles
        except (ValueError, Unreadable):
            continue
    return asked_roles(options)


class _Lines:
    """Turns JSON lines into stories."""

    def __init__(self, roles: Roles, options: ReadOptions) -> None:
        self._options = ReadOptions(
            id_field=roles.id,
            text_field=roles.text,
            title_field=roles.title,
            source_field=roles.source,
            url_field=roles.url,
            date_field=roles.date,
            max_story_bytes=options.max_story_bytes,
        )

    def __call__(self, batches: Batches) -> Iterator[Any]:
        """From value and path to ``_LINE``; blank lines are passed over."""
        records = Records(Source(Origin("", _NOWHERE), iter(())), self._options, lambda problem: None)
        kinds = (pa.string(), pa.string(), pa.string(), pa.timestamp("us", "UTC"), pa.string())
        for batch in batches:
            rows = [
                self._story(records, line, path)
                for line, path in zip(batch.column("value").to_pylist(), batch.column("path").to_pylist(), strict=True)
                if line and not line.isspace()
            ]
            columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), kinds, strict=False)]
            if rows:
                yield pa.RecordBatch.from_arrays(columns, [name.split()[0] for name in _LINE.split(", ")])

    @staticmethod
    def _story(records: Records, line: str, path: str) -> tuple[Any, ...]:
        story = records.story(1, line.encode())
        if story is None:
            return None, None, None, None, path
        return None if story.id.startswith(_NOWHERE) else story.id, story.text, story.source, story.published, path
