"""JSON that is no record a line: documents, arrays, arrays in documents, ninjs; and what is wrong with some."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from corpora import DATA
from hypothesis import given
from hypothesis import strategies as st
from read.helpers import ids, read, reasons

from dedup.read.jsonfile import _elements
from dedup.read.plain import text_of_html
from dedup.read.stream import Damage

TWO: list[dict[str, Any]] = [{"id": "a", "text": "one two"}, {"text": 'three "]}" \\ four', "title": "T"}]


def saved(folder: Path, content: object, name: str = "f.json") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content, indent=2).encode())
    return path


def test_one_record_is_one_story(tmp_path: Path) -> None:
    saved(tmp_path, {"headline": "H", "body": "Text", "n": [1, {"x": 2}]})
    (story,), problems = read(tmp_path)
    assert (story.id, story.title, story.text, story.line) == ("f.json", "H", "Text", 0)
    assert story.record == b'{"headline":"H","body":"Text","n":[1,{"x":2}]}'
    told = "f.json: takes text from 'body', title from 'headline'; say otherwise with --text-field and the like"
    assert reasons(problems) == [(told, False)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_array_is_many(tmp_path: Path, encoding: str) -> None:
    saved(tmp_path, json.dumps(TWO, indent=1).encode(encoding))
    stories, problems = read(tmp_path)
    assert problems == []
    assert ids(stories) == ["a", "f.json#2"]
    assert [story.text for story in stories] == ["one two", 'three "]}" \\ four']
    assert [story.line for story in stories] == [1, 2]
    assert all(story.origin is not None and story.origin.parts for story in stories)


@pytest.mark.parametrize("name", ["articles", "Items", "data"])
def test_an_array_in_a_document_is_found_and_told(tmp_path: Path, name: str) -> None:
    saved(tmp_path, {"status": "ok", "total": 2, name: TWO})
    stories, problems = read(tmp_path)
    assert ids(stories) == ["a", "f.json#2"]
    assert reasons(problems) == [(f"f.json: takes the records from {name!r}", False)]
    assert ids(read(saved(tmp_path, {"response": {"results": TWO}}))[0]) == ["a", "f.json#2"]


def test_a_record_a_line_is_read_as_such(tmp_path: Path) -> None:
    saved(tmp_path, b"".join(json.dumps(record).encode() + b"\n" for record in TWO))
    stories, problems = read(tmp_path)
    assert (ids(stories), problems) == (["a", "f.json#2"], [])
    assert not any(story.origin is not None and story.origin.parts for story in stories)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n \n"])
def test_one_record_on_one_line_is_the_file(tmp_path: Path, end: bytes) -> None:
    (story,), problems = read(saved(tmp_path, b'{"text": "one two"}' + end))
    assert (story.id, story.line, story.text, problems) == ("f.json", 0, "one two", [])
    assert ids(read(saved(tmp_path, b'{"articles": [{"text": "one"}]}' + end))[0]) == ["f.json#1"]
    item = json.dumps({**TEXT, "body_text": "Words"}).encode()
    assert ids(read(saved(tmp_path, item + end))[0]) == ["urn:x:1"]


def test_lines_behind_a_whole_one_fail_alone(tmp_path: Path) -> None:
    stories, problems = read(saved(tmp_path, b'\n{"text": "one"}\n\nnonsense\n{"text": "two"}\n'))
    assert ids(stories) == ["f.json#2", "f.json#5"]
    assert [problem.where.rpartition("/")[2] for problem in problems] == ["f.json:4"]


OWN = [
    {"id": "a", "text": "my own", "stories": [{"id": "b"}]},
    {"id": "a", "body": "my own", "data": {"items": [{"text": "another's"}]}},
]


@pytest.mark.parametrize("record", OWN)
def test_a_record_that_lists_others_is_no_wrapping(tmp_path: Path, record: dict[str, Any]) -> None:
    assert [(story.id, story.text) for story in read(saved(tmp_path, record))[0]] == [("a", "my own")]


def test_a_wrapping_may_hold_nothing(tmp_path: Path) -> None:
    told = [("f.json: takes the records from 'articles'", False)]
    assert reasons(read(saved(tmp_path, {"status": "ok", "articles": []}))[1]) == told
    assert ids(read(saved(tmp_path, {"articles": [], "data": {"n": 1}, "results": TWO}))[0]) == ["a", "f.json#2"]


def test_hits_of_a_search_engine_are_unwrapped(tmp_path: Path) -> None:
    hits = [
        {"_index": "n", "_id": "x1", "_source": {"text": "one"}},
        {"_id": "x2", "_source": {"id": "own", "text": "two"}},
        {"_id": "x3", "_source": {"words": "three"}},
        {"text": "four"},
    ]
    stories, problems = read(saved(tmp_path, {"took": 3, "hits": {"total": {"value": 4}, "hits": hits}}))
    assert [(story.id, story.text) for story in stories] == [("x1", "one"), ("own", "two"), ("f.json#4", "four")]
    assert stories[0].record == b'{"text":"one"}'
    assert [(problem.where.rpartition("/")[2], problem.failed) for problem in problems[1:]] == [("f.json:3", True)]


def test_a_damaged_packed_file_gives_what_is_whole(tmp_path: Path) -> None:
    lines = b"".join(json.dumps({"text": f"story {number * number}"}).encode() + b"\n" for number in range(3000))
    for name, content in (("lines", lines), ("array", b"[" + lines.strip().replace(b"\n", b",") + b"]")):
        for data in (content, b"\xff\xfe" + content.decode().encode("utf-16-le")):
            packed = gzip.compress(data)
            stories, problems = read(saved(tmp_path, packed[: len(packed) // 2], f"{name}.json.gz"))
            assert len(stories) > 100
            assert [story.text for story in stories] == [f"story {number * number}" for number in range(len(stories))]
            assert "cut off" in problems[-1].reason
    stories, problems = read(saved(tmp_path, gzip.compress(b'{"text": "one"}') + b"junk", "f.json.gz"))
    assert (ids(stories), [problem.failed for problem in problems]) == (["f.json.gz"], [True])


def crowded() -> dict[str, bytes]:
    """Documents of 24 MiB that a parser would make many times as large."""
    names = b",".join(b'"%x":1' % number for number in range(2_400_000))
    return {
        "names": b"{" + names + b',"text":"x"}',
        "wrapped": b'{"articles":[{"text":"x"}],' + names + b"}",
        "item": b'{"uri":"u","pubstatus":"usable","more":[' + b"[]," * (8 << 20) + b"1]}",
        "bodies": b'{"uri":"u","bodies":[' + b"{}," * (8 << 20) + b"{}]}",
        "array": b"[[" + b'{"":""},' * (3 << 20) + b'1],{"text":"x"}]',
    }


MEASURE = """
import re, sys
from dedup.read import read_stories
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
list(read_stories(["warm.json"]))
before = peak()
print(len(list(read_stories([sys.argv[1]]))), peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to tell the memory")
@pytest.mark.parametrize(("name", "stories"), [("names", 1), ("wrapped", 1), ("item", 0), ("bodies", 0), ("array", 1)])
def test_crowded_documents_take_no_more_memory(tmp_path: Path, name: str, stories: int) -> None:
    saved(tmp_path, [{**TEXT, "body_text": "x", "d": "[" * 300}], "warm.json")
    saved(tmp_path, crowded()[name])
    done = subprocess.run([sys.executable, "-c", MEASURE, "f.json"], cwd=tmp_path, capture_output=True, check=True)
    count, growth = map(int, done.stdout.split())
    assert count == stories
    assert growth <= (2 * 32 + 64) << 10


def test_numbers_and_order_survive(tmp_path: Path) -> None:
    record = b'{ "n": 18446744073709551617,\n "f": 1.0, "e": 1e400, "text": "t", "id": 12345678901234567890123 }'
    saved(tmp_path, b"[" + record + b"]")
    (story,), _ = read(tmp_path)
    assert story.record == b'{"n":18446744073709551617,"f":1.0,"e":1e400,"text":"t","id":12345678901234567890123}'
    assert story.id == "12345678901234567890123"


def test_bad_elements_fail_alone(tmp_path: Path) -> None:
    deep = "[" * 300 + "]" * 300
    bad = ["7", f'{{"text": "b", "d": {deep}}}', '{"text": 1}', '{"text": "\\ud83d"}']
    saved(tmp_path, f'[{{"text": "a"}}, {", ".join(bad)}]'.encode())
    stories, problems = read(tmp_path)
    assert [story.text for story in stories] == ["a", "\ufffd"]
    found = [(problem.where.rpartition("/")[2], problem.failed) for problem in problems]
    assert found == [("f.json:2", True), ("f.json:3", True), ("f.json:4", True), ("f.json:5", False)]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_what_came_before_a_cut_is_read(tmp_path: Path, cut: int) -> None:
    # As long as its comma or bracket is there, an element is whole.
    elements = [json.dumps({"text": f"story {number}"}) for number in range(5)]
    whole = f"[{','.join(elements)}]"
    saved(tmp_path, whole[:-cut].encode())
    stories, problems = read(tmp_path)
    whole_ones = sum(len("[" + ",".join(elements[: count + 1])) < len(whole) - cut for count in range(5))
    assert [story.text for story in stories] == [f"story {number}" for number in range(whole_ones)]
    assert "cut off" in problems[-1].reason
    assert problems[-1].failed


def test_limits_hold_a_record_and_not_the_file(tmp_path: Path) -> None:
    saved(tmp_path, [{"text": "a" * 500}, *({"id": str(number), "text": "b" * 50} for number in range(40))])
    stories, problems = read(tmp_path, max_line_bytes=200)
    assert len(stories) == 40
    assert reasons(problems) == [("f.json:1: a record of over 200 bytes; to read it, raise --max-line-bytes", True)]
    saved(tmp_path, {"text": "a" * 500})
    told = "f.json: a record of over 200 bytes; to read it, raise --max-line-bytes"
    assert reasons(read(tmp_path, max_line_bytes=200)[1]) == [(told, True)]


HOLDS_NOTHING = [(b"", False), (b"  \n ", False), (b"nonsense", True), (b"{", True), (b"{}", True)]


@pytest.mark.parametrize(("content", "failed"), HOLDS_NOTHING)
def test_what_holds_nothing_is_told(tmp_path: Path, content: bytes, failed: bool) -> None:
    stories, problems = read(saved(tmp_path, content))
    assert stories == []
    assert [problem.failed for problem in problems] == [failed]


def test_something_behind_an_array_is_told(tmp_path: Path) -> None:
    stories, problems = read(saved(tmp_path, json.dumps(TWO).encode() + b" {}"))
    assert len(stories) == 2
    assert "something follows the array" in problems[0].reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.text('a"\\\\[]{},', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=6), st.integers(1, 9), st.booleans())
