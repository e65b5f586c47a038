"""Records, one a line: their fields, their ids, and what one bad line does to the others."""

from __future__ import annotations

import io
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from read.helpers import ids, lines, read, reasons

from dedup.read import ReadOptions
from dedup.read.fields import Fields
from dedup.read.jsonl import read_records
from dedup.read.mending import nests_deeper, without_lone_surrogates
from dedup.read.options import MIB
from dedup.read.roles import asked_roles
from dedup.read.source import Source
from dedup.story import Origin, Problem, Story


def records(content: bytes, **options: Any) -> tuple[list[Story], list[Problem]]:
    """The stories of a file called f.jsonl at d/f.jsonl, handed over in small chunks."""
    problems: list[Problem] = []
    chunks = (content[start : start + 50] for start in range(0, len(content), 50))
    source = Source(Origin("d/f.jsonl", "f.jsonl"), chunks)
    given = read_records(source, ReadOptions(**options), problems.append)
    return [story for story in given if isinstance(story, Story)], problems


def texts(stories: list[Story]) -> list[str]:
    return [story.text for story in stories]


RICH = {
    "id": "r1",
    "title": "Title",
    "text": "Text",
    "source": "Outlet",
    "url": "http://x/",
    "published": "2018-06-02T21:08:00Z",
    "more": [1, {"deep": [2]}],
}
NESTED = {"meta": {"id": "r1", "title": "Title", "at": 1527973680, "link": {"url": "http://x/"}}, "body.plain": "Text"}
NESTED_FIELDS = {
    "id_field": "meta.id",
    "title_field": "meta.title",
    "text_field": "body.plain",
    "date_field": "meta.at",
    "url_field": "meta.link.url",
}


@pytest.mark.parametrize(("record", "options"), [(RICH, {}), (NESTED, NESTED_FIELDS), (RICH, {"max_story_bytes": 20})])
def test_all_that_is_known_of_a_story_is_read(record: dict[str, Any], options: dict[str, Any]) -> None:
    line = json.dumps(record, indent=None).encode() + b" "
    [story], problems = records(line + b"\n", **options)
    assert problems == []
    assert story == Story(
        id="r1",
        text="Text",
        title="Title",
        source="Outlet" if "source" in record else None,
        url="http://x/",
        published=datetime(2018, 6, 2, 21, 8, tzinfo=UTC),
        origin=Origin("d/f.jsonl", "f.jsonl"),
        line=1,
        record=line,
    )


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ('"a"', "a"),
        ('"a\\u0000b"', "a\0b"),
        ("0", "0"),
        ("1234567890123456789", "1234567890123456789"),
        (str(2**64), str(2**64)),
        (str(2**64 + 1), str(2**64 + 1)),
        ("-7", "-7"),
        ("9" * 5000, "9" * 5000),
        ("1.0", "1.0"),
        ("1.50e3", "1.50e3"),
        ("1e999", "1e999"),
        ('""', "f.jsonl#1"),
        ("null", "f.jsonl#1"),
        ("true", "f.jsonl#1"),
        ('["a"]', "f.jsonl#1"),
        ('{"$oid": "a"}', "f.jsonl#1"),
    ],
)
@pytest.mark.parametrize("dotted", [False, True])
def test_an_id_keeps_all_its_digits(identity: str, expected: str, dotted: bool) -> None:
    record = f'{{"m": {{"id": {identity}}}, "text": "t"}}' if dotted else f'{{"id": {identity}, "text": "t"}}'
    [story], problems = records(record.encode(), id_field="m.id" if dotted else "id")
    assert (story.id, problems) == (expected, [])


def test_a_record_without_an_id_is_called_by_its_line() -> None:
    stories, problems = records(b'\n{"text": "a"}\n\n  \r\n{"text": "b"}')
    assert problems == []
    assert [(story.id, story.line) for story in stories] == [("f.jsonl#2", 2), ("f.jsonl#5", 5)]


