"""Fixtures and hooks: the corpora, the ``speed`` fixture that every benchmark goes through, and the table at the end."""

from __future__ import annotations

import os

# Peers with thread pools of their own are held to one thread, as dedup is where it stands beside them.
os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["DO_NOT_TRACK"] = "1"  # daft reports its use otherwise

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import machine, table
from benchmarks.corpus import MAIN, SETS, Corpus, available, load, main_corpus, write_jsonl
from benchmarks.truth import Hits, Truth, exact_pairs
from dedup import kernels

Result = TypeVar("Result")

_ROWS = pytest.StashKey[list[table.Row]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stories", type=int, default=None, help="run on the first so many stories only, to try it out")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_ROWS] = []


def pytest_benchmark_generate_machine_info() -> dict[str, object]:
    """In place of pytest-benchmark's own, which names the host."""
    return {**machine.describe(), "simd_level": kernels.simd_level()}


def pytest_benchmark_generate_commit_info() -> dict[str, object]:
    """In place of pytest-benchmark's own, which asks git; a run is committed with the code it measured."""
    return {"source": machine.source_digest()}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash[_ROWS]
    if rows:
        terminalreporter.section("speed and recall (ratios are of MB/s: above 1 is faster)")
        terminalreporter.write_line(table.markdown(rows))


class Speed:
    """Times one thing and writes down what the table needs."""

    def __init__(self, benchmark: BenchmarkFixture, truth: Callable[[], Truth]) -> None:
        self._benchmark, self._truth = benchmark, truth

    def __call__(
        self,
        name: str,
        corpus: Corpus,
        function: Callable[[], Result],
        *,
        rounds: int,
        source: str = "texts",
        note: str = "",
    ) -> Result:
        """Run ``function`` once to warm up, then ``rounds`` times; its last result."""
        self._benchmark.group = corpus.name
        self._benchmark.extra_info.update(
            name=name, corpus=corpus.name, digest=corpus.digest, source=source, size=corpus.size, note=note
        )
        pedantic: Callable[..., Result] = self._benchmark.pedantic
        return pedantic(function, rounds=rounds, iterations=1, warmup_rounds=1)

    def recall(self, hits: Callable[[Truth], Hits]) -> None:
        """Put beside the speed the share of the exactly computed pairs that are hit."""
        truth = self._truth()
        found = hits(truth)
        self._benchmark.extra_info.update(recall_50=truth.recall(found, 0.5), recall_80=truth.recall(found, 0.8))


@pytest.fixture
def speed(benchmark: BenchmarkFixture, truth: Callable[[], Truth], pytestconfig: pytest.Config) -> Iterator[Speed]:
    yield Speed(benchmark, truth)
    if benchmark.stats is not None and "name" in benchmark.extra_info:  # None under --benchmark-disable
        entry = {"stats": {"min": benchmark.stats.stats.min}, "extra_info": benchmark.extra_info}
        pytestconfig.stash[_ROWS].append(table.Row.of(entry))


@pytest.fixture(scope="session")
def stories(pytestconfig: pytest.Config) -> Corpus:
    """Reuters, or its stand-in."""
    return main_corpus(pytestconfig.getoption("stories"))


@pytest.fixture(scope="session", params=[name for name in SETS if name != MAIN])
def other(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Corpus:
    """Other scripts, and long noisy pages; skipped where the data is not there."""
    if not available(request.param):
        pytest.skip(f"{request.param}: its file is not beside this repository")
    return load(request.param, pytestconfig.getoption("stories"))


@pytest.fixture(scope="session")
def truth(stories: Corpus) -> Callable[[], Truth]:
    """The alike pairs of ``stories``; only computed when asked for."""
    return lambda: exact_pairs(stories)


@pytest.fixture(scope="session")
def jsonl_file(stories: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole records, uncompressed."""
    path = tmp_path_factory.mktemp("jsonl") / "stories.jsonl"
    write_jsonl(stories.records, path)
    return path
