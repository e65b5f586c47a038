"""Dropped stories are moved only while their kept copy stands, over nothing, and never lost."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from act.world import World, failing_before, failures, link_apart, rewritten, small_files

from dedup.act import ActItem, move_dropped, undo
from dedup.act.manifest import read_manifest
from dedup.act.moving import _root
from dedup.errors import ManifestError, OutputError


def pair(world: World, name: str = "b.txt", content: bytes = b"story") -> list[ActItem]:
    """A kept story, and a dropped one of this name."""
    return [world.item("a.txt", content=content), world.item(name, content=content, of="a.txt")]


def lines(world: World) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in world.manifest.read_bytes().splitlines()]


def test_dropped_files_are_moved_and_kept_ones_stay(world: World) -> None:
    items = [
        world.item("a.txt", content=b"one"),
        world.item("sub/b.txt", content=b"ONE", of="a.txt"),
        world.item("c.txt", content=b"two"),
        world.item("d.txt", content=b"two!", of="c.txt"),
    ]
    report = move_dropped(iter(items), world.out)
    assert (report.done, report.failed, report.skipped) == (("sub/b.txt", "d.txt"), (), ())
    assert world.stories() == {"a.txt": b"one", "c.txt": b"two"}
    assert world.copies() == {"sub/b.txt": b"ONE", "d.txt": b"two!"}


def test_a_moved_file_is_the_same_file(world: World) -> None:
    items = pair(world)
    before = (world.root / "b.txt").stat()
    move_dropped(items, world.out)
    after = (world.out / "b.txt").stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_mode) == (before.st_ino, before.st_mtime_ns, before.st_mode)


@pytest.mark.parametrize("items", [[], ["a.txt"]])
def test_nothing_dropped_makes_nothing(world: World, items: list[str]) -> None:
    report = move_dropped([world.item(name, content=b"x") for name in items], world.out)
    assert (report.done, report.failed) == ((), ())
    assert not world.out.exists()


def test_the_manifest_tells_what_was_moved(world: World) -> None:
    items = pair(world, "sub/b.txt", b"abc")
    os.utime(world.root / "sub/b.txt", ns=(1, 1_234_567_890_123_456_789))
    items[1] = world.item("sub/b.txt", of="a.txt")
    move_dropped(items, world.out)
    head, move = lines(world)
    assert head == {"type": "dedup-moves", "version": 1, "roots": [str(world.root)], "into": str(world.out)}
    assert move == {
        "type": "move",
        "from": str(world.root / "sub/b.txt"),
        "to": str(world.out / "sub/b.txt"),
        "id": "sub/b.txt",
        "duplicate_of": "a.txt",
        "size": 3,
        "mtime_ns": 1_234_567_890_123_456_789,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }


def test_paths_are_recorded_for_any_current_folder(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pair(world)
    (world.root.parent / "link").symlink_to("stories")
    monkeypatch.chdir(world.root)
    items = [world.item("a.txt"), world.item("b.txt", of="a.txt")]
    items = [msgspec.structs.replace(item, path=f"../link/{item.relative}") for item in items]
    assert move_dropped(items, "../out").failed == ()
    head, move = lines(world)
    assert (head["roots"], move["from"]) == ([str(world.root)], str(world.root / "b.txt"))
    monkeypatch.chdir("/")
    assert undo(world.manifest).done == ("b.txt",)


def test_the_name_of_the_manifest_is_synced_before_any_move(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    items = pair(world)
    real, folders = os.fsync, []

    def fsync(descriptor: int) -> None:
        real(descriptor)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            folders.append((world.manifest.exists(), (world.root / "b.txt").exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    move_dropped(items, world.out)
    assert folders == [(True, True)]


def test_a_manifest_whose_name_cannot_be_synced_stops_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    items = pair(world)
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OutputError, match=r"manifest.jsonl': cannot be written: Input/output error; nothing was moved"):
        move_dropped(items, world.out)
    assert world.stories() == {"a.txt": b"story", "b.txt": b"story"}


def test_every_intent_is_synced_before_its_move(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [world.item("a.txt", content=b"x"), *(world.item(f"{n}.txt", content=b"x", of="a.txt") for n in range(150))]
    synced: set[str] = set()
    moved: list[str] = []
    real_sync, real_link = os.fsync, os.link

    def fsync(descriptor: int) -> None:
        real_sync(descriptor)
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and world.manifest.exists():
            synced.update(line["id"] for line in lines(world)[1:])

    def link(source: str, target: Path, **options: Any) -> None:
        if Path(target).parent == world.out and Path(target).suffix == ".txt":
            assert Path(target).name in synced
            moved.append(Path(target).name)
        real_link(source, target, **options)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "link", link)
    report = move_dropped(items, world.out)
    assert moved == list(report.done) == [f"{n}.txt" for n in range(150)]


NAMES = ["it's a $tory", "new\nline.txt", "Caf\udce9.txt", "é/ü.txt", "sub/\udcff/x", "-rf", "\x1b[31m", "\u202e.txt"]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_go_and_come_back(world: World, name: str) -> None:
    items = pair(world, name)
    before = world.stories()
    assert move_dropped(items, world.out).done == (name,)
    assert world.copies() == {name: b"story"}
    world.manifest.read_bytes().decode("utf-8")
    assert undo(world.manifest).done == (name,)
    assert world.stories() == before


def test_an_odd_id_of_the_kept_record_is_recorded(world: World) -> None:
    kept = msgspec.structs.replace(world.item("a.jsonl", line=1, content=b"{}\n"), id="\ud83d")
    dropped = world.item("b.txt", content=b"x", of="\ud83d")
    assert move_dropped([kept, dropped], world.out).done == ("b.txt",)
    assert lines(world)[1]["duplicate_of"] == {"from_bytes": "7aC9", "surrogates": True}
    assert undo(world.manifest).done == ("b.txt",)


# what is refused at once


def test_records_are_not_moved_out_of_their_file(world: World) -> None:
    items = [*pair(world), world.item("c.jsonl", line=2, content=b"1\n2\n", of="a.txt")]
    before = world.stories()
    with pytest.raises(OutputError, match=r"'c.jsonl#2': a record cannot be moved out of its file; .*--copy-kept"):
        move_dropped(items, world.out)
    assert world.stories() == before
    assert not world.out.exists()


def test_kept_records_do_no_harm(world: World) -> None:
    items = [*pair(world), world.item("c.jsonl", line=2, content=b"1\n2\n")]
    assert move_dropped(items, world.out).done == ("b.txt",)


def test_the_folder_cannot_be_a_file(world: World) -> None:
    items = pair(world)
    world.out.write_bytes(b"mine")
    with pytest.raises(OutputError, match="cannot be a folder"):
        move_dropped(items, world.out)
    assert world.stories() == {"a.txt": b"story", "b.txt": b"story"}


@pytest.mark.parametrize("content", [b"mine", b"", b'{"id": 1, "text": "a story"}\n', b"\xff\xd8\xff", b"[" * 100_000])
def test_a_foreign_file_with_the_manifests_name_is_kept(world: World, content: bytes) -> None:
    items = pair(world)
    world.out.mkdir()
    world.manifest.write_bytes(content)
    with pytest.raises(ManifestError, match=r"manifest.jsonl', line 1: .*not a manifest"):
        move_dropped(items, world.out)
    assert world.manifest.read_bytes() == content
    assert world.stories() == {"a.txt": b"story", "b.txt": b"story"}


@pytest.mark.parametrize("there", ["folder", "fifo", "dangling link", "missing folder"])
def test_a_manifest_that_cannot_be_written_stops_all(world: World, there: str) -> None:
    items = pair(world)
    world.out.mkdir()
    manifest = world.out / "record"
    if there == "folder":
        manifest.mkdir()
    elif there == "fifo":
        os.mkfifo(manifest)
    elif there == "dangling link":
        manifest.symlink_to("missing/nowhere")
    else:
        manifest = world.out / "missing" / "record"
    with pytest.raises(OutputError, match="record'"):
        move_dropped(items, world.out, manifest=manifest)
    assert world.stories() == {"a.txt": b"story", "b.txt": b"story"}


def test_the_manifest_may_be_elsewhere(world: World) -> None:
    manifest = world.root.parent / "moves.jsonl"
    assert move_dropped(pair(world), world.out, manifest=manifest).done == ("b.txt",)
    assert list(world.copies()) == ["b.txt"]
    assert not world.manifest.exists()
    assert undo(manifest).done == ("b.txt",)


def test_one_run_at_a_time(world: World) -> None:
    items = pair(world)
    move_dropped(items, world.out)
    again = [items[0], world.item("c.txt", content=b"x", of="a.txt")]
    with world.manifest.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="another run is using it"):
            move_dropped(again, world.out)
        with pytest.raises(OutputError, match="another run is using it"):
            undo(world.manifest)
    assert (world.root / "c.txt").exists()
    assert move_dropped(again, world.out).done == ("c.txt",)


# what keeps one file in its place


def test_a_rewritten_file_and_one_whose_kept_copy_is_gone_stay(world: World) -> None:
    """B is rewritten after the scan, keeping length and time; C's kept copy is deleted; the run goes on."""
    items = [
        world.item("a.txt", content=b"story"),
        world.item("b.txt", content=b"story", of="a.txt"),
        world.item("kept.txt", content=b"other"),
        world.item("c.txt", content=b"other", of="kept.txt"),
        world.item("gone.txt", content=b"story", of="a.txt"),
        world.item("d.txt", content=b"story", of="a.txt"),
    ]
    rewritten(world.root / "b.txt")
    (world.root / "kept.txt").unlink()
    (world.root / "gone.txt").unlink()
    report = move_dropped(items, world.out)
    assert report.done == ("d.txt",)
    reasons = failures(report)
    assert list(reasons) == ["b.txt", "c.txt", "gone.txt"]
    assert "b.txt': changed since the scan" in reasons["b.txt"]
    assert "c.txt': stays, as its kept copy cannot be relied on: " in reasons["c.txt"]
    assert "kept.txt': gone" in reasons["c.txt"]
    assert "gone.txt': gone" in reasons["gone.txt"]
    assert world.stories() == {"a.txt": b"story", "b.txt": b"STORY", "c.txt": b"other"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("rewritten", "changed since the scan"),
        ("link to the dropped", "is a symbolic link"),
        ("link to a copy", "is a symbolic link"),
        ("hard link", "changed since the scan"),
        ("folder", "changed since the scan"),
        ("unstamped", "without a stamp"),
        ("not an item", "'a.txt' is not among the items"),
        ("no name", "None is not among the items"),
        ("dropped too", "is not among the items"),
    ],
)
def test_without_a_sure_kept_copy_the_dropped_one_stays(world: World, change: str, reason: str) -> None:
    kept, dropped = pair(world)
    path = world.root / "a.txt"
    items = [kept, dropped]
    if change == "rewritten":
        rewritten(path)
    elif change == "unstamped":
        items = [msgspec.structs.replace(kept, stamp=None), dropped]
    elif change == "not an item":
        items = [dropped]
    elif change == "no name":
        items = [kept, msgspec.structs.replace(dropped, duplicate_of=None)]
    elif change == "dropped too":
        items = [msgspec.structs.replace(kept, keep=False, duplicate_of="b.txt"), dropped]
    else:
        path.rename(world.root / "moved.txt")
    if change == "link to the dropped":
        path.symlink_to("b.txt")
    elif change == "link to a copy":
        path.symlink_to("moved.txt")
    elif change == "hard link":
        os.link(world.root / "b.txt", path)
        items[1] = world.item("b.txt", of="a.txt")
    elif change == "folder":
        path.mkdir()
    before = world.stories()
    assert reason in failures(move_dropped(items, world.out))["b.txt"]
    assert world.stories() == before
    assert world.copies() == {}