@pytest.mark.parametrize("value", ["null", "7", '""', "[]", "{}", "false"])
@pytest.mark.parametrize("field", ["title", "source", "url"])
def test_a_field_that_is_no_string_is_not_known(field: str, value: str) -> None:
    [story], problems = records(f'{{"{field}": {value}, "text": "t", "id": "i"}}'.encode())
    assert problems == []
    assert (story.title, story.source, story.url) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "record", "text"),
    [
        ("a.b", {"a.b": "literal", "a": {"b": "nested"}}, "literal"),
        ("a.b", {"a": {"b": "nested"}}, "nested"),
        ("a.b.c", {"a": {"b.c": "literal"}}, "literal"),
        ("a.b.c", {"a.b": {"c": "literal"}, "a": {"b": {"c": "nested"}}}, "literal"),
        ("a.b.c", {"a.b": {"d": "other"}, "a": {"b": {"c": "nested"}}}, "nested"),
        ("a.b.c", {"a.b": "no record", "a": {"b": {"c": "nested"}}}, "nested"),
        ("é.ü", {"é": {"ü": "nested"}}, "nested"),
        ("", {"": "nameless"}, "nameless"),
    ],
)
def test_dots_reach_into_records_and_literal_names_win(field: str, record: dict[str, Any], text: str) -> None:
    stories, problems = records(lines(record), text_field=field)
    assert (texts(stories), problems) == ([text], [])


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (
            '{"id": 1, "body": "b"}',
            "no field 'text'; say which of its fields holds the text with --text-field: 'id', 'body'",
        ),
        (
            '{"text": 5}',
            "field 'text' is a number, not a string; say which of its fields holds the text with --text-field: 'text'",
        ),
        (
            '{"text": null}',
            "field 'text' is null, not a string; say which of its fields holds the text with --text-field: 'text'",
        ),
        (
            '{"text": true}',
            "field 'text' is true, not a string; say which of its fields holds the text with --text-field: 'text'",
        ),
        (
            '{"text": []}',
            "field 'text' is an array, not a string; say which of its fields holds the text with --text-field: 'text'",
        ),
        (
            '{"text": {}}',
            "field 'text' is an object, not a string; say which of its fields holds the text with --text-field: 'text'",
        ),
        ("{}", "no field 'text'; say which field holds the text with --text-field"),
        (
            '{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1}',
            "no field 'text'; say which of its fields holds the text with --text-field: "
            "'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' and 2 more",
        ),
    ],
)
def test_a_record_without_text_fails_and_names_its_fields(record: str, reason: str) -> None:
    stories, problems = records(b'{"text": "a"}\n' + record.encode() + b'\n{"text": "b"}\n')
    assert texts(stories) == ["a", "b"]
    assert reasons(problems) == [(f"f.jsonl:2: {reason}", True)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "cut', "Input data was truncated"),
        (b'{"text": "a"} x', "JSON is malformed: trailing characters"),
        (b'["text"]', "Expected `object`, got `array`"),
        (b'"text"', "Expected `object`, got `str`"),
        (b"nonsense", "JSON is malformed: invalid character"),
        (b'{"text": NaN}', "JSON is malformed: invalid character"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"title_field": "a.b"}])
def test_a_line_that_is_no_object_fails_alone(line: bytes, reason: str, options: dict[str, Any]) -> None:
    stories, [problem] = records(b'{"text": "a"}\n' + line + b'\n{"text": "b"}\n', **options)
    assert texts(stories) == ["a", "b"]
    assert (problem.where, problem.failed) == ("d/f.jsonl:2", True)
    assert problem.reason.startswith(f"not a JSON object: {reason}")
    assert problem.reason.endswith("; mend or remove the line")


def test_only_a_newline_ends_a_line() -> None:
    content = '{"text": "a\u2028b\u0085c\u2029\x0b"}\r\n{"text": "d"}\r{"text": "e"}\n'.replace("\x0b", "\\u000b")
    stories, problems = records(content.encode())
    assert texts(stories) == ["a\u2028b\u0085c\u2029\x0b"]
    assert stories[0].record.endswith(b"\r")
    assert [problem.where for problem in problems] == ["d/f.jsonl:2"]


