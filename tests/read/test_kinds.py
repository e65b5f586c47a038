"""What a file is, told by its content where its name does not tell."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from read.helpers import lines, read, reasons, zstd
from read.test_archive import tarred, zipped
from read.test_markup import BODY, PAGE
from read.test_newsxml import nitf
from read.test_warc import record

CONTENTS: dict[str, tuple[bytes, str]] = {
    "records": (lines({"text": "one"}, {"text": "two"}), "one"),
    "document": (json.dumps({"text": "one"}, indent=1).encode(), "one"),
    "array": (json.dumps([{"text": "one"}]).encode(), "one"),
    "page": (PAGE.format(charset="utf-8", body=BODY).encode(), "Bridge to be repaired"),
    "nitf": (nitf(), "One stormy day"),
    "warc": (record("resource", b"one", "urn:x", "text/plain"), "one"),
    "zip": (zipped({"a.txt": b"one"}), "one"),
    "tar": (tarred({"a.txt": b"one"}), "one"),
    "text": (b"[one] {two}", "[one] {two}"),
    "words in brackets": (b"<3 one", "<3 one"),
}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": bytes,
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("name", ["file", "file.bak"])
def test_content_tells_what_a_name_does_not(tmp_path: Path, kind: str, packer: str, name: str) -> None:
    content, text = CONTENTS[kind]
    (tmp_path / name).write_bytes(PACKERS[packer](content))
    stories, problems = read(tmp_path / name)
    assert stories[0].text.lstrip().startswith(text)
    assert not any(problem.failed for problem in problems)


def test_parquet_is_told_by_its_content(tmp_path: Path) -> None:
    pq, pa = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    pq.write_table(pa.table({"text": ["one"]}), tmp_path / "file")
    assert [story.text for story in read(tmp_path / "file")[0]] == ["one"]


@pytest.mark.parametrize("packer", ["gzip", "zstd", "bzip2", "xz"])
def test_what_is_packed_without_saying_so_is_unpacked(tmp_path: Path, packer: str) -> None:
    (tmp_path / "a.txt").write_bytes(PACKERS[packer](b"one"))
    stories, problems = read(tmp_path)
    assert [story.text for story in stories] == ["one"]
    assert reasons(problems) == [(f"a.txt: {packer} data, though its name does not say so; unpacked", False)]


@pytest.mark.parametrize("packer", PACKERS)
def test_standard_input_may_be_packed(monkeypatch: pytest.MonkeyPatch, packer: str) -> None:
    data = PACKERS[packer](lines({"id": "a", "text": "one"}) * 3)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))
    stories, problems = read("-")
    assert ([story.text for story in stories], problems) == (["one"] * 3, [])


class Dripping(io.RawIOBase):
    """A pipe that gives a byte at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(memoryview(buffer)[:1])


@pytest.mark.parametrize("packer", PACKERS)
def test_standard_input_may_come_byte_by_byte(monkeypatch: pytest.MonkeyPatch, packer: str) -> None:
    data = PACKERS[packer](lines({"id": "a", "text": "one"}))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Dripping(data))))
    stories, problems = read("-")
    assert ([story.text for story in stories], problems) == (["one"], [])


def test_a_live_stream_is_answered_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dedup", "filter", "-", "--index", str(tmp_path / "i.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin
        assert process.stdout
        for number in range(3):
            sent = lines({"id": str(number), "text": f"story number {number} " * 9})
            process.stdin.write(sent)
            process.stdin.flush()
            assert os.read(process.stdout.fileno(), 1 << 16) == sent
        process.stdin.close()
        assert process.wait() == 0
