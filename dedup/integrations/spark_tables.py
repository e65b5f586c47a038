"""What every step of a Spark job is given: the settings of the run, and a folder in which tables are kept between steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from itertools import count
from typing import TYPE_CHECKING, Any

from dedup.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PAIR = ["later", "earlier"]
"""The columns that name a pair: the ranks of its stories, the first in keep order being the earlier."""

_CONFIGURED = {
    # A batch of texts is copied, folded and hashed again: this many keep a Python worker below some 100 MB.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "4096",
    "spark.sql.session.timeZone": "UTC",  # of dates without a zone
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.adaptive.coalescePartitions.enabled": "true",
    "spark.sql.adaptive.skewJoin.enabled": "true",
}


@dataclass(frozen=True)
class Run:
    """One job. ``dropping`` holds the codes of the relations to drop for, the strongest first, ``window`` microseconds;
    ``folder`` must be reachable for the driver and all executors."""

    spark: SparkSession
    folder: str
    settings: Settings
    dropping: Sequence[int]
    window: int | None = None
    _numbers: Iterator[int] = field(default_factory=count)

    def keep(self, name: str, table: DataFrame) -> DataFrame:
        """The table, written and read back: what it was made of is done with. So nothing is worked out twice, and the loss
        of an executor costs the tasks it was at."""
        path = f"{self.folder}/{next(self._numbers):04d}-{name}"
        self.spark.sparkContext.setJobDescription(f"dedup: {name}")
        table.write.mode("error").parquet(path)
        return self.spark.read.schema(table.schema).parquet(path)

    def table(self, rows: Sequence[tuple[int, ...]], columns: str) -> DataFrame:
        """A small table of integers; ``columns`` as in DDL."""
        return self.spark.createDataFrame(list(rows), columns)

    @contextmanager
    def configured(self) -> Iterator[None]:
        """The session with what a job relies on; as it was afterwards."""
        conf = self.spark.conf
        before: dict[str, Any] = {name: conf.get(name, None) for name in _CONFIGURED}
        for name, value in _CONFIGURED.items():
            conf.set(name, value)
        try:
            yield
        finally:
            context: Any = self.spark.sparkContext
            context.setLocalProperty("spark.job.description", None)
            for name, value in before.items():
                conf.unset(name) if value is None else conf.set(name, value)


def union(tables: Sequence[DataFrame]) -> DataFrame:
    """The rows of all tables, which have the same columns."""
    return reduce(lambda one, other: one.unionByName(other), tables)
