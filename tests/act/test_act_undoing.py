"""Whatever happened to a move, undo brings every story back, or says what it left and why."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from act.world import World, failing_before, failures, killed_before, link_apart, rewritten
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup.act import ActItem, move_dropped, undo
from dedup.errors import DedupError, ManifestError, OutputError

BEFORE = {"a.txt": b"one", "sub/b.txt": b"two", "c.txt": b"three"}


def stories(world: World) -> list[ActItem]:
    return [world.item(name, content=text, of=None if name == "a.txt" else "a.txt") for name, text in BEFORE.items()]


@pytest.fixture
def moved(world: World) -> World:
    """A world whose two dropped stories were moved."""
    assert move_dropped(stories(world), world.out).done == ("sub/b.txt", "c.txt")
    return world


def edited(world: World, number: int, **fields: Any) -> None:
    """Change fields of one line of the manifest."""
    lines = world.manifest.read_bytes().splitlines()
    line = msgspec.json.decode(lines[number - 1]) | fields
    lines[number - 1] = msgspec.json.encode({name: value for name, value in line.items() if value is not ...})
    world.manifest.write_bytes(b"\n".join(lines) + b"\n")


def test_all_goes_back_last_first_and_the_manifest_is_set_aside(moved: World) -> None:
    report = undo(moved.manifest)
    assert (report.done, report.failed, report.skipped) == (("c.txt", "sub/b.txt"), (), ())
    assert moved.stories() == BEFORE
    assert moved.copies() == {}
    assert [path.name for path in moved.out.glob("manifest*")] == ["manifest.jsonl.undone"]


def test_a_folder_that_is_gone_is_made_again(moved: World) -> None:
    (moved.root / "sub").rmdir()
    assert undo(moved.manifest).failed == ()
    assert moved.stories() == BEFORE


def test_undo_may_be_run_again(moved: World) -> None:
    undo(moved.manifest)
    assert undo(moved.manifest) == undo(moved.manifest)
    assert undo(moved.manifest).done == ()
    again = undo(f"{moved.manifest}.undone")
    assert (again.done, again.failed) == ((), ())
    assert {problem.where: problem.reason for problem in again.skipped} == dict.fromkeys(
        ("c.txt", "sub/b.txt"), "is in its place"
    )
    assert not any(problem.failed for problem in again.skipped)
    assert moved.stories() == BEFORE
    assert [path.name for path in moved.out.glob("manifest*")] == ["manifest.jsonl.undone"]


def test_a_later_run_has_a_manifest_of_its_own(moved: World) -> None:
    undo(moved.manifest)
    move_dropped(stories(moved), moved.out)
    undo(moved.manifest)
    assert moved.stories() == BEFORE
    names = sorted(path.name for path in moved.out.glob("manifest*"))
    assert names == ["manifest.jsonl.undone", "manifest.jsonl.undone.2"]


def test_a_manifest_that_cannot_be_set_aside_is_no_failure(moved: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.link

    def link(source: str | Path, target: str | Path, **options: Any) -> None:
        if str(target).endswith(".undone"):
            raise OSError(errno.EROFS, "Read-only file system")
        real(source, target, **options)

    monkeypatch.setattr(os, "link", link)
    assert undo(moved.manifest).done == ("c.txt", "sub/b.txt")
    assert len(undo(moved.manifest).skipped) == 2


# what stays


def test_a_file_changed_since_stays_without_force(moved: World) -> None:
    rewritten(moved.out / "c.txt")
    report = undo(moved.manifest)
    assert report.done == ("sub/b.txt",)
    assert "out/c.txt': changed since it was moved; force" in failures(report)["c.txt"]
    assert moved.copies() == {"c.txt": b"THREE"}
    assert moved.manifest.exists()
    forced = undo(moved.manifest, force=True)
    assert forced.done == ("c.txt",)
    assert moved.stories() == BEFORE | {"c.txt": b"THREE"}


def test_a_new_time_alone_is_no_change(moved: World) -> None:
    os.utime(moved.out / "c.txt", ns=(5, 5))
    assert undo(moved.manifest).failed == ()
    assert moved.stories() == BEFORE


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("there", ["file", "link", "folder"])
def test_what_took_the_old_place_is_not_overwritten(moved: World, there: str, force: bool) -> None:
    old = moved.root / "c.txt"
    if there == "file":
        old.write_bytes(b"newer")
    elif there == "link":
        old.symlink_to("a.txt")
    else:
        old.mkdir()
    report = undo(moved.manifest, force=force)
    assert report.done == ("sub/b.txt",)
    assert ("is a symbolic link" if there == "link" else "is taken by another file") in failures(report)["c.txt"]
    assert moved.copies() == {"c.txt": b"three"}
    taker = moved.stories().pop("c.txt", None)
    assert taker == {"file": b"newer", "link": "a.txt", "folder": None}[there]


def test_a_lost_file_is_told(moved: World) -> None:
    (moved.out / "c.txt").unlink()
    report = undo(moved.manifest)
    assert report.done == ("sub/b.txt",)
    assert "gone, and not where it was moved to either" in failures(report)["c.txt"]
    assert moved.manifest.exists()


def test_a_lost_file_with_another_in_its_old_place_is_told(moved: World) -> None:
    (moved.out / "c.txt").unlink()
    moved.write("c.txt", b"a stranger")
    assert "is another file, and what was moved is gone" in failures(undo(moved.manifest))["c.txt"]
    forced = undo(moved.manifest, force=True)
    assert (forced.failed, len(forced.skipped)) == ((), 2)
    assert (moved.root / "c.txt").read_bytes() == b"a stranger"


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("there", ["fifo", "folder", "link"])
def test_what_is_no_file_is_not_moved_back(moved: World, there: str, force: bool) -> None:
    new = moved.out / "c.txt"
    new.unlink()
    if there == "fifo":
        os.mkfifo(new)
    elif there == "folder":
        new.mkdir()
    else:
        new.symlink_to("/etc/passwd")
    assert failures(undo(moved.manifest, force=force)).keys() == {"c.txt"}
    assert not (moved.root / "c.txt").exists()


def test_a_fifo_is_not_waited_for(world: World) -> None:
    """Not even one in the place of an empty story, as long as it."""
    move_dropped([world.item("a.txt", content=b"x"), world.item("b.txt", content=b"", of="a.txt")], world.out)
    (world.out / "b.txt").unlink()
    os.mkfifo(world.out / "b.txt")
    assert "changed since it was moved" in failures(undo(world.manifest))["b.txt"]


def test_a_twin_in_the_target_folder_is_never_removed(moved: World) -> None:
    """The move was never made, and an equal file of another origin is where it would have gone."""
    (moved.out / "c.txt").rename(moved.root / "c.txt")
    (moved.out / "c.txt").write_bytes(b"three")
    report = undo(moved.manifest)
    assert (report.done, report.failed) == (("sub/b.txt",), ())
    assert "is in its place; what is at" in report.skipped[0].reason
    assert moved.stories() == BEFORE
    assert moved.copies() == {"c.txt": b"three"}


def test_a_move_half_done_is_put_right(moved: World) -> None:
    os.link(moved.out / "c.txt", moved.root / "c.txt")
    assert undo(moved.manifest).done == ("c.txt", "sub/b.txt")
    assert moved.stories() == BEFORE
    assert moved.copies() == {}


def test_one_name_seen_twice_is_not_taken_for_a_half_done_move(moved: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the target folder is mounted over the old one: both names are one, and removing it loses the file."""
    (moved.root / "c.txt").write_bytes(b"three")
    monkeypatch.setattr("os.path.samestat", lambda *_: True)
    assert undo(moved.manifest).done == ("sub/b.txt",)
    assert moved.copies() == {"c.txt": b"three"}


