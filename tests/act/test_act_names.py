"""Names that are no text, in JSON and back."""

from __future__ import annotations

import os

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from dedup.act.names import RawName, json_name


@given(st.binary(max_size=12))
def test_every_file_name_round_trips_through_json(raw: bytes) -> None:
    name = os.fsdecode(raw)
    read = msgspec.json.decode(msgspec.json.encode(json_name(name)), type=str | RawName)
    assert os.fsencode(str(read)) == raw


@given(st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF, exclude_categories=[]), max_size=8))
def test_every_id_round_trips_through_json(name: str) -> None:
    read = msgspec.json.decode(msgspec.json.encode(json_name(name)), type=str | RawName)
    assert str(read) == name


def test_names_in_json_read_plainly() -> None:
    assert json_name("é") == "é"
    assert msgspec.json.encode(json_name("Caf\udce9.txt")) == b'{"from_bytes":"Q2Fm6S50eHQ="}'
    assert msgspec.json.encode(json_name("\ud83d")) == b'{"from_bytes":"7aC9","surrogates":true}'
