"""From a DataFrame of stories to ranked and classed ones: sketches, keep order, and which have the same words."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from dedup.candidates.identical import within
from dedup.errors import UsageError
from dedup.integrations.spark_rows import LAST, NO_STORY, SKETCH, Sketcher, longs
from dedup.integrations.spark_tables import Run
from dedup.kernels import UNDATED

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_WORDS = ["digest_a", "digest_b"]
_PLACE_BITS = 33  # of monotonically_increasing_id: the lower ones count within a partition


class Stories(NamedTuple):
    """``table``: one row a story, with its ``rank`` in keep order from 0, the rank ``head`` of the first of the same words
    (its own, if there is none before it), and ``active``: false for a copy that takes part through its head only.

    ``copies``: rank and head of those with ``active`` false. ``pairs``: pairs of identical stories to list.
    """

    table: DataFrame
    copies: DataFrame
    pairs: DataFrame
    left_out: int


def prepare(run: Run, given: DataFrame, keep: str) -> Stories:
    """Sketch, rank and class stories, given as ``stories_of`` gives them.

    Rows without text or id are left out, and counted. UsageError where two stories have one id.
    """
    salts = secrets.randbits(64), secrets.randbits(64)  # drawn here: a task that runs again must draw no others
    every = run.keep("sketched", given.mapInArrow(Sketcher(run.settings, keep, salts), SKETCH))
    left_out = every.filter(F.col("tokens") == NO_STORY).count()
    sketched = every.filter(F.col("tokens") != NO_STORY)
    ranks = _ranked(run, sketched)
    classes = _classes(run, ranks)
    full = F.col("size") <= run.settings.full_class
    copy = F.col("rank") != F.col("head")
    copies = run.keep("copies", classes.filter(copy & ~full).select("rank", "head"))
    placed = ranks.join(classes, "rank", "left").select(
        "id",
        "rank",
        F.coalesce("head", "rank").alias("head"),
        F.coalesce(~copy | full, F.lit(True)).alias("active"),
    )
    table = run.keep("stories", sketched.join(placed, "id").drop("first", *_WORDS))
    return Stories(table, copies, _class_pairs(classes.filter(copy), full), left_out)


def _ranked(run: Run, sketched: DataFrame) -> DataFrame:
    """Ranks from the data alone: the place of a story among all, by what the policy says, then by date, then by id."""
    undated = F.col("published") == UNDATED
    slim = sketched.select(
        "id", "first", F.when(undated, LAST).otherwise(F.col("published")).alias("when"), "published", "tokens", *_WORDS
    )
    twice = slim.groupBy("id").count().filter("count > 1").orderBy("id").limit(3).collect()
    if twice:
        listed = ", ".join(repr(row["id"]) for row in twice)
        raise UsageError(f"ids {listed}: each names more than one story; give a column of ids that differ")
    # Where a partition ends is of no account: its stories' places are counted on from those before it. Written down, they
    # stay what they are whatever is lost afterwards.
    placed = slim.orderBy("first", "when", "id").withColumn("place", F.monotonically_increasing_id())
    ordered = run.keep("ordered", placed.drop("first", "when"))
    partition = F.shiftright("place", _PLACE_BITS)
    counts = sorted(map(tuple, ordered.groupBy(partition.alias("partition")).count().collect()))
    ends = np.cumsum([count for _, count in counts]).tolist()
    starts = [(part, end - count) for (part, count), end in zip(counts, ends, strict=True)]
    bases = F.broadcast(run.table(starts, "partition bigint, base bigint"))
    rank = F.col("base") + F.col("place").bitwiseAND((1 << _PLACE_BITS) - 1)
    return ordered.withColumn("partition", partition).join(bases, "partition").withColumn("rank", rank)


def _classes(run: Run, ranks: DataFrame) -> DataFrame:
    """Stories with the same words as others: rank, head, and the ``size`` of their class."""
    worded = ranks.filter("tokens > 0").select("rank", "published", *_WORDS)
    found = worded.groupBy(*_WORDS).agg(F.min("rank").alias("head"), F.count("*").alias("size")).filter("size > 1")
    members = worded.join(found, _WORDS)
    if run.window is None:
        return run.keep("classes", members.select("rank", "head", "size"))
    cut = members.groupBy("head").applyInArrow(_cut(run.window), "rank bigint, head bigint")
    cut = run.keep("cut-classes", cut)
    return run.keep("classes", cut.join(cut.groupBy("head").agg(F.count("*").alias("size")), "head"))


def _cut(window: int) -> Callable[[Any], Any]:
    """What cuts a class so that no copy is further from its head than the window."""

    def cut(members: Any) -> Any:
        members = members.sort_by("rank")
        rank = longs(members, "rank")
        head = within(np.zeros(len(rank), np.uint32), longs(members, "published"), window)
        return pa.table({"rank": rank, "head": rank[head]})

    return cut


def _class_pairs(copies: DataFrame, full: Column) -> DataFrame:
    """A star around each head, and of a small class the pairs of copies, too."""
    star = copies.select(F.col("rank").alias("later"), F.col("head").alias("earlier"))
    few = copies.filter(full)
    later, earlier = (few.select(F.col("rank").alias(name), "head") for name in ("later", "earlier"))
    return star.unionByName(later.join(earlier, "head").filter("later > earlier").select("later", "earlier"))
