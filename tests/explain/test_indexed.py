"""A pair of an index is explained as it was answered; of dropped stories what was recorded is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from pairs import FIXTURES

import dedup
from dedup.errors import IndexFault, UsageError
from dedup.explain import Source
from dedup.explain.indexed import explain_indexed
from dedup.read import read_stories
from dedup.settings import Settings
from dedup.story import Relation

KEPT, DROPPED = "near-duplicate/flood-aid-corrected.txt", "near-duplicate/flood-aid.txt"
OTHER = "identical/ferry-crew-honoured.txt"


pytest_plugins = ["postgres_server"]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An index that is not there yet."""
    return str(request.getfixturevalue("database")() if request.param == "postgres" else tmp_path / "wire.db")


@pytest.fixture
def verdicts(url: str) -> tuple[str, list[dedup.Verdict]]:
    """An index of the fixtures, and what it answered."""
    with dedup.open_index(url) as index:
        return url, index.add_all(read_stories([FIXTURES]))


def test_every_overlap_is_explained_as_it_was_answered(verdicts: tuple[str, list[dedup.Verdict]]) -> None:
    url, answers = verdicts
    kept = {verdict.id for verdict in answers if verdict.new}
    checked = 0
    for overlap in (overlap for verdict in answers for overlap in verdict.overlaps):
        found = explain_indexed(url, overlap.b, overlap.a)
        assert (found.overlap.a, found.overlap.b) == (overlap.a, overlap.b)
        assert found.overlap.relation == overlap.relation
        assert found.overlap.jaccard == overlap.jaccard
        assert not any("the answer was" in note for note in found.basis.notes)
        checked += {overlap.a, overlap.b} <= kept
    assert checked >= 5


def test_of_a_dropped_story_the_record_is_told_and_what_cannot_be_shown(verdicts: tuple[str, list[dedup.Verdict]]) -> None:
    found = explain_indexed(verdicts[0], KEPT, DROPPED)
    assert found.overlap.relation is Relation.NEAR_DUPLICATE
    assert (found.a.story.id, found.a.text_kept) == (DROPPED, False)
    assert found.b.text_kept
    assert found.b.story.text == (FIXTURES / KEPT).read_text(encoding="utf-8")
    assert any("keeps no text of" in note and DROPPED in note for note in found.basis.notes)
    scores = {score.name: (score.value, score.met) for score in found.scores}
    assert scores["jaccard"] == (found.overlap.jaccard, True)
    assert found.basis.by is Source.INDEX
    assert found.basis.decisions[0].duplicate_of == KEPT


def test_two_kept_stories_without_an_overlap(verdicts: tuple[str, list[dedup.Verdict]]) -> None:
    found = explain_indexed(verdicts[0], "contained/lost-map.txt", "unrelated/toll-road-vote.txt")
    assert found.overlap.relation is None
    assert "too little in common" in found.reason


def test_a_dropped_story_and_one_it_was_not_compared_with(verdicts: tuple[str, list[dedup.Verdict]]) -> None:
    with pytest.raises(UsageError, match=r"was dropped for .*recorded nothing of these two"):
        explain_indexed(verdicts[0], DROPPED, "contained/lost-map.txt")


def test_an_unknown_id_names_the_near_ones(verdicts: tuple[str, list[dedup.Verdict]]) -> None:
    with pytest.raises(UsageError, match=r"no story of the index has this id; did you mean 'contained/lost-map\.txt'"):
        explain_indexed(verdicts[0], "lost-map.txt", KEPT)


def test_an_index_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(IndexFault, match="does not exist"):
        explain_indexed(tmp_path / "none.db", "a", "b")
    assert list(tmp_path.iterdir()) == []


def test_other_settings_are_refused(verdicts: tuple[str, list[dedup.Verdict]]) -> None:
    with pytest.raises(IndexFault, match="threshold"):
        explain_indexed(verdicts[0], KEPT, OTHER, settings=Settings(threshold=0.7))


FORM = (
    "The board of the company declared a quarterly dividend of {0} cents a share, payable on day {1} to holders of record "
    "at the close of day {2}, after sales of {3} million crowns and a profit of {4} million. The dividend of {0} cents will "
    "be paid in cash unless holders of record ask for shares under the reinvestment plan whose terms were announced then."
)


def test_what_was_answered_is_told_though_stories_were_forgotten_since(url: str) -> None:
    """After thirty notices of one form two that differ in one figure of five are the form again; by themselves they would
    be one story."""
    others = [dedup.Story(id=f"{n}", text=FORM.format(*range(100 * n, 100 * n + 5))) for n in range(1, 31)]
    first, second = (dedup.Story(id=id, text=FORM.format(figure, 1, 2, 3, 4)) for id, figure in (("x", 7), ("y", 8)))
    with dedup.open_index(url) as index:
        index.add_all(others)
        index.add(first)
        answer = index.add(second)
        assert {pair.b: pair.relation for pair in answer.overlaps}["x"] is Relation.TEMPLATE
        before = explain_indexed(url, "x", "y")
        for story in others:
            index.remove(story.id)
    assert before.overlap.relation is Relation.TEMPLATE
    assert {score.name: score.value for score in before.scores}["common"] > 5
    after = explain_indexed(url, "x", "y")
    assert after.overlap.relation is not Relation.TEMPLATE
    assert any("when 'y' was added the answer was template" in note for note in after.basis.notes)
