"""Compressed input, whole, cut, damaged or hostile; and lines, whatever chunks they come in."""

from __future__ import annotations

import gzip
import os
import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from read.helpers import ids, lines, read, read_in_blocks, reasons, zstd

from dedup.read.stream import MAX_CHUNK, PACKED_READ, Damage, split_lines

MIB = 1 << 20
RANDOM = random.Random(7)
RECORDS = [{"id": str(number), "text": RANDOM.randbytes(40).hex()} for number in range(200)]
CONTENT = lines(*RECORDS)


def checked_zstd(data: bytes) -> bytes:
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


PACKERS: list[tuple[str, Callable[[bytes], bytes]]] = [("gz", gzip.compress), ("zst", checked_zstd)]
packed = pytest.mark.parametrize(("suffix", "pack"), PACKERS, ids=[suffix for suffix, _ in PACKERS])
SKIPPABLE = struct.pack("<II", 0x184D2A53, 5) + b"abcde"


def decodable(suffix: str, data: bytes) -> bytes:
    """All that a decoder gives if it is fed byte by byte, the plainest way."""
    frame = zlib.decompressobj(wbits=31) if suffix == "gz" else zstd.ZstdDecompressor()
    out = b""
    for value in data:
        if frame.eof:
            break
        try:
            out += frame.decompress(bytes([value]))
        except (zlib.error, zstd.ZstdError):
            break
    return out


def whole_records(content: bytes) -> list[str]:
    """The ids of the records that are all there, one without its newline included."""
    *whole, rest = content.split(b"\n")
    return [str(number) for number in range(len(whole) + rest.endswith(b'"}'))]


@packed
def test_a_compressed_file_is_read_like_a_plain_one(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    (tmp_path / f"a.jsonl.{suffix}").write_bytes(pack(CONTENT + b'{"text": "last"}'))
    (tmp_path / f"b.txt.{suffix}").write_bytes(pack(b"plain"))
    (tmp_path / f"c.TXT.{suffix.upper()}").write_bytes(pack(b""))
    stories, problems = read(tmp_path)
    assert problems == []
    assert ids(stories) == [
        *(record["id"] for record in RECORDS),
        f"a.jsonl.{suffix}#201",
        f"b.txt.{suffix}",
        stories[-1].id,
    ]
    assert [story.text for story in stories[-2:]] == ["plain", ""]


@packed
@pytest.mark.parametrize("size", [1, 7, 1000, 20_000])
def test_all_members_of_a_file_are_read(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes], size: int) -> None:
    content = CONTENT[: 40 * size]
    members = [pack(content[start : start + size]) for start in range(0, len(content), size)]
    (tmp_path / f"a.jsonl.{suffix}").write_bytes(b"".join([pack(b""), *members, pack(b"")]))
    stories, problems = read(tmp_path)
    assert ids(stories) == whole_records(content)
    assert problems == [] if content.endswith(b"\n") else len(problems) == 1


