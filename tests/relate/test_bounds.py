"""The scores shown of a pair are those that made it what it is: on the right side of their settings where a rule holds."""

from __future__ import annotations

import pytest
from compared_rows import LONGER_B, OTHER_FIGURES, REWRITTEN, SAME_FIGURES, covered, row

from dedup.relate import RELATIONS, Limit, Score, Unit, relate, scores
from dedup.settings import Settings
from dedup.story import Relation

DEFAULTS = Settings()


def by_name(pair: dict[str, int], settings: Settings = DEFAULTS) -> dict[tuple[str, str | None], Score]:
    return {(score.name, score.setting): score for score in scores(row(**pair), 0, settings)}


def test_each_stands_beside_its_setting() -> None:
    found = by_name({"shared": 64})["jaccard", "threshold"]
    assert (found.value, found.threshold, found.limit, found.met) == (0.5, 0.5, Limit.FROM, True)
    assert by_name({"shared": 63})["jaccard", "threshold"].met is False
    stricter = by_name({"shared": 64}, DEFAULTS.replaced(threshold=0.6))["jaccard", "threshold"]
    assert (stricter.threshold, stricter.met) == (0.6, False)


def test_identical_stories_need_no_more() -> None:
    assert {name for name, _ in by_name({"identical": 1, "shared": 96})} == {"jaccard", "containment_a", "containment_b"}


def test_a_shared_passage_is_held_against_its_length_and_how_common_it_is() -> None:
    found = by_name({"shared": 16, **covered(20)})
    passage = found["passage", "passage_words"]
    assert (passage.value, passage.threshold, passage.met) == (20, 20, True)
    common = found["common_anywhere", "passage_common"]
    # ln(1 + n) = 2.4 is ten stories, and nobody else has it here.
    assert common.unit is Unit.STORIES
    assert (common.value, round(common.threshold or 0, 2), common.met) == (0.0, 10.02, True)


def test_a_quotation_counts_by_its_verbatim_runs() -> None:
    assert by_name({"shared": 20, **covered(24, prose=0, run=11)})["passage", "passage_words"].value == 11


def test_a_form_shows_what_tells_it_from_a_story_sent_twice() -> None:
    form = {"shared": 70, **covered(80), **OTHER_FIGURES}
    assert RELATIONS[relate(row(**form), DEFAULTS)[0]] is Relation.TEMPLATE
    found = by_name(form)
    assert found["coverage", "template_coverage"].met is True
    assert found["evidence", "evidence"].met is False
    figures = found["figures", None]
    assert (figures.value, figures.threshold, figures.met) == (0.7, None, None)
    # 70/96 of the shingles, 8 of 11 figures (one more reckoned as shared), and the doubt of a pair without a collection.
    expected = 70 / 96 + 2.5 * (1 - 3 / 11) - 1.2 * 0.5
    assert found["evidence", "evidence"].value == pytest.approx(expected)


def test_a_story_sent_twice_shows_why_it_is_no_form() -> None:
    found = by_name({"shared": 80, **covered(90), **SAME_FIGURES})
    assert found["evidence", "evidence"].met is True


def test_stories_too_different_for_a_form_show_only_that() -> None:
    found = by_name({"shared": 16, **covered(20), **OTHER_FIGURES})
    assert found["coverage", "template_coverage"].met is False
    assert ("evidence", "evidence") not in found


@pytest.mark.parametrize(
    ("pair", "bound"),
    [
        ({"shingles_a": 100, "shared": 80, **LONGER_B}, ("length_a", "contained_length")),
        (REWRITTEN, ("own_words", "version_own_words")),
    ],
)
def test_the_bounds_of_the_rule_are_shown_and_met(pair: dict[str, int], bound: tuple[str, str]) -> None:
    assert by_name(pair)[bound].met is True
