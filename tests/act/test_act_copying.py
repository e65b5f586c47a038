"""Kept stories are copied whole, under their names, over nothing that matters, and again without harm."""

from __future__ import annotations

import errno
import gzip
import os
import resource
import stat
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from act.world import World, failing_before, failures, killed_before, rewritten, small_files

from dedup.act import ActItem, copy_kept
from dedup.errors import OutputError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def test_kept_files_are_copied_and_dropped_ones_are_not(world: World) -> None:
    kept, deep = world.item("a.txt", content=b"one"), world.item("sub/deep/b.txt", content=b"two")
    dropped = world.item("c.txt", content=b"one", of="a.txt")
    before = world.stories()
    report = copy_kept([kept, dropped, deep], world.out)
    assert (report.done, report.failed, report.skipped) == (("a.txt", "sub/deep/b.txt"), (), ())
    assert world.copies() == {"a.txt": b"one", "sub/deep/b.txt": b"two"}
    assert world.stories() == before


def test_nothing_to_copy_is_a_clean_finish(world: World) -> None:
    assert copy_kept([], world.out).done == ()
    assert world.copies() == {}


def test_permission_bits_and_times_are_kept(world: World) -> None:
    path = world.write("a.txt")
    path.chmod(0o604)
    os.utime(path, ns=(1, 1_234_567_890_123_456_789))
    copy_kept([world.item("a.txt")], world.out)
    status = (world.out / "a.txt").stat()
    assert stat.S_IMODE(status.st_mode) == 0o604
    assert status.st_mtime_ns == 1_234_567_890_123_456_789


@pytest.mark.parametrize("name", ["it's a $tory", "new\nline.txt", "Caf\udce9.txt", "é/ü.txt", "-rf", "=1", "\x1b[31m"])
def test_odd_names_are_kept(world: World, name: str) -> None:
    report = copy_kept([world.item(name, content=b"x")], world.out)
    assert report.done == (name,)
    assert world.copies() == {name: b"x"}


def test_a_compressed_story_is_copied_as_it_is(world: World) -> None:
    packed = gzip.compress(b"story")
    copy_kept([world.item("a.txt.gz", content=packed)], world.out)
    assert world.copies() == {"a.txt.gz": packed}


# again


def test_a_second_run_copies_only_what_is_missing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [world.item(name, content=name.encode()) for name in ("a.txt", "b.txt", "c.txt")]
    copy_kept(items, world.out)
    (world.out / "b.txt").unlink()
    inode = (world.out / "a.txt").stat().st_ino
    placed: list[str] = []
    real = os.link

    def link(source: str, target: str, *, follow_symlinks: bool) -> None:
        placed.append(Path(target).name)
        real(source, target, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "link", link)
    report = copy_kept(items, world.out)
    assert report.done == ("a.txt", "b.txt", "c.txt")
    assert placed == ["b.txt"]
    assert (world.out / "a.txt").stat().st_ino == inode


def test_a_copy_with_the_same_bytes_and_another_time_is_done(world: World) -> None:
    item = world.item("a.txt", content=b"same")
    world.out.mkdir()
    (world.out / "a.txt").write_bytes(b"same")
    assert copy_kept([item], world.out).done == ("a.txt",)


def test_a_different_file_is_left_alone_without_force(world: World) -> None:
    items = [world.item("a.txt", content=b"new!"), world.item("b.txt", content=b"b")]
    world.out.mkdir()
    (world.out / "a.txt").write_bytes(b"mine")
    report = copy_kept(items, world.out)
    assert report.done == ("b.txt",)
    assert "a.txt': exists already" in failures(report)["a.txt"]
    assert world.copies() == {"a.txt": b"mine", "b.txt": b"b"}
    report = copy_kept(items, world.out, force=True)
    assert (report.done, report.failed) == (("a.txt", "b.txt"), ())
    assert world.copies() == {"a.txt": b"new!", "b.txt": b"b"}