def test_a_byte_order_mark_is_allowed_where_the_file_begins() -> None:
    mark = b"\xef\xbb\xbf"
    line = b'{"text": "a"}'
    stories, problems = records(mark + line + b"\n" + mark + line + b"\n")
    assert [story.record for story in stories] == [line]
    assert [(problem.where, problem.failed) for problem in problems] == [("d/f.jsonl:2", True)]


@pytest.mark.parametrize("place", [b'text": "', b'id": "', b'title": "', b'rest": "', b"{", b'"rest'])
def test_a_bad_byte_in_one_line_of_a_thousand_is_reported_once(tmp_path: Path, place: bytes) -> None:
    good = [b'{"id": "%d", "title": "", "text": "t", "rest": ""}' % number for number in range(1, 1001)]
    bad = good[499].replace(place, place + b"\xff")
    assert bad != good[499]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([*good[:499], bad, *good[500:], b""]))
    stories, [problem] = read(tmp_path)
    assert problem.where == f"{tmp_path}/a.jsonl:500"
    assert len(stories) == (999 if place == b"{" else 1000)
    assert problem.failed == (place == b"{")


def test_bytes_that_are_not_utf8_are_replaced_and_counted() -> None:
    line = b'{"id": "\xe9", "text": "caf\xe9 \xed\xa0\xbd"}'
    [story], problems = records(line)
    assert (story.id, story.text, story.record) == ("\ufffd", "caf\ufffd \ufffd\ufffd\ufffd", line)
    assert reasons(problems) == [("f.jsonl:1: 5 bytes were not UTF-8 and read as U+FFFD", False)]


@pytest.mark.parametrize("options", [{}, {"title_field": "a.b"}])
@pytest.mark.parametrize(
    ("escapes", "text", "reason"),
    [
        (r"\ud83d", "\ufffd", "1 lone surrogate was read as U+FFFD"),
        (r"\uDE00!", "\ufffd!", "1 lone surrogate was read as U+FFFD"),
        (r"\ud83d\ud83d\ude00\ude00", "\ufffd🙂"[:1] + "\U0001f600\ufffd", "2 lone surrogates were read as U+FFFD"),
        (r"\\ud83d \ud83dabcdef", "\\ud83d \ufffdabcdef", "1 lone surrogate was read as U+FFFD"),
        (r"\ud83d\n", "\ufffd\n", "1 lone surrogate was read as U+FFFD"),
    ],
)
def test_half_a_surrogate_pair_is_replaced(escapes: str, text: str, reason: str, options: dict[str, Any]) -> None:
    line = f'{{"text": "{escapes}"}}'.encode()
    stories, problems = records(lines({"text": "a"}) + line + b"\n" + lines({"text": "b"}), **options)
    assert texts(stories) == ["a", text, "b"]
    assert stories[1].record == line
    assert reasons(problems) == [(f"f.jsonl:2: {reason}", False)]


def test_a_lone_surrogate_in_a_field_of_no_interest_fails_nothing() -> None:
    [story], _ = records(rb'{"other": "\udc00", "text": "t"}')
    assert story.text == "t"


@given(st.lists(st.sampled_from([r"\ud83d", r"\ude00", r"\\", r"\"", "u", "d83d", r"\u0041", r"\n"])).map("".join))
def test_mending_surrogates_is_what_python_reads(escapes: str) -> None:
    line = f'"{escapes}"'.encode()
    good, count = without_lone_surrogates(line)
    expected = json.loads(line).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    lone = sum("\ud800" <= char <= "\udfff" for char in expected)
    assert count == lone
    assert len(good) == len(line)
    assert msgspec.json.decode(good) == "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in expected)


NESTING = ['{"text": "t", "a": %s}', '{"a": %s, "text": "t"}', '{"text": "t", "other": %s}']


