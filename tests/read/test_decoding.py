"""Encodings: by their mark, by order, by declaration, by their looks, and never a reason to stop."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from read.helpers import read

from dedup.errors import UsageError
from dedup.read import ReadOptions
from dedup.read.charsets import known_encoding
from dedup.read.decoding import decode, decoded_chunks

GERMAN = "Der Präsident erklärte, die Wirtschaft sei trotz aller Schwierigkeiten für die Bürger gut gerüstet. " * 3
RUSSIAN = "Президент заявил, что экономика страны находится в хорошем состоянии, несмотря на трудности. " * 3
CHINESE = "总统表示，尽管去年夏天遇到困难，经济仍然良好，政府将继续支持企业和家庭。" * 3


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("order", [None, "big5"])
def test_a_byte_order_mark_settles_it(encoding: str, order: str | None) -> None:
    assert decode(RUSSIAN.encode(encoding), ReadOptions(encoding=order), "koi8-r") == (RUSSIAN, "")


def test_big_endian_marks_are_known() -> None:
    assert decode(codecs.BOM_UTF16_BE + GERMAN.encode("utf-16-be"), ReadOptions()).text == GERMAN
    assert decode(codecs.BOM_UTF32_BE + GERMAN.encode("utf-32-be"), ReadOptions()).text == GERMAN


def test_the_user_is_obeyed_and_told_what_did_not_decode() -> None:
    assert decode(RUSSIAN.encode("koi8-r"), ReadOptions(encoding="KOI8-R")) == (RUSSIAN, "")
    said = "1 of its characters did not decode and were read as U+FFFD"
    assert decode(b"caf\xe9", ReadOptions(encoding="utf-8")).note in (said, "1 byte was not UTF-8 and read as U+FFFD")


def test_utf8_wins_over_what_is_declared() -> None:
    assert decode(RUSSIAN.encode(), ReadOptions(), "windows-1251") == (RUSSIAN, "")


def test_a_declaration_is_believed_unless_it_cannot_be() -> None:
    assert decode(RUSSIAN.encode("cp866"), ReadOptions(), "cp866") == (RUSSIAN, "")
    assert decode(RUSSIAN.encode("koi8-r"), ReadOptions(), "shift_jis").text == RUSSIAN
    assert decode(RUSSIAN.encode("koi8-r"), ReadOptions(), "no such thing").text == RUSSIAN


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [(GERMAN, "cp1252", "cp1252"), (RUSSIAN, "cp1251", "cp1251"), (CHINESE, "gb18030", "gb18030")],
)
def test_undeclared_encodings_are_detected_and_told(text: str, encoding: str, named: str) -> None:
    found = decode(text.encode(encoding), ReadOptions())
    assert found.text == text
    assert found.note == f"not UTF-8; read as {named}, as which it looks; say otherwise with --encoding"


def test_a_few_broken_bytes_do_not_make_utf8_something_else() -> None:
    found = decode(RUSSIAN.encode() + b"\xff\xfe\xfd" + RUSSIAN.encode(), ReadOptions())
    assert found.text == f"{RUSSIAN}\ufffd\ufffd\ufffd{RUSSIAN}"
    assert found.note == "3 bytes were not UTF-8 and read as U+FFFD"


@given(st.binary(max_size=300), st.sampled_from([None, "utf-16", "big5", "hex", "iso2022_jp", "utf-7"]))
def test_nothing_fails(data: bytes, declared: str | None) -> None:
    decode(data, ReadOptions(), declared)
    for encoding in ("utf-8", "utf-16", "cp932", "utf-7"):
        decode(data, ReadOptions(encoding=encoding))


@given(st.text(max_size=200), st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]), st.integers(1, 7))
def test_a_stream_is_decoded_as_the_whole(text: str, encoding: str, step: int) -> None:
    data = text.encode(encoding, "replace")
    chunks, note = decoded_chunks((data[at : at + step] for at in range(0, len(data), step)), ReadOptions())
    assert (("".join(chunks)), note) == (decode(data, ReadOptions()).text, "")


def test_a_stream_is_decided_by_its_beginning() -> None:
    data = GERMAN.encode("cp1252")
    chunks, note = decoded_chunks(iter([data] * 5000), ReadOptions())
    assert note.startswith("not UTF-8; read as cp1252")
    assert next(chunks) == GERMAN


NO_ENCODINGS = ["hex", "zlib", "rot13", "idna", "punycode", "undefined", "base64", "unicode_escape", "cp500", "", "a\0b"]


@pytest.mark.parametrize("name", NO_ENCODINGS)
def test_what_is_no_encoding_of_text_is_refused(name: str) -> None:
    assert known_encoding(name) is None
    with pytest.raises(UsageError, match="no encoding of text; give a name such as"):
        ReadOptions(encoding=name)


def test_files_are_read_as_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(GERMAN.encode("utf-16"))
    (tmp_path / "b.txt").write_bytes(RUSSIAN.encode("koi8-r"))
    stories, problems = read(tmp_path / "a.txt")
    assert ([story.text for story in stories], problems) == ([GERMAN], [])
    stories, problems = read(tmp_path / "b.txt", encoding="koi8-r")
    assert ([story.text for story in stories], problems) == ([RUSSIAN], [])


def test_mojibake_stays_unless_it_is_to_be_mended(tmp_path: Path) -> None:
    pytest.importorskip("ftfy")
    broken = GERMAN.encode().decode("cp1252")
    (tmp_path / "a.jsonl").write_bytes(b'{"id": "a", "title": "%b", "text": "%b"}' % ("schÃ¶n".encode(), broken.encode()))
    assert read(tmp_path)[0][0].text == broken
    (story,), _ = read(tmp_path, fix_text=True)
    assert (story.text, story.title) == (GERMAN, "schön")
    assert broken.encode() in story.record
