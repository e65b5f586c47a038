"""200 frozen texts and signatures (bar 15): what indexes hold must never change silently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

import pytest
from corpora import digest, reference_digest

from dedup import kernels

FILE = Path(__file__).resolve().parents[1] / "golden" / "signatures.json"


class Vector(TypedDict):
    text: str
    signature: str


VECTORS: list[Vector] = json.loads(FILE.read_text(encoding="ascii"))


def test_the_file_is_whole() -> None:
    assert len(VECTORS) == 200
    assert digest(FILE.read_bytes()) == "0865ab65a8967174bf2efcbbb96dce5b"


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_a_frozen_text_has_its_frozen_signature(vector: Vector) -> None:
    assert digest(kernels.signatures([vector["text"]]).astype("<u4").tobytes()) == vector["signature"]


def test_they_are_still_what_datasketch_gives() -> None:
    assert [reference_digest(vector["text"]) for vector in VECTORS] == [vector["signature"] for vector in VECTORS]
