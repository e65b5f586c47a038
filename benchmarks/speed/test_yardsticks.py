"""What everybody knows the speed of, on the same bytes: counting words, and a hash with hardware behind it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import table
from benchmarks.corpus import Corpus
from benchmarks.speed.conftest import Speed

pytestmark = pytest.mark.skipif(shutil.which("wc") is None, reason="no wc here: apt-get install coreutils")
NOTE = "a process, reading the file"


def counting(path: Path) -> Callable[[], object]:
    """``wc -w`` as a process, in a UTF-8 locale: it must decode to know what a word is."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return lambda: subprocess.run(["wc", "-w", path], check=True, stdout=subprocess.DEVNULL, env=environment)


def plain_file(corpus: Corpus, folder: Path) -> Path:
    """The bare texts in one file."""
    path = folder / "texts.txt"
    path.write_text("\n".join(corpus.texts), "utf-8")
    return path


def test_wc_on_texts(speed: Speed, stories: Corpus, tmp_path: Path) -> None:
    speed(table.WC, stories, counting(plain_file(stories, tmp_path)), rounds=10, note=NOTE)


def test_wc_on_other_scripts(speed: Speed, other: Corpus, tmp_path: Path) -> None:
    speed(table.WC, other, counting(plain_file(other, tmp_path)), rounds=5, note=NOTE)


def test_wc_on_jsonl(speed: Speed, stories: Corpus, jsonl_file: Path) -> None:
    """What ``scan`` is held against: MB/s is of the texts, as for scan, but all of the file is read."""
    speed(table.WC, stories, counting(jsonl_file), rounds=10, source="jsonl", note=NOTE)


def test_sha256(speed: Speed, stories: Corpus) -> None:
    data = "\n".join(stories.texts).encode()
    speed("sha256", stories, lambda: hashlib.sha256(data).digest(), rounds=20, note="bytes in memory")
