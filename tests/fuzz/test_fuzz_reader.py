"""Files of every format with bytes changed, cut out, doubled and put in: whatever that makes, reading ends, and well.

``DEDUP_FUZZ`` says how many files are tried for each format, 40 unless given; ``DEDUP_SEED`` which.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import random
from pathlib import Path

import pytest
from corpora import FIXTURES
from read.helpers import lines, zstd
from read.test_archive import tarred, zipped
from read.test_newsxml import nitf
from read.test_warc import HTML, answer, record

from dedup.read import ReadOptions, read_stories
from dedup.story import Problem, Story

ROUNDS = int(os.environ.get("DEDUP_FUZZ", "40"))
SEED = int(os.environ.get("DEDUP_SEED", "1"))
TEXT = (FIXTURES / "near-duplicate" / "flood-aid.txt").read_bytes()
RECORDS = lines(*({"id": str(number), "text": TEXT.decode(), "n": [1.5, None]} for number in range(3)))

PIECES = [b"\0", b"\xff\xfe", b'"', b"{", b"[" * 300, b"<", b"&x;", b"\n", b"\x80" * 9, b"-1", b"\\ud800"]


def parquet() -> bytes:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": ["a", "b"], "text": [TEXT.decode()] * 2}), sink)
    return bytes(sink.getvalue())


def seeds() -> dict[str, bytes]:
    warc = record("response", answer(HTML), "http://x/1") + record("resource", TEXT, "urn:2", "text/plain")
    return {
        "a.txt": TEXT,
        "a.jsonl": RECORDS,
        "a.json": json.dumps([json.loads(line) for line in RECORDS.splitlines()], indent=1).encode(),
        "a.csv": b'id,text\na,"' + TEXT + b'"\nb,short\n',
        "a.xml": nitf(),
        "a.html": HTML,
        "a.warc": warc,
        "a.warc.gz": gzip.compress(warc),
        "a.zip": zipped({"a.txt": TEXT, "b.jsonl": RECORDS}),
        "a.tar": tarred({"a.txt": TEXT, "b.jsonl": RECORDS}),
        "a.jsonl.gz": gzip.compress(RECORDS),
        "a.jsonl.zst": zstd.compress(RECORDS),
        "a.jsonl.bz2": bz2.compress(RECORDS),
        "a.jsonl.xz": lzma.compress(RECORDS),
        "a.parquet": parquet(),
        "unknown": RECORDS,
    }


def mutated(data: bytes, draw: random.Random) -> bytes:
    """With one to four changes."""
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(data) + 1)
        length = draw.choice([1, 1, 2, 8, 100])
        change = draw.randrange(5)
        if change == 0:
            data = data[:at] + draw.randbytes(length) + data[at + length :]
        elif change == 1:
            data = data[:at] + data[at + length :]
        elif change == 2:
            data = data[:at] + data[at : at + length] * draw.choice([2, 50]) + data[at + length :]
        elif change == 3:
            data = data[:at]
        else:
            piece = draw.choice(
                [b"\0", b"\xff\xfe", b'"', b"{", b"[" * 300, b"<", b"&x;", b"\n", b"\x80" * 9, b"-1", b"\\ud800"]
            )
            data = data[:at] + piece + data[at:]
    return data


@pytest.mark.parametrize("name", seeds())
def test_whatever_is_done_to_a_file_reading_ends_well(tmp_path: Path, name: str) -> None:
    pytest.importorskip("trafilatura")
    seed, draw = seeds()[name], random.Random(f"{SEED} {name}")
    path = tmp_path / name
    for _ in range(ROUNDS):
        content = mutated(seed, draw)
        path.write_bytes(content)
        problems: list[Problem] = []
        stories = list(read_stories([path], ReadOptions(), on_problem=problems.append))
        assert all(isinstance(story, Story) and story.id and story.path for story in stories)
        assert len({(story.id, story.line) for story in stories}) <= len(stories)
        assert all(problem.where and problem.reason and "\n" not in str(problem) for problem in problems)
        assert stories or problems or len(content) < 12  # of a table only its names may be left, of records none
        for story in stories:
            story.text.encode("utf-8", "surrogatepass")
