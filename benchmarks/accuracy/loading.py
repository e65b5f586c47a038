"""Takes the name of a set, gives its stories and the scan of them, by the front door and from the file as it lies."""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import reference

from benchmarks.accuracy.baseline import THRESHOLDS, Baseline
from benchmarks.accuracy.rows import NONE
from benchmarks.corpus import DATA, Corpus
from dedup.explain import compare
from dedup.result import ScanResult
from dedup.scanning import scan
from dedup.settings import Settings
from dedup.story import Overlap


class Missing(Exception):
    """A file of the data is not there."""


def data(name: str) -> Path:
    """A file or folder under the data folder; Missing if it is not there."""
    path = DATA / name
    if not path.exists():
        raise Missing(f"{path}: not there; accuracy is measured on the labelled sets in ../shared/data only")
    return path


def records(name: str) -> list[dict[str, Any]]:
    """The records of a gzipped JSONL file."""
    with gzip.open(data(name), "rt", encoding="utf-8", newline="\n") as lines:
        return [json.loads(line) for line in lines]


def note(text: str) -> None:
    """Say on stderr what is going on."""
    print(text, file=sys.stderr, flush=True)


@dataclass
class Scanned:
    """A set, its scan, and the baseline on it."""

    corpus: Corpus
    result: ScanResult

    @cached_property
    def relations(self) -> dict[tuple[str, str], str]:
        """The relation of every pair listed, by ids in order. "contains" is as its smaller id sees it."""
        return {(pair.a, pair.b): str(pair.relation) for pair in self.result.pairs}

    def relation(self, a: str, b: str) -> str:
        """The relation of two stories in the scan; "none" where it lists none."""
        return self.relations.get((min(a, b), max(a, b)), NONE)

    @cached_property
    def baseline(self) -> Baseline:
        return Baseline(self.corpus.texts)

    def baseline_ids(self, threshold: float) -> set[tuple[str, str]]:
        """The baseline's pairs by ids in order."""
        ids = self.corpus.ids
        pairs = ((ids[a], ids[b]) for a, b in self.baseline.pairs(threshold))
        return {(min(pair), max(pair)) for pair in pairs}

    @cached_property
    def text_of(self) -> dict[str, str]:
        return dict(zip(self.corpus.ids, self.corpus.texts, strict=True))


@dataclass
class Run:
    """One run over the sets: the settings, and the scans it has made."""

    settings: Settings = field(default_factory=Settings)
    threads: int = 0
    _scans: dict[str, Scanned] = field(default_factory=dict)

    def scanned(self, name: str) -> Scanned:
        """The scan of ``name``/stories.jsonl.gz, made once."""
        if name not in self._scans:
            file = f"{name}/stories.jsonl.gz"
            note(f"  scanning {file}")
            result = scan([data(file)], settings=self.settings, threads=self.threads)
            self._scans[name] = Scanned(Corpus(name, records(file)), result)
        return self._scans[name]

    def compare(self, text_a: str, text_b: str) -> Overlap:
        return compare(text_a, text_b, settings=self.settings)


def computed(name: str, corpus: Corpus, compute: Callable[[], Any]) -> Any:
    """What ``compute`` gives (anything JSON holds), kept in the temporary folder under the corpus's digest."""
    folder = Path(tempfile.gettempdir()) / "dedup-benchmarks"
    cache = folder / f"{name}-{corpus.digest}.json"
    if not cache.is_file():
        found = json.dumps(compute())
        folder.mkdir(exist_ok=True)
        unfinished = cache.with_suffix(".unfinished")
        unfinished.write_text(found)
        unfinished.replace(cache)
    return json.loads(cache.read_text())


def exact_scores(text_a: str, text_b: str) -> tuple[float, float]:
    """Jaccard similarity and the larger of the two containments, by the reference."""
    a, b = reference.shingle_set(text_a), reference.shingle_set(text_b)
    return reference.jaccard(a, b), max(reference.containment(a, b), reference.containment(b, a))


def each_threshold(measure: Callable[[float], float | None]) -> list[float | None]:
    """A figure for each threshold of the baseline."""
    return [measure(threshold) for threshold in THRESHOLDS]
