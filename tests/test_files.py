"""Outputs appear whole or not at all, never over an input, never outside; escapes hold."""

from __future__ import annotations

import csv
import errno
import io
import os
import socket
import stat
import threading
import unicodedata
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from act.world import killed_before, small_files
from hypothesis import given
from hypothesis import strategies as st

from dedup.errors import OutputError
from dedup.files import (
    csv_safe,
    draft,
    printable,
    refuse_inputs,
    rename_new,
    safe_join,
    stamp_of,
    writing,
    writing_text,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(path: Path | str, content: bytes = b"new", *, force: bool = False, inputs: tuple[object, ...] = ()) -> None:
    with writing(path, force=force, inputs=inputs) as file:  # type: ignore[arg-type]
        file.write(content)


# writing: the ordinary way


def test_an_output_is_written_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "out", b"content")
    assert (tmp_path / "out").read_bytes() == b"content"
    assert names(tmp_path) == ["out"]


def test_a_new_output_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write(tmp_path / "out")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640


def test_the_output_is_not_there_before_the_block_ends(tmp_path: Path) -> None:
    with writing(tmp_path / "out", force=False, inputs=()) as file:
        file.write(b"x" * (3 << 20))
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out").stat().st_size == 3 << 20


def test_text_is_utf8_with_lone_surrogates_escaped_and_line_ends_untouched(tmp_path: Path) -> None:
    with writing_text(tmp_path / "out", force=False, inputs=()) as file:
        file.write("é\r\n\ud83d\n")
    assert (tmp_path / "out").read_bytes() == b"\xc3\xa9\r\n\\ud83d\n"


def test_an_existing_file_is_kept_without_force(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    with pytest.raises(OutputError, match=r"out': exists already; .*replaced"):
        write(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"old"


def test_an_existing_file_is_refused_before_the_work_is_done(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    with pytest.raises(OutputError, match="exists already"), writing(tmp_path / "out", force=False, inputs=()):
        pytest.fail("hours of work")


def test_force_replaces_and_keeps_the_permission_bits(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    (tmp_path / "out").chmod(0o604)
    write(tmp_path / "out", force=True)
    assert (tmp_path / "out").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o604
    assert names(tmp_path) == ["out"]


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    new = writing(tmp_path / "out", force=False, inputs=())
    new.__enter__().write(b"new")
    (tmp_path / "out").write_bytes(b"another's")
    with pytest.raises(OutputError, match="exists already"):
        new.__exit__(None, None, None)
    assert (tmp_path / "out").read_bytes() == b"another's"
    assert names(tmp_path) == ["out"]


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "real").write_bytes(b"old")
    (tmp_path / "out").symlink_to("far/real")
    write(tmp_path / "out", force=True)
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "far" / "real").read_bytes() == b"new"


def test_a_dangling_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("real")
    write(tmp_path / "out")
    assert (tmp_path / "real").read_bytes() == b"new"
    assert (tmp_path / "out").is_symlink()


def test_it_works_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("out")
    assert (tmp_path / "out").read_bytes() == b"new"


def test_content_is_synced_before_its_name_and_the_name_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "content")
        real_fsync(descriptor)

    def replace(source: str, target: str) -> None:
        assert Path(source).read_bytes() == b"new"
        calls.append("replace")
        real_replace(source, target)

    (tmp_path / "out").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write(tmp_path / "out", force=True)
    assert calls == ["content", "replace", "folder"]


def unsyncable_folders(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF, errno.ENOSYS])
def test_folders_that_are_never_synced_are_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    unsyncable_folders(monkeypatch, code)
    write(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"new"


def test_a_folder_that_fails_to_sync_is_a_failure_of_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unsyncable_folders(monkeypatch, errno.EIO)
    with pytest.raises(OutputError, match="out': cannot be written: Input/output error"):
        write(tmp_path / "out")


def test_nothing_stays_open(tmp_path: Path) -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    for name in ("a", "b", "/dev/null", "/dev/fd/1"):
        write(name if name.startswith("/") else tmp_path / name)
    with pytest.raises(OutputError):
        write(tmp_path / "a")
    assert len([*Path("/proc/self/fd").iterdir()]) == before


# writing: what goes wrong


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), OSError(errno.EIO, "the input's")])
def test_an_exception_of_the_caller_changes_nothing_and_passes(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "out").write_bytes(b"old")

    def failing() -> None:
        with writing(tmp_path / "out", force=True, inputs=()) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)) as caught:
        failing()
    assert caught.value is error
    assert (tmp_path / "out").read_bytes() == b"old"
    assert names(tmp_path) == ["out"]