@packed
def test_members_may_begin_anywhere_in_what_is_read_at_once(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / f"a.txt.{suffix}"
    member = pack(b"x")
    count = 2 * PACKED_READ // len(member)
    for shift in range(len(member)):
        path.write_bytes(pack(RANDOM.randbytes(shift + 20).hex().encode()) + member * count)
        [story], problems = read(path)
        assert problems == []
        assert len(story.text) == 2 * (shift + 20) + count


def test_what_a_decoder_holds_back_when_it_has_given_all_it_may_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    content = (lines({"id": "0", "text": "x" * 100}) * (MAX_CHUNK // 100))[: MAX_CHUNK + 200]
    data = gzip.compress(content)
    for end in range(len(data) - 16, len(data)):
        path.write_bytes(data[:end])
        assert len(read(path)[0]) == len(whole_records(decodable("gz", data[:end])))


@pytest.mark.parametrize("data", [SKIPPABLE + checked_zstd(b"text"), checked_zstd(b"te") + SKIPPABLE + checked_zstd(b"xt")])
def test_frames_to_be_skipped_are_skipped(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.txt.zst").write_bytes(data)
    [story], problems = read(tmp_path)
    assert (story.text, problems) == ("text", [])


@pytest.mark.parametrize("count", [1, 511, 40_000])
def test_zeros_after_gzip_data_are_padding(tmp_path: Path, count: int) -> None:
    packed_text = gzip.compress(b"te") + bytes(count) + gzip.compress(b"xt") + bytes(count)
    (tmp_path / "a.txt.gz").write_bytes(packed_text)
    [story], problems = read(tmp_path)
    assert (story.text, problems) == ("text", [])


@packed
def test_a_file_cut_anywhere_gives_what_came_before_and_says_so(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    halves = [pack(CONTENT[:9000]), pack(CONTENT[9000:])]
    data = b"".join(halves)
    path = tmp_path / f"a.jsonl.{suffix}"
    ends = {len(halves[0])}
    for end in sorted({*range(0, len(data), 97), 1, 2, 3, 5, len(halves[0]) + 1, len(data) - 1, *ends}):
        path.write_bytes(data[:end])
        content = decodable(suffix, data[:end])
        if end >= len(halves[0]):
            content = CONTENT[:9000] + decodable(suffix, data[len(halves[0]) : end])
        stories, problems = read(path)
        assert ids(stories) == whole_records(content), end
        failed = [problem for problem in problems if problem.failed]
        line = content.count(b"\n") + 1
        assert [problem.where for problem in failed] == [f"{path}:{line}"], end
        assert ("not a JSON object" if end in ends else "cut off") in failed[0].reason


@packed
@pytest.mark.parametrize("place", [0.2, 0.5, 0.8, 1.0])
def test_damage_costs_nothing_before_it(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes], place: float) -> None:
    # Long enough that the damage lies in a piece of its own, and is met again only after those before it.
    content = CONTENT + lines(*({"id": str(number), "text": RANDOM.randbytes(40).hex()} for number in range(200, 3000)))
    first, second = pack(content[:9000]), bytearray(pack(content[9000:]))
    if place < 1:
        at = int(len(second) * place)
        second[at : at + 500] = bytes(500)
    else:
        second[-1] ^= 0xFF
    (tmp_path / f"a.jsonl.{suffix}").write_bytes(first + second)
    (tmp_path / "b.txt").write_text("later")
    *stories, later = read(tmp_path)[0]
    assert later.text == "later"
    # gzip may decode some garbage before it stumbles; that much of it is no record is all one can say.
    (tmp_path / "sound.jsonl").write_bytes(content[:9000] + decodable(suffix, bytes(second)))
    sound, _ = read(tmp_path / "sound.jsonl")
    assert ids(stories) == ids(sound)
    assert len(sound) == 3000 if place == 1 else len(sound) > 80
    damaged = [problem for problem in read(tmp_path)[1] if problem.reason.startswith("damaged")]
    assert len(damaged) == 1
    assert damaged[0].failed


@packed
@pytest.mark.parametrize("junk", [b"x", b"junk behind", b"\x1f", b"\x28\xb5", bytes(100) + b"x"])
def test_junk_behind_costs_nothing_before_it(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes], junk: bytes
) -> None:
    path = tmp_path / f"a.jsonl.{suffix}"
    path.write_bytes(pack(CONTENT + b'{"id": "200", "text": "t"}') + junk)
    stories, [problem] = read(path)
    assert ids(stories) == [str(number) for number in range(201)]
    assert problem.failed
    assert problem.where == f"{path}:201"
    assert problem.reason.endswith("(met behind line 201)")


@packed
def test_what_is_not_compressed_is_told_from_what_is_cut(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / f"empty.jsonl.{suffix}").write_bytes(b"")
    (tmp_path / f"plain.jsonl.{suffix}").write_bytes(CONTENT)
    (tmp_path / f"whole.txt.{suffix}").write_bytes(pack(b"text"))
    stories, problems = read(tmp_path)
    assert [story.text for story in stories] == ["text"]
    name = {"gz": "gzip", "zst": "zstd"}[suffix]
    assert [problem.reason.partition(";")[0] for problem in problems] == [
        f"cut off: an empty file is not {name} data",
        f"not {name} data, whatever its name says",
    ]


# Bombs


@packed
def test_a_file_that_expands_too_much_is_read_up_to_the_limit(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    line = lines({"id": "0", "text": "x" * 1000})
    bomb = pack(line * 3000)
    (tmp_path / f"a.jsonl.{suffix}").write_bytes(bomb)
    (tmp_path / "b.txt").write_text("later")
    *stories, later = read(tmp_path, max_expansion=10, expansion_floor=100_000)[0]
    [problem] = read(tmp_path, max_expansion=10, expansion_floor=100_000)[1]
    allowed = max(100_000, 10 * len(bomb))
    assert allowed < len(line) * 3000
    assert len(stories) == allowed // len(line)
    assert later.text == "later"
    assert problem.reason.startswith("expands to more than 10 times its size; if that is meant, allow it with --max-expan")
    assert len(read(tmp_path, max_expansion=10, expansion_floor=len(line) * 3000)[0]) == 3001
    assert len(read(tmp_path, max_expansion=len(line) * 3000 // len(bomb) + 1, expansion_floor=0)[0]) == 3001


@packed
@pytest.mark.parametrize("name", ["a.jsonl", "a.txt"])
def test_a_line_without_end_is_never_held(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes], name: str) -> None:
    (tmp_path / f"{name}.{suffix}").write_bytes(pack(b'{"text": "' + b"x" * (40 * MIB) + b'"}\n{"text": "t"}\n'))
    read(tmp_path)
    tracemalloc.start()
    stories, problems = read(tmp_path, max_line_bytes=MIB, max_story_bytes=MIB)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [story.line for story in stories] == ([2] if name == "a.jsonl" else [])
    assert [problem.failed for problem in problems] == [True]
    assert peak < 2 * MIB + 4 * MIB


def test_a_zstd_window_over_the_limit_is_refused(tmp_path: Path) -> None:
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 21}
    packer = zstd.ZstdCompressor(options=options)
    data = packer.compress(RANDOM.randbytes(3000).hex().encode()) + packer.flush()
    (tmp_path / "a.txt.zst").write_bytes(data)
    assert len(read(tmp_path, max_zstd_window=2 * MIB)[0]) == 1
    assert len(read(tmp_path, max_zstd_window=3 * MIB)[0]) == 1
    stories, problems = read(tmp_path, max_zstd_window=2 * MIB - 1)
    assert stories == []
    assert reasons(problems) == [
        (
            "a.txt.zst: zstd data that ask for a window of over 2,097,151 bytes; allow it with --max-zstd-window"
            " (the text is not read in part)",
            True,
        )
    ]


# Lines


def pieces(content: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    for start, end in pairwise(places):
        yield content[start:end]


LINES = st.lists(st.sampled_from([b"\n", b"a", b"bc", b"\r", b"\x85", b"\xe2\x80\xa8", b"\x0b"]), max_size=30).map(b"".join)


@given(LINES, st.lists(st.integers(0, 60), max_size=8), st.integers(1, 8))
def test_lines_do_not_depend_on_the_chunks(content: bytes, cuts: list[int], limit: int) -> None:
    *expected, rest = content.split(b"\n")
    expected += [rest] if rest else []
    found = list(split_lines(pieces(content, cuts), limit))
    assert found == [(number, line if len(line) <= limit else None) for number, line in enumerate(expected, start=1)]


@given(LINES, st.lists(st.integers(0, 60), max_size=8))
def test_damage_knows_its_line_and_what_there_is_of_it(content: bytes, cuts: list[int]) -> None:
    def broken() -> Iterator[bytes]:
        yield from pieces(content, cuts)
        raise Damage("broken")

    *expected, rest = content.split(b"\n")
    found: list[object] = []
    with pytest.raises(Damage) as damage:
        found.extend(split_lines(broken(), 100))
    assert found == [] if not expected else True
    assert (damage.value.line, damage.value.rest) == (len(expected) + 1, rest)


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="this system keeps its cache of files to itself")
@pytest.mark.parametrize("uncached", [False, True])
def test_what_was_read_need_not_stay_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uncached: bool) -> None:
    told: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "posix_fadvise", lambda file, *what: told.append(what))
    path = tmp_path / "many.jsonl"
    path.write_bytes(lines(*({"id": str(number), "text": "word " * 200_000} for number in range(40))))
    stories, problems = read_in_blocks(path, uncached=uncached)
    assert (len(stories), problems) == (40, [])
    assert bool(told) == uncached
    ends = [begin + count for begin, count, _ in told]
    assert [begin for begin, _, _ in told] == [0, *ends[:-1]][: len(told)]
    assert all(how == os.POSIX_FADV_DONTNEED for _, _, how in told)
    assert not told or path.stat().st_size - ends[-1] < 17 * MIB