def test_two_names_of_one_file_are_no_duplicates(world: World) -> None:
    world.write("a.txt")
    os.link(world.root / "a.txt", world.root / "b.txt")
    items = [world.item("a.txt"), world.item("b.txt", of="a.txt")]
    assert "a kept story is in the same file" in failures(move_dropped(items, world.out))["b.txt"]
    assert sorted(world.stories()) == ["a.txt", "b.txt"]


def test_a_file_with_kept_and_dropped_stories_stays(world: World) -> None:
    kept = world.item("all.zip", content=b"PK")
    inside = msgspec.structs.replace(kept, id="x", relative="all.zip/x.txt", keep=False, duplicate_of="all.zip")
    same = msgspec.structs.replace(kept, id="y", keep=False, duplicate_of="all.zip")
    reasons = failures(move_dropped([kept, inside, same], world.out))
    assert "is not a file of its own" in reasons["x"]
    assert "a kept story is in the same file" in reasons["y"]
    assert world.stories() == {"all.zip": b"PK"}


def test_a_dropped_link_stays(world: World) -> None:
    kept, _ = pair(world)
    (world.root / "link.txt").symlink_to("b.txt")
    dropped = world.item("link.txt", of="a.txt")
    assert "is a symbolic link" in failures(move_dropped([kept, dropped], world.out))["link.txt"]
    assert (world.root / "link.txt").is_symlink()


