"""Groups of stories through a whole scan: which story of a group stays, and that strangers are not drawn in."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
import reference
from corpora import (
    changed,
    corpus_of,
    dropped,
    fresh_words,
    near_copy,
    relations,
    scan_stories,
    stories,
    words,
    zipf_texts,
)

from dedup.relate import code_of, relate
from dedup.settings import DROPPING, Settings
from dedup.story import Relation as R
from dedup.verify import compare_pairs

BASE = words(100)


@pytest.mark.parametrize("alike", ["identical", "near"])
def test_a_single_a_pair_and_a_triple(alike: str) -> None:
    """Faults 6 and 26: three survivors, one a group, and every story accounted for."""
    groups = [words(60), *[words(60, 500)] * 2, *[words(60, 900)] * 3]
    texts = [" ".join(changed(text, [number * 7] if alike == "near" else [], fresh_words(5000 + number)))
             for number, text in enumerate(groups)]  # fmt: skip
    result = scan_stories(stories(texts))
    assert result.kept == 3
    assert dropped(result) == {"00002": "00001", "00004": "00003", "00005": "00003"}
    assert result.kept + len(dropped(result)) == len(result.decisions) == 6
    assert Counter(relations(result).values()) == {R.IDENTICAL if alike == "identical" else R.NEAR_DUPLICATE: 4}


@pytest.mark.parametrize("count", [0, 1, 2, 10])
def test_all_unique(count: int) -> None:
    result = scan_stories(stories(" ".join(words(50, 100 * number)) for number in range(count)))
    assert (result.kept, len(result.pairs), result.clusters) == (count, 0, [])


def test_ten_identical_stories_give_nine_rows_of_evidence() -> None:
    """Fault 9."""
    result = scan_stories(stories([" ".join(BASE)] * 10))
    assert relations(result) == {("00000", f"{copy:05}"): R.IDENTICAL for copy in range(1, 10)}
    assert dropped(result) == {f"{copy:05}": "00000" for copy in range(1, 10)}
    assert [(cluster.kept, len(cluster.dropped)) for cluster in result.clusters] == [("00000", 9)]


def test_copies_of_a_copy_follow_it() -> None:
    """Ten copies of a story that is itself absorbed by a longer one: all eleven go, each naming the longer one."""
    result = scan_stories(stories([" ".join([*BASE, "end"]), *[near_copy(50, BASE)] * 11]))
    assert dropped(result) == {f"{copy:05}": "00000" for copy in range(1, 12)}


def test_groups_that_share_a_notice_stay_apart() -> None:
    """Fault 25: A≈A′ and B≈B′, and a notice of 30 words in all four."""
    notice = words(30, 7000)
    a, b = [*words(200), *notice], [*words(200, 1000), *notice]
    result = scan_stories(stories([" ".join(a), near_copy(60, a), " ".join(b), near_copy(60, b)]))
    assert dropped(result) == {"00001": "00000", "00003": "00002"}
    assert Counter(relations(result).values()) == {R.NEAR_DUPLICATE: 2, R.SHARED_PASSAGE: 4}


def test_strangers_and_a_chain() -> None:
    """Fault 27: no cluster among 300 long texts of one vocabulary; a chain of 8 in steps of Jaccard .85 is cut in two."""
    chain = [words(504, 40_000)]
    fresh = fresh_words(80_000)
    for step in range(1, 8):
        chain.append(changed(chain[-1], range(4 + step * 5, 500, 62), fresh))
    texts = [" ".join(text) for text in chain]
    sets = [reference.shingle_set(text) for text in texts]
    assert reference.jaccard(sets[0], sets[1]) == pytest.approx(460 / 540)
    assert reference.jaccard(sets[0], sets[7]) < 0.3
    strangers = stories(zipf_texts(300, 20_000, 50_000, seed=27), "z")
    result = scan_stories([*stories(texts), *strangers], threads=2, keep="first")
    absorbers = {int(name): int(kept or "") for name, kept in dropped(result).items()}
    assert absorbers == {1: 0, 2: 0, 3: 0, 4: 0, 6: 5, 7: 5}
    for decision in result.decisions:
        if not decision.keep:
            exact = reference.jaccard(sets[int(decision.id)], sets[int(decision.duplicate_of or "")])
            assert decision.jaccard == exact >= Settings().threshold


def test_copies_do_not_make_a_passage_common() -> None:
    """Fault 28: 30 copies of S and 10 others with a passage of it, cap 25: one group, and the others are found."""
    source = words(120)
    texts = [near_copy(place, source) for place in range(40, 70)]
    texts += [" ".join([*words(100, 1000 + 200 * other), *source[:30]]) for other in range(10)]
    result = scan_stories(stories(texts))
    assert [(cluster.kept, len(cluster.dropped)) for cluster in result.clusters] == [("00000", 29)]
    found = relations(result)
    assert all(found["00000", f"{other:05}"] == R.SHARED_PASSAGE for other in range(30, 40))


@pytest.mark.parametrize(("count", "rate", "seed"), [(30, 0.05, 1), (80, 0.02, 2), (80, 0.08, 3), (200, 0.03, 4)])
def test_no_duplicate_is_missed_in_a_crowd(count: int, rate: float, seed: int) -> None:
    """Versions of versions of one story, most buckets far beyond ``full_bucket``: of the kept ones, compared one by one,
    none may be dropped for another."""
    rng, fresh = random.Random(seed), fresh_words(10**6)
    versions = [words(150)]
    for _ in range(count):
        parent = rng.choice(versions)
        versions.append(changed(parent, [place for place in range(150) if rng.random() < rate], fresh))
    texts = [" ".join(version) for version in versions]
    result = scan_stories(stories(texts), keep="first")
    kept = [int(decision.id) for decision in result.decisions if decision.keep]
    assert 1 < len(kept) < len(texts)
    every_pair = np.array([(later, earlier) for later in kept for earlier in kept if earlier < later], np.uint32)
    compared = compare_pairs(corpus_of(texts), every_pair, Settings())
    drops = np.isin(relate(compared, Settings()), [code_of(relation) for relation in DROPPING])
    assert compared.rows[drops, :2].tolist() == []


def test_a_crowd_is_compared_with_whom_it_keeps_and_a_small_group_in_full() -> None:
    """Twelve versions make 66 pairs. Of sixteen, each has more partners than a full bucket holds: all are listed with the
    kept one, few with each other."""
    source = words(150)
    versions = [near_copy(place, source) for place in range(20, 52, 2)]
    few, many = scan_stories(stories(versions[:12]), keep="first"), scan_stories(stories(versions), keep="first")
    assert len(few.pairs) == 66
    assert dropped(many) == {f"{number:05}": "00000" for number in range(1, 16)}
    listed = relations(many)
    assert {("00000", f"{number:05}") for number in range(1, 16)} <= listed.keys()
    assert len(listed) < 60
