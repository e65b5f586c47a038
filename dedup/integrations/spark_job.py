"""A scan on Apache Spark, for archives past one machine: the pairs and decisions of ``dedup scan``, row for row.

::

    spark-submit --master ... .../dedup/integrations/spark_job.py s3a://archive/stories/ s3a://archive/dedup/
    python -m dedup.integrations.spark_job wire.jsonl.gz out/ --keep earliest

docs/spark.md tells how it works, what it costs and what the cluster needs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dedup.cluster import check_policy
from dedup.config import load_config
from dedup.errors import DedupError, OutputError, UsageError
from dedup.read import ReadOptions
from dedup.read.dates import parse_span
from dedup.relate import RELATIONS
from dedup.scanning import check_window, dropping_codes
from dedup.settings import DROPPING, Settings
from dedup.story import Relation

try:
    from pyspark.errors import AnalysisException
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as F

    from dedup.integrations.spark_compared import RECORD, records
    from dedup.integrations.spark_input import json_stories, parquet_stories, stories_of
    from dedup.integrations.spark_judging import Judging
    from dedup.integrations.spark_pairs import bands_of, crowd_pairs, propose, propose_passages, verify, without
    from dedup.integrations.spark_stories import Stories, prepare
    from dedup.integrations.spark_tables import PAIR, Run, union
except ImportError as error:
    raise UsageError(f"a scan on Spark needs pyspark and pyarrow ({error}): pip install 'wire-dedup[spark]'") from None

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


_FEW = 500_000  # pairs, of some 40 bytes, that every executor may hold


@dataclass(frozen=True)
class SparkScan:
    """What a scan on Spark gives back, as DataFrames over tables in its work folder, in no order.

    ``pairs`` has the fields of ``dedup.Overlap``, ``decisions`` those of ``dedup.Decision``; ``left_out`` counts the rows
    without a text or an id.
    """

    pairs: DataFrame
    decisions: DataFrame
    left_out: int


def scan(
    stories: DataFrame,
    work: str,
    *,
    keep: str = "longest",
    drop: Iterable[Relation | str] = DROPPING,
    window: timedelta | None = None,
    settings: Settings | None = None,
) -> SparkScan:
    """Find the stories of a DataFrame that repeat each other, and decide which to keep.

    ``stories`` has the columns ``id`` (another in every row) and ``text``, and where they are known ``published`` (a
    timestamp, or what a scan takes for a date), ``source`` and ``path``. ``work`` is a new folder that the driver and all
    executors reach, on HDFS or S3 for instance; the tables of the run stay in it, among them what is given back. The other
    parameters are those of ``dedup.scan``; the policy ``first`` needs a column ``position``, as rows have no order.

    The result does not depend on how the rows are partitioned. UsageError for options that cannot be, for a DataFrame
    without the columns needed, and for ids that are there twice.
    """
    check_policy(keep)
    check_window(window)
    dropping = dropping_codes(drop)
    span = None if window is None else window // timedelta(microseconds=1)
    run = Run(stories.sparkSession, work.rstrip("/"), settings or Settings(), dropping, span)
    with run.configured():
        prepared = prepare(run, stories_of(stories, keep), keep)
        judging = _matched(run, prepared)
        related = judging.related()
        best = judging.best(related)
        return SparkScan(
            pairs=run.keep("pairs", _records(related, prepared.table)),
            decisions=run.keep("decisions", _decisions(best, prepared.table)),
            left_out=prepared.left_out,
        )


def _matched(run: Run, prepared: Stories) -> Judging:
    """Both channels, as ``dedup.matching.Matching`` runs them."""
    settings, stories = run.settings, prepared.table
    judging = Judging(run, stories)
    known: list[DataFrame] = []

    def take(name: str, pairs: DataFrame, *, follows: bool = True, bands: bool = False) -> int:
        """Verify the pairs that are not known; how many that were. Those that follow from others are mostly few."""
        new = run.keep(name, without(pairs, union(known)) if known else pairs)
        known.append(new)
        count: int = new.count()
        if count:
            few = follows and count <= _FEW
            compared = verify(run, stories, new, few=few, every=bands)
            judging.add(compared, few=few)
            if bands:
                judging.list_if_kept(crowd_pairs(run, compared))
        return count

    take("identical-pairs", prepared.pairs)
    bands = propose(run, bands_of(stories), settings.full_bucket, settings.crowded_bucket)
    take("band-pairs", bands.pairs, follows=False, bands=True)
    while bands.crowded is not None:
        survivors = bands.crowded.join(judging.settle(), "rank", "left_anti").select("key", "rank")
        if not take("kept-pairs", propose(run, survivors, settings.kept_bucket, settings.kept_bucket).pairs):
            break
    take("passage-pairs", propose_passages(run, stories, judging.settle()), follows=False)
    judging.settle()
    while prepared.copies.count() and take("copy-pairs", _behind(prepared.copies, judging)):
        judging.settle()
    return judging


def _behind(copies: DataFrame, judging: Judging) -> DataFrame:
    """Kept copies whose head was absorbed, each with the story that absorbed it."""
    gone = judging.dropped
    kept = copies.join(gone, "rank", "left_anti").join(gone.select(F.col("rank").alias("head")), "head", "left_semi")
    found = kept.join(judging.keepers().withColumnRenamed("later", "head"), "head")
    return found.select(F.col("rank").alias("later"), "earlier")


def _records(related: DataFrame, stories: DataFrame) -> DataFrame:
    named = related
    for side in PAIR:
        names = stories.select(
            F.col("rank").alias(side), F.col("id").alias(f"{side}_id"), F.col("published").alias(f"{side}_published")
        )
        named = named.join(names, side)
    return named.mapInArrow(records, RECORD)


def _decisions(best: DataFrame, stories: DataFrame) -> DataFrame:
    relations = F.array(*(F.lit(relation.value) for relation in RELATIONS))
    keepers = stories.select(F.col("rank").alias("earlier"), F.col("id").alias("duplicate_of"))
    absorbed = best.join(keepers, "earlier").select(
        F.col("later").alias("rank"), "duplicate_of", F.element_at(relations, F.col("code") + 1).alias("relation"), "jaccard"
    )
    found = stories.select("rank", "id", "path").join(absorbed, "rank", "left")
    return found.select(
        "id",
        F.col("duplicate_of").isNull().alias("keep"),
        "duplicate_of",
        "relation",
        "jaccard",
        F.coalesce("duplicate_of", "id").alias("cluster"),
        F.coalesce("path", F.lit("")).alias("path"),
    )


_WORK = "_work"  # in the output folder; names that begin so are no data to Spark
_EXAMPLES = """examples:
  python -m dedup.integrations.spark_job s3a://archive/stories/ s3a://archive/dedup/
  python -m dedup.integrations.spark_job wire.jsonl.gz out/ --keep earliest