def test_a_text_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def failing() -> None:
        with writing_text(tmp_path / "out", force=False, inputs=()) as file:
            file.write("half" * 10_000)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert names(tmp_path) == []


@pytest.mark.parametrize("size", [5000, 5 << 20])
def test_a_write_that_fails_names_the_output_and_changes_nothing(tmp_path: Path, size: int) -> None:
    (tmp_path / "out").write_bytes(b"old")
    with small_files(), pytest.raises(OutputError, match=r"out': cannot be written: File too large; raise the limit"):
        write(tmp_path / "out", b"x" * size, force=True)
    assert (tmp_path / "out").read_bytes() == b"old"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("code", "told"),
    [
        (errno.ENOSPC, "No space left on device; make room"),
        (errno.EDQUOT, "Disk quota exceeded; the quota is used up"),
        (errno.EACCES, "Permission denied; check its permissions"),
        (errno.EIO, "Input/output error$"),
    ],
)
def test_a_failure_at_the_end_names_the_output_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, code: int, told: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    (tmp_path / "out").write_bytes(b"old")
    monkeypatch.setattr(os, step, full)
    with pytest.raises(OutputError, match=f"out': cannot be written: {told}"):
        write(tmp_path / "out", force=True)
    assert (tmp_path / "out").read_bytes() == b"old"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("force", [True, False])
def test_killed_at_any_step_the_output_is_the_old_or_the_new(tmp_path: Path, force: bool) -> None:
    seen = set()
    for at in range(1, 20):
        out = tmp_path / f"{at}" / "out"
        out.parent.mkdir()
        if force:
            out.write_bytes(b"old")
        died = killed_before(at, partial(write, out, force=force))
        seen.add(out.read_bytes() if out.exists() else b"")
        if not died:
            break
    assert not died
    assert seen == {b"old" if force else b"", b"new"}


# writing: what must not be written to


@pytest.mark.parametrize("alias", ["plain", "dotted", "symlink", "hardlink", "folder link"])
@pytest.mark.parametrize("given_as", ["path", "inode"])
def test_an_output_that_is_an_input_is_refused(tmp_path: Path, alias: str, given_as: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"precious")
    (tmp_path / "sub").mkdir()
    (tmp_path / "symlink").symlink_to(source)
    os.link(source, tmp_path / "hardlink")
    (tmp_path / "here").symlink_to(tmp_path)
    out: Path | str = {
        "plain": source,
        "dotted": tmp_path / "sub" / ".." / "in.jsonl",
        "symlink": tmp_path / "symlink",
        "hardlink": tmp_path / "hardlink",
        "folder link": tmp_path / "here" / "in.jsonl",
    }[alias]
    status = source.stat()
    inputs = (source,) if given_as == "path" else ((status.st_dev, status.st_ino),)
    with pytest.raises(OutputError, match="is an input of this run; write to another file"):
        write(out, force=True, inputs=inputs)
    assert source.read_bytes() == b"precious"


def test_other_inputs_and_missing_ones_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"precious")
    write(tmp_path / "out", inputs=(tmp_path / "in", tmp_path / "missing", "nul\0", (1, 2)))
    assert (tmp_path / "out").read_bytes() == b"new"


@pytest.mark.parametrize("alias", ["plain", "symlink", "hardlink"])
def test_an_output_among_what_was_read_is_refused(tmp_path: Path, alias: str) -> None:
    """What a folder holds is known only when it was read."""
    (tmp_path / "plain").write_bytes(b"precious")
    (tmp_path / "symlink").symlink_to("plain")
    os.link(tmp_path / "plain", tmp_path / "hardlink")
    (tmp_path / "other").write_bytes(b"x")
    stamps = [stamp_of((tmp_path / "plain").stat())]
    refuse_inputs([tmp_path / "other", tmp_path / "missing"], stamps)
    with pytest.raises(OutputError, match=f"{alias}': is an input of this run"):
        refuse_inputs([tmp_path / "other", tmp_path / alias], stamps)


