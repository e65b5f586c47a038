"""The search finds what was planted, and nothing that is held out is tuned on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.collection import Collection
from dedup.evaluate.judging import Judged
from dedup.evaluate.metrics import Flags
from dedup.evaluate.tune import JUDGING, grid, split, tune
from dedup.relate import relate, unknown
from dedup.settings import Settings
from dedup.story import Story
from dedup.verify import compare_all

WORDS = 104  # 100 shingles


def pairs_of(shared: list[int], settings: Settings | None = None) -> Judged:
    """Pairs of stories of 100 shingles, so many of which they share; no pair shares anything with another."""
    stories = Collection(settings or Settings(), 1)
    for number, count in enumerate(shared):
        common = [f"w{number}x{word}" for word in range(count + 4)]
        for side in "ab":
            own = [f"{side}{number}x{word}" for word in range(WORDS - len(common))]
            stories.add(Story(id=f"{number}{side}", text=" ".join([*common, *own])))
    stories.flush()
    pairs = np.arange(len(stories), dtype=np.uint32).reshape(-1, 2)
    compared = compare_all(stories.corpus, pairs, stories.settings, 1)
    nobody_else = unknown(len(pairs), Settings())
    codes = relate(compared, stories.settings, nobody_else)
    return Judged(stories, pairs, compared, nobody_else, codes, np.ones(len(pairs), np.bool_))


def test_a_planted_threshold_is_found() -> None:
    # Jaccard similarity s / (200 - s): 71 shared shingles are 0.55, 75 are 0.6, 79 are 0.65. All share less than
    # 80 of 100, so nothing but the threshold tells them apart.
    shared = [68, 70, 72, 73, 74, 76, 77, 78, 79] * 3
    tuning = tune(pairs_of(shared), np.array([count > 75 for count in shared]))
    assert tuning.proposed == {"threshold": 0.6}
    assert tuning.f1 == 1.0
    assert tuning.default_f1 == pytest.approx(2 * 12 / (2 * 12 + 15))
    assert len(tuning.folds) == 5
    assert tuning.cross_validated is not None
    assert tuning.default is not None
    assert tuning.cross_validated.mean == 1.0 > tuning.default.mean
    assert tuning.settings == Settings(threshold=0.6)


def test_what_the_labels_agree_with_stays() -> None:
    shared = [10, 20, 90, 95] * 3
    judged = pairs_of(shared, Settings(threshold=0.8, recall=0.9))
    tuning = tune(judged, np.array([count > 50 for count in shared]))
    # Starts from the defaults of what it tunes, and leaves the rest as it is.
    assert tuning.proposed == {}
    assert tuning.settings == Settings(recall=0.9)


def test_one_component_cannot_be_cross_validated() -> None:
    chain = replace(pairs_of([90, 10]), pairs=np.array([[0, 1], [1, 2]], np.uint32))
    tuning = tune(chain, np.array([True, False]))
    assert (tuning.folds, tuning.cross_validated, tuning.f1) == ([], None, 1.0)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(31, 60), st.booleans()), min_size=1, max_size=60))
def test_folds_never_part_a_component(rows: list[tuple[int, int, bool]]) -> None:
    pairs = np.array([row[:2] for row in rows], np.uint32)
    positive: Flags = np.array([row[2] for row in rows])
    fold = split(pairs, positive, 5)
    homes: dict[int, int] = {}
    for pair, number in zip(pairs.tolist(), fold.tolist(), strict=True):
        for story in pair:
            assert homes.setdefault(story, number) == number
    if positive.any():
        assert all(positive[fold == number].any() for number in range(int(fold.max()) + 1))


def test_folds_are_balanced() -> None:
    pairs = np.arange(60, dtype=np.uint32).reshape(-1, 2)
    fold = split(pairs, np.arange(30) < 10, 5)
    assert np.bincount(fold).tolist() == [6] * 5
    assert np.bincount(fold[:10]).tolist() == [2] * 5


@pytest.mark.parametrize("name", JUDGING)
def test_grids_hold_the_default_and_only_what_can_be(name: str) -> None:
    values = grid(name)
    assert getattr(Settings(), name) in values
    assert len(values) > 5
    for value in values:
        assert getattr(Settings().replaced(**{name: value}), name) == value