def test_a_copy_of_the_same_time_and_another_length_is_not_done(world: World) -> None:
    item = world.item("a.txt", content=b"longer")
    copy_kept([item], world.out)
    status = (world.out / "a.txt").stat()
    (world.out / "a.txt").write_bytes(b"short")
    os.utime(world.out / "a.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "exists already" in failures(copy_kept([item], world.out))["a.txt"]


def test_what_is_no_file_is_no_copy(world: World) -> None:
    """Not even one as long, and of the same time."""
    item = world.item("a.txt", content=b"")
    world.out.mkdir()
    os.mkfifo(world.out / "a.txt")
    os.utime(world.out / "a.txt", ns=(5, (world.root / "a.txt").stat().st_mtime_ns))
    assert "exists already" in failures(copy_kept([item], world.out))["a.txt"]


def test_new_names_are_synced_in_every_folder(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [world.item("sub/deep/a.txt", content=b"x"), world.item("b.jsonl", line=1, content=b"x\n")]
    synced: set[str] = set()
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            assert world.copies() == {"sub/deep/a.txt": b"x", "b.jsonl": b"x\n"}, "too early"
            synced.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", fsync)
    copy_kept(items, world.out)
    assert synced == {str(world.out), str(world.out / "sub"), str(world.out / "sub/deep")}


def test_a_folder_that_cannot_be_synced_has_its_copies_all_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [world.item("a.txt", content=b"x")]
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert copy_kept(items, world.out).done == ("a.txt",)


def test_nothing_stays_open(world: World) -> None:
    items = [world.item("a.txt", content=b"x"), world.item("b.jsonl", line=1, content=b"x\n")]
    items.append(world.item("changed", content=b"x"))
    world.write("changed", b"changed")
    before = len([*Path("/proc/self/fd").iterdir()])
    copy_kept(items, world.out)
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_killed_at_any_step_the_next_run_completes_it(new_world: Callable[[], World]) -> None:
    lived, at = True, 0
    while lived:
        at += 1
        world = new_world()
        items = [
            world.item("a.txt", content=b"one"),
            world.item("sub/b.txt", content=b"two"),
            world.item("c.jsonl", line=2, content=b"1\n2\n"),
        ]
        wanted = {"a.txt": b"one", "sub/b.txt": b"two", "c.jsonl": b"2\n"}
        lived = killed_before(at, partial(copy_kept, items, world.out))
        left = {name: content for name, content in world.copies().items() if not name.endswith(".part")}
        assert left.items() <= wanted.items(), "half a copy"
        assert copy_kept(items, world.out).failed == ()
        assert {name: c for name, c in world.copies().items() if not name.endswith(".part")} == wanted
    assert at > 10


# what must not be written


@pytest.mark.parametrize("relative", ["../a.txt", "/tmp/a.txt", "sub/../../a.txt", "..", ""])
def test_nothing_is_written_outside(world: World, relative: str) -> None:
    item = world.item("a.txt", content=b"x")
    bad = msgspec.structs.replace(item, relative=relative)
    report = copy_kept([bad], world.out)
    assert list(failures(report)) == ["a.txt"]
    assert world.copies() == {}
    assert sorted(p.name for p in world.root.parent.iterdir()) == ["out", "stories"]


def test_a_link_in_the_target_folder_is_not_followed(world: World, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    world.out.mkdir()
    (world.out / "sub").symlink_to(tmp_path / "elsewhere")
    (world.out / "b.txt").symlink_to(tmp_path / "elsewhere" / "b.txt")
    items = [world.item(name, content=b"x") for name in ("sub/a.txt", "b.txt", "c.txt")]
    report = copy_kept(items, world.out, force=True)
    assert report.done == ("c.txt",)
    assert all("is a symbolic link" in reason for reason in failures(report).values())
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("into", ["same", "link", "hardlink"])
def test_a_story_of_the_run_is_never_overwritten(world: World, into: str) -> None:
    """The target folder is the scanned one, or holds another name of a story."""
    one, two = world.item("a.txt", content=b"one"), world.item("b.txt", content=b"two")
    target = world.root
    if into == "link":
        target = world.root.parent / "link"
        target.symlink_to(world.root)
    if into == "hardlink":
        target = world.out
        target.mkdir()
        os.link(world.root / "b.txt", target / "a.txt")
        one, two = world.item("a.txt"), world.item("b.txt")  # stamped again, as a link changes the status time
    before = world.stories()
    report = copy_kept([one, two], target, force=True)
    assert "is a story of this run" in failures(report)["a.txt"]
    assert world.stories() == before


def test_two_roots_with_the_same_name_are_not_mixed(world: World) -> None:
    """``scan A B`` where both have x.txt: the second is not copied over the first, even with force."""
    first, second = world.item("A/x.txt", content=b"first"), world.item("B/x.txt", content=b"second")
    items = [msgspec.structs.replace(item, relative="x.txt") for item in (first, second)]
    report = copy_kept(items, world.out, force=True)
    assert report.done == ("A/x.txt",)
    assert "would have the name" in failures(report)["B/x.txt"]
    assert world.copies() == {"x.txt": b"first"}


def test_a_member_of_an_archive_is_not_the_archive(world: World) -> None:
    item = msgspec.structs.replace(world.item("all.zip", content=b"PK"), relative="all.zip/one.txt")
    assert "is not a file of its own" in failures(copy_kept([item], world.out))["all.zip"]
    assert world.copies() == {}


def test_records_of_a_member_of_an_archive_are_not_lines_of_the_archive(world: World) -> None:
    item = world.item("all.zip", line=1, content=b"PK\n")
    item = msgspec.structs.replace(item, relative="all.zip/feed.jsonl")
    assert "is not a file of its own" in failures(copy_kept([item], world.out))["all.zip#1"]
    assert world.copies() == {}


def test_the_folder_cannot_be_a_file(world: World) -> None:
    item = world.item("a.txt", content=b"x")
    world.out.write_bytes(b"mine")
    for folder in (world.out, world.out / "below"):
        with pytest.raises(OutputError, match="cannot be a folder"):
            copy_kept([item], folder)
    assert world.out.read_bytes() == b"mine"


# what changed since the scan


def test_changed_and_gone_files_are_listed_and_the_run_goes_on(world: World) -> None:
    names = ("rewritten", "grown", "replaced", "gone", "folder", "fifo", "good")
    items = [world.item(name, content=b"story") for name in names]
    rewritten(world.root / "rewritten")
    world.write("grown", b"story, longer")
    world.write("other", b"story")
    (world.root / "other").replace(world.root / "replaced")
    for name in ("gone", "folder", "fifo"):
        (world.root / name).unlink()
    (world.root / "folder").mkdir()
    os.mkfifo(world.root / "fifo")
    report = copy_kept(items, world.out)
    assert report.done == ("good",)
    reasons = failures(report)
    assert "gone" in reasons.pop("gone")
    assert list(reasons) == ["rewritten", "grown", "replaced", "folder", "fifo"]
    assert all("changed since the scan" in reason for reason in reasons.values())
    assert world.copies() == {"good": b"story"}


def test_a_file_that_changes_while_it_is_copied_is_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    item = world.item("a.txt", content=b"story")

    def copying(source: Any, sink: Any, _: int) -> None:
        sink.write(source.read())
        world.write("a.txt", b"other")

    monkeypatch.setattr("dedup.act.copying.shutil.copyfileobj", copying)
    assert "changed since the scan" in failures(copy_kept([item], world.out))["a.txt"]
    assert world.copies() == {}


def test_an_item_without_a_stamp_equals_nothing(world: World) -> None:
    item = msgspec.structs.replace(world.item("a.txt", content=b"x"), stamp=None)
    assert "without a stamp" in failures(copy_kept([item], world.out))["a.txt"]
    assert world.copies() == {}


# what fails while writing


def test_a_failing_write_is_listed_and_the_run_goes_on(world: World) -> None:
    items = [world.item("big", content=b"x" * 9000), world.item("small", content=b"x")]
    big = world.item("big.jsonl", line=1, content=b"x" * 9000 + b"\n")
    with small_files():
        report = copy_kept([*items, big], world.out)
    assert report.done == ("small",)
    assert all("cannot be written: File too large" in reason for reason in failures(report).values())
    assert set(failures(report)) == {"big", "big.jsonl#1"}
    assert world.copies() == {"small": b"x"}


def test_a_file_where_a_folder_should_be_is_listed(world: World) -> None:
    items = [world.item("sub/a.txt", content=b"x"), world.item("b.txt", content=b"x")]
    world.out.mkdir()
    (world.out / "sub").write_bytes(b"mine")
    report = copy_kept(items, world.out)
    assert report.done == ("b.txt",)
    assert "out/sub'" in failures(report)["sub/a.txt"]
    assert world.copies() == {"sub": b"mine", "b.txt": b"x"}


@pytest.mark.parametrize("at", range(1, 14))
def test_an_error_at_any_step_leaves_whole_copies_only(world: World, at: int) -> None:
    items = [world.item("a.txt", content=b"one"), world.item("sub/b.txt", content=b"two")]
    world.out.mkdir()
    with failing_before(at, OSError(errno.EIO, "Input/output error")):
        report = copy_kept(items, world.out)
    copies = world.copies()
    assert copies.items() <= {"a.txt": b"one", "sub/b.txt": b"two"}.items()
    assert {*report.done, *failures(report)} == {"a.txt", "sub/b.txt"}
    assert set(report.done) <= set(copies)


@pytest.mark.parametrize("at", range(1, 6))
def test_ctrl_c_leaves_nothing_half_done(world: World, at: int) -> None:
    items = [world.item("a.txt", content=b"one")]
    with pytest.raises(KeyboardInterrupt), failing_before(at, KeyboardInterrupt()):
        copy_kept(items, world.out)
    assert world.copies() in ({}, {"a.txt": b"one"})


# records

LINES = [
    b'{"id": 18446744073709551617, "text": "\xc3\xa9", "x": 1.0} \r\n',
    b"\n",
    b'{"text":"b\xe2\x80\xa8b\x0bc\xc2\x85d","id":"\\ud83d"}\n',
    b"not json \xff\n",
    b'{"b":1,"a":{"deep":[[[]]]}, "text": "no line end"}',
]
PACKED: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "": (bytes, bytes),
    ".gz": (gzip.compress, gzip.decompress),
    ".zst": (zstd.compress, zstd.decompress),
    ".GZ": (gzip.compress, gzip.decompress),
}


def records(world: World, name: str, lines: tuple[int, ...], content: bytes) -> list[ActItem]:
    world.write(name, content)
    return [world.item(name, line=line) for line in lines]


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("kept", [(1,), (5, 1), (3, 4), (5,), (4, 3, 1, 2, 5)])
def test_kept_lines_are_copied_byte_for_byte_in_file_order(world: World, suffix: str, kept: tuple[int, ...]) -> None:
    pack, unpack = PACKED[suffix]
    name = "sub/feed.jsonl" + suffix
    items = records(world, name, kept, pack(b"".join(LINES)))
    dropped = [world.item(name, line=n, of="x") for n in range(1, 6) if n not in kept]
    report = copy_kept([*dropped, *items], world.out)
    assert report.done == tuple(item.id for item in items)
    assert unpack((world.out / name).read_bytes()) == b"".join(LINES[n - 1] for n in sorted(kept))
    assert list(world.copies()) == [name]


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jl", "a.jsonlines", "a.json", "A.JSONL", "a.ndjson.gz"])
def test_json_lines_files_have_several_names(world: World, name: str) -> None:
    content = gzip.compress(b"1\n2\n") if name.endswith(".gz") else b"1\n2\n"
    assert copy_kept(records(world, name, (2,), content), world.out).failed == ()
    assert list(world.copies()) == [name]


@pytest.mark.parametrize("suffix", PACKED)
def test_files_in_several_parts_are_read_whole(world: World, suffix: str) -> None:
    pack, unpack = PACKED[suffix]
    items = records(world, "a.jsonl" + suffix, (1, 3), pack(b"1\n2\n") + pack(b"3\n4\n"))
    assert copy_kept(items, world.out).failed == ()
    assert unpack((world.out / ("a.jsonl" + suffix)).read_bytes()) == b"1\n3\n"


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_damage_behind_the_last_kept_record_does_not_matter(world: World, suffix: str) -> None:
    """The scan has read the records before the damage; their copy is whole."""
    pack, unpack = PACKED[suffix]
    content = b"".join(b"%d %s\n" % (n, os.urandom(500).hex().encode()) for n in range(1000))
    items = records(world, "a.jsonl" + suffix, (2, 300), pack(content)[: len(pack(content)) // 2])
    assert copy_kept(items, world.out).failed == ()
    wanted = content.splitlines(keepends=True)
    assert unpack((world.out / ("a.jsonl" + suffix)).read_bytes()) == wanted[1] + wanted[299]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign"])
def test_damage_before_a_kept_record_fails_its_file_only(world: World, suffix: str, damage: str) -> None:
    packed = bytearray(PACKED[suffix][0](b"".join(b"%d %d\n" % (n, n * n) for n in range(5000))))
    if damage == "cut":
        del packed[len(packed) // 2 :]
    elif damage == "flipped":
        packed[20:200] = bytes(180)
    else:
        packed[:] = b"plain text\n" * 100
    bad = records(world, "bad.jsonl" + suffix, (1, 5000), bytes(packed))
    good = world.item("good.txt", content=b"x")
    report = copy_kept([*bad, good], world.out)
    assert report.done == ("good.txt",)
    assert all("cannot be unpacked" in reason for reason in failures(report).values())
    assert len(report.failed) == 2
    assert world.copies() == {"good.txt": b"x"}


def test_a_file_without_kept_lines_has_no_copy(world: World) -> None:
    world.write("a.jsonl", b"1\n2\n")
    copy_kept([world.item("a.jsonl", line=1, of="b"), world.item("a.jsonl", line=2, of="b")], world.out)
    assert world.copies() == {}


@pytest.mark.parametrize("content", [b"1\n2\n", b"1\n2"])
def test_missing_lines_fail(world: World, content: bytes) -> None:
    report = copy_kept(records(world, "a.jsonl", (1, 3), content), world.out)
    assert "fewer lines than were read: 1 are missing" in failures(report)["a.jsonl#3"]
    assert world.copies() == {}


def test_a_changed_record_file_fails_with_all_its_records(world: World) -> None:
    items = records(world, "a.jsonl", (1, 2), b"a\nb\n")
    rewritten(world.root / "a.jsonl")
    report = copy_kept(items, world.out)
    assert list(failures(report)) == ["a.jsonl#1", "a.jsonl#2"]
    assert world.copies() == {}


def test_a_record_file_read_in_two_states_fails(world: World) -> None:
    first = world.item("a.jsonl", line=1, content=b"a\nb\n")
    world.write("a.jsonl", b"a\nb\nc\n")
    report = copy_kept([world.item("a.jsonl", line=2), first], world.out)
    assert len(report.failed) == 2
    assert world.copies() == {}


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.warc.gz", "a.jsonl.xz", "a.xml", "a.tar.zst"])
def test_records_of_other_files_are_refused(world: World, name: str) -> None:
    report = copy_kept(records(world, name, (1,), b"x\n"), world.out)
    assert "JSON lines files only" in failures(report)[f"{name}#1"]
    assert world.copies() == {}


def test_records_are_copied_again_without_harm_and_alike(world: World) -> None:
    items = records(world, "a.jsonl.gz", (2,), gzip.compress(b"1\n2\n"))
    copy_kept(items, world.out)
    first = world.copies()
    os.utime(world.out / "a.jsonl.gz", ns=(5, 5))
    assert copy_kept(items, world.out).failed == ()
    assert world.copies() == first
    assert (world.out / "a.jsonl.gz").stat().st_mtime_ns == 5
    other = records(world, "a.jsonl.gz", (1,), gzip.compress(b"1\n2\n"))
    assert "exists already" in failures(copy_kept(other, world.out))["a.jsonl.gz#1"]
    assert world.copies() == first


def test_a_line_without_end_takes_no_memory(world: World) -> None:
    """256 MiB of a line that is no record, in a file of 250 kB."""
    head, tail = b"first\n", b"\nlast\n"
    packed = gzip.compress(head) + gzip.compress(bytes(64 << 20), 1) * 4 + gzip.compress(tail)
    items = records(world, "a.jsonl.gz", (1, 3), packed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert copy_kept(items, world.out).failed == ()
    assert gzip.decompress((world.out / "a.jsonl.gz").read_bytes()) == b"first\nlast\n"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
