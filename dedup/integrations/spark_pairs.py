"""Candidate pairs by joins: bands and passage keys of stories cut into buckets, and the texts of pairs brought together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyspark.sql import functions as F

from dedup.integrations.spark_compared import COMPARED, HEAD, Comparer
from dedup.integrations.spark_rows import BUCKET, PROPOSED, Buckets, all_pairs
from dedup.integrations.spark_tables import PAIR, Run, union

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_GROUP = 2048  # pairs that one text is sent for: with a story copied a million times, 500 tasks share its copies


class Proposal(NamedTuple):
    """Pairs, each once, and the rows (key, rank) of the buckets too large to be compared in full; None: none was."""

    pairs: DataFrame
    crowded: DataFrame | None


def bands_of(stories: DataFrame) -> DataFrame:
    """Rows (key, rank): the bands of the stories that take part."""
    return stories.filter("active").select(F.explode("bands").alias("key"), "rank")


def cut(entries: DataFrame, buckets: Buckets) -> DataFrame:
    """The buckets of rows (key, rank, other)."""
    together = entries.repartition("key").sortWithinPartitions("key", "rank")
    return together.mapInArrow(buckets, BUCKET)


def propose(run: Run, entries: DataFrame, full: int, limit: int) -> Proposal:
    """In each bucket of up to ``full`` stories every pair, in a larger one each story with the first ``limit``."""
    flagged = entries.select("key", "rank", F.lit(0).cast("bigint").alias("other"))
    buckets = run.keep("buckets", cut(flagged, Buckets((full + 1, 0))))
    pairs = buckets.filter(F.size("ranks") <= full).mapInArrow(all_pairs, PROPOSED)
    large = buckets.filter(F.size("ranks") > full).select("key", F.slice("ranks", 1, limit).alias("ranks"))
    if not large.count():
        return Proposal(pairs.distinct(), None)
    # Their stories were counted up to ``full`` only; now each meets the first ones, wherever it lies.
    crowded = run.keep("crowded", entries.join(large.select("key"), "key", "left_semi"))
    star = crowded.join(large, "key").select(F.col("rank").alias("later"), F.explode("ranks").alias("earlier"))
    return Proposal(pairs.unionByName(star.filter("later > earlier")).distinct(), crowded)


def propose_passages(run: Run, stories: DataFrame, dropped: DataFrame) -> DataFrame:
    """Every pair in a bucket of up to the df cap of kept stories; of the others the first few of each take part."""
    settings = run.settings
    other = F.col("gone").isNotNull().cast("bigint").alias("other")
    gone = dropped.select("rank", F.lit(1).alias("gone"))
    keyed = stories.filter("active").select("rank", "keys").join(gone, "rank", "left")
    entries = keyed.select(F.explode("keys").alias("key"), "rank", other)
    buckets = cut(entries, Buckets((settings.passage_df_cap + 1, settings.crowded_bucket)))
    rare = buckets.filter(F.col("kept") <= settings.passage_df_cap)
    return rare.mapInArrow(all_pairs, PROPOSED).distinct()


def verify(run: Run, stories: DataFrame, pairs: DataFrame, *, few: bool = False, every: bool = False) -> DataFrame:
    """``COMPARED`` rows of the pairs that may have a relation, or of ``every`` one. Where they are ``few``, they are sent
    to the texts.

    The text of an earlier story is sent once for up to ``_GROUP`` pairs, however many it is in, that of a later one once a
    pair.
    """
    many = pairs.groupBy("earlier").count().filter(F.col("count") > _GROUP)
    parts = F.ceil(F.col("count") / _GROUP)
    part = F.coalesce(F.pmod(F.xxhash64("later"), parts), F.lit(0)).cast("int").alias("part")
    parted = pairs.join(many, "earlier", "left").select("later", "earlier", part)
    heads = parted.select("earlier", "part").distinct()
    asked = union(
        [
            parted.withColumn("rank", F.col("later")),
            heads.withColumn("rank", F.col("earlier")).withColumn("later", F.lit(HEAD).cast("bigint")),
        ]
    )
    asked = F.broadcast(asked) if few else asked
    rows = asked.join(stories.select("rank", "head", "published", "text"), "rank").drop("rank")
    together = rows.repartition("earlier", "part").sortWithinPartitions("earlier", "part", "later")
    return run.keep("compared", together.mapInArrow(Comparer(run.settings, run.dropping, run.window, every), COMPARED))


def crowd_pairs(run: Run, compared: DataFrame) -> DataFrame:
    """Of ``every`` band pair those to list only if the earlier story is kept, as ``Matching.verify_proposed`` has it: not
    the first of their later story, and with one that looks like more others than a full bucket holds."""
    ends = compared.filter("alike").select(F.explode(F.array(*PAIR)).alias("rank"))
    crowded = ends.groupBy("rank").count().filter(F.col("count") > run.settings.full_bucket).select("rank")
    crowded = run.keep("crowd", crowded)
    first = compared.groupBy("later").agg(F.min("earlier").alias("first"))
    further = compared.select(*PAIR).join(first, "later").filter(F.col("earlier") > F.col("first")).select(*PAIR)
    of_crowd = [further.join(crowded.withColumnRenamed("rank", side), side, "left_semi").select(*PAIR) for side in PAIR]
    return run.keep("crowd-pairs", union(of_crowd).distinct())


def without(pairs: DataFrame, known: DataFrame) -> DataFrame:
    """The pairs that are not known yet."""
    return pairs.join(known.select(*PAIR), PAIR, "left_anti")
