"""Inputs that are broken, or made to break a reader: what each is told of, and that everything beside it is read.

Each is a file beside two good ones. ``None`` for what is said: nothing is to be said, the story is read.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from read.helpers import lines, read, zstd
from read.test_archive import tarred, zipped
from read.test_newsxml import declaring, nitf
from read.test_warc import record

GOOD = lines({"id": "good", "text": "a good record"})
DEEP = b'{"id": "deep", "text": "x", "more": ' + b"[" * 5000 + b"]" * 5000 + b"}\n"
GERMAN = "Der Präsident erklärte größere Übel für überholt. " * 4
MIB = 1 << 20


class Case(NamedTuple):
    """A file's name and bytes, what is said of it, whether that is a failure, and how many stories it gives."""

    name: str
    content: bytes | Callable[[], bytes]
    said: str | None
    failed: bool = True
    stories: int = 0


def packed_zeros(pack: Callable[[bytes], bytes], size: int = 80 * MIB) -> Callable[[], bytes]:
    return lambda: pack(bytes(size))


def overlapping_zip() -> bytes:
    """One packed member that the table of contents lists 400 times, as in Fifield's bombs (USENIX WOOT 2019)."""
    data = zipped({"0.txt": bytes(4 * MIB)})
    end = data.rindex(b"PK\x05\x06")
    start = data.index(b"PK\x01\x02")
    entry = data[start:end]
    listed = b"".join([entry] * 400)
    tail = bytearray(data[end:])
    tail[8:10] = tail[10:12] = (400).to_bytes(2, "little")
    tail[12:16] = len(listed).to_bytes(4, "little")
    return data[:start] + listed + bytes(tail)