def test_elements_are_those_that_a_parser_finds(values: list[object], step: int, spaced: bool) -> None:
    text = json.dumps(values, indent=1 if spaced else None, ensure_ascii=False)
    data = text.encode("utf-8", "surrogatepass")[1:]
    found = list(_elements((data[at : at + step] for at in range(0, len(data), step)), 1 << 20))
    assert [json.loads(element.decode("utf-8", "surrogatepass")) for element in found if element is not None] == values


@given(st.binary(max_size=40))
def test_no_bytes_stop_the_search_for_elements(data: bytes) -> None:
    try:
        found = list(_elements(iter([data]), 10))
    except Damage:
        return
    assert all(element is None or len(element) <= 10 for element in found)


TEXT = {"uri": "urn:x:1", "type": "text", "versioncreated": "2020-01-02T03:04:05Z", "provider": "Agency"}
VERSIONS: list[tuple[dict[str, Any], str]] = [
    ({"headline": "H", "body_text": "One.\n\nTwo."}, "One.\n\nTwo."),
    ({"headline": "H", "body_html": "<p>One &amp; all</p><p>Two</p>"}, "One & all\n\nTwo"),
    (
        {
            "headlines": [{"role": "short", "value": "S"}, {"role": "main", "value": "H"}],
            "bodies": [
                {"role": "caption", "contenttype": "text/plain", "value": "A picture of somebody at some place"},
                {"role": "main", "contentType": "text/html", "value": "<p>One</p>"},
            ],
        },
        "One",
    ),
]