def test_an_input_as_redirected_standard_output_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_bytes(b"precious")
    descriptor = os.open(source, os.O_WRONLY | os.O_APPEND)
    try:
        with pytest.raises(OutputError, match="is an input"):
            write(f"/dev/fd/{descriptor}", inputs=(source,))
    finally:
        os.close(descriptor)
    assert source.read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "not a file name"),
        ("nul\0name", "not a file name"),
        ("folder", "is a folder"),
        ("folder/", "not a file name"),
        ("file/", "not a file name"),
        ("new/", "not a file name"),
        ("missing/out", "its folder does not exist; create '/.*/missing' first"),
        ("file/out", "cannot be written: Not a directory"),
        ("loop", "cannot be written: Too many levels"),
        ("x" * 300, "cannot be written: File name too long"),
        ("socket", "is a disk or a socket"),
    ],
)
def test_what_cannot_be_an_output_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        before = names(tmp_path)
        with pytest.raises(OutputError, match=reason):
            write(name, force=True)
    assert names(tmp_path) == before
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_disk_is_refused(tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / "disk", stat.S_IFBLK | 0o600, os.makedev(7, 255))
    except PermissionError:
        pytest.skip("only root may make devices")
    with pytest.raises(OutputError, match="is a disk or a socket"):
        write(tmp_path / "disk", force=True)


# writing: straight to devices


def test_a_device_that_cannot_be_opened_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(_: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "dup", no_more)
    with pytest.raises(OutputError, match="'/dev/stdout': cannot be written: Too many open files"):
        write("/dev/stdout")


def test_a_device_that_fails_when_closed_is_named() -> None:
    device = writing("/dev/null", force=False, inputs=())
    os.close(device.__enter__().fileno())
    with pytest.raises(OutputError, match="'/dev/null': cannot be written: Bad file descriptor"):
        device.__exit__(None, None, None)


