"""Lines of JSON taken many at once: what each of them alone gives, whatever stands between them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from read.helpers import lines, read, read_in_blocks

from dedup.read import ReadOptions, read_blocks, stream
from dedup.read.mending import flat_lines
from dedup.story import Stories

_GOOD = b'{"id": "a", "text": "caf\xc3\xa9 \\u00e9", "title": "", "published": "2020-01-01", "source": "s"}'
_LINES = (
    _GOOD,
    b'{"text": "without an id", "published": null, "tags": ["x", {"y": []}]}',
    b'{"id": 7, "text": ""}',
    b'{"id": 7.50, "text": "kept digits"}',
    b'{"id": "", "text": "no id", "published": "in spring"}',
    b'{"id": "b", "text": null}',
    b'{"id": "b", "text": "twice", "id": "c"}',
    b'{"id": "c", "text": "lone \\ud83d half"}',
    b'{"id": "c", "text": "not \xff UTF-8"}',
    b'{"id": "c", "title": ["an array"], "text": "t"}',
    b'{"id": "d", "text": "deep", "x": ' + b"[" * 9 + b"]" * 9 + b"}",
    b'{"id": "e", "text": "two"} {"id": "f", "text": "in a line"}',
    b'{"id": "g", "text":',
    b'"broken over lines"}',
    b'{"id": "h", "text": "}',
    b'{"}',
    b'"no object"',
    b"[]",
    b"{}",
    b"",
    b" ",
    b'  {"id": "i", "text": "indented"}  ',
    b'{"id": "j", "text": "' + b"long " * 30 + b'"}',
)


@settings(max_examples=600, deadline=None)
@given(
    content=st.lists(st.tuples(st.sampled_from(_LINES), st.sampled_from([b"\n", b"\n", b"\r\n"])), max_size=12),
    begin=st.sampled_from([_GOOD + b"\n", b"", b"\xef\xbb\xbf" + _GOOD + b"\n"]),
    end=st.sampled_from([b"", b"{", _GOOD]),
    limit=st.sampled_from([100, 1 << 20]),
    piece=st.sampled_from([1, 7, 100, 300, 1 << 20]),
)
def test_blocks_give_what_lines_give(
    tmp_path_factory: pytest.TempPathFactory,
    content: list[tuple[bytes, bytes]],
    begin: bytes,
    end: bytes,
    limit: int,
    piece: int,
) -> None:
    path = tmp_path_factory.getbasetemp() / "lines.jsonl"
    path.write_bytes(begin + b"".join(line + ending for line, ending in content) + end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "PLAIN_READ", piece)
        read(path, max_depth=8, max_story_bytes=limit)  # compares both
        read(path, max_depth=8, max_line_bytes=limit)


def test_good_lines_come_in_blocks(tmp_path: Path) -> None:
    path = tmp_path / "good.jsonl"
    path.write_bytes(lines(*({"id": str(number), "text": "word " * 500} for number in range(1000))))
    given = list(read_blocks([path]))  # all but the first record, which tells the fields
    assert sum(len(stories) for stories in given if isinstance(stories, Stories)) == 999
    assert [story.id for story in read_in_blocks(path)[0]] == [str(number) for number in range(1000)]


def test_mended_texts_come_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "mojibake.jsonl"
    path.write_bytes(lines(*({"id": str(number), "text": "caf\u00c3\u00a9 " * 999} for number in range(99))))
    stories, _ = read_in_blocks(path, fix_text=True)
    assert {story.text for story in stories} == {"caf\u00e9 " * 999}
    assert not any(isinstance(one, Stories) for one in read_blocks([path], ReadOptions(fix_text=True)))


def test_lines_are_told_from_what_only_looks_like_them() -> None:
    assert flat_lines(b'{"a": 1}\n{"a": [{}]}\r\n{}\n', 3) == 3
    assert flat_lines(b'{"a": [[[[[]]]]]}\n{}\n{}', 6) == 3
    assert flat_lines(b'{"a": [[[[[]]]]]}\n{}\n{}', 5) is None
    for odd in (b"{}\n\n{}", b"\n{}", b"\r\n{}\n{}", b"{}\n\n", b'{"a":\n1}', b"{} \n{}", b"{}\n {}"):
        assert flat_lines(odd, 200) is None