@pytest.mark.parametrize(("more", "text"), VERSIONS)
def test_ninjs_items_of_all_versions(tmp_path: Path, more: dict[str, Any], text: str) -> None:
    saved(tmp_path, {**TEXT, **more})
    (story,), problems = read(tmp_path)
    assert (story.id, story.title, story.text, story.source) == ("urn:x:1", "H", text, "Agency")
    assert story.published == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert problems == []


def test_ninjs_without_text_or_taken_back(tmp_path: Path) -> None:
    items = [
        {**TEXT, "type": "picture", "headline": "H"},
        {**TEXT, "uri": "urn:x:2", "pubstatus": "canceled", "body_text": "Words", "embargoed": "2020-02-01T00:00:00Z"},
    ]
    stories, problems = read(saved(tmp_path, items))
    assert ids(stories) == ["urn:x:2"]
    assert reasons(problems) == [
        ("f.json:1: a ninjs item without text (picture); passed over", False),
        ("f.json:2: its status is 'canceled': it was taken back by its provider", False),
        ("f.json:2: embargoed until 2020-02-01T00:00:00+00:00", False),
    ]


def test_what_only_looks_like_ninjs_is_a_record(tmp_path: Path) -> None:
    records = [
        {"uri": "u1", "type": "event", "text": "one"},
        {"uri": "u2", "headlines": ["a"], "text": "two"},
        {"uri": "u3", "type": "article", "text": "three"},
        {"uri": "u4", "type": "picture", "headline": "H"},
        {"uri": "u5", "title": "T", "eventDetails": {}},
    ]
    stories, problems = read(saved(tmp_path, records))
    assert [story.text for story in stories] == ["one", "two", "three"]
    assert [reason for reason, _ in reasons(problems)] == [
        "f.json:1: takes url from 'uri'; say otherwise with --text-field and the like",
        "f.json:4: a ninjs item without text (picture); passed over",
        "f.json:5: a ninjs item without text (event); passed over",
    ]


