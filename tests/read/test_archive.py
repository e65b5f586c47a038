"""Archives: every whole member is read, whatever it is called, and no bomb goes off."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from read.helpers import ids, lines, read, reasons, zstd

FILES = {"a.txt": b"one", "d/b.jsonl": lines({"text": "two"}, {"id": "x", "text": "three"}), "d/c.pdf": b"%PDF"}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(files: dict[str, bytes], more: Callable[[tarfile.TarFile], None] = lambda archive: None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        more(archive)
    return out.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "f.tar": bytes,
    "f.tar.gz": gzip.compress,
    "f.tgz": gzip.compress,
    "f.tar.zst": zstd.compress,
    "f.tar.bz2": bz2.compress,
    "f.tbz2": bz2.compress,
    "f.tar.xz": lzma.compress,
    "f.TXZ": lzma.compress,
}


@pytest.mark.parametrize("name", ["f.zip", *PACKERS])
def test_members_are_read_each_by_its_kind(tmp_path: Path, name: str) -> None:
    content = zipped(FILES) if name == "f.zip" else PACKERS[name](tarred(FILES))
    (tmp_path / name).write_bytes(content)
    stories, problems = read(tmp_path)
    assert [(story.id, story.text) for story in stories] == [
        (f"{name}/a.txt", "one"),
        (f"{name}/d/b.jsonl#1", "two"),
        ("x", "three"),
    ]
    assert all(story.origin is not None and story.origin.parts for story in stories)
    assert {story.path for story in stories} == {str(tmp_path / name)}
    assert [(problem.where, problem.reason, problem.failed) for problem in problems] == [
        (f"{tmp_path}/{name}/d/c.pdf", "not a kind of file that holds stories", False)
    ]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd.compress])
def test_every_compression_is_read_member_by_member(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    suffix = {gzip.compress: "gz", bz2.compress: "bz2", lzma.compress: "xz", zstd.compress: "zst"}[pack]
    (tmp_path / f"a.txt.{suffix}").write_bytes(pack(b"one ") + pack(b"two"))
    (tmp_path / "b.zip").write_bytes(zipped({f"c.txt.{suffix}": pack(b"three ") + pack(b"four")}))
    assert [story.text for story in read(tmp_path)[0]] == ["one two", "three four"]


def test_packed_members_expand_together(tmp_path: Path) -> None:
    inner = {f"{number}.txt.gz": gzip.compress(bytes(20 << 20)) for number in range(4)}
    (tmp_path / "a.tar").write_bytes(tarred(inner))
    stories, problems = read(tmp_path, max_story_bytes=30 << 20)
    assert ids(stories) == ["a.tar/0.txt.gz", "a.tar/1.txt.gz", "a.tar/2.txt.gz"]
    ((said, failed),) = reasons(problems)
    assert said.startswith("3.txt.gz: expands to more than 200 times its size; if that is meant, allow it with --max-exp")
    assert failed


DAMAGES: list[Callable[[bytes], bytes]] = [
    lambda data: data[:-8],
    lambda data: data[:60] + b"\0" * 9 + data[69:],
    lambda data: b"no",
]


@pytest.mark.parametrize("suffix", ["bz2", "xz"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_streams_are_told(tmp_path: Path, suffix: str, damage: Callable[[bytes], bytes]) -> None:
    pack = bz2.compress if suffix == "bz2" else lzma.compress
    (tmp_path / f"a.txt.{suffix}").write_bytes(damage(pack(bytes(range(256)) * 40)))
    (tmp_path / "b.txt").write_text("whole")
    stories, problems = read(tmp_path)
    assert ids(stories) == ["b.txt"]
    assert [problem.failed for problem in problems] == [True]


def test_names_do_no_harm(tmp_path: Path) -> None:
    names = ["../../up.txt", "/etc/abs.txt", "a\\b.txt", "dup.txt", "./.hidden.txt", "__MACOSX/x.txt", "\u00e9.txt"]
    archive = tarred(dict.fromkeys(names, b"text"), lambda archive: archive.addfile(tarfile.TarInfo("dup.txt")))
    (tmp_path / "f.tar").write_bytes(archive)
    stories, _ = read(tmp_path)
    assert ids(stories) == [
        "f.tar/../../up.txt",
        "f.tar//etc/abs.txt",
        "f.tar/a\\b.txt",
        "f.tar/dup.txt",
        "f.tar/\u00e9.txt",
        "f.tar/dup~2.txt",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.tar"]


def test_links_and_devices_in_a_tar_are_passed_over(tmp_path: Path) -> None:
    def more(archive: tarfile.TarFile) -> None:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            info = tarfile.TarInfo(f"{kind.decode()}.txt")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)

    (tmp_path / "f.tar").write_bytes(tarred({"a.txt": b"one"}, more))
    stories, problems = read(tmp_path)
    assert ids(stories) == ["f.tar/a.txt"]
    assert [problem.reason for problem in problems] == [
        *["a link; passed over"] * 2,
        *["a device or FIFO; passed over"] * 2,
    ]
    assert not any(problem.failed for problem in problems)


def test_an_archive_inside_an_archive_stays_shut(tmp_path: Path) -> None:
    (tmp_path / "f.zip").write_bytes(zipped({"g.tar.gz": gzip.compress(tarred(FILES)), "a.txt": b"one"}))
    stories, problems = read(tmp_path)
    assert ids(stories) == ["f.zip/a.txt"]
    assert reasons(problems) == [("g.tar.gz: an archive inside an archive, not opened; unpack it", False)]


@pytest.mark.parametrize("name", ["f.tar", "f.tar.gz", "f.zip"])
def test_whole_members_before_a_cut_are_read(tmp_path: Path, name: str) -> None:
    files = {f"{number}.txt": bytes(f"story {number} " * 200, "ascii") for number in range(6)}
    whole = zipped(files) if name == "f.zip" else PACKERS[name](tarred(files))
    for cut in range(1, len(whole), max(1, len(whole) // 20)):
        (tmp_path / name).write_bytes(whole[:cut])
        stories, problems = read(tmp_path)
        assert all(story.text.encode() == files[story.id.rpartition("/")[2]] for story in stories)
        assert len(stories) == 6 or any(problem.failed for problem in problems)
    if name == "f.tar":
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        assert len(read(tmp_path)[0]) >= 2


def test_a_member_that_cannot_be_unpacked_fails_alone(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.txt": b"one", "b.txt": b"two", "c.txt": b"three"}, zipfile.ZIP_STORED))
    data[data.index(b"two")] ^= 1  # its checksum does not fit
    encrypted = zipped({"d.txt": b"four"})
    (tmp_path / "f.zip").write_bytes(data)
    marked = bytearray(encrypted)
    for head in (b"PK\x03\x04", b"PK\x01\x02"):
        at = marked.index(head) + (6 if head == b"PK\x03\x04" else 8)
        marked[at] |= 1
    (tmp_path / "g.zip").write_bytes(marked)
    stories, problems = read(tmp_path)
    assert ids(stories) == ["f.zip/a.txt", "f.zip/c.txt"]
    assert [problem.failed for problem in problems] == [True, True]
    assert problems[0].where.endswith("f.zip/b.txt")
    assert problems[1].reason == "encrypted; unpack it with its password"


@pytest.mark.parametrize("name", ["f.zip", "f.tar.gz", "f.txt.bz2", "f.txt.xz"])
def test_a_bomb_does_not_go_off(tmp_path: Path, name: str) -> None:
    zeros = bytes(8 << 20)
    content = {
        "f.zip": lambda: zipped({"a.txt": zeros, "b.txt": b"one"}),
        "f.tar.gz": lambda: gzip.compress(tarred({"a.txt": zeros, "b.txt": b"one"})),
        "f.txt.bz2": lambda: bz2.compress(zeros),
        "f.txt.xz": lambda: lzma.compress(zeros),
    }[name]()
    (tmp_path / name).write_bytes(content)
    (tmp_path / "z.txt").write_text("read")
    stories, problems = read(tmp_path, expansion_floor=1 << 20, max_story_bytes=1 << 30)
    assert ids(stories)[-1] == "z.txt"
    assert f"{name}/a.txt" not in ids(stories)
    assert any("expands to more than 200 times its size" in problem.reason for problem in problems)


def test_a_huge_header_is_not_believed(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    (tmp_path / "f.tar").write_bytes(tarred({"a.txt": b"one"})[:1024] + info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
    stories, problems = read(tmp_path)
    assert ids(stories) == ["f.tar/a.txt"]
    assert [problem.failed for problem in problems] == [True]


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    for name in ("f.zip", "f.tar", "g.tar.gz"):
        (tmp_path / name).write_bytes(b"no archive at all" * 100)
    stories, problems = read(tmp_path)
    assert stories == []
    assert [problem.failed for problem in problems] == [True] * 3


def header(kind: bytes, size: int = 0, more: bytes = b"") -> bytes:
    """A GNU header of a member called ``s`` with these bytes in its last fields."""
    info = tarfile.TarInfo("s")
    info.type, info.size = kind, size
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[386 : 386 + len(more)] = more
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def test_a_chain_of_long_names_ends_the_archive_and_not_the_run(tmp_path: Path) -> None:
    chain = (header(tarfile.GNUTYPE_LONGNAME, 2) + b"x\0".ljust(512, b"\0")) * 3000
    (tmp_path / "a.tar").write_bytes(tarred({"a.txt": b"one"})[:1024] + chain)
    (tmp_path / "b.txt").write_bytes(b"two")
    stories, problems = read(tmp_path)
    assert [story.text for story in stories] == ["one", "two"]
    assert reasons(problems) == [("a.tar: cannot be read on as a tar: headers upon headers; fetch it again", True)]


@pytest.mark.parametrize("pax", [False, True])
def test_the_map_of_a_sparse_file_is_skipped_and_what_follows_is_read(tmp_path: Path, pax: bool) -> None:
    if pax:
        info = tarfile.TarInfo("s")
        info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s"}
        info.size = 512 * 400
        sparse = info.tobuf(tarfile.PAX_FORMAT) + b"51200\n0".ljust(512 * 400, b"\n")
    else:
        block = bytes(504) + b"\1" + bytes(7)
        sparse = header(tarfile.GNUTYPE_SPARSE, 512, bytes(96) + b"\1") + block * 400 + bytes(512) + b"data".ljust(512)
    (tmp_path / "a.tar").write_bytes(sparse + tarred({"a.txt": b"one"}))
    stories, problems = read(tmp_path)
    assert [story.text for story in stories] == ["one"]
    assert reasons(problems) == [("s: a sparse file; passed over", False)]
