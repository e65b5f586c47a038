"""Web archives: pages and texts are stories, the rest is counted, and every whole record is read, whatever lies between."""

from __future__ import annotations

import gzip
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from corpora import DATA
from read.helpers import ids, read, reasons, zstd
from read.test_markup import BODY, PAGE, SENTENCES

pytest.importorskip("trafilatura")

HTML = PAGE.format(charset="utf-8", body=BODY).encode()
MIB = 1 << 20
END = b"\r\n\r\n"


def record(
    kind: str,
    payload: bytes,
    url: str = "",
    content: str = "application/http; msgtype=response",
    *more: str,
    length: int | None = None,
) -> bytes:
    count = len(payload) if length is None else length
    head = ("WARC/1.0", f"WARC-Type: {kind}", f"WARC-Target-URI: {url}", f"Content-Type: {content}", *more)
    return "\r\n".join((*head, f"Content-Length: {count}", "", "")).encode() + payload + END


def plain(number: int, words: str = "", *more: str, length: int | None = None) -> bytes:
    return record("resource", (words or f"Text {number}.").encode(), f"urn:{number}", "text/plain", *more, length=length)


def answer(body: bytes, status: int = 200, *headers: str, content: str = "text/html; charset=utf-8") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status} X", f"Content-Type: {content}", *headers, "", "")).encode() + body


def response(body: bytes, *headers: str, url: str = "http://x.example/1") -> bytes:
    return record("response", answer(body, 200, *headers), url)