@pytest.mark.parametrize("pattern", NESTING)
@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_records_nest_as_deep_as_the_limit_and_no_deeper(pattern: str, opening: str) -> None:
    closing = "".join({"[": "]", "{": "}"}[char] for char in reversed(opening) if char in "[{")

    def nested(depth: int) -> bytes:
        times = (depth - 1) // len(closing)
        return (pattern % (opening * times + "1" + closing * times)).encode()

    assert texts(records(nested(199), title_field="a")[0]) == ["t"]
    good = lines({"text": "good"})
    for depth in (203, 1_000, 100_000):
        stories, problems = records(good + nested(depth) + b"\n" + good, title_field="a")
        assert texts(stories) == ["good", "good"]
        assert reasons(problems) == [("f.jsonl:2: nested more than 200 deep; flatten the record", True)]


def test_a_limit_on_depth_beyond_what_the_decoder_can_do_fails_one_line() -> None:
    deep = b'{"text": "t", "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    stories, problems = records(deep + lines({"text": "b"}), max_depth=1_000_000)
    assert texts(stories) == ["b"]
    assert reasons(problems) == [("f.jsonl:1: nested too deep; flatten the record", True)]


def test_many_brackets_side_by_side_or_in_strings_are_not_deep() -> None:
    record = {"text": "[{" * 500, "a": [[]] * 500, "b\\": '"[[' * 300, "c": "\\"}
    stories, problems = records(lines(record))
    assert (texts(stories), problems) == (["[{" * 500], [])


def test_depth_is_counted_over_the_edges_of_the_pieces_a_long_line_is_looked_at_in() -> None:
    flat = b"[]" * MIB
    assert nests_deeper(b"[" * 150 + flat + b"[" * 51, 200)
    assert not nests_deeper(b"[" * 150 + flat + b"[" * 50, 200)
    assert not nests_deeper(b'[["' + b"[" * (2 * MIB) + b'"', 2)


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='[]{}"\\ab', max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='{["\\', max_size=2), inner, max_size=3),
    max_leaves=20,
)


@given(JSON, st.integers(0, 6))
def test_depth_is_counted_as_a_parser_would(value: object, limit: int) -> None:
    line = json.dumps(value).encode()
    assert nests_deeper(b" " + line, limit) == (depth_of(value) > limit)


