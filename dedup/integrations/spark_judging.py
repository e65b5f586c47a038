"""Who is kept, by rounds of joins: whether a story is dropped hangs on earlier stories only, so the rounds come to rest, at
the one answer that a scan comes to."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from dedup.integrations.spark_compared import CODED, OPEN, Judge
from dedup.integrations.spark_pairs import cut
from dedup.integrations.spark_rows import Buckets
from dedup.integrations.spark_tables import PAIR, Run, union
from dedup.relate import NO_RELATION

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_BLOCK_BITS = 16
_Blocks = dict[int, tuple[int, int]]  # of each block of ranks how many are dropped, and a digest of which


class Judging:
    """The pairs verified so far, and the stories dropped for them."""

    def __init__(self, run: Run, stories: DataFrame) -> None:
        self._run, self._stories, self._count = run, stories, stories.count()
        self._parts: list[DataFrame] = []
        self._holders: list[DataFrame] = []
        self._if_kept: list[DataFrame] = []
        self._open = 0
        self._settled = True
        self._blocks: _Blocks = {}
        self.dropped = run.table([], "rank bigint")

    def add(self, compared: DataFrame, *, few: bool = False) -> None:
        """Take in pairs as ``verify`` gives them; if they are ``few``, their keys are sent to the stories."""
        self._parts.append(compared)
        self._settled = False
        open = compared.filter(F.col("strength") == OPEN)
        count = open.count()
        if count:
            wanted = open.select(F.explode("keys").alias("key")).distinct()
            for holders in self._holders:
                wanted = wanted.join(holders, "key", "left_anti")
            self._holders.append(self._holders_of(F.broadcast(wanted) if few else wanted))
        self._open += count

    def list_if_kept(self, pairs: DataFrame) -> None:
        """List these of the pairs only if their earlier story is kept in the end. Who is dropped is the same: only a kept
        story absorbs another."""
        self._if_kept.append(pairs)

    def settle(self) -> DataFrame:
        """The ranks of dropped stories: judge until those that are dropped are also those by whom all were judged."""
        while not self._settled:
            live = self._drops(self._compared().filter(F.col("strength").between(0, self._none() - 1)))
            if self._open:
                coded = self._coded(self._compared().filter(F.col("strength") == OPEN), self._holders)
                live = live.unionByName(self._drops(coded.withColumn("strength", self._strength())))
            kept = live.join(self.dropped, F.col("earlier") == F.col("rank"), "left_anti")
            before = self._blocks
            self.dropped, self._blocks = self._round(kept.select(F.col("later").alias("rank")).distinct())
            self._settled = self._blocks == before
        return self.dropped

    def keepers(self) -> DataFrame:
        """For each dropped story, ``later``, the kept one that absorbs it, with code and Jaccard similarity; call
        ``settle`` before."""
        sure = self._compared().filter(F.col("strength").between(0, self._none() - 1))
        found = sure.select(*PAIR, "code", "strength", "jaccard")
        if self._open:
            open = self._compared().filter(F.col("strength") == OPEN)
            coded = self._coded(open, self._holders).withColumn("strength", self._strength())
            found = found.unionByName(coded.join(open.select(*PAIR, "jaccard"), PAIR).select(*found.columns))
        return self._best(found)

    def related(self) -> DataFrame:
        """All pairs to list, those that have a relation, with their final codes."""
        compared = self._compared()
        open = compared.filter(F.col("code") == OPEN)
        sure = compared.filter(F.col("code") != OPEN)
        if open.count():
            keys = open.select(F.explode("keys").alias("key")).distinct()
            coded = self._coded(open, [self._holders_of(keys)])
            sure = sure.unionByName(open.drop("code").join(coded, PAIR).select(*compared.columns))
        for pairs in self._if_kept:
            hidden = pairs.join(self.dropped, F.col("earlier") == F.col("rank"), "left_semi")
            sure = sure.join(hidden, PAIR, "left_anti")
        return self._run.keep("related", sure.filter(F.col("code") != NO_RELATION).drop("keys", "upper", "lower", "alike"))

    def best(self, related: DataFrame) -> DataFrame:
        """The same as ``keepers``, of the pairs that ``related`` gave."""
        return self._best(related.withColumn("strength", self._strength()))

    def _best(self, pairs: DataFrame) -> DataFrame:
        """The strongest relation to a kept story, then the highest similarity, then the earliest."""
        drops = pairs.filter(F.col("strength") < self._none())
        kept = drops.join(self.dropped, F.col("earlier") == F.col("rank"), "left_anti")
        order = F.struct("strength", (-F.col("jaccard")).alias("far"), "earlier", "code", "jaccard")
        return (
            kept.groupBy("later")
            .agg(F.min(order).alias("best"))
            .select("later", "best.earlier", "best.code", "best.jaccard")
        )

    def _compared(self) -> DataFrame:
        return union(self._parts)

    def _none(self) -> int:
        return len(self._run.dropping)

    def _strength(self) -> Column:
        strength = F.lit(self._none())
        for place, code in enumerate(self._run.dropping):
            strength = F.when(F.col("code") == code, place).otherwise(strength)
        return strength.cast("smallint")

    def _drops(self, pairs: DataFrame) -> DataFrame:
        return pairs.filter(F.col("strength").between(0, self._none() - 1)).select(*PAIR)

    def _round(self, dropped: DataFrame) -> tuple[DataFrame, _Blocks]:
        dropped = self._run.keep("dropped", dropped)
        digest = F.bit_xor(F.xxhash64("rank"))
        blocks = dropped.groupBy(F.shiftright("rank", _BLOCK_BITS)).agg(F.count("*"), digest).collect()
        return dropped, {int(block): (int(count), int(which)) for block, count, which in blocks}

    def _holders_of(self, keys: DataFrame) -> DataFrame:
        """Rows (key, rank) of all stories that hold one of the keys."""
        held = self._stories.select(F.explode("keys").alias("key"), "rank")
        return self._run.keep("holders", held.join(keys, "key", "left_semi"))

    def _coded(self, open: DataFrame, holders: list[DataFrame]) -> DataFrame:
        """``CODED`` rows of open pairs, if ``dropped`` are the stories that are not kept."""
        most = self._run.settings.passage_df_cap + 2  # of these at most two are the pair's own
        kept = union(holders).join(self.dropped, "rank", "left_anti")
        firsts = cut(kept.select("key", "rank", F.lit(0).cast("bigint").alias("other")), Buckets((most, 0), 1))
        uses = open.select(*PAIR, "upper", "lower", F.posexplode("keys").alias("place", "key"))
        counted = uses.join(firsts, "key", "left").select(
            *PAIR,
            "place",
            F.expr("coalesce(size(filter(ranks, r -> r < upper and r != lower)), 0) as before"),
            F.expr("coalesce(size(filter(ranks, r -> r != upper and r != lower)), 0) as anywhere"),
        )
        gathered = counted.groupBy(*PAIR).agg(
            F.sort_array(F.collect_list(F.struct("place", "before", "anywhere"))).alias("holders")
        )
        judged = open.select(*PAIR, "upper", "scores").join(gathered, PAIR, "left").join(self._met(open), "upper")
        return judged.select(*PAIR, "scores", "met", "holders").mapInArrow(Judge(self._run.settings), CODED)

    def _met(self, open: DataFrame) -> DataFrame:
        """For each ``upper`` rank how many stories before it are kept: all but the dropped, counted by blocks."""
        counts = [self._blocks.get(block, (0, 0))[0] for block in range((self._count >> _BLOCK_BITS) + 1)]
        bases = F.broadcast(self._run.table(list(zip(*_bases(counts), strict=True)), "block bigint, base bigint"))
        asked = open.select(F.col("upper").alias("rank"), F.lit(0).alias("mark")).distinct()
        block = F.shiftright("rank", _BLOCK_BITS).alias("block")
        marks = asked.unionByName(self.dropped.select("rank", F.lit(1).alias("mark"))).select("*", block)
        # At its own rank a story is asked for before it is counted.
        ascending = Window.partitionBy("block").orderBy("rank", "mark").rowsBetween(Window.unboundedPreceding, 0)
        met = F.col("rank") - F.col("base") - F.sum("mark").over(ascending)
        return (
            marks.join(bases, "block")
            .select(F.col("rank").alias("upper"), met.alias("met"), "mark")
            .filter("mark = 0")
            .drop("mark")
        )


def _bases(counts: list[int]) -> tuple[range, list[int]]:
    """The blocks, and of each how many are dropped before it."""
    return range(len(counts)), [0, *accumulate(counts)][:-1]
