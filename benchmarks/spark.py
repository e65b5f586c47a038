"""What a scan on Spark costs as stories grow: ``python -m benchmarks.spark 10000 100000 1000000``.

For each size Parquet files are made in a temporary folder: stories in cipher, so that the archive grows by news, and among
them one hot story, of which a tenth of all are copies, half of them word for word. The job runs on ``local-cluster``, whose
executors are processes of their own, and its event log says what every step shuffled and took. ``--check`` scans the same
stories with ``dedup scan`` and compares pairs and decisions.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any

from benchmarks.corpus import Record, fresh, main_corpus, planted_copy

FILES = 8
HOT_SHARE = 10  # one in so many is a copy of the hot story
PIECE = 10_000
MASTER = "local-cluster[2,1,1024]"

COLUMNS = ("stories", "MB", "seconds", "x before", "executor s", "shuffled MB", "x before", "KB a story", "written MB")
STEPS = ("step", "executor s", "shuffled MB", "B a story")


@dataclass
class Step:
    """Of the tasks of one step or all: executor seconds, and bytes shuffled and written."""

    seconds: float = 0.0
    shuffled: int = 0
    written: int = 0

    def add(self, metrics: dict[str, Any]) -> None:
        self.seconds += metrics["Executor Run Time"] / 1e3
        self.shuffled += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
        self.written += metrics["Output Metrics"]["Bytes Written"]


@dataclass
class Size:
    """One run."""

    stories: int
    bytes: int
    seconds: float
    all: Step = field(default_factory=Step)
    steps: dict[str, Step] = field(default_factory=lambda: defaultdict(Step))

    def cells(self, before: Size | None) -> list[str]:
        times = [
            f"{mine / other:.1f}" if before else "-"
            for mine, other in (
                (self.seconds, before.seconds if before else 0),
                (self.all.shuffled, before.all.shuffled if before else 0),
            )
        ]
        return [
            f"{self.stories:,}",
            f"{self.bytes / 1e6:,.1f}",
            f"{self.seconds:,.0f}",
            times[0],
            f"{self.all.seconds:,.0f}",
            f"{self.all.shuffled / 1e6:,.1f}",
            times[1],
            f"{self.all.shuffled / 1e3 / self.stories:.2f}",
            f"{self.all.written / 1e6:,.1f}",
        ]


def stories(total: int) -> Iterator[Record]:
    """News in cipher, every tenth a copy of the hot story: in turn word for word, and edited."""
    originals = main_corpus().records
    hot = max(originals[:1000], key=lambda record: len(str(record["text"])) < 2000 and len(str(record["text"])))
    news = fresh(originals)
    for number in range(total):
        if number % HOT_SHARE:
            yield next(news)
        elif number // HOT_SHARE % 2:
            yield {**hot, "id": f"same-{number}"}
        else:
            yield {**planted_copy(hot, number), "id": f"edited-{number}"}


def write(total: int, folder: Path) -> int:
    """The stories as Parquet; how many bytes of text they have."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir()
    schema = pa.schema([("id", pa.string()), ("text", pa.string())])
    writers = [pq.ParquetWriter(folder / f"{number}.parquet", schema) for number in range(FILES)]
    made, size = stories(total), 0
    for number in count():
        piece = [{"id": str(r["id"]), "text": str(r["text"])} for r in islice(made, PIECE)]
        if not piece:
            break
        size += sum(len(record["text"].encode()) for record in piece)
        writers[number % FILES].write_table(pa.Table.from_pylist(piece, schema))
    for writer in writers:
        writer.close()
    return size


