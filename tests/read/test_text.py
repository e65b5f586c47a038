"""A file as one story: its bytes become its text, and nothing else does."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from read.helpers import ids, lines, read, reasons, zstd

from dedup.read.options import MIB
from dedup.read.utf8 import is_utf8, mended


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", ""),
        (b" \n lead and trail \n\n", " \n lead and trail \n\n"),
        (b"a\r\nb\rc", "a\r\nb\rc"),
        (b"\xef\xbb\xbfmarked", "marked"),
        (b"\xef\xbb\xbf\xef\xbb\xbftwice", "\ufefftwice"),
        (b"nul\0 \xe2\x80\xa8 \xc2\x85", "nul\0 \u2028 \x85"),
    ],
)
def test_the_text_is_the_file(tmp_path: Path, content: bytes, text: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    [story], problems = read(tmp_path)
    assert (story.text, problems) == (text, [])


@pytest.mark.parametrize("packed", [False, True])
def test_bytes_that_are_not_utf8_are_replaced_and_counted(tmp_path: Path, packed: bool) -> None:
    content = b"caf\xe9 \xe2\x82 \xef\xbf\xbd"
    name = "a.txt.gz" if packed else "a.txt"
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    [story], problems = read(tmp_path)
    assert story.text == "caf\ufffd \ufffd \ufffd"
    assert reasons(problems) == [(f"{name}: 3 bytes were not UTF-8 and read as U+FFFD", False)]


BROKEN = st.lists(st.sampled_from([b"a", b"\xff", b"\xe2\x82\xac", b"\xe2\x82", b"\xf0\x9f", b"\xef\xbf\xbd"])).map(b"".join)


@given(BROKEN | st.binary())
@example(b"\xf0\xef\xbf\xbd")
def test_mending_is_what_python_does(data: bytes) -> None:
    mend = mended(data, 3 * len(data))
    assert mend
    good, count = mend
    assert good.decode() == data.decode(errors="replace")
    assert count == sum("\udc80" <= char <= "\udcff" for char in data.decode(errors="surrogateescape"))
    assert is_utf8(data) == (count == 0)


@pytest.mark.parametrize("shift", range(4))
def test_a_character_over_the_edge_of_a_piece_is_whole(shift: int) -> None:
    data = b"x" * (MIB - shift) + "🙂".encode() + b"x"
    assert is_utf8(data)
    assert mended(data, len(data)) == (data, 0)
    assert not is_utf8(data[:-2])


def test_a_text_over_the_limit_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x" * 100)
    (tmp_path / "b.txt").write_bytes(b"x" * 101)
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(b"x" * 101))
    (tmp_path / "d.txt.zst").write_bytes(zstd.compress(b"x" * 100))
    stories, problems = read(tmp_path, max_story_bytes=100)
    assert ids(stories) == ["a.txt", "d.txt.zst"]
    reason = "a text of over 100 bytes; to read it, raise --max-story-bytes"
    assert reasons(problems) == [(f"b.txt: {reason}", True), (f"c.txt.gz: {reason}", True)]


@pytest.mark.parametrize(("name", "limit"), [("a.txt", "--max-story-bytes"), ("a.jsonl", "--max-line-bytes")])
def test_replacements_count_towards_the_limit(tmp_path: Path, name: str, limit: str) -> None:
    (tmp_path / name).write_bytes(b'{"text": "\xff\xff\xff"}')
    assert len(read(tmp_path, max_story_bytes=21, max_line_bytes=21)[0]) == 1
    stories, problems = read(tmp_path, max_story_bytes=20, max_line_bytes=20)
    assert stories == []
    reason = f"over 20 bytes once what is not UTF-8 is read as U+FFFD; to read it, raise {limit}"
    where = name if name == "a.txt" else f"{name}:1"
    assert reasons(problems) == [(f"{where}: {reason}", True)]


def test_a_damaged_text_is_no_story_but_one_with_junk_behind_is(tmp_path: Path) -> None:
    whole = gzip.compress(b"whole story")
    (tmp_path / "cut.txt.gz").write_bytes(whole[:-1])
    (tmp_path / "junk.txt.gz").write_bytes(whole + b"junk")
    (tmp_path / "second.txt.gz").write_bytes(whole + whole[:-9])
    stories, problems = read(tmp_path)
    assert [(story.id, story.text) for story in stories] == [("junk.txt.gz", "whole story")]
    assert [problem.failed for problem in problems] == [True, True, True]
    assert [problem.reason.partition(":")[0].partition(";")[0] for problem in problems] == [
        "cut off",
        "something that is not gzip data follows the compressed data",
        "cut off",
    ]


@pytest.mark.parametrize("suffix", ["", ".dump", ".dump.gz"])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (lines({"id": "r", "text": "t"}, {"id": "s", "text": "t"}), ["r", "s"]),
        (b"\xef\xbb\xbf\n \n" + lines({"id": "r", "text": "t"}), ["r"]),
        (b'{ "id": "r", "text": "' + b"t" * 100_000 + b'"}', ["r"]),
        (b'{ "id": "r", "text": "' + b"t" * 2_000_000 + b'"}\n', ["r"]),
        (b'{"text": "on', []),
        (b'{\n"id": "r", "text": "pretty"}\n', ["r"]),
        (b'{"id":\n"r", "text": "pretty"}\n', ["r"]),
        (b"{Ed. note}\nplain", ["NAME"]),
        (b"", ["NAME"]),
    ],
)
def test_a_file_of_unknown_suffix_is_records_if_it_begins_with_one(
    tmp_path: Path, content: bytes, expected: list[str], suffix: str
) -> None:
    path = tmp_path / f"file{suffix}"
    path.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
    assert ids(read(path)[0]) == [path.name if name == "NAME" else name for name in expected]


def test_damage_at_the_start_of_a_file_of_unknown_suffix_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(lines({"id": "r", "text": "t"}))[:-1])
    stories, [problem] = read(path)
    assert ids(stories) == ["r"]
    assert problem.reason.startswith("cut off")


def test_a_file_of_unknown_suffix_cut_in_its_first_line_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(b"no line ends here")[:-1])
    stories, [problem] = read(path)
    assert stories == []
    assert problem.reason.startswith("cut off")


def test_blank_lines_do_not_hide_the_first_record(tmp_path: Path) -> None:
    # Each member comes as a chunk of its own.
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(b"\n \n") + gzip.compress(lines({"id": "r", "text": "t"})))
    assert ids(read(path)[0]) == ["r"]