exit codes: 0 done; 1 done, but records without a text or an id were left out; 2 wrong options; 3 the output is there"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: files in, the folders ``pairs`` and ``decisions`` of Parquet out. Returns the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        return _run(asked)
    except DedupError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except AnalysisException as error:  # an input that is not there, or is not what it should be
        print(f"error: {str(error).splitlines()[0]}", file=sys.stderr)
        return UsageError.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dedup.integrations.spark_job",
        description="Find stories that repeat each other, on Apache Spark: what 'dedup scan' does, past one machine.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("inputs", nargs="+", metavar="IN", help="files or folders of Parquet, or files of JSON lines")
    parser.add_argument("output", metavar="OUT", help="folder to write 'pairs' and 'decisions' to, as Parquet")
    parser.add_argument("--format", choices=("parquet", "jsonl"), help="of IN; by default as its name says")
    parser.add_argument("--keep", default="longest", metavar="POLICY", help="longest, earliest, latest, source:A,B,...")
    parser.add_argument("--drop", default=",".join(DROPPING), metavar="RELATIONS", help="relations to drop a story for")
    parser.add_argument("--window", metavar="TIME", help="dated stories further apart are not compared, such as 7d")
    parser.add_argument("--threshold", type=float, help="Jaccard similarity of near-duplicates")
    parser.add_argument("--config", metavar="FILE", help="settings, as for 'dedup scan'")
    parser.add_argument("--work", metavar="DIR", help="folder for tables between steps; by default OUT/_work")
    parser.add_argument("--keep-work", action="store_true", help="leave them there when done")
    for role in ("id", "text", "source", "date"):
        parser.add_argument(f"--{role}-field", metavar="NAME", help=f"field that holds the {role}")
    return parser


def _run(asked: argparse.Namespace) -> int:
    settings = load_config(asked.config).settings(threshold=asked.threshold)
    window = parse_span(asked.window) if asked.window else None
    if asked.window and window is None:
        raise UsageError(f"--window {asked.window!r}: give a number and a unit, s, m, h, d or w, such as 36h or 7d")
    if asked.keep == "first":
        raise UsageError("--keep first: files on a cluster have no order; choose another policy")
    options = ReadOptions(**{f"{role}_field": getattr(asked, f"{role}_field") for role in ("id", "text", "source", "date")})
    kind = asked.format or _kind(asked.inputs)
    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # not by spark-submit: the executors are on this machine
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.appName("dedup").getOrCreate()
    output = asked.output.rstrip("/")
    work = asked.work or f"{output}/{_WORK}"
    for folder in (f"{output}/pairs", f"{output}/decisions", work):
        system, path = _found(spark, folder)
        if system.exists(path):
            raise OutputError(f"{folder}: is there already; remove it, or write to another folder")
    stories = (json_stories if kind == "jsonl" else parquet_stories)(spark, asked.inputs, options)
    drop = [name.strip() for name in asked.drop.split(",") if name.strip()]
    result = scan(stories, work, keep=asked.keep, drop=drop, window=window, settings=settings)
    result.pairs.orderBy("a", "b").write.parquet(f"{output}/pairs")
    result.decisions.orderBy("id").write.parquet(f"{output}/decisions")
    _summarise(result)
    if not asked.keep_work:
        system, path = _found(spark, work)
        system.delete(path, True)
    return 1 if result.left_out else 0


def _kind(inputs: Sequence[str]) -> str:
    kinds = {"jsonl" if ".jsonl" in path or ".ndjson" in path else "parquet" for path in inputs}
    if len(kinds) > 1:
        raise UsageError(f"{', '.join(inputs)}: of two formats; run them apart, or say which with --format")
    return kinds.pop()


def _summarise(result: SparkScan) -> None:
    kept = dict(map(tuple, result.decisions.groupBy("keep").count().collect()))
    print(f"{sum(kept.values()):,} stories: {kept.get(True, 0):,} kept, {kept.get(False, 0):,} dropped")
    found = dict(map(tuple, result.pairs.groupBy("relation").count().collect()))
    found[Relation.CONTAINED.value] = found.get("contained", 0) + found.pop("contains", 0)
    print("pairs: " + ", ".join(f"{found[r.value]:,} {r}" for r in RELATIONS if found.get(r.value)))
    if result.left_out:
        print(f"{result.left_out:,} records without a text or an id were left out", file=sys.stderr)


def _found(spark: SparkSession, folder: str) -> tuple[Any, Any]:
    """The file system that a folder is on, and its path there, as Hadoop has them."""
    context: Any = spark.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(folder)
    return path.getFileSystem(context._jsc.hadoopConfiguration()), path


if __name__ == "__main__":
    sys.exit(main())