CASES = [
    # Compression
    Case("bomb.jsonl.gz", packed_zeros(gzip.compress), "expands to more than 200 times its size"),
    Case("bomb.jsonl.zst", packed_zeros(zstd.compress), "expands to more than 200 times its size"),
    Case("bomb.jsonl.bz2", packed_zeros(bz2.compress), "expands to more than 200 times its size"),
    Case("bomb.jsonl.xz", packed_zeros(lzma.compress), "expands to more than 200 times its size"),
    Case("long.jsonl.gz", packed_zeros(gzip.compress, 60 * MIB), "a line of over 32 MiB; to read it, raise"),
    Case("cut.jsonl.gz", gzip.compress(GOOD * 500)[:-20], "cut off: the file ends inside its compressed data", stories=1),
    Case("cut.jsonl.zst", zstd.compress(GOOD)[:-3], "cut off"),
    Case("flipped.txt.gz", gzip.compress(b"words " * 99)[:-6] + b"\0\0\0\0\0\0", "damaged gzip data"),
    Case("foreign.txt.gz", gzip.compress(b"one two") + b"junk", "something that is not gzip data follows", stories=1),
    Case("members.txt.gz", gzip.compress(b"one ") + gzip.compress(b"two"), None, stories=1),
    Case("padded.txt.gz", gzip.compress(b"one two") + bytes(512), None, stories=1),
    Case("plain.txt.gz", b"not packed at all", "not gzip data, whatever its name says; rename it"),
    Case("empty.txt.gz", b"", "cut off: an empty file is not gzip data"),
    Case("quiet.txt", gzip.compress(b"one two"), "gzip data, though its name does not say so; unpacked", False, 1),
    # Encodings
    Case("latin.txt", GERMAN.encode("cp1252"), "read as cp1252", False, 1),
    Case("broken.txt", b"caf\xc3\xa9 \xff\xfe na\xc3\xafve", "2 bytes were not UTF-8 and read as U+FFFD", False, 1),
    Case("wide.txt", "one two".encode("utf-16"), None, stories=1),
    Case("nul.txt", b"one\0two", None, stories=1),
    # JSON lines
    Case("bytes.jsonl", b'{"text": "a\xffb"}\n', "1 byte was not UTF-8 and read as U+FFFD", False, 1),
    Case("surrogate.jsonl", b'{"text": "a\\ud83db"}\n', "1 lone surrogate was read as U+FFFD", False, 1),
    Case("deep.jsonl", DEEP, "nested more than 200 deep; flatten the record"),
    Case("half.jsonl", b'{"text": "one"\n', "not a JSON object"),
    Case("list.jsonl", b'["text"]\n', "not a JSON object"),
    Case("number.jsonl", b'{"text": 5}\n', "field 'text' is a number, not a string"),
    Case("nothing.jsonl", b'{"words": "one"}\n', "no field 'text'; say which of its fields holds the text"),
    Case("huge.jsonl", b'{"text": "' + b"x" * (17 * MIB) + b'"}\n', "a text of over 16 MiB"),
    Case("date.jsonl", b'{"text": "one", "published": "0000-00-00"}\n', "date not understood", False, 1),
    Case("separators.jsonl", '{"text": "one\u2028two\u0085three"}\n'.encode(), None, stories=1),
    # JSON documents
    Case("cut.json", b'[{"text": "one"}, {"text": "tw', "cut off: the file ends inside its JSON", stories=1),
    Case("deep.json", b"[" + DEEP.strip() + b"]", "nested more than 200 deep; flatten the record"),
    Case("brackets.json", b"[" * 100_000, "cut off: the file ends inside its JSON"),
    Case("behind.json", b'[{"text": "one"}] []', "something follows the array", stories=1),
    Case("picture.json", b'{"uri": "u", "type": "picture", "pubstatus": "usable"}', "without text (picture)", False),
    # Tables
    Case("open.csv", b'id,text\na,"one\n' + b"b,two\n" * 50, "is never closed, so all that follows was taken for one cell"),
    Case("wide.csv", b"id,text\na,one,two,three\n", "4 cells under 2 names"),
    Case("names.csv", b"id,words\na,one\n", "no field 'text'"),
    Case("not.parquet", b"PAR1 or so", "cannot be read as such a table"),
    Case("not.arrow", b"ARROW1 or so", "cannot be read as such a table"),
    # XML and HTML
    Case("laughs.xml", declaring('<!ENTITY a "ha"><!ENTITY b "&a;&a;">', "&b;"), "XML that declares entities"),
    Case("outside.xml", declaring('<!ENTITY a SYSTEM "file:///etc/hostname">', "&a;"), "XML that declares entities"),
    Case("cut.xml", nitf()[:-30], "not well-formed XML"),
    Case("other.xml", b"<svg/>", "XML of another kind, <svg>", False),
    Case("crowded.html", b"<p>x</p>" * 30_000, "a web page of over 20,000 elements"),
    Case("empty.html", b"", "a web page without a main text", False),
    # Archives
    Case("cut.zip", zipped({"a.txt": b"one"})[:-10], "cannot be read as a zip"),
    Case("cut.tar", tarred({"a.txt": b"one", "b.txt": b"two"})[:1800], "cut off", stories=1),
    Case("bomb.zip", lambda: zipped({"a.jsonl": bytes(80 * MIB)}), "expands to more than 200 times its size"),
    Case("overlapping.zip", overlapping_zip, "the archive", stories=1),
    Case("inside.zip", zipped({"b.tar": b""}, zipfile.ZIP_STORED), "an archive inside an archive", False),
    Case("cut.warc", record("resource", b"one", "urn:a", "text/plain")[:-6], "cut off: the file ends inside a record"),
    Case("not.warc", b"no web archive\n" * 9, "not a WARC record where one should begin"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_is_told_and_the_rest_is_read(tmp_path: Path, case: Case) -> None:
    pytest.importorskip("trafilatura")
    pytest.importorskip("pyarrow")
    (tmp_path / "aaa.txt").write_text("a good story before")
    (tmp_path / case.name).write_bytes(case.content() if callable(case.content) else case.content)
    (tmp_path / "zzz.jsonl").write_bytes(GOOD)
    stories, problems = read(tmp_path)
    assert (stories[0].id, stories[-1].id) == ("aaa.txt", "good")
    assert len(stories) - 2 >= case.stories
    assert case.stories or len(stories) == 2
    if case.said is None:
        assert problems == []
        return
    told = [problem for problem in problems if case.said in problem.reason]
    assert told, [str(problem) for problem in problems]
    assert told[0].failed == case.failed
    assert case.name in told[0].where


def test_there_are_at_least_forty() -> None:
    assert len({case.name for case in CASES}) >= 40


BOMBS = [case for case in CASES if "bomb" in case.name or case.name in ("long.jsonl.gz", "overlapping.zip", "huge.jsonl")]
# Not by getrusage: a process inherits the peak of the one that forked it.
MEASURE = """
import re, sys
from pathlib import Path
from dedup.read import ReadOptions, read_stories
for story in read_stories([sys.argv[1]], ReadOptions()):
    pass
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.parametrize("case", BOMBS, ids=[case.name for case in BOMBS])
def test_bombs_stay_small(tmp_path: Path, case: Case) -> None:
    (tmp_path / case.name).write_bytes(case.content() if callable(case.content) else case.content)
    done = subprocess.run([sys.executable, "-c", MEASURE, case.name], cwd=tmp_path, capture_output=True, check=True)
    assert int(done.stdout) * 1024 <= 300 * MIB


def test_a_line_of_a_gigabyte_is_one_failure_and_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD)
    os.truncate(path, 1 << 30)  # a hole: zeros without an end of line
    with path.open("ab") as file:
        file.write(b"\n" + GOOD)
    command = [sys.executable, "-m", "dedup", "scan", path.name, "--format", "jsonl"]
    done = subprocess.run([sys.executable, "-c", MEASURE, path.name], cwd=tmp_path, capture_output=True, check=True)
    assert int(done.stdout) * 1024 <= 300 * MIB
    scanned = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert scanned.returncode == 1
    assert scanned.stderr == (
        "dedup: error: a.jsonl:2: a line of over 32 MiB; to read it, raise --max-line-bytes\n"
        "dedup: note: a.jsonl:3: id 'good' is taken; this story goes by 'good#3'\n"
    )


def test_a_hundred_thousand_files_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(100_000):
        (folder / f"{number:05}.txt").touch()
    (folder / "05000.txt").write_text("one")
    (folder / "99999.txt").write_text("two")
    stories, problems = read(folder)
    assert [story.id for story in stories if story.text] == ["05000.txt", "99999.txt"]
    assert (len(stories), problems) == (100_000, [])


def test_folders_with_everything_but_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.txt")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "a\nb\udcff.txt").write_text("one")
    stories, problems = read(tmp_path)
    assert [story.text for story in stories] == ["one"]
    assert sorted(problem.reason for problem in problems) == [
        "FIFO, not a file",
        "symbolic link, not followed",
        "symbolic link, not followed",
    ]
    assert not any("\n" in str(problem) for problem in problems)


def test_one_story_in_all_formats_is_found(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    paragraphs = [
        f"The {place} council voted on {day} to repair the old bridge over the river before the floods of {season}."
        for place in ("northern", "southern")
        for day, season in (("Monday", "winter"), ("Tuesday", "spring"), ("Friday", "autumn"))
    ]
    text = "\n\n".join(paragraphs)
    marked = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    body = nitf().replace("<p>Two, é &amp; all.</p>".encode(), b"")
    files: dict[str, bytes] = {
        "a.txt": text.encode(),
        "b.jsonl": lines({"id": "jsonl", "text": text}),
        "c.json": json.dumps([{"id": "json", "text": text}]).encode(),
        "d.csv": f'id,text\ncsv,"{text}"\n'.encode(),
        "e.xml": body.replace(b"<p>One <em>stormy</em> day.</p>", marked.encode()),
        "f.html": f"<html><body><article>{marked}</article></body></html>".encode(),
        "g.zip": zipped({"inner.txt": text.encode("utf-16")}),
        "h.warc": record("resource", text.encode(), "urn:warc", "text/plain"),
        "i.md.xz": lzma.compress(text.encode()),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", "dedup", "scan", str(tmp_path), "--decisions", str(tmp_path.parent / "out.jsonl")],
        capture_output=True,
        check=True,
    )
    assert b"failed" not in done.stderr
    decisions = [json.loads(line) for line in (tmp_path.parent / "out.jsonl").read_bytes().splitlines()]
    assert len(decisions) == len(files)
    assert sum(decision["keep"] for decision in decisions) == 1
    assert {decision["relation"] for decision in decisions} <= {None, "identical", "near-duplicate"}
