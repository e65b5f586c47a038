"""`dedup filter` as a person runs it."""

from __future__ import annotations

import gzip
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from wire import COMMAND, answers, refused, run, story_of, wire

from dedup.prefilter import open_index
from dedup.story import Story

STORY = "The harbour board said on Tuesday that the old pier would close for repairs until the end of the year"
OTHER = "A court in the capital has fined three bakers who agreed on the price of rye bread for a decade"
THIRD = "Nine villages along the river voted to share one snow plough and one choir master from next winter on"


def line(id: object, text: str = STORY, **more: object) -> bytes:
    return json.dumps({"id": id, "text": text, **more}).encode() + b"\n"


def filtered(folder: Path, lines: Sequence[bytes], *args: str | Path) -> list[bytes]:
    done = run(folder, "filter", "--index", "wire.db", *args, stdin=b"".join(lines))
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(keepends=True)


@contextmanager
def started(folder: Path, *args: str) -> Iterator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE
    with subprocess.Popen([*COMMAND, "filter", *args], cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(done: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not done():
        assert time.monotonic() < until
        time.sleep(0.005)


def answer(process: subprocess.Popen[bytes], record: bytes) -> bytes:
    """What comes out for a record, while the input stays open."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(record)
    process.stdin.flush()
    assert select.select([process.stdout], [], [], 60)[0], "no answer"
    return os.read(process.stdout.fileno(), 1 << 20)


ODD = [
    b'{"id": 1234567890123456789,  "text": "' + STORY.encode() + b'", "x": 1.0, "a": [1, 2 ,3]}  ',
    b'{"z":null,"id":18446744073709551617,"text":"' + OTHER.encode() + b'","n":1e400,"caf\\u00e9":"\xe9"}\r',
    b' \t{ "text": "' + THIRD.encode() + b'" , "id": "\xc3\xa9" }',
    b'{"id":"","text":"\\ud83d and \\u0000 and \\n"}',
    b'{"id":{"not":"a name"},"text":"","dedupe":1,"x":{"dedup":2}}\t\r',
]


def test_records_pass_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"\n\n".join(ODD))  # no line end behind the last one
    (tmp_path / "in.jsonl.gz").write_bytes(gzip.compress(b"\n".join(ODD)))
    expected = b"".join(record + b"\n" for record in ODD)
    for name in ("in.jsonl", "in.jsonl.gz"):
        done = run(tmp_path, "filter", name, "--index", f"{name}.db", "-o", f"{name}.out")
        assert (done.returncode, done.stdout) == (0, b"")
        assert (tmp_path / f"{name}.out").read_bytes() == expected


def test_annotate_adds_a_last_field_and_nothing_else(tmp_path: Path) -> None:
    records = [*ODD, line("copy", STORY + " indeed").rstrip()]
    out = filtered(tmp_path, [record + b"\n" for record in records], "--annotate")
    assert len(out) == len(records)
    for record, full in zip(records, out, strict=True):
        notes = json.loads(full.decode(errors="replace"))
        assert list(notes)[-1] == "dedup"
        start, _, rest = full.partition(b',"dedup":')
        assert (start + rest[rest.rindex(b"}") :]) == record + b"\n"
    first, copy = (json.loads(full.decode(errors="replace"))["dedup"] for full in (out[0], out[-1]))
    assert first == {"new": True, "duplicate_of": None, "relation": None, "jaccard": None, "seen": False, "overlaps": []}
    (overlap,) = copy.pop("overlaps")
    assert copy == {
        "new": False,
        "duplicate_of": "1234567890123456789",
        "relation": "near-duplicate",
        "jaccard": overlap["jaccard"],
        "seen": False,
    }
    assert overlap == {"b": "1234567890123456789", "relation": "near-duplicate", "jaccard": 16 / 17, "longest_passage": 20}


@pytest.mark.parametrize("name", [b"dedup", b"d\\u0065dup"])
def test_a_record_that_has_the_field_already_is_not_asked_about(tmp_path: Path, name: bytes) -> None:
    record = b'{"id":1,"text":"' + STORY.encode() + b'","%b":"mine \xff \\ud83d"}\n' % name
    done = run(tmp_path, "filter", "--index", "wire.db", "--annotate", stdin=record + line(2, OTHER))
    assert done.returncode == 1
    assert b"-:1: has a field 'dedup' already, where --annotate puts its answer; rename that field" in done.stderr
    assert [json.loads(passed)["id"] for passed in done.stdout.splitlines()] == [2]
    assert filtered(tmp_path, [record, line(3)]) == [record]


def test_new_go_on_and_repeated_are_rejected(tmp_path: Path) -> None:
    lines = [line("a"), line("b", OTHER), line("a2", STORY.upper()), line("c", THIRD), line("b2", OTHER + " at least")]
    done = run(
        tmp_path, "filter", "--index", "wire.db", "--rejects", "no", "--stats", "-", "-o", "yes", stdin=b"".join(lines)
    )
    assert (tmp_path / "yes").read_bytes() == lines[0] + lines[1] + lines[3]
    assert (tmp_path / "no").read_bytes() == lines[2] + lines[4]
    summary = "dedup: 5 stories: 3 new, 2 repeated (1 identical, 1 near-duplicate); 0 answered before, 0 failed; "
    assert done.stderr.decode().startswith(summary)
    stats = json.loads(done.stdout)
    assert stats.pop("seconds") * stats.pop("stories_per_second") == pytest.approx(5)
    assert stats == {
        "stories": 5,
        "new": 3,
        "repeated": 2,
        "relations": {"identical": 1, "near-duplicate": 1},
        "seen": 0,
        "replaced": 0,
        "failed": 0,
    }
    # Another run passes nothing that repeats; what it is asked again gets the same answer.
    assert filtered(tmp_path, [line("d"), line("e", THIRD), lines[1], lines[4], line("f", "Something else")]) == [
        lines[1],
        line("f", "Something else"),
    ]
    assert filtered(tmp_path, [lines[1], line("g", "Nothing of the kind")], "--skip-seen") == [
        line("g", "Nothing of the kind")
    ]


def test_an_id_is_passed_once_in_a_run(tmp_path: Path) -> None:
    lines = [line("a"), line("a"), line("b", OTHER), line("a"), line("b", OTHER)]
    assert filtered(tmp_path, lines) == [lines[0], lines[2]]
    assert filtered(tmp_path, lines, "--batch", "1") == [lines[0], lines[2]]
    (_, again, *_) = filtered(tmp_path, lines, "--annotate")
    told = json.loads(again)["dedup"]
    assert (told["new"], told["duplicate_of"], told["relation"], told["seen"]) == (False, "a", "identical", True)


def test_records_without_an_id_are_known_by_their_content(tmp_path: Path) -> None:
    """By line number, the second day's first story would take the place of the first day's."""
    nameless = [json.dumps({"text": text}).encode() + b"\n" for text in (STORY, OTHER, THIRD, STORY + " indeed")]
    assert filtered(tmp_path, nameless[:2]) == nameless[:2]
    assert filtered(tmp_path, nameless[2:]) == nameless[2:3]
    with open_index(tmp_path / "wire.db") as index:
        assert index.info().kept == 3


def test_lines_that_are_no_stories_fail_alone(tmp_path: Path) -> None:
    lines = [line(1), b"{nonsense\n", b"\n", b'{"id": 2, "txt": ""}\n', line(3, OTHER), b"[]\n", line(4)]
    done = run(tmp_path, "filter", "--index", "wire.db", "--annotate", stdin=b"".join(lines))
    assert done.returncode == 1
    assert [json.loads(passed)["id"] for passed in done.stdout.splitlines()] == [1, 3, 4]
    assert [where for where in range(1, 8) if f"dedup: error: -:{where}: ".encode() in done.stderr] == [2, 4, 6]
    assert b"3 failed" in done.stderr
    strict = run(tmp_path, "filter", "--index", "strict.db", "--strict", stdin=b"".join(lines))
    assert (strict.returncode, strict.stdout) == (1, line(1))


def test_files_of_text_come_out_as_records(tmp_path: Path) -> None:
    (tmp_path / "stories").mkdir()
    (tmp_path / "stories" / "a.txt").write_text(STORY)
    (tmp_path / "stories" / "b.txt").write_text(STORY.upper())
    done = run(tmp_path, "filter", "stories", "--index", "wire.db")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"id": "a.txt", "text": STORY})


def test_a_live_stream_is_answered_at_once(tmp_path: Path) -> None:
    with started(tmp_path, "--index", "wire.db", "--annotate") as process:
        for number, text in enumerate([STORY, OTHER, STORY.upper()]):
            record = line(number, text)
            out = answer(process, record)
            assert out.startswith(record[:-2])
            assert json.loads(out)["dedup"]["new"] == (number < 2)
        both = answer(process, line(3, THIRD) + line(4) + b'{"id": 5, ')  # a batch, and a record that is not there yet
        assert [json.loads(out)["dedup"]["new"] for out in both.splitlines()] == [True, False]
        assert json.loads(answer(process, b'"text": "the rest of it"}\n'))["id"] == 5
        process.communicate()
        assert process.returncode == 0


def test_a_whole_stream_at_once(tmp_path: Path) -> None:
    lines = wire(3000)
    passed = filtered(tmp_path, lines, "--batch", "100")
    assert len({story_of(record) for record in passed}) == len(passed)
    assert {story_of(record) for record in passed} == {story_of(record) for record in lines}


def test_ttl(tmp_path: Path) -> None:
    with open_index(tmp_path / "wire.db") as index:
        index.add(Story(id="1", text=STORY))
        time.sleep(0.2)
        assert filtered(tmp_path, [line(2, OTHER)], "--ttl", "0.2s") == [line(2, OTHER)]
        assert index.add(Story(id="3", text=STORY)).new


def test_window_and_drop(tmp_path: Path) -> None:
    dated = [line(n, STORY + " indeed" * n, published=f"2020-02-0{n + 1}T10:00:00Z") for n in range(2)]
    assert filtered(tmp_path, dated, "--window", "12h") == dated
    (tmp_path / "wire.db").unlink()
    assert filtered(tmp_path, dated, "--window", "2d") == dated[:1]
    (tmp_path / "wire.db").unlink()
    assert filtered(tmp_path, dated, "--drop", "identical") == dated


def test_an_index_keeps_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.jsonl").write_bytes(line(3))
    filtered(tmp_path, [line(1)], "--threshold", "0.7")
    assert filtered(tmp_path, [line(2)]) == []
    monkeypatch.chdir(tmp_path)
    code, told = refused("filter", "in.jsonl", "--index", "wire.db", "--threshold", "0.5")
    assert code == 4
    assert "'wire.db': was made with threshold=0.7, not 0.5" in told


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["--annotat"], 2, "--annotate"),
        (["--window", "soon"], 2, "--window 'soon': give a number and a unit"),
        (["--ttl", "soon"], 2, "--ttl 'soon': give a number and a unit"),
        (["--ttl", "0s"], 2, "must be above zero"),
        (["--drop", "identcal"], 2, "relation 'identcal': not known"),
        (["--stats", "-"], 2, "--stats -: stdout carries the stories"),
        (["-o", "x", "--rejects", "./x"], 2, "'x': the run writes to it already, as 'x'"),
        (["-o", "wire.db", "--force"], 2, "'wire.db': the run writes to it already, as 'wire.db'"),
        (["-o", "link.jsonl", "--force"], 3, "'link.jsonl': is an input of this run"),
        (["--rejects", "in.jsonl", "--append"], 3, "'in.jsonl': is an input of this run"),
        (["-o", "taken.jsonl"], 3, "'taken.jsonl': exists already"),
        (["-o", "no/such"], 3, "its folder does not exist"),
    ],
)
def test_what_cannot_be_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], code: int, message: str
) -> None:
    (tmp_path / "in.jsonl").write_bytes(line(1))
    (tmp_path / "link.jsonl").symlink_to("in.jsonl")
    (tmp_path / "taken.jsonl").write_text("mine")
    monkeypatch.chdir(tmp_path)
    told = refused("filter", "in.jsonl", "--index", "wire.db", *args)
    assert told[0] == code
    assert message in told[1]
    assert (tmp_path / "in.jsonl").read_bytes() == line(1)
    assert (tmp_path / "taken.jsonl").read_text() == "mine"


def test_what_is_read_is_not_written_to_through_stdin_or_stdout(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(line(1))
    command = [*COMMAND, "filter", "--index", "wire.db"]
    for args, to in ((["-o", "in.jsonl", "--append"], os.devnull), (["in.jsonl"], "in.jsonl"), (["."], "in.jsonl")):
        with (tmp_path / "in.jsonl").open("rb") as stdin, (tmp_path / to).open("ab") as stdout:
            done = subprocess.run(
                [*command, *args], cwd=tmp_path, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, check=False, timeout=60
            )
        assert done.returncode == 3, (args, done.stderr)
        assert b"is an input of this run" in done.stderr
        assert (tmp_path / "in.jsonl").read_bytes() == line(1)


def test_append_adds_at_each_answer(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b'{"torn')
    with started(tmp_path, "--index", "wire.db", "-o", "out", "--rejects", "no", "--append") as process:
        assert process.stdin
        process.stdin.write(line(1) + line(2))
        process.stdin.flush()
        wait_until(lambda: (tmp_path / "no").exists() and (tmp_path / "no").read_bytes())
        assert (tmp_path / "out").read_bytes() == b'{"torn\n' + line(1)
        assert (tmp_path / "no").read_bytes() == line(2)
        process.communicate()
        assert process.returncode == 0


class Undisturbed(NamedTuple):
    """Stories, and what a run passes and says of them that nothing stops."""

    stories: list[bytes]
    passed: bytes
    answers: bytes


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder, stories = tmp_path_factory.mktemp("undisturbed"), wire(600)
    passed = b"".join(filtered(folder, stories))
    return Undisturbed(stories, passed, answers(folder, "wire.db", stories))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_stopped_and_run_again(tmp_path: Path, undisturbed: Undisturbed, number: signal.Signals, code: int) -> None:
    stories = undisturbed.stories
    with started(tmp_path, "--index", "wire.db", "--batch", "20", "-o", "out", "--rejects", "no") as process:
        assert process.stdin
        process.stdin.write(b"".join(stories[:300]))
        process.stdin.flush()
        wait_until((tmp_path / "wire.db").exists)
        time.sleep(0.1)
        process.send_signal(number)
        # The input stays open: a run that waits for more is woken, and one that decides ends after its batch.
        assert process.wait(60) == code
        told = process.communicate()[1].decode()
    assert "dedup: stopped; run it again on the same input to have what was not delivered\n" in told
    assert "Traceback" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["wire.db"]  # no half outputs
    assert b"".join(filtered(tmp_path, stories)) == undisturbed.passed
    assert answers(tmp_path, "wire.db", stories) == undisturbed.answers


def test_a_reader_that_has_enough_ends_the_run(tmp_path: Path, undisturbed: Undisturbed) -> None:
    stories = undisturbed.stories
    (tmp_path / "in.jsonl").write_bytes(b"".join(stories))
    with started(tmp_path, "in.jsonl", "--index", "wire.db", "--batch", "20") as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == stories[0]
        process.stdout.close()
        assert process.wait(60) == 0
        assert b"Traceback" not in process.stderr.read()
    assert b"".join(filtered(tmp_path, stories)) == undisturbed.passed  # what was not delivered comes again


def test_no_room_for_the_output(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = run(tmp_path, "filter", "--index", "wire.db", stdin=line(1), stdout=full)
    assert done.returncode == 3
    assert b"'standard output': cannot be written: No space left on device" in done.stderr
    done = run(tmp_path, "filter", "--index", "wire.db", "-o", "/dev/full", stdin=line(2, OTHER))
    assert done.returncode == 3
    assert b"'/dev/full': cannot be written: No space left on device" in done.stderr
    assert filtered(tmp_path, [line(1), line(2, OTHER), line(3)]) == [line(1), line(2, OTHER)]


def test_two_processes_share_an_index(tmp_path: Path) -> None:
    stories = wire(1000)
    for half in range(2):
        (tmp_path / f"{half}.jsonl").write_bytes(b"".join(stories[half::2]))
    rest = ("--index", "wire.db", "--annotate", "--batch", "20")
    with (
        started(tmp_path, "0.jsonl", *rest) as first,
        started(tmp_path, "1.jsonl", *rest) as second,
        ThreadPoolExecutor(1) as pool,
    ):
        other = pool.submit(second.communicate)
        ended = [first.communicate(timeout=60), other.result(60)]
    assert [first.returncode, second.returncode] == [0, 0], ended
    told = [json.loads(record) for out, _ in ended for record in out.splitlines()]
    assert len({record["id"] for record in told}) == len(told) == 1000
    new = {record["id"]: record["text"] for record in told if record["dedup"]["new"]}
    assert all(record["dedup"]["duplicate_of"] in new for record in told if not record["dedup"]["new"])
    # An excerpt that came first is new, and the whole story after it; edited and equal copies are not.
    whole = [name for name, text in new.items() if not excerpt(text, stories, name)]
    assert len({name.partition("/")[0] for name in whole}) == len(whole)
    done = run(tmp_path, "index", "check", "wire.db")
    assert (done.returncode, done.stdout) == (0, b"no faults\n")
    with open_index(tmp_path / "wire.db") as index:
        assert index.info().kept + index.info().dropped == 1000


def excerpt(text: str, stories: Sequence[bytes], name: str) -> bool:
    origin = next(json.loads(record) for record in stories if json.loads(record)["id"] == name.partition("/")[0])
    return len(text) < 0.7 * len(origin["text"])
