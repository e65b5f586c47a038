"""What a scan hands on to those who act."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

import dedup
from dedup.act import items_of
from dedup.files import stamp_of

STORY = b"The harbour board said on Tuesday that the old pier would close for repairs until the end of the year"
OTHER = b"A court in the capital has fined three bakers who agreed on the price of rye bread for a decade"


def test_items_name_each_storys_file_and_what_was_decided(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    odd = os.fsdecode(b"caf\xe9.txt")  # a name that is not UTF-8 must still open its file
    (tmp_path / "a.txt").write_bytes(STORY)
    (tmp_path / "sub" / odd).write_bytes(STORY)
    (tmp_path / "wire.jsonl").write_bytes(b"\n".join(msgspec.json.encode({"text": t.decode()}) for t in (OTHER, STORY)))
    items = items_of(dedup.scan([tmp_path]))
    found = {(item.relative, item.line): item for item in items}
    assert set(found) == {("a.txt", 0), (f"sub/{odd}", 0), ("wire.jsonl", 1), ("wire.jsonl", 2)}
    for (relative, _), item in found.items():
        assert item.path == str(tmp_path / relative)
        assert item.stamp == stamp_of(Path(item.path).stat())
    kept = found["a.txt", 0]
    assert (kept.keep, kept.duplicate_of) == (True, None)
    assert (found["wire.jsonl", 1].keep, found["wire.jsonl", 1].duplicate_of) == (True, None)
    for other in (found[f"sub/{odd}", 0], found["wire.jsonl", 2]):
        assert (other.keep, other.duplicate_of) == (False, kept.id)
