"""An explained pair as JSON is JSON, whatever is in the stories."""

from __future__ import annotations

import io
import json

import pytest
from pairs import HOSTILE, fixture_pair, hostile_pair

from dedup.report import explanation_json, write_pairs


def test_it_begins_with_the_pair_record() -> None:
    found = fixture_pair("contained/lost-map.txt", "contained/lost-map-brief.txt")
    record = json.loads(explanation_json(found))
    out = io.BytesIO()
    write_pairs([found.overlap], out)
    (line,) = out.getvalue().splitlines()
    expected = json.loads(line)
    assert {name: record[name] for name in expected} == expected
    assert list(record) == [*expected, "reason", "scores", "facts", "alone", "judged"]


@pytest.mark.parametrize("payload", HOSTILE)
def test_one_line_of_ascii_or_utf_8_with_every_string_whole(payload: str) -> None:
    found = hostile_pair(payload)
    encoded = explanation_json(found)
    assert encoded.count(b"\n") == 1
    record = json.loads(encoded)
    assert (record["a"], record["b"]) == (f"a{payload}", f"b{payload}")
    assert "1717" in [fact["text"] for fact in record["facts"]["a"]["figures"]]