def run(folder: Path, partitions: int, memory: str) -> float:
    """The job as a process; its seconds, Spark's start included."""
    settings = {
        "spark.executor.memory": memory,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(partitions),
        # What is small enough to be sent everywhere at 10,000 stories is not at 1,000,000,000: all sizes work alike.
        "spark.sql.autoBroadcastJoinThreshold": "-1",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": (folder / "log").as_uri(),
    }
    (folder / "log").mkdir()
    options = " ".join(f"--conf {name}={value}" for name, value in settings.items())
    environment = os.environ | {"PYSPARK_SUBMIT_ARGS": f"--master {MASTER} --driver-memory 2g {options} pyspark-shell"}
    command = [sys.executable, "-m", "dedup.integrations.spark_job", str(folder / "in"), str(folder / "out")]
    start = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the job failed:\n{done.stderr[-4000:]}")
    print(done.stdout, end="", flush=True)
    return time.monotonic() - start


def account(log: Path, size: Size) -> None:
    """Adds up what the tasks of the event log took, by step."""
    names: dict[int, str] = {}
    for line in log.open(encoding="utf-8"):
        if line.startswith('{"Event":"SparkListenerStageSubmitted"'):
            event = json.loads(line)
            described = event.get("Properties", {}).get("spark.job.description", "other")
            names[event["Stage Info"]["Stage ID"]] = described.removeprefix("dedup: ")
        elif line.startswith('{"Event":"SparkListenerTaskEnd"'):
            event = json.loads(line)
            for step in (size.all, size.steps[names[event["Stage ID"]]]):
                step.add(event["Task Metrics"])


def check(folder: Path) -> bool:
    """Whether ``dedup scan`` gives the same pairs and decisions; prints how long it takes."""
    import pyarrow.json as pj
    import pyarrow.parquet as pq

    decisions, pairs = folder / "decisions.parquet", folder / "pairs.jsonl"
    command = [sys.executable, "-m", "dedup", "scan", str(folder / "in")]
    command += ["--decisions", str(decisions), "--pairs", str(pairs)]
    start = time.monotonic()
    subprocess.run(command, capture_output=True, check=True)
    print(f"dedup scan: {time.monotonic() - start:,.1f} s", flush=True)
    equal = True
    for name, scanned in (("decisions", pq.read_table(decisions)), ("pairs", pj.read_json(pairs))):
        columns = [column for column in scanned.column_names if column not in ("path", "update_of")]  # no path, no dates
        keys = [(key, "ascending") for key in ("id", "a", "b") if key in columns]
        scanned = scanned.select(columns).sort_by(keys)
        spread = pq.read_table(folder / "out" / name, columns=columns).sort_by(keys)
        equal &= bool(scanned.equals(spread.cast(scanned.schema)))
    return equal


def measure(total: int, options: argparse.Namespace) -> Size:
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        folder = Path(made)
        size = Size(total, write(total, folder / "in"), 0.0)
        size.seconds = run(folder, options.partitions, options.memory)
        for log in (folder / "log").iterdir():
            account(log, size)
        if options.check:
            found = "equal" if check(folder) else "DIFFER FROM"
            print(f"{total:,} stories: pairs and decisions {found} those of dedup scan", flush=True)
    return size


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns, the first to the left."""
    lines = [header, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(header))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))])
        for line in lines
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="+", help="stories")
    parser.add_argument("--partitions", type=int, default=16, help="of shuffles")
    parser.add_argument("--memory", default="1g", help="of each of the two executors")
    parser.add_argument("--folder", help="where to put temporary folders")
    parser.add_argument("--check", action="store_true", help="compare with dedup scan")
    options = parser.parse_args(arguments)
    before: Size | None = None
    lines = []
    for total in options.sizes:
        size = measure(total, options)
        lines.append(size.cells(before))
        steps = sorted(size.steps.items(), key=lambda step: -step[1].seconds)
        rows = [[name, f"{s.seconds:,.1f}", f"{s.shuffled / 1e6:,.1f}", f"{s.shuffled / total:,.0f}"] for name, s in steps]
        print(table(STEPS, rows), flush=True)
        print(table(COLUMNS, lines), flush=True)
        before = size


if __name__ == "__main__":
    main()
