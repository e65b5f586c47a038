"""Four runs of ``dedup filter`` at a time on one index: nothing is lost, nothing let in twice, nobody hears of the others.

The whole of Reuters, over both backends, which takes some minutes:

    DEDUP_CROWD_REUTERS=1 python -m pytest -s tests/index/test_crowd.py -k reuters
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import reference
from corpora import records, scan_stories
from wire import COMMAND, run, wire

from dedup.deciding import decoded
from dedup.index.opening import open_ledger
from dedup.result import ScanResult
from dedup.story import Relation, Story, Verdict

pytest_plugins = ["postgres_server"]

RUNS = 4
WHOLE = bool(os.environ.get("DEDUP_CROWD_REUTERS"))


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("database")("crowd"))
    return str(tmp_path / "wire.db")


class Crowd(NamedTuple):
    """What came out of the runs, and what the index says of each story, in order of arrival."""

    passed: list[bytes]
    rejected: list[bytes]
    arrived: list[Verdict]


def filtered(folder: Path, url: str, lines: Sequence[bytes], batch: int) -> Crowd:
    """Each run is given every fourth story."""
    runs = []
    for number in range(RUNS):
        (folder / f"{number}.jsonl").write_bytes(b"".join(lines[number::RUNS]))
        outputs = ["-o", f"passed-{number}", "--rejects", f"rejected-{number}"]
        command = [*COMMAND, "filter", f"{number}.jsonl", "--index", url, "--batch", str(batch), *outputs]
        runs.append(subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    ended = [one.communicate() for one in runs]
    assert [one.returncode for one in runs] == [0] * RUNS, ended
    for out, errors in ended:
        told = [line for line in errors.splitlines() if b"note" not in line and b"notes" not in line]
        assert out == b""
        assert len(told) == 1, told
        assert b" 0 failed; " in told[0]
    passed, rejected = (
        [line for number in range(RUNS) for line in (folder / f"{kind}-{number}").read_bytes().splitlines(keepends=True)]
        for kind in ("passed", "rejected")
    )
    return Crowd(passed, rejected, arrivals(url))


def arrivals(url: str) -> list[Verdict]:
    """What was answered, by order of arrival."""
    ledger = open_ledger(url, create=False)
    with ledger.transaction(write=False) as t:
        entries = t.by_seq(range(1, t.last_seq() + 1))
    ledger.close()
    return [decoded(entries[seq].answer) for seq in sorted(entries)]


def assert_nothing_is_lost(lines: Sequence[bytes], crowd: Crowd) -> None:
    """Every story came out once, as it went in, and is in the index as it was answered."""
    assert Counter(crowd.passed + crowd.rejected) == Counter(lines)
    assert sorted(verdict.id for verdict in crowd.arrived) == sorted(names(lines))
    assert {verdict.id for verdict in crowd.arrived if verdict.new} == set(names(crowd.passed))


def names(lines: Sequence[bytes]) -> list[str]:
    return [str(json.loads(line)["id"]) for line in lines]


def assert_one_of_each_identical(crowd: Crowd, texts: Mapping[str, str]) -> int:
    """By plain Python: of stories of the same words one passed, and those without words all; how many groups there are."""
    passed, groups = set(names(crowd.passed)), defaultdict(list)
    for name, text in texts.items():
        groups[tuple(token.text for token in reference.tokenize(text))].append(name)
    for tokens, group in groups.items():
        winners = [name for name in group if name in passed]
        assert len(winners) == (1 if tokens else len(group)) or dropped_whole(crowd, group), group
    return sum(len(group) > 1 for group in groups.values())


def dropped_whole(crowd: Crowd, group: Sequence[str]) -> bool:
    """All repeat another story, edited or longer, that was there before the first of them."""
    first = next(verdict for verdict in crowd.arrived if verdict.id in group)
    return not first.new and first.relation != Relation.IDENTICAL


def assert_as_one_writer(crowd: Crowd, texts: Mapping[str, str]) -> ScanResult:
    """A scan that keeps the first, of the stories in the order in which they came, decides the same of each."""
    result = scan_stories([Story(id=verdict.id, text=texts[verdict.id]) for verdict in crowd.arrived], keep="first")
    alone = {d.id: (d.keep, d.duplicate_of, d.relation, d.jaccard) for d in result.decisions}
    together = {v.id: (v.new, v.duplicate_of, v.relation, v.jaccard) for v in crowd.arrived}
    assert {id: (alone[id], together[id]) for id in alone if alone[id] != together[id]} == {}
    return result


def assert_nothing_is_in_twice(crowd: Crowd, result: ScanResult) -> None:
    """No story that passed repeats one that had come before it."""
    place = {verdict.id: number for number, verdict in enumerate(crowd.arrived) if verdict.new}
    for pair in result.pairs:
        if pair.a not in place or pair.b not in place:
            continue
        assert pair.relation not in (Relation.IDENTICAL, Relation.NEAR_DUPLICATE), pair
        later_is_a = place[pair.a] > place[pair.b]
        assert pair.relation != (Relation.CONTAINED if later_is_a else Relation.CONTAINS), pair


def assert_brute_force_finds_no_more(crowd: Crowd, texts: Mapping[str, str], result: ScanResult) -> int:
    """Pairs that passed though half their shingles are shared, counted one by one: the scan has seen them, and let them be.

    They are forms filled in anew, and stories that came after an excerpt of theirs. How many there are.
    """
    passed = names(crowd.passed)
    near = reference.brute_force_pairs([reference.shingle_set(texts[name]) for name in passed], 0.5)
    listed = {frozenset((pair.a, pair.b)) for pair in result.pairs}
    unseen = [pair for pair in near if frozenset(passed[place] for place in pair) not in listed]
    assert len(unseen) <= len(near) / 1000, unseen  # bands propose with a chance of 0.996 at the least
    return len(near)


def assert_all_is_well(folder: Path, url: str, lines: Sequence[bytes], crowd: Crowd) -> str:
    """All of it, and the index is sound; what there was to get wrong."""
    texts = {str(record["id"]): str(record["text"]) for record in map(json.loads, lines)}
    assert_nothing_is_lost(lines, crowd)
    groups = assert_one_of_each_identical(crowd, texts)
    result = assert_as_one_writer(crowd, texts)
    assert_nothing_is_in_twice(crowd, result)
    near = assert_brute_force_finds_no_more(crowd, texts, result)
    done = run(folder, "index", "check", url)
    assert (done.returncode, done.stdout) == (0, b"no faults\n")
    return f"{groups} groups of identical ones, {near} pairs that passed at Jaccard .5 or more"


def test_four_filter_quarters_of_a_feed(tmp_path: Path, url: str) -> None:
    lines = wire(800)
    assert_all_is_well(tmp_path, url, lines, filtered(tmp_path, url, lines, 10))


@pytest.mark.skipif(not WHOLE, reason="takes long; set DEDUP_CROWD_REUTERS")
@pytest.mark.parametrize("batch", [2048, 50])
def test_four_filter_reuters(tmp_path: Path, url: str, batch: int) -> None:
    lines = [json.dumps(record).encode() + b"\n" for record in records("reuters21578")]
    began = time.monotonic()
    crowd = filtered(tmp_path, url, lines, batch)
    seconds = time.monotonic() - began
    found = assert_all_is_well(tmp_path, url, lines, crowd)
    print(
        f"{'PostgreSQL' if '://' in url else 'SQLite'}, batches of {batch}: {RUNS} runs, {len(lines):,} stories "
        f"in {seconds:.1f} s, "
        f"{len(crowd.passed):,} passed, {len(crowd.rejected):,} rejected; {found}"
    )