@pytest.mark.parametrize("unit", [b'"\\', b'\\"', b'"', b"[]", b'"a"[', b"\\ud83d"])
def test_crafted_lines_cost_what_others_do(unit: bytes) -> None:
    # A quadratic search would not end.
    line = b'{"text": ' + unit * (1_000_000 // len(unit))
    stories, problems = records(line + b"\n" + lines({"text": "b"}))
    assert texts(stories) == ["b"]
    assert [problem.failed for problem in problems] == [True]


FIELD = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | JSON
NAMES = ("id", "text", "title", "source", "url", "published")


@given(st.dictionaries(st.sampled_from([*NAMES, "other", ""]), FIELD))
@example({"id": 1.0, "text": "t"})
def test_the_fast_way_reads_what_the_slow_one_does(record: dict[str, Any]) -> None:
    line = json.dumps(record).encode()
    fast, slow = Fields(asked_roles(ReadOptions()), 1 << 20), Fields(asked_roles(ReadOptions()), 1 << 20)
    slow._fast = None
    read_fast, read_slow = fast.values(line), slow.values(line)
    identity, *rest = read_slow
    number = isinstance(record.get("id"), int) and not isinstance(record.get("id"), bool)
    assert (read_fast[0] if not number else str(read_fast[0]), *read_fast[1:]) == (identity, *rest)
    assert read_fast[1] is msgspec.UNSET if "text" not in record else True
    if isinstance(record.get("text"), str):
        assert read_fast[1] == record["text"]


def test_a_line_over_the_limit_is_skipped_and_named() -> None:
    line = b'{"text": "%s"}'
    longest = line % (b"x" * (100 - len(line % b"")))
    content = b"\n".join([longest, line % (b"y" * 1000), longest + b" ", line % b"z", longest + b" "])
    stories, problems = records(content, max_line_bytes=100)
    assert [story.line for story in stories] == [1, 4]
    reason = "a line of over 100 bytes; to read it, raise --max-line-bytes"
    assert reasons(problems) == [(f"f.jsonl:{number}: {reason}", True) for number in (2, 3, 5)]


@pytest.mark.parametrize("options", [{}, {"title_field": "a.b"}])
def test_a_text_over_the_limit_fails_and_a_long_record_around_it_does_not(options: dict[str, Any]) -> None:
    rest = "r" * 200
    content = lines({"text": "x" * 100, "rest": rest}, {"text": "x" * 101, "rest": rest}, {"text": ["x" * 200]})
    stories, problems = records(content, max_story_bytes=100, **options)
    assert texts(stories) == ["x" * 100]
    assert reasons(problems)[0] == ("f.jsonl:2: a text of over 100 bytes; to read it, raise --max-story-bytes", True)
    assert "is an array, not a string" in problems[1].reason


@pytest.mark.parametrize(
    ("date", "reason"),
    [
        ('"0000-00-00"', "date not understood: '0000-00-00'; the story is read without one"),
        ("true", "date not understood: True; the story is read without one"),
        ("[2018]", "date not understood: an array; the story is read without one"),
        ("1e999", "date not understood: '1e999'; the story is read without one"),
        ("1e300", "date not understood: 1e+300; the story is read without one"),
    ],
)
def test_a_date_that_is_none_costs_the_date_only(date: str, reason: str) -> None:
    [story], problems = records(f'{{"text": "t", "published": {date}}}'.encode())
    assert story.published is None
    assert reasons(problems) == [(f"f.jsonl:1: {reason}", False)]


@pytest.mark.parametrize("date", ["null", '""'])
def test_a_date_left_blank_is_no_problem(date: str) -> None:
    [story], problems = records(f'{{"text": "t", "published": {date}}}'.encode())
    assert (story.published, problems) == (None, [])


def test_one_field_may_serve_twice() -> None:
    [story], _ = records(lines({"url": "http://x/", "text": "t"}), id_field="url", title_field="text")
    assert (story.id, story.url, story.title) == ("http://x/", "http://x/", "t")


def test_a_name_written_with_escapes_is_the_name() -> None:
    stories, _ = records(rb'{"\u0074ext": "t"}')
    assert texts(stories) == ["t"]


# Standard input


def test_standard_input_is_read_once_as_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = lines({"id": "a", "text": "t"}, {"text": "u"}) + b"{"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    stories, problems = read("-", "-")
    assert [(story.id, story.path, story.line) for story in stories] == [("a", "-", 1), ("-#2", "-", 2)]
    assert [(problem.where, problem.failed) for problem in problems] == [("-:3", True), ("-", False)]


class Broken(io.RawIOBase):
    """Gives one record, then fails."""

    def __init__(self) -> None:
        self.content = lines({"id": "a", "text": "t"})

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.content:
            raise OSError(5, "Input/output error")
        buffer[: len(self.content)] = self.content
        given, self.content = len(self.content), b""
        return given


def test_standard_input_that_fails_costs_nothing_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Broken())))
    stories, [problem] = read("-")
    assert ids(stories) == ["a"]
    assert (problem.where, problem.failed) == ("-:2", True)
    assert "Input/output error" in problem.reason


def test_standard_input_that_is_closed_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert [(problem.where, problem.failed) for problem in read("-")[1]] == [("-:1", True)]


def test_a_story_on_a_pipe_is_read_before_the_next_one_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    from dedup.read import read_stories

    out, into = os.pipe()
    with os.fdopen(out) as reading, os.fdopen(into, "wb", buffering=0) as writing:
        monkeypatch.setattr(sys, "stdin", reading)
        stories = read_stories(["-"])
        writing.write(lines({"id": "first", "text": "t"}))
        assert next(stories).id == "first"
        writing.write(lines({"id": "second", "text": "t"}))
        assert next(stories).id == "second"


def test_a_file_called_dash_is_not_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("-").write_bytes(lines({"id": "a", "text": "t"}))
    assert ids(read("./-")[0]) == ids(read(Path("-"))[0]) == ["a"]
