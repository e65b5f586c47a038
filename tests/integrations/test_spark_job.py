"""A scan on Spark gives the rows of a scan, however the data is cut and whatever is lost on the way.

``DEDUP_SPARK=1`` tries the corpora, too, each with 1, 7 and 64 partitions; that takes half an hour.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from corpora import FIXTURES, exact_pair, scan_stories, stories
from spark_session import crowd, executors, expected, frame, killing, rows, spark, world

import dedup
from dedup.errors import UsageError
from dedup.matching import Matching
from dedup.read import ReadOptions, read_stories
from dedup.settings import Settings
from dedup.story import Relation, Story

__all__ = ["spark"]

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
much = pytest.mark.skipif(not os.environ.get("DEDUP_SPARK"), reason="takes minutes; set DEDUP_SPARK=1")


def answers(result: Any) -> tuple[list[Any], list[Any]]:
    return rows(result.pairs, "a", "b"), rows(result.decisions, "id")


def test_the_answers_of_a_scan_though_an_executor_is_killed(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies in the first task that compares pairs of bands, and with it what it had shuffled for that step."""
    from dedup.integrations.spark_compared import Comparer
    from dedup.integrations.spark_job import scan

    given, trace, running = crowd(), tmp_path / "killed", executors(spark)

    def deadly(*arguments: Any) -> Any:
        comparer = Comparer(*arguments)
        return killing(comparer, str(trace)) if comparer.every else comparer

    monkeypatch.setattr("dedup.integrations.spark_pairs.Comparer", deadly)
    result = scan(frame(spark, given, 7), str(tmp_path / "work"))
    assert answers(result) == expected(scan_stories(given))
    assert result.left_out == 0
    killed = int(trace.read_text())
    assert killed in running
    assert killed not in executors(spark)


def test_the_crowd_has_pairs_that_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    listed, decided = expected(scan_stories(crowd()))
    monkeypatch.setattr(Matching, "verify_proposed", Matching.verify)
    every, same = expected(scan_stories(crowd()))
    assert len(listed) < len(every) / 2
    assert decided == same


@much
@pytest.mark.parametrize("partitions", [1, 7])
@pytest.mark.parametrize("given", [crowd(), crowd(80), world()], ids=["crowd", "larger-crowd", "world"])
def test_small_collections(spark: Any, tmp_path: Path, given: list[Story], partitions: int) -> None:
    from dedup.integrations.spark_job import scan

    assert answers(scan(frame(spark, given, partitions), str(tmp_path / "work"))) == expected(scan_stories(given))


def test_every_option_at_once(spark: Any, tmp_path: Path) -> None:
    """Limits so low that every one of them is met."""
    from dedup.integrations.spark_job import scan

    low = {"full_bucket": 5, "crowded_bucket": 2, "kept_bucket": 4, "full_class": 2, "passage_df_cap": 6, "threshold": 0.6}
    options: dict[str, Any] = {
        "keep": "source:Reuters, AP",
        "drop": [Relation.IDENTICAL, Relation.NEAR_DUPLICATE],
        "window": timedelta(days=2),
        "settings": Settings().replaced(**low),
    }
    given = world()
    assert answers(scan(frame(spark, given, 3), str(tmp_path / "work"), **options)) == expected(
        scan_stories(given, **options)
    )


@much
def test_ids_are_those_of_the_data_though_a_task_fails(spark: Any, tmp_path: Path) -> None:
    from dedup.integrations.spark_job import scan

    pairs = [text for number in range(100) for text in exact_pair(80, 3, 10_000 * number)]
    lone = [text for number in range(400) for text in exact_pair(40, 5, 2_000_000 + 10_000 * number)]
    given = stories([*pairs, *lone])
    trace = str(tmp_path / "failed")

    def fails_once(batches: Any) -> Iterator[Any]:
        from pyspark import TaskContext

        context = TaskContext.get()
        yield from batches
        if context and context.partitionId() == 3 and context.attemptNumber() == 0:
            Path(trace).touch()
            raise RuntimeError("the first attempt fails")

    table = frame(spark, given, 7)
    result = scan(table.mapInArrow(fails_once, table.schema), str(tmp_path / "work"), keep="first")
    found, decided = answers(result)
    wanted = expected(scan_stories(given, keep="first"))
    assert Path(trace).exists()
    assert (found, decided) == wanted
    assert sum(pair["relation"] == "near-duplicate" for pair in found) == 100


def test_the_command(spark: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from dedup.integrations.spark_job import main

    lines = [
        {"guid": path, "body": text} for path, text in ((s.id, s.text) for s in read_stories([str(FIXTURES)], ReadOptions()))
    ]
    file = tmp_path / "in.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in [*lines, {"guid": "no text"}]) + "\n{]\n")
    out = tmp_path / "out"
    assert main([str(file), str(out)]) == 1
    told = capsys.readouterr()
    assert told.out.startswith("39 stories: 30 kept, 9 dropped\npairs: 2 identical, 4 near-duplicate, 3 contained, ")
    assert told.err == "2 records without a text or an id were left out\n"
    assert sorted(path.name for path in out.iterdir()) == ["decisions", "pairs"]
    pairs, decisions = expected(dedup.scan([file]))
    assert rows(spark.read.parquet(str(out / "pairs")), "a", "b") == pairs
    found = rows(spark.read.parquet(str(out / "decisions")), "id")
    assert [row | {"path": ""} for row in found] == [row | {"path": ""} for row in decisions]
    assert {row["path"] for row in found} == {f"file:{file}"}

    assert main([str(file), str(out)]) == 3
    assert "is there already" in capsys.readouterr().err
    assert main([str(tmp_path / "absent.parquet"), str(tmp_path / "new")]) == 2
    assert "absent.parquet" in capsys.readouterr().err


def test_two_stories_of_one_id(spark: Any, tmp_path: Path) -> None:
    from dedup.integrations.spark_job import scan

    with pytest.raises(UsageError, match=r"ids 'x': each names more than one story"):
        scan(
            spark.createDataFrame([("x", "one"), ("x", "two"), ("y", "three")], "id string, text string"),
            str(tmp_path / "work"),
        )


@pytest.mark.parametrize(
    ("columns", "keep", "message"),
    [
        ("id string, body string", "longest", "column 'text': not there; the DataFrame has id, body"),
        ("id string, text string", "first", "column 'position': not there"),
        ("id string, text string, published boolean", "longest", "column 'published' of boolean: must hold"),
        ("id string, text string", "best", "keep policy 'best': not known"),
    ],
)
def test_a_frame_that_will_not_do(spark: Any, tmp_path: Path, columns: str, keep: str, message: str) -> None:
    from dedup.integrations.spark_job import scan

    with pytest.raises(UsageError, match=message):
        scan(spark.createDataFrame([], columns), str(tmp_path), keep=keep)


@much
@pytest.mark.parametrize("partitions", [1, 7, 64])
@pytest.mark.parametrize("name", ["fixtures", "reuters21578", "newsarticles2017"])
def test_a_corpus(spark: Any, tmp_path: Path, name: str, partitions: int) -> None:
    from dedup.integrations.spark_job import scan

    given = corpus(name)
    assert answers(scan(frame(spark, given, partitions), str(tmp_path / "work"))) == expected(scan_stories(given))


def corpus(name: str) -> list[Story]:
    from corpora import DATA

    path = FIXTURES if name == "fixtures" else DATA / name / "stories.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return list(read_stories([path], ReadOptions()))
