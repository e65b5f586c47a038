"""Web archives: pages and texts are stories, the rest is counted, and every whole record before a damage is read."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest
from corpora import DATA
from read.helpers import ids, read, reasons
from read.test_markup import BODY, PAGE, SENTENCES

pytest.importorskip("trafilatura")

HTML = PAGE.format(charset="utf-8", body=BODY).encode()


def record(kind: str, payload: bytes, url: str = "", content: str = "application/http; msgtype=response") -> bytes:
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nContent-Type: {content}\r\n"
    return f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload + b"\r\n\r\n"


def answer(body: bytes, status: int = 200, *headers: str, content: str = "text/html; charset=utf-8") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status} X", f"Content-Type: {content}", *headers, "", "")).encode() + body


def chunked(body: bytes) -> bytes:
    pieces = [body[at : at + 700] for at in range(0, len(body), 700)]
    return b"".join(b"%x;note=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


RAW_DEFLATE = zlib.compressobj(wbits=-15)
BODIES = {
    "plain": (HTML, ()),
    "gzip": (gzip.compress(HTML), ("Content-Encoding: gzip",)),
    "deflate": (zlib.compress(HTML), ("Content-Encoding: deflate",)),
    "raw deflate": (RAW_DEFLATE.compress(HTML) + RAW_DEFLATE.flush(), ("Content-Encoding: deflate",)),
    "chunked": (chunked(HTML), ("Transfer-Encoding: chunked",)),
    "both": (chunked(gzip.compress(HTML)), ("Transfer-Encoding: chunked", "Content-Encoding: gzip")),
    "unpacked before": (HTML, ("Content-Encoding: gzip", "Transfer-Encoding: chunked")),
}


@pytest.mark.parametrize("kind", BODIES)
def test_pages_are_read_however_they_were_sent(tmp_path: Path, kind: str) -> None:
    body, headers = BODIES[kind]
    (tmp_path / "a.warc").write_bytes(record("response", answer(body, 200, *headers), "http://x.example/1"))
    (story,), problems = read(tmp_path)
    assert problems == []
    assert (story.id, story.title, story.source) == ("http://x.example/1", "Bridge to be repaired", "The Weekly")
    assert all(sentence in story.text for sentence in SENTENCES)


@pytest.mark.parametrize("suffix", ["warc", "warc.gz"])
def test_what_is_no_page_is_counted(tmp_path: Path, suffix: str) -> None:
    records = [
        record("warcinfo", b"software: x", content="application/warc-fields"),
        record("request", b"GET / HTTP/1.1\r\n\r\n"),
        record("response", answer(b"\x89PNG", content="image/png"), "http://x/i.png"),
        record("response", answer(HTML, 404), "http://x/404"),
        record("resource", b"Plain words.", "urn:text", "text/plain"),
        record("response", answer(HTML), "http://x/1"),
        record("response", answer(b"x", 200, "Content-Encoding: br"), "http://x/2"),
        record("response", answer(b"<html><body></body></html>"), "http://x/3"),
    ]
    packed = (gzip.compress(each) if suffix.endswith("gz") else each for each in records)
    (tmp_path / f"a.{suffix}").write_bytes(b"".join(packed))
    stories, problems = read(tmp_path)
    assert [(story.id, story.line) for story in stories] == [("urn:text", 5), ("http://x/1", 6)]
    counted = "1 image/png, 1 pages without a main text, 1 request, 1 warcinfo, 1 with status 404"
    assert reasons(problems) == [
        (f"a.{suffix}:7: a page packed as 'br', which is not read; fetch it as gzip", True),
        (f"a.{suffix}: records that are no pages, passed over: {counted}", False),
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_a_cut_costs_nothing_before_it(tmp_path: Path, packed: bool) -> None:
    texts = [f"Text number {number}. " * 9 for number in range(6)]
    records = [record("resource", text.encode(), f"urn:{number}", "text/plain") for number, text in enumerate(texts)]
    parts = [gzip.compress(each) for each in records] if packed else records
    whole, name = b"".join(parts), "a.warc.gz" if packed else "a.warc"
    for cut in range(97, len(whole), 97):
        (tmp_path / name).write_bytes(whole[:cut])
        stories, problems = read(tmp_path)
        ends = [len(b"".join(parts[: count + 1])) - (0 if packed else len(b"\r\n\r\n")) for count in range(6)]
        assert [story.text for story in stories] == texts[: len(stories)]
        assert len(stories) >= sum(end <= cut for end in ends)
        assert len(stories) == sum(end <= cut for end in ends) or packed
        assert any(problem.failed for problem in problems) == (cut not in {0, *ends, *(end + 2 for end in ends)}), cut


def test_limits_and_lies(tmp_path: Path) -> None:
    good = record("resource", b"Plain words.", "urn:text", "text/plain")
    (tmp_path / "a.warc").write_bytes(record("resource", b"x" * 100_000, "urn:long", "text/plain") + good)
    stories, problems = read(tmp_path, max_story_bytes=1000)
    assert ids(stories) == ["urn:text"]
    assert reasons(problems) == [("a.warc:1: a record of over 1,000 bytes; to read it, raise --max-story-bytes", True)]
    bomb = record("response", answer(gzip.compress(bytes(5_000_000)), 200, "Content-Encoding: gzip"), "http://x/")
    (tmp_path / "a.warc").write_bytes(bomb + good)
    stories, problems = read(tmp_path, max_story_bytes=100_000)
    assert ids(stories) == ["urn:text"]
    assert reasons(problems) == [("a.warc:1: a page of over 100,000 bytes; to read it, raise --max-story-bytes", True)]
    for bad in (
        b"no WARC\r\n",
        b"WARC/1.0\r\nContent-Length: many\r\n\r\n",
        b"WARC/1.0\r\n" + b"a: b\r\n" * 2000,
        b"x" * 200_000,
    ):
        (tmp_path / "a.warc").write_bytes(good + bad)
        stories, problems = read(tmp_path)
        assert ids(stories) == ["urn:text"]
        assert [problem.failed for problem in problems] == [True]


def test_what_follows_a_damaged_record_is_read(tmp_path: Path) -> None:
    texts = [record("resource", f"Text {number}.".encode(), f"urn:{number}", "text/plain") for number in range(4)]
    (tmp_path / "a.warc").write_bytes(texts[0] + texts[1][:-8] + texts[2] + texts[3])
    stories, problems = read(tmp_path)
    assert ids(stories) == ["urn:0", "urn:1", "urn:3"]
    assert reasons(problems) == [("a.warc:3: the record before this one is damaged; fetch it again", True)]


@pytest.mark.skipif(not (DATA / "formats/warc").is_dir(), reason="no corpora here")
def test_real_archives() -> None:
    folder = DATA / "formats/warc"
    for name in ("example.warc", "example.warc.gz"):
        stories, problems = read(folder / name)
        assert ids(stories) == ["http://example.com/"]
        assert "documentation" in stories[0].text or "examples" in stories[0].text
        assert not any(problem.failed for problem in problems)
    # One record of this file is cut in its middle, and others follow it.
    stories, problems = read(folder / "example-trunc.warc")
    assert ids(stories) == ["http://example.com/"]
    assert any(problem.failed for problem in problems)
    assert len(read(folder / "example-bad.warc.gz.bad")[0]) == 1