def test_one_file_with_one_name_is_not_taken_for_a_half_done_move(world: World) -> None:
    """An edited manifest that moves a file onto itself, the file having another name elsewhere."""
    world.write("c.txt", b"three")
    move_dropped([world.item("a.txt", content=b"one"), world.item("c.txt", of="a.txt")], world.out)
    undo(world.manifest)
    Path(f"{world.manifest}.undone").rename(world.manifest)
    os.link(world.root / "c.txt", world.root / "other")
    edited(world, 1, into=str(world.root))
    edited(world, 2, to=str(world.root / "c.txt"))
    undo(world.manifest)
    assert (world.root / "c.txt").read_bytes() == b"three"


def test_failures_do_not_stop_the_rest(moved: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.link

    def link(source: str | Path, target: str | Path, **options: Any) -> None:
        if str(target) == str(moved.root / "c.txt"):
            raise OSError(errno.EACCES, "Permission denied", str(source), None, str(target))
        real(source, target, **options)

    monkeypatch.setattr(os, "link", link)
    report = undo(moved.manifest)
    assert report.done == ("sub/b.txt",)
    assert "Permission denied" in failures(report)["c.txt"]
    monkeypatch.undo()
    assert undo(moved.manifest).done == ("c.txt",)
    assert moved.stories() == BEFORE


# crashes


def moving(world: World, items: list[ActItem], apart: bool) -> None:
    if apart:
        os.link = link_apart(world)  # in a child of its own
    move_dropped(items, world.out)


def undoing(world: World, apart: bool) -> None:
    if apart:
        os.link = link_apart(world)  # in a child of its own
    undo(world.manifest)


def without_drafts(found: dict[str, bytes | str]) -> dict[str, bytes | str]:
    return {name: content for name, content in found.items() if not name.endswith(".part")}


@pytest.mark.parametrize("apart", [False, True])
def test_a_move_killed_at_any_step_is_undone(new_world: Callable[[], World], apart: bool) -> None:
    died, at, states = True, 0, set()
    while died:
        at += 1
        world = new_world()
        items = stories(world)
        died = killed_before(at, partial(moving, world, items, apart))
        both = without_drafts(world.copies()) | without_drafts(world.stories())
        assert both == BEFORE, "lost or half"
        states.add((tuple(sorted(world.stories())), tuple(sorted(without_drafts(world.copies())))))
        if world.manifest.exists():
            assert undo(world.manifest).failed == ()
        assert without_drafts(world.stories()) == BEFORE
    assert len(states) == 5  # before, first in both places, first moved, second in both, all moved


@pytest.mark.parametrize("apart", [False, True])
def test_an_undo_killed_at_any_step_is_completed_by_the_next(new_world: Callable[[], World], apart: bool) -> None:
    died, at = True, 0
    while died:
        at += 1
        world = new_world()
        move_dropped(stories(world), world.out)
        died = killed_before(at, partial(undoing, world, apart))
        both = without_drafts(world.copies()) | without_drafts(world.stories())
        assert both == BEFORE, "lost or half"
        assert undo(world.manifest).failed == ()
        assert without_drafts(world.stories()) == BEFORE
    assert at > 5


def test_a_run_killed_at_any_step_may_be_repeated(new_world: Callable[[], World]) -> None:
    died, at = True, 0
    while died:
        at += 1
        world = new_world()
        items = stories(world)
        died = killed_before(at, partial(move_dropped, items, world.out))
        if world.manifest.exists():
            undo(world.manifest)
        again = [world.item(name, of=item.duplicate_of) for name, item in zip(BEFORE, items, strict=True)]
        assert move_dropped(again, world.out).done == ("sub/b.txt", "c.txt")
        assert world.stories() == {"a.txt": b"one"}
        assert undo(world.manifest).failed == ()
        assert world.stories() == BEFORE


@pytest.mark.parametrize("at", range(1, 12))
def test_ctrl_c_at_any_step_of_a_move_is_undone(world: World, at: int) -> None:
    items = stories(world)
    with pytest.raises(KeyboardInterrupt), failing_before(at, KeyboardInterrupt()):
        move_dropped(items, world.out)
    if world.manifest.exists():
        assert undo(world.manifest).failed == ()
    assert world.stories() == BEFORE


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("at", range(1, 12))
def test_an_error_at_any_step_of_an_undo_loses_nothing(moved: World, at: int, code: int) -> None:
    with suppress(DedupError), failing_before(at, OSError(code, os.strerror(code))):
        undo(moved.manifest)
    assert moved.copies() | moved.stories() == BEFORE
    undo(moved.manifest)
    assert moved.stories() == BEFORE


def test_an_intent_cut_off_by_a_crash_was_never_a_move(moved: World) -> None:
    line = moved.manifest.read_bytes().splitlines()[-1]
    for cut in range(1, len(line)):
        with moved.manifest.open("ab") as file:
            file.write(line[:cut])
        assert undo(moved.manifest).failed == ()
        assert moved.stories() == BEFORE
        moved.manifest.with_name("manifest.jsonl.undone").unlink()
        move_dropped(stories(moved), moved.out)
        if cut > 40:
            break


# damaged and hostile manifests


def test_a_missing_manifest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"none.jsonl': no such file"):
        undo(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        (b"\n", 1),
        (b'{"type":"dedup-moves","ver', 1),
        (b"\xff\xd8\xff\xe0JFIF", 1),
        (b"[" * 100_000, 1),
        (b'{"type":"dedup-moves","x":' + b"[" * 100_000, 1),
        (b'{"id":"1","text":"a story"}\n', 1),
        (b'{"type":"move","from":"/a/b","to":"/c/d","id":"b","duplicate_of":null,"size":1,"mtime_ns":1,', 1),
    ],
)
def test_a_foreign_file_is_no_manifest(world: World, content: bytes, line: int) -> None:
    world.out.mkdir()
    world.manifest.write_bytes(content)
    with pytest.raises(ManifestError, match=rf"manifest.jsonl', line {line}: "):
        undo(world.manifest)
    assert world.manifest.read_bytes() == content


