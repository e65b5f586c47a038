"""JSON that is no record a line: documents, arrays, arrays in documents, ninjs; and what is wrong with some."""

from __future__ import annotations

import json
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
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
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