def test_the_error_of_the_caller_comes_before_that_of_the_device() -> None:
    def failing() -> None:
        with writing("/dev/full", force=False, inputs=()) as file:
            file.write(b"x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()


@pytest.mark.parametrize("size", [10, 5 << 20])
def test_a_full_device_is_an_error_that_names_it(size: int) -> None:
    with pytest.raises(OutputError, match=r"'/dev/full': cannot be written: No space left on device"):
        write("/dev/full", b"x" * size)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_dev_null_stays_a_device() -> None:
    write("/dev/null", inputs=("/dev/null",))
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_fifo_is_written_to_and_stays_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write(tmp_path / "pipe")
    reader.join(5)
    assert got == [b"new"]
    assert names(tmp_path) == ["pipe"]


def test_a_reader_that_went_away_is_a_broken_pipe() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        with pytest.raises(BrokenPipeError):
            write(f"/dev/fd/{write_end}")
    finally:
        os.close(write_end)


def test_a_redirected_output_goes_on_where_it_stands(tmp_path: Path) -> None:
    """What ``>> log`` or an earlier ``echo`` wrote is not overwritten, and no force is asked for."""
    (tmp_path / "log").write_bytes(b"")
    descriptor = os.open(tmp_path / "log", os.O_WRONLY)
    try:
        os.write(descriptor, b"before ")
        write(f"/dev/fd/{descriptor}")
        os.write(descriptor, b" after")
    finally:
        os.close(descriptor)
    assert (tmp_path / "log").read_bytes() == b"before new after"


def test_dev_stdout_is_the_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    write("/dev/stdout", b"to stdout\n")
    write("/dev/stderr", b"to stderr\n")
    assert capfd.readouterr() == ("to stdout\n", "to stderr\n")


# draft, rename_new


def test_a_draft_not_placed_is_removed(tmp_path: Path) -> None:
    with draft(tmp_path, shown="out") as new:
        assert names(tmp_path) == [Path(new.path).name]
    assert names(tmp_path) == []


def no_links(code: int) -> Callable[..., None]:
    def link(source: str, target: str, **_: object) -> None:
        raise OSError(code, os.strerror(code), source, None, target)

    return link


@pytest.mark.parametrize("code", [0, errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK])
def test_rename_new_renames_and_never_overwrites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Also where the file system has no hard links, or no more for this file."""
    if code:
        monkeypatch.setattr(os, "link", no_links(code))
    a, b, c = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    a.write_bytes(b"a")
    rename_new(a, b)
    assert (names(tmp_path), b.read_bytes()) == (["b"], b"a")
    c.symlink_to("nowhere")
    with pytest.raises(FileExistsError):
        rename_new(b, c)
    assert b.read_bytes() == b"a"
    assert str(c.readlink()) == "nowhere"


def test_rename_new_renames_a_link_not_its_target(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"a")
    (tmp_path / "link").symlink_to("real")
    rename_new(tmp_path / "link", tmp_path / "moved")
    assert (tmp_path / "moved").is_symlink()
    assert names(tmp_path) == ["moved", "real"]


def test_rename_new_that_cannot_leave_the_old_folder_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.unlink
    (tmp_path / "a").write_bytes(b"a")

    def unlink(path: Path) -> None:
        if path == tmp_path / "a":
            raise OSError(errno.EROFS, "Read-only file system")
        real(path)

    monkeypatch.setattr(os, "unlink", unlink)
    with pytest.raises(OSError, match="Read-only"):
        rename_new(tmp_path / "a", tmp_path / "b")
    assert names(tmp_path) == ["a"]


def test_another_error_of_link_is_not_taken_for_missing_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_links(errno.EXDEV))
    (tmp_path / "a").write_bytes(b"a")
    with pytest.raises(OSError, match=os.strerror(errno.EXDEV)):
        rename_new(tmp_path / "a", tmp_path / "b")
    assert names(tmp_path) == ["a"]


# stamps


def test_a_stamp_tells_a_rewrite_whose_time_was_set_back(tmp_path: Path) -> None:
    path = tmp_path / "story"
    path.write_bytes(b"one")
    before = path.stat()
    assert stamp_of(path.stat()) == stamp_of(before)
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert stamp_of(path.stat()) != stamp_of(before)


def test_a_stamp_holds_what_tells_files_apart(tmp_path: Path) -> None:
    found = tmp_path.stat()
    times = found.st_mtime_ns, found.st_ctime_ns
    assert stamp_of(found) == (found.st_dev, found.st_ino, found.st_size, *times)


# safe_join


def test_a_name_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="File name too long"):
        safe_join(tmp_path, "x" * 300)


@pytest.mark.parametrize("relative", ["a", "a/b", "a b'$\n\udcff", "..a", "a/..b", "a//b", "./a", "...", "-rf"])
def test_names_inside_are_joined(tmp_path: Path, relative: str) -> None:
    joined = safe_join(tmp_path, relative)
    assert os.path.normpath(tmp_path / relative) == str(joined)
    assert joined.is_relative_to(tmp_path)
    assert joined != tmp_path


@pytest.mark.parametrize("relative", ["", ".", "./", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "a\0b", "//x"])
def test_names_outside_are_refused(tmp_path: Path, relative: str) -> None:
    with pytest.raises(OutputError, match="not a name inside"):
        safe_join(tmp_path, relative)


@pytest.mark.parametrize("relative", ["link", "link/x", "deep/link/x"])
@pytest.mark.parametrize("target", ["/etc", "..", "missing", "."])
def test_links_below_the_root_are_refused(tmp_path: Path, relative: str, target: str) -> None:
    (tmp_path / "deep").mkdir()
    for link in (tmp_path / "link", tmp_path / "deep" / "link"):
        link.symlink_to(target)
    with pytest.raises(OutputError, match="is a symbolic link"):
        safe_join(tmp_path, relative)


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to("real")
    assert safe_join(tmp_path / "root", "x") == tmp_path / "root" / "x"


@given(st.text(st.sampled_from("./a\0\\~"), max_size=12))
def test_whatever_is_joined_is_below(relative: str) -> None:
    try:
        joined = safe_join("/root-of-no-one", relative)
    except OutputError:
        return
    assert os.path.normpath(joined).startswith("/root-of-no-one/")


# csv_safe

PAYLOADS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x.example","click")',
    "=WEBSERVICE(A1)",
    "=-1",
    "==1",
    "+1+1",
    "+cmd|' /C notepad'!A0",
    "-1+1",
    "-2+3+cmd|' /C calc'!D2",
    "-",
    "@SUM(1+1)",
    "@import",
    "\t=1",
    "\tplain",
    "\r=1",
    "\rplain",
    "\n=1",
    "\nplain",
    "\r\n@x",
    " =1",
    "   +1",
    "\u00a0=1",
    "\u3000=1",
    "\u2003-1",
    "\x00=1",
    "\x00plain",
    "\x0b=1",
    "\x1b=1",
    "\ufeff=1",
    "\u200b=1",
    "\u00ad@x",
    "\u202e=1",
    "\u2028=1",
    "\u2029=1",
    " \t\u200b =1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    "\u3000＝1",
    "﹦1",
    "﹢1",
    "﹣1",
    "﹫SUM(1)",
    "−1",
    "⁺1",
    "₌1",
    "'=1",
    "''=1",
    "'\t=1",
]


def is_live(cell: str) -> bool:
    """Whether a lenient spreadsheet could take the cell for a formula: what it skips removed, and wide forms folded."""
    if cell[:1] in ("\t", "\r", "\n", "\0"):
        return True
    bare = cell.lstrip("".join(map(chr, range(0x21))) + "\x7f\xa0\xad\u200b\u202e\u2003\u2028\u2029\u3000\ufeff")
    return unicodedata.normalize("NFKC", bare).replace("−", "-").startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_formula_survives(payload: str) -> None:
    assert csv_safe(payload) == "'" + payload
    assert not is_live(csv_safe(payload))
    assert is_live(payload.lstrip("'")), "not a payload"


@pytest.mark.parametrize("plain", ["", "a", "a=b", "3-2", "1,5", "'quoted'", "’tis", "'", "é", "(−1)", " a", "#=", "a\t=b"])
def test_plain_cells_are_untouched(plain: str) -> None:
    assert csv_safe(plain) == plain


@given(st.text(st.sampled_from("'=+-@\t\r\n \0ab＝"), max_size=5), st.text(st.sampled_from("'=\t a"), max_size=5))
def test_different_cells_stay_different_and_none_is_live(a: str, b: str) -> None:
    assert not is_live(csv_safe(a))
    assert (csv_safe(a) == csv_safe(b)) == (a == b)


def test_payloads_round_trip_through_a_csv_file() -> None:
    sheet = io.StringIO()
    csv.writer(sheet, quoting=csv.QUOTE_NONNUMERIC).writerow([*map(csv_safe, PAYLOADS), -0.5])
    sheet.seek(0)
    *cells, number = next(csv.reader(io.StringIO(sheet.getvalue(), newline=""), quoting=csv.QUOTE_NONNUMERIC))
    assert [str(cell)[1:] for cell in cells] == PAYLOADS
    assert number == pytest.approx(-0.5)


# printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\nb\r\tc\x00\x0b", "a\\x0ab\\x0d\\x09c\\x00\\x0b"),
        ("\x7f", "\\x7f"),
        ("\u202eevil\u2066\u200f\u200e\u061c", "\\u202eevil\\u2066\\u200f\\u200e\\u061c"),
        ("\ud83d and \udcff", "\\ud83d and \\udcff"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("naïve 猫 😀 \u200d \\", "naïve 猫 😀 \u200d \\"),
    ],
)
def test_what_drives_a_terminal_is_shown_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(exclude_categories=[])))
def test_printable_text_encodes_and_holds_no_controls(text: str) -> None:
    shown = printable(text)
    shown.encode("utf-8")
    assert not any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
