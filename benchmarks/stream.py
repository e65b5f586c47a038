"""How fast a durable index answers: ``python -m benchmarks.stream 10000 100000 1000000``.

For each size an index is filled in the batches of ``dedup filter``, and then asked story by story, each answer committed
before the next. In the same run datasketch's ``MinHashLSH``, in memory, is given the same stream, or its first 100,000
stories: ``update_batch`` of xxh3 hashes of the same shingles, then query and insert. The tokeniser is Python's in its case,
ASCII only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.corpus import grow, main_corpus

if TYPE_CHECKING:
    from dedup.prefilter import Index
    from dedup.story import Story

SINGLE = 2000
PEER_STORIES = 100_000
COLUMNS = ("stories", "stories/s", "x datasketch", "one by one, stories/s", "p50 ms", "p99 ms", "bytes a story", "repeated",
           "open s", "peak MB")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """One line of the table."""

    stories: int
    seconds: float
    peer_rate: float
    latencies: Sequence[float]
    bytes: int
    repeated: int
    open_seconds: float
    peak_bytes: int

    def cells(self) -> list[str]:
        ordered = sorted(self.latencies)
        rate = self.stories / self.seconds
        return [
            f"{self.stories:,}",
            f"{rate:,.0f}",
            f"{rate / self.peer_rate:.2f}",
            f"{len(ordered) / sum(ordered):,.0f}",
            f"{ordered[len(ordered) // 2] * 1e3:.2f}",
            f"{ordered[len(ordered) * 99 // 100] * 1e3:.2f}",
            f"{self.bytes / self.stories:,.0f}",
            f"{self.repeated / self.stories:.3f}",
            f"{self.open_seconds:.2f}",
            f"{self.peak_bytes / 1e6:,.0f}",
        ]


def peer_rate(count: int, kind: str) -> float:
    """Stories a second of datasketch's MinHashLSH at the threshold of the index, in a process of its own for its memory."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as apart:
        return apart.submit(_peer_rate, min(count, PEER_STORIES), kind).result()


def _peer_rate(count: int, kind: str) -> float:
    import xxhash
    from datasketch import MinHash, MinHashLSH

    words = re.compile(rb"[a-z0-9]+")
    stories = list(islice(grow(main_corpus().records, count, kind), count))
    lsh = MinHashLSH(threshold=0.5, num_perm=128)
    started = time.perf_counter()
    for number, story in enumerate(stories):
        tokens = words.findall(str(story["text"]).lower().encode())
        shingles = [b" ".join(tokens[at : at + 5]) for at in range(len(tokens) - 4)]
        sketch = MinHash(128, seed=1, scheme="affine32", hashfunc=lambda data: xxhash.xxh3_64_intdigest(data) & 0xFFFFFFFF)
        sketch.update_batch(shingles)
        lsh.query(sketch)
        lsh.insert(number, sketch)
    return len(stories) / (time.perf_counter() - started)


def measure(count: int, kind: str, url: str | None, folder: Path) -> Size:
    """One size, on a new index."""
    import dedup
    from dedup.filtering import BATCH

    records = main_corpus().records
    peer = peer_rate(count, kind)
    where = url or str(folder / f"{count}.db")
    stories = (dedup.Story(id=str(each["id"]), text=str(each["text"])) for each in grow(records, count + SINGLE, kind))
    seconds, repeated = 0.0, 0
    with dedup.open_index(where, threads=0) as index:
        wanted = islice(stories, count)
        while batch := list(islice(wanted, BATCH)):
            started = time.perf_counter()
            verdicts = index.add_all(batch)
            seconds += time.perf_counter() - started
            repeated += sum(not verdict.new for verdict in verdicts)
    started = time.perf_counter()
    with dedup.open_index(where) as index:
        index.check(dedup.Story(id="the first question reads the sketches", text="one two three four five six"))
        open_seconds = time.perf_counter() - started
        latencies = list(_one_by_one(index, stories))
        size = index.info().bytes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Size(count, seconds, peer, latencies, size, repeated, open_seconds, peak)


def _one_by_one(index: Index, stories: Iterator[Story]) -> Iterator[float]:
    for story in stories:
        started = time.perf_counter()
        index.add(story)
        yield time.perf_counter() - started


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, a line as each size is done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream", description="How fast a durable index answers.")
    parser.add_argument("sizes", nargs="*", type=int, default=[10_000, 100_000], metavar="STORIES")
    parser.add_argument("--kind", choices=["fresh", "copies"], default="fresh", help="what the corpus is grown by")
    parser.add_argument("--url", help="an empty index to fill, instead of a file in a temporary folder; for one size")
    options = parser.parse_args(arguments)
    print(f"| {' | '.join(COLUMNS)} |")
    print(f"|{'---:|' * len(COLUMNS)}")
    with tempfile.TemporaryDirectory() as folder:
        for count in options.sizes:
            print(f"| {' | '.join(measure(count, options.kind, options.url, Path(folder)).cells())} |", flush=True)


if __name__ == "__main__":
    main()