def chunked(body: bytes) -> bytes:
    pieces = [body[at : at + 700] for at in range(0, len(body), 700)]
    return b"".join(b"%x;note=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


RAW_DEFLATE = zlib.compressobj(wbits=-15)
BODIES = {
    "plain": (HTML, ()),
    "gzip": (gzip.compress(HTML), ("Content-Encoding: gzip",)),
    "deflate": (zlib.compress(HTML), ("Content-Encoding: deflate",)),
    "raw deflate": (RAW_DEFLATE.compress(HTML) + RAW_DEFLATE.flush(), ("Content-Encoding: deflate",)),
    "zstd": (zstd.compress(HTML), ("content-encoding: ZSTD",)),
    "twice": (gzip.compress(zlib.compress(HTML)), ("Content-Encoding: deflate, gzip",)),
    "chunked": (chunked(HTML), ("Transfer-Encoding: chunked",)),
    "both": (chunked(gzip.compress(HTML)), ("Transfer-Encoding: chunked", "Content-Encoding: gzip")),
    "unpacked before": (HTML, ("Content-Encoding: gzip", "Transfer-Encoding: chunked")),
    "unpacked, said br": (HTML, ("Content-Encoding: br",)),
    "a wrong length": (HTML, ("Content-Length: 7",)),
}


@pytest.mark.parametrize("kind", BODIES)
def test_pages_are_read_however_they_were_sent(tmp_path: Path, kind: str) -> None:
    body, headers = BODIES[kind]
    (tmp_path / "a.warc").write_bytes(response(body, *headers))
    (story,), problems = read(tmp_path)
    assert problems == []
    assert (story.id, story.url) == ("http://x.example/1", "http://x.example/1")
    assert (story.title, story.source) == ("Bridge to be repaired", "The Weekly")
    assert all(sentence in story.text for sentence in SENTENCES)


def test_brotli_is_read_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brotli = pytest.importorskip("brotli", minversion="1.2")
    pages = [response(brotli.compress(HTML + b" " * number), "Content-Encoding: br") for number in range(3)]
    (tmp_path / "a.warc").write_bytes(b"".join(pages))
    stories, problems = read(tmp_path)
    assert all(SENTENCES[0] in story.text for story in stories)
    assert (len(stories), problems) == (3, [])
    monkeypatch.setitem(sys.modules, "brotli", None)
    stories, problems = read(tmp_path)
    assert stories == []
    lacking = "a page packed as br, which needs brotli to be read; install it with pip install 'wire-dedup[warc]'"
    assert reasons(problems) == [(f"a.warc: {lacking} (3 records)", True)]


@pytest.mark.parametrize("suffix", ["warc", "warc.gz", "warc.wet.gz"])
def test_what_is_no_page_is_counted(tmp_path: Path, suffix: str) -> None:
    records = [
        record("warcinfo", b"software: x", content="application/warc-fields"),
        record("request", b"GET / HTTP/1.1\r\n\r\n"),
        record("request", b"GET / HTTP/1.1\r\n\r\n"),
        record("response", answer(b"\x89PNG", content="image/png"), "http://x/i.png"),
        record("response", answer(HTML, 404), "http://x/404"),
        record("response", answer(b"Allow: /", content="text/plain"), "http://x/robots.txt"),
        record("revisit", answer(b""), "http://x/1"),
        record("conversion", b"Plain words.", "urn:text", "text/plain"),
        record("response", answer(HTML), "http://x/1"),
        record("response", answer(b"x", 200, "Content-Encoding: lzw"), "http://x/2"),
        record("response", answer(b"<html><body></body></html>"), "http://x/3"),
    ]
    packed = (gzip.compress(each) if suffix.endswith("gz") else each for each in records)
    (tmp_path / f"a.{suffix}").write_bytes(b"".join(packed))
    stories, problems = read(tmp_path)
    assert [(story.id, story.line) for story in stories] == [("urn:text", 8), ("http://x/1", 9)]
    assert all(story.origin is not None and story.origin.parts for story in stories)
    counted = "2 request, 1 image/png, 1 page without a main text, 1 revisit, 1 robots.txt, 1 warcinfo, 1 with status 404"
    assert reasons(problems) == [
        (f"a.{suffix}:10: a page packed as 'lzw', which is not read; fetch it as gzip", True),
        (f"a.{suffix}: 8 records are no pages: {counted}", False),
    ]


def test_many_kinds_are_not_all_named(tmp_path: Path) -> None:
    others = b"".join(record(f"kind{number:03}\x1b", b"") for number in range(500))
    (tmp_path / "a.warc").write_bytes(others)
    _, [problem] = read(tmp_path)
    assert problem.reason.startswith("500 records are no pages: ")
    assert len(problem.reason) < 400
    assert "\x1b" not in problem.reason


@pytest.mark.parametrize("packed", [False, True])
def test_a_cut_costs_nothing_before_it(tmp_path: Path, packed: bool) -> None:
    texts = [f"Text number {number}. " * 9 for number in range(6)]
    records = [plain(number, text) for number, text in enumerate(texts)]
    parts = [gzip.compress(each) for each in records] if packed else records
    whole, name = b"".join(parts), "a.warc.gz" if packed else "a.warc"
    for cut in range(97, len(whole), 97):
        (tmp_path / name).write_bytes(whole[:cut])
        stories, problems = read(tmp_path)
        ends = [len(b"".join(parts[: count + 1])) - (0 if packed else len(END)) for count in range(6)]
        assert [story.text for story in stories] == texts[: len(stories)]
        assert len(stories) >= sum(end <= cut for end in ends)
        assert len(stories) == sum(end <= cut for end in ends) or packed
        # Only the blank lines behind a record can be cut unnoticed.
        noticed = any(problem.failed for problem in problems)
        assert noticed == (not any(end <= cut <= end + (0 if packed else len(END)) for end in [0, *ends])), cut


def test_a_wrong_length_is_mended_by_where_the_next_record_begins(tmp_path: Path) -> None:
    own, short, long = "Words of its own. " * 3, "All of it is read. " * 3, "And nothing else. " * 3
    content = [
        plain(0, own, length=len(own)),
        plain(1, short, length=10),
        plain(2, long, length=len(long) + 50),
        plain(3, long, length=len(long) + 6),
        plain(4, own, length=10**6),
        plain(5, own),
    ]
    (tmp_path / "a.warc").write_bytes(b"".join(content))
    stories, problems = read(tmp_path)
    assert [story.text for story in stories] == [own, short, long, long, own, own]
    assert [problem.failed for problem in problems] == [False] * 4
    assert reasons(problems)[0][0] == "a.warc:2: the record's length is wrong by 47 bytes; read up to the next record"


def test_a_record_that_another_begins_in_is_not_read_in_part(tmp_path: Path) -> None:
    (tmp_path / "a.warc").write_bytes(plain(0) + plain(1)[: -len(END) - 4] + plain(2) + plain(3))
    stories, problems = read(tmp_path)
    assert ids(stories) == ["urn:0", "urn:2", "urn:3"]
    assert reasons(problems) == [("a.warc:2: cut off: the next record begins inside this one; fetch it again", True)]


BAD = {
    "junk": (b"\0junk\r\nand more\r\n\r\n", "no WARC record where one should begin"),
    "no length": (b"WARC/1.0\r\nWARC-Type: resource\r\n\r\nwords\r\n\r\n", "does not tell its length"),
    "a bad length": (b"WARC/1.0\r\nContent-Length: -5\r\n\r\nwords\r\n\r\n", "does not tell its length"),
    "an endless header": (b"WARC/1.0\r\n" + b"a: b\r\n" * 20_000 + b"\r\n", "a record whose header is damaged"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_follows_a_bad_record_is_read(tmp_path: Path, kind: str) -> None:
    bad, said = BAD[kind]
    (tmp_path / "a.warc").write_bytes(bad + plain(0) + plain(1))
    stories, problems = read(tmp_path)
    assert ids(stories) == ["urn:0", "urn:1"]
    assert [(problem.where[-2:], problem.failed, said in problem.reason) for problem in problems] == [(":1", True, True)]


@pytest.mark.parametrize(
    "bad",
    [b"no WARC\r\n", b"WARC/1.0\r\nContent-Length: many\r\n\r\n", b"WARC/1.0\r\n" + b"a: b\r\n" * 20_000, b"x" * 200_000],
)
def test_what_stands_before_junk_is_read(tmp_path: Path, bad: bytes) -> None:
    (tmp_path / "a.warc").write_bytes(plain(0) + bad)
    stories, problems = read(tmp_path)
    assert ids(stories) == ["urn:0"]
    assert [problem.failed for problem in problems] == [True]


def test_pages_that_were_cut_off_when_fetched_are_read_and_told(tmp_path: Path) -> None:
    (tmp_path / "a.warc").write_bytes(
        response(gzip.compress(HTML)[:-30], "Content-Encoding: gzip")
        + response(chunked(HTML)[:-20], "Transfer-Encoding: chunked", url="http://x/2")
        + plain(3, "Half a text", "WARC-Truncated: length")
    )
    stories, problems = read(tmp_path)
    assert ids(stories) == ["http://x.example/1", "http://x/2", "urn:3"]
    said = "the page was cut off when it was fetched; read as far as it goes"
    assert reasons(problems) == [(f"a.warc:{number}: {said}", False) for number in (1, 2, 3)]


def test_what_is_too_long_is_not_held(tmp_path: Path) -> None:
    video = record("response", answer(bytes(20 * MIB), content="video/mp4"), "http://x/v")
    (tmp_path / "a.warc").write_bytes(plain(1, "x" * 20 * MIB) + video + plain(3))
    tracemalloc.start()
    stories, problems = read(tmp_path, max_story_bytes=MIB)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ids(stories) == ["urn:3"]
    assert reasons(problems) == [
        ("a.warc:1: a record of over 1 MiB; to read it, raise --max-story-bytes", True),
        ("a.warc: 1 record is no page: 1 video/mp4", False),
    ]
    assert peak < 4 * MIB


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_in_a_page_does_not_go_off(tmp_path: Path, coding: str) -> None:
    zeros = bytes(40 * MIB)
    packers: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress}
    if coding == "br":
        packers["br"] = pytest.importorskip("brotli", minversion="1.2").compress
    body = packers[coding](zeros)
    (tmp_path / "a.warc").write_bytes(response(body, f"Content-Encoding: {coding}") + plain(2))
    read(tmp_path, max_story_bytes=MIB)
    tracemalloc.start()
    stories, problems = read(tmp_path, max_story_bytes=MIB)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ids(stories) == ["urn:2"]
    assert reasons(problems) == [("a.warc:1: a page of over 1 MiB; to read it, raise --max-story-bytes", True)]
    assert peak < 10 * MIB


HOSTILE = {
    "only line ends": plain(0) + b"\n" * (8 * MIB) + plain(1),
    "tiny records": plain(0) + b"WARC/1.0\r\nWARC-Type: x\r\nContent-Length: 0\r\n\r\n" * 50_000 + plain(1),
    "false beginnings": plain(0) + b"WARC/1.0\n" * (MIB // 16) + plain(1),
    "a heap of line ends for a header": plain(0) + response(b"\n" * (8 * MIB)) + plain(1),
    "tiny chunks": plain(0) + response(b"1\nx\n" * (MIB // 4), "Transfer-Encoding: chunked") + plain(1),
    "lengths that take the next records in": b"".join(plain(number % 2, length=15 * MIB) for number in range(1000))
    + plain(1),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_crafted_archives_cost_no_more_than_their_length(tmp_path: Path, kind: str) -> None:
    # Each would take minutes if what is left were copied or searched again for every record or line.
    (tmp_path / "a.warc").write_bytes(HOSTILE[kind])
    stories, _ = read(tmp_path)
    assert (ids(stories)[0], ids(stories)[-1]) == ("urn:0", "urn:1")


@pytest.mark.skipif(not (DATA / "formats/warc").is_dir(), reason="no corpora here")
def test_real_archives() -> None:
    folder = DATA / "formats/warc"
    for name, address in (
        ("example.warc", "http://example.com/"),
        ("example.warc.gz", "http://example.com/"),
        ("example-trunc.warc", "http://example.com/"),  # a length that is two bytes short, in the middle
        ("example-bad.warc.gz.bad", "http://example.com?example=1"),  # all records packed as one
    ):
        [story], problems = read(folder / name)
        assert story.id == address
        assert "illustrative examples in documents" in story.text
        assert not any(problem.failed for problem in problems)
        assert any("wrong by 2 bytes" in problem.reason for problem in problems) == ("trunc" in name)