def test_a_line_beyond_measure_is_not_read(world: World) -> None:
    world.out.mkdir()
    world.manifest.write_bytes(b"x" * (17 << 20))
    with pytest.raises(ManifestError, match="line 1: too long for a manifest"):
        undo(world.manifest)


def test_a_manifest_that_cannot_be_read_is_named(moved: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("dedup.act.manifest.open", unreadable, raising=False)
    with pytest.raises(ManifestError, match=r"manifest.jsonl': cannot be read: Input/output error"):
        undo(moved.manifest)


@pytest.mark.parametrize(
    "damage",
    [
        {"sha256": ""},
        {"sha256": "0" * 63},
        {"sha256": None},
        {"sha256": ...},
        {"size": -1},
        {"size": "5"},
        {"from": ...},
        {"from": 5},
        {"from": {"from_bytes": "%%%"}},
        {"from": {"from_bytes": "/w==", "surrogates": True}},
        {"id": {"from_bytes": "/w==", "surrogates": True}},
        {"type": "copy"},
        {"unknown": 1},
    ],
)
def test_a_damaged_line_is_named_and_nothing_is_moved(moved: World, damage: dict[str, Any]) -> None:
    """An empty checksum, too: it would equal any other."""
    edited(moved, 2, **damage)
    with pytest.raises(ManifestError, match=r"manifest.jsonl', line 2: "):
        undo(moved.manifest)
    assert moved.copies() == {"sub/b.txt": b"two", "c.txt": b"three"}


def test_a_path_that_no_file_can_have_is_damage(moved: World) -> None:
    name = f"{moved.root}/\ud83d".encode("utf-8", "surrogatepass")
    edited(moved, 2, **{"from": {"from_bytes": base64.b64encode(name).decode(), "surrogates": True}})
    with pytest.raises(ManifestError, match="line 2: a name is damaged"):
        undo(moved.manifest)


def test_damage_in_the_middle_is_no_crash_at_the_end(moved: World) -> None:
    lines = moved.manifest.read_bytes().splitlines(keepends=True)
    moved.manifest.write_bytes(lines[0] + lines[1][:50] + b"\n" + lines[2])
    with pytest.raises(ManifestError, match="line 2"):
        undo(moved.manifest)


def test_a_later_version_is_told_from_damage(moved: World) -> None:
    edited(moved, 1, version=2, new_field=True)
    with pytest.raises(ManifestError, match="line 1: version 2 is not known"):
        undo(moved.manifest)


def escape(name: str) -> dict[str, str]:
    return {"from_bytes": base64.b64encode(os.fsencode(name)).decode()}


@pytest.mark.parametrize("field", ["from", "to"])
@pytest.mark.parametrize(
    "path",
    [
        "/etc/cron.d/x",
        "{base}/stories/../elsewhere/x",
        "{base}/out/../elsewhere/x",
        "{base}/stories-not/x",
        "{base}/out-not/x",
        "{base}/stories",
        "{base}/out",
        "{base}/stories/./x",
        "{base}/out//x",
        "stories/x",
        "out/x",
        "../x",
        "",
        "{base}/stories/x\0y",
        "{base}/out/x\0y",
        escape("/etc/cron.d/x"),
    ],
)
def test_an_edited_manifest_leads_nowhere_else(moved: World, field: str, path: Any) -> None:
    base = str(moved.root.parent)
    edited(moved, 2, **{field: path.format(base=base) if isinstance(path, str) else path})
    with pytest.raises(ManifestError, match=r"line 2: .* is not inside"):
        undo(moved.manifest)
    assert moved.copies() == {"sub/b.txt": b"two", "c.txt": b"three"}
    assert sorted(path.name for path in moved.root.parent.iterdir()) == ["out", "stories"]


@pytest.mark.parametrize("folder", ["root", "out"])
def test_a_link_that_leads_elsewhere_is_not_followed(moved: World, tmp_path: Path, folder: str) -> None:
    """Somebody put a link in the place of a folder since."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if folder == "root":
        (moved.root / "sub").rmdir()
        (moved.root / "sub").symlink_to(elsewhere)
    else:
        (moved.out / "sub").rename(elsewhere / "sub")
        (moved.out / "sub").symlink_to(elsewhere / "sub")
    report = undo(moved.manifest)
    assert report.done == ("c.txt",)
    assert "is a symbolic link" in failures(report)["sub/b.txt"]
    assert not (elsewhere / "b.txt").exists()


def test_relative_roots_are_refused(moved: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(moved.root.parent)
    edited(moved, 1, roots=["stories"], into="out")
    edited(moved, 2, **{"from": "stories/sub/b.txt", "to": "out/sub/b.txt"})
    with pytest.raises(ManifestError, match="line 2"):
        undo(moved.manifest)


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_file_is_no_manifest(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "manifest.jsonl"
    if kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(OutputError, match="is not a regular file"):
        undo(path)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 2000), new=st.binary(max_size=3), cut=st.integers(0, 3))
def test_flipped_bytes_give_a_typed_error_or_what_is_right(
    new_world: Callable[[], World], at: int, new: bytes, cut: int
) -> None:
    """Whatever the manifest says, contents are never lost, and nothing is touched outside."""
    world = new_world()
    move_dropped(stories(world), world.out)
    content = world.manifest.read_bytes()
    at %= len(content)
    world.manifest.write_bytes(content[:at] + new + content[at + cut :])
    with suppress(DedupError):
        undo(world.manifest)
    files = [path for path in world.root.parent.rglob("*") if path.is_file() and "manifest" not in path.name]
    assert sorted(path.read_bytes() for path in files) == sorted(BEFORE.values())
    assert {path.name for path in world.root.parent.iterdir()} == {"stories", "out"}
    assert (world.root / "a.txt").read_bytes() == b"one"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.binary(min_size=1, max_size=6), st.binary(max_size=20), min_size=1, max_size=5))
def test_any_names_and_contents_come_back(new_world: Callable[[], World], found: dict[bytes, bytes]) -> None:
    world = new_world()
    kept = world.item("kept", content=b"kept")
    contents = {
        f"sub/{os.fsdecode(name)}": content
        for name, content in found.items()
        if name not in (b".", b"..") and not set(name) & set(b"/\0")
    }
    dropped = [world.item(name, content=content, of="kept") for name, content in contents.items()]
    before = world.stories()
    assert move_dropped([kept, *dropped], world.out).done == tuple(contents)
    assert world.copies() == contents
    if contents:
        assert set(undo(world.manifest).done) == set(contents)
    assert world.stories() == before


def test_recorded_checksums_are_sha256(moved: World) -> None:
    lines = [msgspec.json.decode(line) for line in moved.manifest.read_bytes().splitlines()[1:]]
    assert [line["sha256"] for line in lines] == [hashlib.sha256(text).hexdigest() for text in (b"two", b"three")]
