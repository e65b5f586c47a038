"""A Spark of the tests' own, with executors that are processes of their own, and the stories they are tried with."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from corpora import changed, fixture_texts, fresh_words, near_copy, stories, words

from dedup.collection import microseconds
from dedup.result import ScanResult
from dedup.story import Story

MASTER = "local-cluster[2,1,1024]"
START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    pytest.importorskip("pandas", reason="pyspark needs pandas")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("there is no Java")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    quick = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # a few hundred rows end before better code would be compiled
    settings = {
        "spark.driver.extraJavaOptions": quick,
        "spark.executor.extraJavaOptions": quick,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.executor.memory": "1g",
        "spark.ui.enabled": "false",
        "spark.shuffle.io.retryWait": "100ms",  # before what a killed executor had is worked out again; else 15 s
        "spark.locality.wait": "0s",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
    }
    builder = sql.SparkSession.builder.master(MASTER).appName("tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def frame(spark: Any, given: Sequence[Story], partitions: int) -> Any:
    """The stories as a DataFrame of so many partitions; so many more come of every shuffle."""
    import pyarrow as pa

    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    dates = [None if story.published is None else microseconds(story.published) for story in given]
    columns = {
        "id": [story.id for story in given],
        "text": [story.text for story in given],
        "source": [story.source for story in given],
        "published": pa.array(dates, pa.int64()).cast(pa.timestamp("us", "UTC")),
        "path": [story.path for story in given],
        "position": list(range(len(given))),
    }
    return spark.createDataFrame(pa.table(columns)).repartition(partitions)


def rows(table: Any, *keys: str) -> list[Any]:
    """The rows of a DataFrame in order, as JSON has them."""
    found = [row.asDict(recursive=True) for row in table.collect()]
    return json.loads(json.dumps(sorted(found, key=lambda row: tuple(row[key] for key in keys))))  # type: ignore[no-any-return]


def expected(result: ScanResult) -> tuple[list[Any], list[Any]]:
    """The pairs and decisions of a scan as ``rows`` gives them."""
    pairs, decisions = msgspec.json.decode(msgspec.json.encode([list(result.pairs), list(result.decisions)]))
    return pairs, decisions


def executors(spark: Any) -> list[int]:
    """The processes of the session's executors, and of no other."""
    application, found = spark.sparkContext.applicationId, []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"org.apache.spark.executor.CoarseGrainedExecutorBackend" in command and application.encode() in command:
            found.append(int(process.name))
    return sorted(found)


def killing(compare: Callable[[Any], Iterator[Any]], trace: str) -> Callable[[Any], Iterator[Any]]:
    """The same for a task to run, but the first one kills the executor that it runs on, whose process id is in ``trace``."""

    def compared(batches: Any) -> Iterator[Any]:
        daemon = os.getppid()  # which forks the workers of an executor
        victim = Path(f"/proc/{daemon}/stat").read_text().rpartition(")")[2].split()[1]
        try:
            with open(trace, "x") as file:
                file.write(victim)
        except FileExistsError:
            yield from compare(batches)
        else:
            os.kill(int(victim), signal.SIGKILL)

    return compared


def crowd(copies: int = 30) -> list[Story]:
    """Edited versions of edited versions of one story, so that most look like more others than a full bucket holds."""
    drawn, fresh = random.Random(1), fresh_words(1_000_000)
    versions = [words(150)]
    for _ in range(copies):
        parent = drawn.choice(versions)
        versions.append(changed(parent, [place for place in range(150) if drawn.random() < 0.02], fresh))
    return stories([" ".join(version) for version in versions], "version-")


def world() -> list[Story]:
    """Stories for every rule that looks at more than two of them: crowded buckets, large classes whose head is absorbed,
    forms filled in often, chains, phrases that many have, dates, sources; and the fixtures."""
    texts = [*fixture_texts().values()]
    base = words(120, 50_000)
    texts += [near_copy(place, base) for place in range(2, 100, 4)]  # 25: more than a bucket takes in full
    copied = " ".join(words(90, 60_000))
    texts += [copied] * 4 + [copied.upper()] * 3 + [f"{copied} {' '.join(words(4, 61_000))}"]  # the head goes to the last
    small = " ".join(words(60, 62_000))
    texts += [small, small.title(), f"{small}."]
    form = words(60, 63_000)
    for number in range(30):
        fresh = fresh_words(70_000 + 100 * number)
        figures = f"{number * 7 + 3} {number * 13 + 1000} {number % 9}.{number}"
        texts.append(f"{' '.join(changed(form, range(3, 60, 20), fresh))} {figures} {' '.join(form[:30])} {next(fresh)}")
    phrase = words(24, 80_000)
    for number in range(32):
        own = words(70, 81_000 + 100 * number)
        texts.append(" ".join([*own[:35], *phrase, *own[35:]]))
    chain = words(100, 90_000)
    for step in range(6):
        chain = changed(chain, range(step * 15, step * 15 + 6), fresh_words(91_000 + 100 * step))
        texts.append(" ".join(chain))
    return [
        Story(
            id=f"{number * 7919 % 1009:04}-é",
            text=text,
            source=("AP", "Reuters", None)[number % 3],
            published=None if number % 5 == 0 else START + timedelta(hours=number * 37 % 200),
        )
        for number, text in enumerate(texts)
    ]
