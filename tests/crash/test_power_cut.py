"""The power fails at every write and every sync of ``dedup filter``: an answer that was given is an answer kept.

Each state that a cut may leave (``power.py`` says which) is opened: it is sound, and has every story answered before.
``DEDUP_CUTS`` says over how many stories, 10 unless given.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from crash import power
from crash.power import STDOUT, Change, Disk, State
from wire import COMMAND, wire

from dedup.prefilter import open_index
from dedup.story import Story

STORIES = int(os.environ.get("DEDUP_CUTS", "10"))
Answers = dict[str, bool]

pytestmark = pytest.mark.skipif(power.compiler() is None, reason="no C compiler to build the journal with")


class World:
    """A folder with a wire, an index in a folder of its own, and the states that cuts leave of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, folder / "files"
        self.files.mkdir()
        self.library = power.built(folder)
        self.stories = wire(STORIES)
        self._opened: set[bytes] = set()

    def changes(self, *options: str, lines: list[bytes] | None = None) -> list[Change]:
        """What ``dedup filter`` of some lines, all unless given, writes."""
        (self.folder / "wire.jsonl").write_bytes(b"".join(self.stories if lines is None else lines))
        command = [*COMMAND, "filter", "wire.jsonl", "--index", "files/wire.db", "--annotate", *options]
        return power.journalled(self.library, command, self.folder, files=self.files)

    def present(self) -> State:
        """The files as they are."""
        return {path.name: path.read_bytes() for path in self.files.iterdir() if not path.name.endswith("-shm")}

    def fresh(self, state: State) -> Path | None:
        """A folder with a state in it; None if it was there before."""
        digest = hashlib.sha256(repr(sorted(state.items())).encode()).digest()
        if digest in self._opened:
            return None
        self._opened.add(digest)
        place = self.folder / f"cut-{len(self._opened)}"
        place.mkdir()
        for name, content in state.items():
            (place / name).write_bytes(content)
        return place


def cuts(changes: list[Change], disk: Disk, *, seed: int = 1) -> Iterator[tuple[str, State, bytes]]:
    """After every change the states a cut may leave, by the kind of luck, and what had been answered until then."""
    draw, answered = random.Random(seed), b""
    for change in changes:
        if change.path == STDOUT:
            answered += change.data
            continue
        disk.take(change)
        yield "nothing", disk.nothing_more(), answered
        yield "everything", disk.everything(), answered
        yield "some", disk.some(draw), answered


def given(out: bytes) -> Answers:
    """The answers in annotated records: ids, and whether they were new."""
    records = [json.loads(line) for line in out.splitlines(keepends=True) if line.endswith(b"\n")]
    return {record["id"]: record["dedup"]["new"] for record in records}


def kept(place: Path, answers: Answers, texts: dict[str, str]) -> bool:
    """Whether a state has all the answers; it must be sound in any case."""
    if not (place / "wire.db").exists():
        return not answers
    with open_index(place / "wire.db") as index:
        assert index.faults() == []
        verdicts = [index.check(Story(id=id, text=texts[id])) for id in answers]
        return all(verdict.seen and verdict.new == answers[verdict.id] for verdict in verdicts)


def texts_of(stories: list[bytes]) -> dict[str, str]:
    return {record["id"]: record["text"] for record in map(json.loads, stories)}


def logical(place: Path, stories: list[bytes]) -> list[tuple[object, ...]]:
    """What an index says of some stories."""
    with open_index(place / "wire.db") as index:
        verdicts = [index.check(Story(id=id, text=text)) for id, text in texts_of(stories).items()]
        return [(verdict.id, verdict.new, verdict.duplicate_of, verdict.relation, verdict.seen) for verdict in verdicts]


@pytest.mark.parametrize("batch", [1, 4])
def test_a_cut_takes_no_answer_back(tmp_path: Path, batch: int) -> None:
    world = World(tmp_path)
    changes = world.changes("--batch", str(batch))
    whole = logical(world.files, world.stories)
    texts, number = texts_of(world.stories), 0
    for luck, state, answered in cuts(changes, Disk()):
        place = world.fresh(state)
        if place is None:
            continue
        assert kept(place, given(answered), texts), (luck, number)
        number += 1
        if number % 40 == 0:
            with open_index(place / "wire.db") as index:
                for line in world.stories:
                    record = json.loads(line)
                    index.add(Story(id=record["id"], text=record["text"]))
            assert logical(place, world.stories) == whole
    assert given(answered).keys() == texts.keys()
    assert number > 4 * STORIES / batch  # several writes and a sync a commit


def test_relaxed_may_lose_answers_but_not_its_soundness(tmp_path: Path) -> None:
    # And so the cuts are known to cut: with the default none of them is lost.
    world = World(tmp_path)
    texts = texts_of(world.stories)
    states = cuts(world.changes("--batch", "1", "--relaxed"), Disk())
    placed = ((world.fresh(state), given(answered)) for _, state, answered in states)
    results = [kept(place, answers, texts) for place, answers in placed if place]
    assert not all(results)
    assert any(results)


@pytest.mark.parametrize("act", [("expire", "--before", "0s"), ("remove", "0", "2", "4")])
def test_a_cut_while_stories_are_forgotten(tmp_path: Path, act: tuple[str, ...]) -> None:
    world = World(tmp_path)
    answers = given(b"".join(change.data for change in world.changes() if change.path == STDOUT))
    assert len(answers) == STORIES
    disk, texts = Disk(world.present()), texts_of(world.stories)
    name, *rest = act
    command = [*COMMAND, "index", name, "files/wire.db", *rest]
    changes = power.journalled(world.library, command, world.folder, files=world.files)
    gone = set()
    for luck, state, _ in cuts(changes, disk):
        place = world.fresh(state)
        if place is not None:
            gone.add((luck, kept(place, answers, texts)))
    # Gone or not, and not one thing more: where nothing of it arrived all are there still.
    assert ("nothing", True) in gone
    assert ("everything", False) in gone
