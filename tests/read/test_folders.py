"""What is found, in which order, under which id, and what is passed over."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from read.helpers import ids, lines, read, reasons

from dedup.errors import InputError, UsageError
from dedup.read import ReadOptions, read_stories, total_bytes
from dedup.read.names import name_bytes, name_text
from dedup.story import Problem


def put(root: Path, *names: str | bytes, content: str = "") -> None:
    for name in names:
        path = root / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content or path.name, errors="surrogateescape")


def test_files_are_read_to_the_bottom_in_the_byte_order_of_their_names(tmp_path: Path) -> None:
    put(tmp_path, "b.txt", "a/2.md", "a/1/x.txt", "a.txt", "Z.txt", "é.txt", "a-b.txt", "z.txt")
    stories, problems = read(tmp_path)
    # In a folder the names decide, so what is in "a" comes before "a-b.txt".
    assert ids(stories) == ["Z.txt", "a/1/x.txt", "a/2.md", "a-b.txt", "a.txt", "b.txt", "z.txt", "é.txt"]
    assert problems == []


def test_a_file_is_one_story_that_knows_where_it_stands(tmp_path: Path) -> None:
    put(tmp_path, "sub/one.txt", content="Two\r\nlines \n")
    [story], _ = read(tmp_path)
    assert (story.id, story.path, story.line) == ("sub/one.txt", f"{tmp_path}/sub/one.txt", 0)
    assert (story.text, story.title, story.published) == ("Two\r\nlines \n", None, None)


def test_a_file_given_itself_is_called_by_its_name(tmp_path: Path) -> None:
    put(tmp_path, "sub/one.txt")
    stories, _ = read(tmp_path / "sub" / "one.txt")
    assert ids(stories) == ["one.txt"]


def test_a_relative_root_may_end_in_a_slash_or_be_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "one.txt")
    monkeypatch.chdir(tmp_path)
    assert [(story.id, story.path) for story in read(".")[0]] == [("one.txt", "./one.txt")]
    assert [(story.id, story.path) for story in read("./")[0]] == [("one.txt", "./one.txt")]


def test_a_single_string_is_one_path_and_not_many(tmp_path: Path) -> None:
    put(tmp_path, "one.txt")
    assert ids(list(read_stories(str(tmp_path)))) == ["one.txt"]
    assert total_bytes(str(tmp_path)) == len("one.txt")


def test_kinds_are_told_by_suffix_in_either_case(tmp_path: Path) -> None:
    put(tmp_path, "a.TXT", "b.md", "c.pdf", "d.txt.bak", "txt", "e.gz")
    (tmp_path / "f.NDJSON").write_bytes(lines({"id": "r", "text": "t"}))
    stories, problems = read(tmp_path)
    assert ids(stories) == ["a.TXT", "b.md", "r"]
    reason = "not a kind of file that holds stories"
    assert reasons(problems) == [(f"{name}: {reason}", False) for name in ("c.pdf", "d.txt.bak", "e.gz", "txt")]


def test_hidden_files_and_folders_are_read_only_if_given(tmp_path: Path) -> None:
    put(tmp_path, ".hidden/a.txt", ".b.txt", "c.txt")
    assert (ids(read(tmp_path)[0]), read(tmp_path)[1]) == (["c.txt"], [])
    assert ids(read(tmp_path / ".hidden", tmp_path / ".b.txt")[0]) == ["a.txt", ".b.txt"]


@pytest.mark.parametrize("second", ["d/sub", "d/../d", "d/sub/..", "d", "link"])
def test_overlapping_roots_give_each_story_once(tmp_path: Path, second: str) -> None:
    put(tmp_path, "d/a.txt", "d/sub/b.txt")
    (tmp_path / "link").symlink_to("d/sub")
    first = tmp_path / "d"
    other = f"{tmp_path}/{second}"
    stories, problems = read(first, other)
    assert ids(stories) == ["a.txt", "sub/b.txt"]
    assert [problem.failed for problem in problems] == [False]
    assert "same folder as" in problems[0].reason
    assert sorted(story.text for story in read(other, first)[0]) == ["a.txt", "b.txt"]


def test_hard_links_and_repeated_files_are_read_once(tmp_path: Path) -> None:
    put(tmp_path, "a.txt")
    (tmp_path / "b.txt").hardlink_to(tmp_path / "a.txt")
    (tmp_path / "z.txt").symlink_to("a.txt")
    stories, problems = read(tmp_path / "a.txt", tmp_path / "z.txt", tmp_path / "a.txt", tmp_path / "b.txt")
    assert ids(stories) == ["a.txt"]
    same = f"same file as '{tmp_path}/a.txt', read once"
    assert reasons(problems) == [(f"{name}.txt: {same}", False) for name in "zab"]


def test_links_in_a_folder_are_not_followed_but_those_given_are(tmp_path: Path) -> None:
    put(tmp_path, "real/a.txt")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file.txt").symlink_to(tmp_path / "real" / "a.txt")
    (folder / "loop").symlink_to(folder)
    (folder / "nothing.txt").symlink_to("gone")
    stories, problems = read(folder)
    assert stories == []
    reason = "symbolic link, not followed"
    assert reasons(problems) == [(f"{name}: {reason}", False) for name in ("file.txt", "loop", "nothing.txt")]
    assert ids(read(folder / "file.txt")[0]) == ["file.txt"]
    assert reasons(read(folder / "nothing.txt")[1]) == [("nothing.txt: symbolic link to nothing; remove it", True)]


def test_what_is_no_file_is_passed_over_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    put(tmp_path, "real.txt")
    with socket.socket(socket.AF_UNIX) as server:
        directory = os.open(tmp_path, os.O_RDONLY)
        try:
            # A socket's address may be no longer than 107 bytes.
            server.bind(f"/proc/self/fd/{directory}/talk.txt")
        finally:
            os.close(directory)
        stories, problems = read(tmp_path)
    assert ids(stories) == ["real.txt"]
    assert reasons(problems) == [("pipe.txt: FIFO, not a file", False), ("talk.txt: socket, not a file", False)]


@pytest.mark.parametrize(("path", "node"), [("pipe.txt", "FIFO"), ("/dev/null", "character device")])
def test_what_is_no_file_fails_if_it_was_asked_for(tmp_path: Path, path: str, node: str) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    stories, [problem] = read(tmp_path / path)
    assert stories == []
    assert (problem.reason, problem.failed) == (f'{node}, not a file; to read a stream, send it to "-"', True)


@pytest.mark.parametrize("kind", ["fifo", "link"])
def test_a_file_that_is_exchanged_after_it_was_found_is_not_read(tmp_path: Path, kind: str) -> None:
    put(tmp_path, "a.txt", "b.txt", "outside/secret")

    def exchanging(stories: Iterator[object]) -> Iterator[object]:
        yield next(stories)
        (tmp_path / "b.txt").unlink()
        if kind == "fifo":
            os.mkfifo(tmp_path / "b.txt")
        else:
            (tmp_path / "b.txt").symlink_to(tmp_path / "outside" / "secret")
        yield from stories

    problems: list[Problem] = []
    assert len(list(exchanging(read_stories([tmp_path], on_problem=problems.append)))) == 1
    reason = ("b.txt: FIFO, not a file", False)
    if kind == "link":
        reason = (f"b.txt: cannot be read: {os.strerror(errno.ELOOP)}; leave it out or mend it", True)
    assert reasons(problems)[:1] == [reason]


@pytest.mark.parametrize("path", ["gone", "gone/deeper.txt", "", "nul\0.txt", "lone\ud83d.txt"])
def test_a_path_that_is_not_there_fails_and_the_others_are_read(tmp_path: Path, path: str) -> None:
    put(tmp_path, "a.txt")
    stories, [problem] = read(f"{tmp_path}/{path}" if path else "", tmp_path)
    assert ids(stories) == ["a.txt"]
    assert problem.failed
    assert problem.reason in ("no such file or folder; check the path", "no path on this system; check how it was made")


@pytest.mark.parametrize("name", ["folder", "file.txt"])
def test_what_may_not_be_read_fails_and_the_rest_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    put(tmp_path, "a.txt", "file.txt", "folder/b.txt", "z.txt")
    real = os.open

    def forbidding(path: bytes, flags: int) -> int:
        if path.endswith(name.encode()):
            raise PermissionError(13, "Permission denied")
        return real(path, flags)

    monkeypatch.setattr(os, "open", forbidding)
    stories, problems = read(tmp_path)
    assert ids(stories) == [other for other in ("a.txt", "file.txt", "folder/b.txt", "z.txt") if name not in other]
    assert reasons(problems) == [(f"{name}: permission denied; run as someone who may read it, or leave it out", True)]


def test_a_disk_that_fails_costs_the_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.txt", "b.txt")
    real = os.pread
    broken = (tmp_path / "a.txt").stat().st_ino

    def failing(descriptor: int, count: int, position: int) -> bytes:
        if os.fstat(descriptor).st_ino == broken:
            raise OSError(5, "Input/output error")
        return real(descriptor, count, position)

    monkeypatch.setattr(os, "pread", failing)
    stories, problems = read(tmp_path)
    assert ids(stories) == ["b.txt"]
    assert [(problem.where, problem.failed) for problem in problems] == [(f"{tmp_path}/a.txt", True)]
    assert "Input/output error" in problems[0].reason


def test_folders_may_be_nested_deeper_than_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    depth = 1100
    for _ in range(depth):
        Path("d").mkdir()
        os.chdir("d")
    Path("deep.txt").write_text("deep")
    try:
        [story], problems = read(tmp_path)
    finally:
        # What clears temporary folders away calls itself once a level.
        Path("deep.txt").unlink()
        for _ in range(depth):
            os.chdir("..")
            Path("d").rmdir()
    assert (story.id, problems) == ("d/" * depth + "deep.txt", [])


def test_a_path_too_long_for_the_system_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "z.txt")
    monkeypatch.chdir(tmp_path)
    for _ in range(25):
        Path("d" * 200).mkdir()
        os.chdir("d" * 200)
    stories, [problem] = read(tmp_path)
    assert ids(stories) == ["z.txt"]
    assert problem.failed
    assert "name too long" in problem.reason


# Names

TORTURE = [
    b"Caf\xe9.txt",
    "Café.txt".encode(),
    "Cafe\u0301.txt".encode(),
    rb"Caf\xe9.txt",
    rb"Caf\\xe9.txt",
    rb"a\b.txt",
    rb"a\\b.txt",
]


def test_names_that_are_not_text_have_ids_of_their_own_and_lead_back_to_their_files(tmp_path: Path) -> None:
    put(tmp_path, *TORTURE, b"it's $5\n\xff/new\nline.txt", content="x")
    stories, problems = read(tmp_path)
    assert problems == []
    assert len(set(ids(stories))) == len(TORTURE) + 1
    assert {name_bytes(story.id) for story in stories} == {*TORTURE, b"it's $5\n\xff/new\nline.txt"}
    assert {Path(os.fsdecode(name_bytes(story.path))).is_file() for story in stories} == {True}
    assert "".join(ids(stories)).encode().isascii() is False


def test_a_plain_name_stands_for_itself() -> None:
    assert [name_text(name) for name in TORTURE] == [
        r"Caf\xe9.txt",
        "Café.txt",
        "Cafe\u0301.txt",
        r"Caf\\xe9.txt",
        r"Caf\\\\xe9.txt",
        r"a\b.txt",
        r"a\\b.txt",
    ]


NAMES = st.binary(max_size=12) | st.lists(st.sampled_from([b"\\", b"x", b"e9", b"\xe9", b"\xc3", b"\xa9"])).map(b"".join)


@given(NAMES, NAMES)
@example(b"\xe9", rb"\xe9")
@example(b"\\\xe9", rb"\\xe9")
def test_two_names_are_never_spelt_alike(a: bytes, b: bytes) -> None:
    assert name_bytes(name_text(a)) == a
    assert (name_text(a) == name_text(b)) == (a == b)
    assert name_text(a).isascii() or name_text(a).encode()


def test_a_message_shows_a_name_on_one_line(tmp_path: Path) -> None:
    put(tmp_path, b"two\nlines\x1b[31m\xff.html")
    [problem] = read(tmp_path)[1]
    assert problem.where == rf"{tmp_path}/two\x0alines\x1b[31m\xff.html"


# Options, strictness, progress


def test_the_first_failure_is_raised_under_strict_and_what_is_passed_over_is_not(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "b.pdf", "d.txt")
    (tmp_path / "c.jsonl").write_bytes(lines({"id": "1", "text": "t"}) + b"{\n")
    problems: list[Problem] = []
    stories = read_stories([tmp_path], ReadOptions(strict=True), on_problem=problems.append)
    assert [next(stories).id, next(stories).id] == ["a.txt", "1"]
    with pytest.raises(InputError, match=r"c\.jsonl:2: not a JSON object"):
        next(stories)
    assert [problem.failed for problem in problems] == [False]


@pytest.mark.parametrize(
    "options",
    [
        {"max_story_bytes": 0},
        {"max_depth": -1},
        {"max_zstd_window": 1023},
        {"expansion_floor": -1},
        {"text_field": 'a"b'},
        {"id_field": "a\n"},
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        ReadOptions(**options)  # type: ignore[arg-type]


def test_progress_adds_up_to_the_total(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "long.txt", "no.html", content="x" * 600_000)
    (tmp_path / "b.txt").hardlink_to(tmp_path / "a.txt")
    (tmp_path / "c.jsonl").write_bytes(lines({"text": "t"}) * 9)
    told: list[int] = []
    options = ReadOptions(max_story_bytes=10)
    stories = list(read_stories([tmp_path, tmp_path / "no.html"], options, on_bytes=told.append))
    assert len(stories) == 9
    assert sum(told) == total_bytes([tmp_path, tmp_path / "no.html"]) == 3 * 600_000 + 9 * len(lines({"text": "t"}))
    assert min(told) > 0


def test_the_total_leaves_out_what_is_not_there_and_is_unknown_for_standard_input(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", content="12345")
    assert total_bytes([tmp_path, tmp_path / "gone", tmp_path / "a.txt"]) == 5
    assert total_bytes([tmp_path, "-"]) is None


def test_no_file_stays_open_when_the_reader_stops_early(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "b.txt")
    before = len(list(Path("/proc/self/fd").iterdir()))
    stories = read_stories([tmp_path])
    next(stories)
    stories.close()  # type: ignore[attr-defined]
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_folder_left_out_is_not_entered_but_may_be_given_itself(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "out/b.txt", "out/c/d.txt")
    options: dict[str, Any] = {"leave_out": (tmp_path / "out", tmp_path / "nowhere")}
    stories, problems = read(tmp_path, **options)
    assert (ids(stories), reasons(problems)) == (["a.txt"], [("out: left out as asked", False)])
    assert total_bytes([tmp_path], ReadOptions(**options)) == len("a.txt")
    stories, problems = read(tmp_path / "out", **options)
    assert (ids(stories), problems) == (["b.txt", "c/d.txt"], [])