def test_ninjs_with_what_is_not_quite_text(tmp_path: Path) -> None:
    begin = json.dumps(TEXT).encode()[:-1]
    stories, problems = read(saved(tmp_path, begin + b', "body_text": "W\xffrds \\ud800"}'))
    assert [story.text for story in stories] == ["W\ufffdrds \ufffd"]
    assert reasons(problems) == [
        ("f.json: 1 byte was not UTF-8 and read as U+FFFD", False),
        ("f.json: 1 lone surrogate was read as U+FFFD", False),
    ]
    stories, problems = read(saved(tmp_path, {**TEXT, "body_html": "<p>" + "x" * 90}), max_story_bytes=90)
    assert stories == []
    assert reasons(problems) == [("f.json: a text of over 90 bytes; to read it, raise --max-story-bytes", True)]


@given(st.text(alphabet='<>/!-&;ps crit"=a', max_size=60))
def test_any_markup_becomes_text(fragment: str) -> None:
    assert "\0" not in text_of_html(fragment)


def test_large_markup_becomes_text() -> None:
    for piece in ("<script", "<p", "<!--", "</style", "&", "<a b='"):
        assert len(text_of_html(piece * 100_000)) <= len(piece) * 100_000


@pytest.mark.skipif(not (DATA / "formats/ninjs").is_dir(), reason="no corpora here")
def test_real_ninjs() -> None:
    stories, problems = read(DATA / "formats/ninjs")
    assert not any(problem.failed for problem in problems)
    assert len(stories) >= 11
    assert all(story.title and story.published and len(story.text) > 90 for story in stories)
