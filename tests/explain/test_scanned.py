"""A pair of a scan is explained as that scan judged it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from pairs import FIXTURES

import dedup
from dedup.errors import UsageError
from dedup.explain import Source
from dedup.explain.scanned import explain_scanned
from dedup.read import ReadOptions
from dedup.story import Relation


def test_every_pair_of_a_scan_is_explained_as_it_is_listed() -> None:
    listed = {frozenset((pair.a, pair.b)): pair for pair in dedup.scan([FIXTURES]).pairs}
    assert len(listed) > 15
    for (a, b), pair in ((sorted(names, reverse=True), pair) for names, pair in listed.items()):
        found = explain_scanned([FIXTURES], a, b).explanation
        assert found.overlap.relation == (pair.relation and pair.relation.mirrored)
        assert (found.overlap.jaccard, found.overlap.containment_a) == (pair.jaccard, pair.containment_b)
        assert found.basis.compared is True


def test_the_scan_knows_more_than_two_texts_do(tmp_path: Path) -> None:
    """Notices that only their figures tell apart: two of them alone, and after forty others of the form."""
    form = (
        "The board of the company declared a quarterly dividend of {0} cents a share, payable on {1} to holders of "
        "record on the first day of the month, and said that the terms of its reinvestment plan stay as they were announced "
        "in spring."
    )
    names = [f"{number:02}.txt" for number in range(40)]
    for number, name in enumerate(names):
        (tmp_path / name).write_text(form.format(10 + number, 300 + number))
    common = {
        score.name: score.value
        for score in explain_scanned([tmp_path], names[0], names[39], keep="earliest").explanation.scores
    }
    alone = {
        score.name: score.value
        for score in explain_scanned([tmp_path / names[0], tmp_path / names[39]], names[0], names[39]).explanation.scores
    }
    assert common["common"] > 10 > 1 > alone["common"]


def test_it_says_what_became_of_both() -> None:
    found = explain_scanned([FIXTURES], "contained/lost-map-brief.txt", "contained/lost-map.txt").explanation
    assert found.basis.by is Source.SCAN
    assert [decision.keep for decision in found.basis.decisions] == [False, True]
    assert found.basis.decisions[0].duplicate_of == "contained/lost-map.txt"
    assert any("the scan drops 'contained/lost-map-brief.txt' for 'contained/lost-map.txt'" in n for n in found.basis.notes)


def test_stories_that_were_not_compared_say_why() -> None:
    found = explain_scanned([FIXTURES], "contained/lost-map.txt", "unrelated/toll-road-vote.txt").explanation
    assert found.overlap.relation is None
    assert found.basis.compared is False
    assert any("did not compare" in note and "no passage" in note for note in found.basis.notes)


def test_copies_are_compared_through_the_first_of_them(tmp_path: Path) -> None:
    text = (FIXTURES / "contained" / "lost-map.txt").read_text()
    for number in range(8):
        (tmp_path / f"{number}.txt").write_text(text)
    found = explain_scanned([tmp_path], "5.txt", "7.txt").explanation
    assert found.overlap.relation is Relation.IDENTICAL
    assert found.basis.compared is False
    assert any("is a copy of '0.txt'" in note for note in found.basis.notes)


def test_the_window_is_named(tmp_path: Path) -> None:
    text = (FIXTURES / "contained" / "lost-map.txt").read_text()
    days = ("2024-05-01", "2024-05-20")
    records = [{"id": day, "text": f"{text} {day}", "published": f"{day}T00:00:00Z"} for day in days]
    (tmp_path / "wire.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    found = explain_scanned([tmp_path], *days, window=timedelta(days=7)).explanation
    assert found.basis.compared is False
    assert any("19 days" in note and "7 days" in note for note in found.basis.notes)
    # Judged all the same: an update, the older named.
    assert found.overlap.update_of == "2024-05-01"


def test_records_are_found_by_the_ids_that_a_scan_gives_them(tmp_path: Path) -> None:
    text = (FIXTURES / "contained" / "lost-map.txt").read_text()
    records = [{"key": "x", "body": text}, {"key": "x", "body": text[:400]}, {"body": text[400:]}]
    (tmp_path / "wire.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    read = ReadOptions(id_field="key")
    renamed = explain_scanned([tmp_path], "x", "x#2", read=read).explanation
    assert renamed.overlap.relation is Relation.CONTAINS
    assert renamed.b.story.text == text[:400]
    by_line = explain_scanned([tmp_path], "x", "wire.jsonl#3", read=read).explanation
    assert by_line.b.story.text == text[400:]


@pytest.mark.parametrize(
    ("wanted", "near"),
    [
        ("lost-map.txt", "contained/lost-map.txt"),
        ("fixtures/contained/lost-map.txt", "contained/lost-map.txt"),
        ("CONTAINED/Lost-Map.txt", "contained/lost-map.txt"),
        ("contained/lost-mpa.txt", "contained/lost-map.txt"),
    ],
)
def test_an_unknown_id_names_the_near_ones(wanted: str, near: str) -> None:
    with pytest.raises(UsageError, match=r"did you mean .*contained/lost-map\.txt") as error:
        explain_scanned([FIXTURES], wanted, "unrelated/toll-road-vote.txt")
    assert str(error.value).split("did you mean ")[1].startswith(f"'{near}'")


def test_an_id_like_no_other_asks_to_check_it() -> None:
    with pytest.raises(UsageError, match="check the id"):
        explain_scanned([FIXTURES], "zzzzzzzz", "unrelated/toll-road-vote.txt")


def test_one_story_twice_is_no_pair() -> None:
    with pytest.raises(UsageError, match="named twice"):
        explain_scanned([FIXTURES], "contained/lost-map.txt", "contained/lost-map.txt")
