"""The core's XXH3 against the ``xxhash`` package."""

from __future__ import annotations

import random
from typing import Any

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from dedup import kernels

NOISE = random.Random(3).randbytes(1 << 20)


def test_every_length_up_to_1024() -> None:
    for length in range(1025):
        data = NOISE[length : 2 * length]
        assert kernels.xxh3_64(data) == xxhash.xxh3_64_intdigest(data), f"length {length}"


@pytest.mark.parametrize("length", [1025, 1087, 1088, 1089, 2047, 2048, 2049, 4096, 65_537, 1 << 20])
def test_lengths_around_stripes_and_blocks(length: int) -> None:
    assert kernels.xxh3_64(NOISE[:length]) == xxhash.xxh3_64_intdigest(NOISE[:length])


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    assert kernels.xxh3_64(data) == xxhash.xxh3_64_intdigest(data)


@pytest.mark.parametrize("filler", [0x00, 0xFF])
def test_constant_bytes(filler: int) -> None:
    for length in range(300):
        data = bytes([filler]) * length
        assert kernels.xxh3_64(data) == xxhash.xxh3_64_intdigest(data), f"length {length}"


@pytest.mark.parametrize("wrong", ["text", 3, None, bytearray(b"text")])
def test_other_types_are_refused(wrong: Any) -> None:
    with pytest.raises(TypeError):
        kernels.xxh3_64(wrong)