def test_a_dropped_file_without_a_stamp_stays(world: World) -> None:
    kept, dropped = pair(world)
    report = move_dropped([kept, msgspec.structs.replace(dropped, stamp=None)], world.out)
    assert "without a stamp" in failures(report)["b.txt"]
    assert (world.root / "b.txt").exists()


def test_a_kept_copy_that_goes_between_plan_and_move_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    items = pair(world)
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        if world.manifest.exists() and len(lines(world)) == 2:
            (world.root / "a.txt").unlink(missing_ok=True)

    monkeypatch.setattr(os, "fsync", fsync)
    assert "kept copy cannot be relied on" in failures(move_dropped(items, world.out))["b.txt"]
    assert world.stories() == {"b.txt": b"story"}


@pytest.mark.parametrize("relative", ["../b.txt", "/b.txt", "x/../../b.txt"])
def test_nothing_is_moved_outside(world: World, relative: str) -> None:
    kept, dropped = pair(world)
    report = move_dropped([kept, msgspec.structs.replace(dropped, relative=relative)], world.out)
    assert "not a name inside" in failures(report)["b.txt"]
    assert (world.root / "b.txt").exists()


def test_a_link_in_the_target_folder_is_not_followed(world: World, tmp_path: Path) -> None:
    items = pair(world, "sub/b.txt")
    (tmp_path / "elsewhere").mkdir()
    world.out.mkdir()
    (world.out / "sub").symlink_to(tmp_path / "elsewhere")
    assert "is a symbolic link" in failures(move_dropped(items, world.out))["sub/b.txt"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("there", ["other", "same content", "hard link", "dangling link", "folder"])
def test_nothing_is_overwritten(world: World, there: str) -> None:
    items = pair(world)
    world.out.mkdir()
    target = world.out / "b.txt"
    if there == "hard link":
        os.link(world.root / "b.txt", target)
        items[1] = world.item("b.txt", of="a.txt")
    elif there == "dangling link":
        target.symlink_to("nowhere")
    elif there == "folder":
        target.mkdir()
    else:
        target.write_bytes(b"story" if there == "same content" else b"mine")
    before = world.copies()
    assert failures(move_dropped(items, world.out)).keys() == {"b.txt"}
    assert world.stories() == {"a.txt": b"story", "b.txt": b"story"}
    assert world.copies() == before
    assert len(lines(world)) == 1, "no move, no record of one"


@pytest.mark.parametrize("apart", [False, True])
def test_what_appears_between_plan_and_move_is_not_overwritten(
    world: World, monkeypatch: pytest.MonkeyPatch, apart: bool
) -> None:
    items = pair(world)
    if apart:
        monkeypatch.setattr(os, "link", link_apart(world))
    real = os.link

    def link(source: str | Path, target: str | Path, **options: Any) -> None:
        if str(source) == str(world.root / "b.txt"):
            (world.out / "b.txt").write_bytes(b"another's")
        real(source, target, **options)

    monkeypatch.setattr(os, "link", link)
    report = move_dropped(items, world.out)
    assert report.done == ()
    assert "b.txt': " in failures(report)["b.txt"]
    assert world.stories() == {"a.txt": b"story", "b.txt": b"story"}
    assert world.copies() == {"b.txt": b"another's"}


def test_the_root_of_all_files_is_a_root() -> None:
    """Of a scan of "/", which no test can move from."""
    assert _root(ActItem(id="x", keep=False, path="/x", relative="x")) == "/"
    assert _root(ActItem(id="x", keep=False, path="/proc/x", relative="proc/x")) == "/"
    assert _root(ActItem(id="x", keep=False, path="/proc/y", relative="elsewhere/y")) == "/proc"


def test_moving_to_where_the_stories_are_loses_nothing(world: World) -> None:
    items = pair(world)
    assert failures(move_dropped(items, world.root)).keys() == {"b.txt"}
    assert (world.root / "b.txt").read_bytes() == b"story"


def test_two_roots_with_the_same_name_are_not_mixed(world: World) -> None:
    """``scan A B``: both have x.txt, alike, both dropped. One goes, one stays, and both are there after undo."""
    kept = world.item("kept.txt", content=b"story")
    twins = [world.item(name, content=b"story", of="kept.txt") for name in ("A/x.txt", "B/x.txt")]
    items = [kept, *(msgspec.structs.replace(twin, relative="x.txt") for twin in twins)]
    before = world.stories()
    report = move_dropped(items, world.out)
    assert report.done == ("A/x.txt",)
    assert "another file is there" in failures(report)["B/x.txt"]
    assert lines(world)[0]["roots"] == [str(world.root / "A"), str(world.root / "B")]
    assert undo(world.manifest).failed == ()
    assert world.stories() == before


# failing systems


def test_a_target_that_turns_read_only_leaves_the_originals(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [*pair(world), world.item("c.txt", content=b"story", of="a.txt")]
    real = os.link

    def link(source: str, target: Path, **options: Any) -> None:
        if str(target).startswith(str(world.out)) and not str(target).endswith(".jsonl"):
            raise OSError(errno.EROFS, "Read-only file system", source, None, str(target))
        real(source, target, **options)

    monkeypatch.setattr(os, "link", link)
    before = world.stories()
    report = move_dropped(items, world.out)
    assert report.done == ()
    assert list(failures(report)) == ["b.txt", "c.txt"]
    assert all("Read-only file system" in reason for reason in failures(report).values())
    assert world.stories() == before
    assert undo(world.manifest).failed == ()
    assert world.stories() == before


def test_a_move_that_fails_within_a_file_system_is_not_tried_as_a_copy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = pair(world)
    real = os.link

    def link(source: str | Path, target: str | Path, **options: Any) -> None:
        if str(source) == str(world.root / "b.txt"):
            raise OSError(errno.EIO, "Input/output error")
        real(source, target, **options)

    monkeypatch.setattr(os, "link", link)
    assert "Input/output error" in failures(move_dropped(items, world.out))["b.txt"]
    assert world.copies() == {}


def test_a_file_where_a_folder_should_be_is_listed(world: World) -> None:
    items = [*pair(world, "sub/b.txt"), world.item("c.txt", content=b"story", of="a.txt")]
    world.out.mkdir()
    (world.out / "sub").write_bytes(b"mine")
    report = move_dropped(items, world.out)
    assert report.done == ("c.txt",)
    assert "sub" in failures(report)["sub/b.txt"]
    assert (world.root / "sub/b.txt").exists()


def test_an_intent_that_cannot_be_recorded_moves_nothing(world: World) -> None:
    """The disk is full for the manifest: originals stay, and what was half written is gone from it."""
    items = [
        world.item("a.txt", content=b"x"),
        *(world.item(f"{n:03}.txt", content=b"x", of="a.txt") for n in range(128)),
    ]
    before = world.stories()
    with small_files():
        report = move_dropped(items, world.out)
    assert report.done == ()
    assert len(report.failed) == 128
    assert all("manifest.jsonl': cannot be written: File too large" in reason for reason in failures(report).values())
    assert world.stories() == before
    assert len(lines(world)) == 1


def test_half_an_intent_that_stays_is_followed_by_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full, and not even cutting the manifest works: no later batch goes behind the half line."""
    items = [
        world.item("a.txt", content=b"x"),
        *(world.item(f"{n:03}.txt", content=b"x", of="a.txt") for n in range(150)),
    ]
    real = os.write

    def write_some(descriptor: int, data: bytes) -> int:
        monkeypatch.setattr(os, "write", fail)
        return real(descriptor, bytes(data[:300]))

    def fail(*_: object) -> int:
        monkeypatch.setattr(os, "write", real)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", write_some)
    monkeypatch.setattr(os, "ftruncate", fail)
    before = world.stories()
    report = move_dropped(items, world.out)
    assert len(report.failed) == 150
    assert world.stories() == before
    assert undo(world.manifest).failed == ()
    assert world.stories() == before


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EXDEV])
def test_an_error_at_any_step_loses_nothing(new_world: Callable[[], World], code: int) -> None:
    for at in range(1, 40):
        world = new_world()
        items = [*pair(world, "sub/b.txt", b"one"), world.item("c.txt", content=b"two", of="a.txt")]
        before = world.stories()
        try:
            with failing_before(at, OSError(code, os.strerror(code))):
                report = move_dropped(items, world.out)
        except OutputError:
            assert world.stories() == before
            continue
        assert {*report.done, *failures(report)} == {"sub/b.txt", "c.txt"}
        assert set(report.done) == {name for name in world.copies() if not name.endswith(".part")}
        assert set(report.done) == before.keys() - world.stories().keys()
        assert undo(world.manifest).failed == ()
        assert world.stories() == before


# across file systems


def check_across(world: World) -> None:
    path = world.write("sub/b.txt", b"story")
    path.chmod(0o604)
    os.utime(path, ns=(1, 1_234_567_890_123_456_789))
    os.chown(path, 12345, 54321)
    items = [world.item("a.txt", content=b"story"), world.item("sub/b.txt", of="a.txt")]
    assert move_dropped(items, world.out).done == ("sub/b.txt",)
    assert not path.exists()
    assert world.copies() == {"sub/b.txt": b"story"}
    status = (world.out / "sub/b.txt").stat()
    assert stat.S_IMODE(status.st_mode) == 0o604
    assert (status.st_mtime_ns, status.st_uid, status.st_gid) == (1_234_567_890_123_456_789, 12345, 54321)
    assert undo(world.manifest).done == ("sub/b.txt",)
    assert world.copies() == {}
    assert path.read_bytes() == b"story"
    assert path.stat().st_mtime_ns == 1_234_567_890_123_456_789


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


@needs_root
def test_a_file_goes_to_another_file_system_and_back(tmp_path: Path, other_system: Path) -> None:
    check_across(World(tmp_path, other_system / "out"))


@needs_root
def test_a_file_is_carried_where_links_cannot_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", link_apart(world))
    check_across(world)


def test_only_root_may_give_files_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    items = pair(world)
    monkeypatch.setattr(os, "link", link_apart(world))
    monkeypatch.setattr(os, "fchown", refused)
    assert move_dropped(items, world.out).done == ("b.txt",)


def test_a_copy_that_is_not_the_same_is_not_trusted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    items = pair(world)
    monkeypatch.setattr(os, "link", link_apart(world))
    monkeypatch.setattr("dedup.act.moving.shutil.copyfileobj", lambda _, sink, __: sink.write(b"s"))
    assert "changed while it was moved" in failures(move_dropped(items, world.out))["b.txt"]
    assert (world.root / "b.txt").read_bytes() == b"story"
    assert world.copies() == {}


def test_a_carried_file_is_synced_before_the_original_goes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    items = pair(world)
    monkeypatch.setattr(os, "link", link_apart(world))
    events: list[str] = []
    real_sync, real_unlink = os.fsync, os.unlink

    def fsync(descriptor: int) -> None:
        events.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_sync(descriptor)

    def unlink(path: str | Path) -> None:
        if str(path) == str(world.root / "b.txt"):
            events.append("unlink")
        real_unlink(path)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "unlink", unlink)
    move_dropped(items, world.out)
    assert events[-3:] == ["file", "folder", "unlink"]


def test_an_original_that_cannot_go_leaves_no_second_copy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    items = pair(world)
    monkeypatch.setattr(os, "link", link_apart(world))
    real = os.unlink

    def unlink(path: str | Path) -> None:
        if str(path) == str(world.root / "b.txt"):
            raise OSError(errno.EROFS, "Read-only file system")
        real(path)

    monkeypatch.setattr(os, "unlink", unlink)
    assert "Read-only" in failures(move_dropped(items, world.out))["b.txt"]
    assert world.stories() == {"a.txt": b"story", "b.txt": b"story"}
    assert world.copies() == {}


# later runs


def test_a_second_run_continues_the_manifest(world: World) -> None:
    items = pair(world)
    before = world.stories() | {"c.txt": b"more"}
    move_dropped(items, world.out)
    later = [world.item("a.txt"), world.item("c.txt", content=b"more", of="a.txt")]
    assert move_dropped(later, world.out).done == ("c.txt",)
    assert [line["type"] for line in lines(world)] == ["dedup-moves", "move", "dedup-moves", "move"]
    assert undo(world.manifest).done == ("c.txt", "b.txt")
    assert world.stories() == before


@pytest.mark.parametrize("tail", [b'{"type":"move","from":"/ho', b"\x00" * 50, b"{"])
def test_a_run_after_a_crash_mends_the_manifest(world: World, tail: bytes) -> None:
    move_dropped(pair(world), world.out)
    with world.manifest.open("ab") as file:
        file.write(tail)
    later = [world.item("a.txt"), world.item("c.txt", content=b"more", of="a.txt")]
    assert move_dropped(later, world.out).done == ("c.txt",)
    assert [line["type"] for line in lines(world)] == ["dedup-moves", "move", "dedup-moves", "move"]


def test_a_manifest_that_lost_its_last_line_end_is_continued(world: World) -> None:
    """As editors that strip it leave it: the last move is not forgotten."""
    move_dropped(pair(world), world.out)
    world.manifest.write_bytes(world.manifest.read_bytes().rstrip(b"\n"))
    assert len(read_manifest(str(world.manifest))[0]) == 1
    later = [world.item("a.txt"), world.item("c.txt", content=b"more", of="a.txt")]
    move_dropped(later, world.out)
    assert undo(world.manifest).done == ("c.txt", "b.txt")
