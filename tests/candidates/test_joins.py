"""Both joins against their rules written out: every bucket in a dict, every visit in a set."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import reference
from corpora import corpus_of, ranks_of, words
from hypothesis import given
from hypothesis import strategies as st

from dedup import kernels
from dedup.candidates import Proposal, Ranks, passage_pairs
from dedup.candidates.ranks import NO_PAIRS
from dedup.settings import Settings

SETTINGS = Settings(shingle=3, passage_window=4, num_perm=8)
BASES = [words(40), words(20) + words(20, 1000), words(40, 2000), words(2) * 20]
ALIKE = [" ".join(base) for base in BASES]
DATES = [kernels.UNDATED, 0, 10, 21, 2**62, -(2**62)]

RankPairs = set[tuple[int, int]]


@dataclass(frozen=True)
class Case:
    """Stories and what is known of them, all by rank but ``texts``."""

    texts: list[str]
    order: list[int]
    active: list[bool]
    kept: list[bool]
    published: list[int]
    window: int | None
    known: list[tuple[int, int]]
    full: int
    limit: int
    cap: int
    threads: int

    def ranks(self) -> Ranks:
        return Ranks(
            corpus_of(self.texts, SETTINGS),
            np.array(self.order, np.uint32),
            np.array(self.active, np.uint8),
            np.array(self.published, np.int64),
            self.window,
            self.threads,
        )

    def proposal(self) -> Proposal:
        return Proposal(np.array(self.known, np.uint32).reshape(-1, 2))

    def wanted(self, pairs: RankPairs) -> list[tuple[int, int]]:
        """Without the known ones and those outside the window, ascending."""
        return sorted(pair for pair in pairs - set(self.known) if self._in_window(*pair))

    def _in_window(self, later: int, earlier: int) -> bool:
        dates = self.published[later], self.published[earlier]
        return self.window is None or kernels.UNDATED in dates or abs(dates[0] - dates[1]) <= self.window


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Pieces of a few base texts, so that stories share bands and keys often."""
    piece = st.tuples(st.sampled_from(BASES), st.integers(0, 12), st.integers(0, 40))
    texts = [" ".join(base[start : start + length]) for base, start, length in draw(st.lists(piece, max_size=24))]
    count = len(texts)

    def each(values: st.SearchStrategy[bool]) -> st.SearchStrategy[list[bool]]:
        return st.lists(values, min_size=count, max_size=count)

    mostly = st.sampled_from([True, True, True, False])
    pairs = [(later, earlier) for later in range(count) for earlier in range(later)]
    return Case(
        texts=texts,
        order=draw(st.permutations(range(count))),
        active=draw(each(mostly)),
        kept=draw(each(st.booleans())),
        published=draw(st.lists(st.sampled_from(DATES), min_size=count, max_size=count)),
        window=draw(st.sampled_from([None, None, 0, 10, 11, 2**63 - 1])),
        known=sorted(draw(st.sets(st.sampled_from(pairs), max_size=40))) if pairs else [],
        full=draw(st.integers(0, 8)),
        limit=draw(st.integers(0, 6)),
        cap=draw(st.integers(0, 6)),
        threads=draw(st.sampled_from([1, 2])),
    )


def visits(ranks: Sequence[int], limit: int) -> RankPairs:
    """Every member with the first ``limit`` of those before it."""
    return {(rank, earlier) for place, rank in enumerate(ranks) for earlier in ranks[: min(place, limit)]}


def buckets(entries: Iterable[tuple[Hashable, int]]) -> list[list[int]]:
    """The ranks of each key, ascending; one member makes no bucket."""
    found: defaultdict[Hashable, list[int]] = defaultdict(list)
    for key, rank in entries:
        found[key].append(rank)
    return [sorted(ranks) for ranks in found.values() if len(ranks) > 1]


@given(cases(), st.sampled_from([(4, 2), (8, 1), (2, 4), (2, 3), (1, 8)]))
def test_band_pairs(case: Case, shape: tuple[int, int]) -> None:
    bands, rows = shape
    entries = []
    for rank, story in enumerate(case.order):
        if case.active[rank] and reference.shingle_set(case.texts[story], SETTINGS.shingle):
            values = reference.signature(case.texts[story], SETTINGS.num_perm, SETTINGS.shingle).tolist()
            entries += [((band, *values[band * rows : (band + 1) * rows]), rank) for band in range(bands)]
    expected: RankPairs = set()
    expected_cut = set()
    for ranks in buckets(entries):
        visited = visits(ranks, len(ranks) if len(ranks) <= case.full else case.limit)
        expected |= visited
        if len(visited) < len(ranks) * (len(ranks) - 1) // 2:
            expected_cut |= set(ranks)
    arguments = case.ranks().arguments(case.proposal())
    found, cut = kernels.band_pairs(*arguments, bands=bands, rows=rows, full=case.full, limit=case.limit)
    assert [tuple(pair) for pair in found.tolist()] == case.wanted(expected)
    assert cut.tolist() == sorted(expected_cut)


@given(cases())
def test_passage_pairs(case: Case) -> None:
    entries = [
        (key, rank)
        for rank, story in enumerate(case.order)
        if case.active[rank]
        for key in reference.passage_keys(case.texts[story], SETTINGS.passage_window, SETTINGS.shingle)
    ]
    expected: RankPairs = set()
    cut = set()
    for ranks in buckets(entries):
        kept = [rank for rank in ranks if case.kept[rank]]
        others = [rank for rank in ranks if not case.kept[rank]]
        if len(kept) > case.cap or len(others) > case.limit:
            cut |= set(ranks)
        if len(kept) <= case.cap:
            taken = sorted(kept + others[: case.limit])
            expected |= visits(taken, len(taken))
    kept_flags = np.array(case.kept, np.uint8)
    arguments = case.ranks().arguments(case.proposal())
    found, found_cut = kernels.passage_pairs(*arguments, kept=kept_flags, cap=case.cap, limit=case.limit)
    assert [tuple(pair) for pair in found.tolist()] == case.wanted(expected)
    assert found_cut.tolist() == sorted(cut)


def test_a_story_of_one_shingle_takes_part() -> None:
    """Fault 29: five words make a shingle and four do not, so of these the first two share their bands."""
    ranks = ranks_of(["one two three four five", "One two, three four five!", "one two three four", "one two three four"])
    found, _ = kernels.band_pairs(*ranks.arguments(None), bands=42, rows=3, full=12, limit=4)
    assert found.tolist() == [[1, 0]]


def test_a_passage_that_comes_twice_in_a_story_counts_once() -> None:
    """25 stories hold a key, one of them many times over: that is no more than the cap."""
    passage = words(16, 90_000)
    texts = [" ".join([*words(30, 100 * story), *passage]) for story in range(25)]
    texts[0] = " ".join([*words(30), *passage, *words(30, 7000), *passage, *words(30, 8000), *passage])
    ranks, kept = ranks_of(texts), np.ones(25, np.uint8)
    found = passage_pairs(ranks, Settings(), kept, Proposal(NO_PAIRS))
    assert len(found.pairs) == 25 * 24 // 2
    alone = passage_pairs(ranks_of(texts[:1]), Settings(), kept[:1], Proposal(NO_PAIRS))
    assert (len(alone.pairs), len(alone.cut)) == (0, 0)


def test_copies_do_not_use_up_the_cap() -> None:
    """Fault 28: 30 copies of S and 10 others with the same passage, cap 25: 11 kept stories hold it, so it proposes."""
    passage = words(20)
    texts = [" ".join([*passage, *words(30, 100), word]) for word in words(30, 5000)]
    texts += [" ".join([*words(30, 200 + 100 * other), *passage]) for other in range(10)]
    kept = np.array([1] + [0] * 29 + [1] * 10, np.uint8)
    ranks, none = ranks_of(texts), Proposal(NO_PAIRS)
    found = {tuple(pair) for pair in passage_pairs(ranks, Settings(), kept, none).pairs.tolist()}
    assert found >= {(other, 0) for other in range(30, 40)}
    # Were all kept, 40 stories would hold each key.
    everyone = passage_pairs(ranks, Settings(), np.ones(40, np.uint8), none)
    assert not any(later >= 30 > earlier for later, earlier in everyone.pairs.tolist())
    assert len(everyone.cut) == 40


def test_the_cap_counts_to_the_last_one() -> None:
    """A key of exactly ``cap`` kept stories still proposes; one more, and it does not."""
    texts = [" ".join([*words(30, 100 * story), *words(16, 90_000)]) for story in range(26)]
    for count, pairs in ((25, 25 * 24 // 2), (26, 0)):
        ranks, kept = ranks_of(texts[:count]), np.ones(count, np.uint8)
        assert len(passage_pairs(ranks, Settings(), kept, Proposal(NO_PAIRS)).pairs) == pairs


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), unique=True), st.data())
def test_joined_proposals_stay_ascending(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(pairs)))
    first, second = (np.array(sorted(part), np.uint32).reshape(-1, 2) for part in (pairs[:cut], pairs[cut:]))
    assert Proposal(first).joined(second).pairs.tolist() == [list(pair) for pair in sorted(pairs)]


@pytest.mark.parametrize("known", [[[1, 2]], [[1, 4_000_000_000]], [[7, 0]], [[1, 1]]])
def test_known_pairs_that_cannot_be_are_refused(known: list[list[int]]) -> None:
    arguments = ranks_of(["one two three four five"] * 2).arguments(Proposal(np.array(known, np.uint32)))
    with pytest.raises(ValueError, match="pairs"):
        kernels.band_pairs(*arguments, bands=42, rows=3, full=12, limit=4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"order": np.array([0, 2], np.uint32)}, "order"),
        ({"active": np.ones(3, np.uint8)}, "active"),
        ({"published": np.zeros(1, np.int64), "window": 5}, "published"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    ranks = replace(ranks_of(["one two three four five"] * 2), **changes)
    with pytest.raises(ValueError, match=message):
        kernels.band_pairs(*ranks.arguments(None), bands=42, rows=3, full=12, limit=4)
    with pytest.raises(ValueError, match=message):
        kernels.passage_pairs(*ranks.arguments(None), kept=np.ones(2, np.uint8), cap=25, limit=16)


@pytest.mark.parametrize(("bands", "rows"), [(43, 3), (1, 129), (2, 65), (1, 0)])
def test_more_bands_than_a_signature_holds_are_refused(bands: int, rows: int) -> None:
    with pytest.raises(ValueError, match="bands x rows"):
        kernels.band_pairs(*ranks_of(["text"]).arguments(None), bands=bands, rows=rows, full=12, limit=4)


def test_kept_must_fit_too() -> None:
    with pytest.raises(ValueError, match="kept"):
        kernels.passage_pairs(*ranks_of(["text"]).arguments(None), kept=np.ones(2, np.uint8), cap=25, limit=16)


@given(
    st.lists(st.sampled_from([" ".join(base) for base in BASES]), min_size=2, max_size=5),
    st.sampled_from([1, 8, 100]),
    st.sampled_from([1, 2]),
)
def test_agreements_count_equal_values(texts: list[str], num_perm: int, threads: int) -> None:
    corpus = corpus_of(texts, Settings(num_perm=num_perm))
    pairs = np.array([(a, b) for a in range(len(texts)) for b in range(len(texts))], np.uint32)
    signatures = [reference.signature(text, num_perm, 5) for text in texts]
    expected = [int((signatures[a] == signatures[b]).sum()) for a, b in pairs.tolist()]
    assert corpus.agreements(pairs, threads).tolist() == expected


@given(cases(), st.floats(0, 1), st.integers(0, 4))
def test_crowded_pairs_wait(case: Case, share: float, full: int) -> None:
    """Those with a story that looks like more than ``full`` others, but for the first pair of each later story."""
    count = len(case.order)
    pairs = [(later, earlier) for later in range(count) for earlier in range(later) if (later + earlier) % 3]
    values = [reference.signature(case.texts[story], SETTINGS.num_perm, SETTINGS.shingle) for story in case.order]
    least = share * SETTINGS.num_perm
    alike = [pair for pair in pairs if (values[pair[0]] == values[pair[1]]).sum() >= least]
    crowded = {rank for rank, others in Counter(rank for pair in alike for rank in pair).items() if others > full}
    firsts = dict(reversed(pairs))
    expected = [firsts[pair[0]] != pair[1] and not crowded.isdisjoint(pair) for pair in pairs]
    corpus, order = case.ranks().corpus, np.array(case.order, np.uint32)
    given_pairs = np.array(pairs, np.uint32).reshape(-1, 2)
    assert kernels.crowded(corpus, order, given_pairs, least, full, case.threads).tolist() == expected


def test_only_pairs_that_ascend_are_taken() -> None:
    falling = np.array([[2, 1], [1, 0]], np.uint32)
    with pytest.raises(ValueError, match="must ascend"):
        kernels.merged(falling, NO_PAIRS)
    with pytest.raises(ValueError, match="must ascend"):
        kernels.crowded(corpus_of(["a", "b", "c"]), np.arange(3, dtype=np.uint32), falling, 1.0, 1)


def test_agreements_are_of_stories_that_are_there() -> None:
    with pytest.raises(ValueError, match="pairs: names a story that is not in the corpus"):
        corpus_of(["one"]).agreements(np.array([[0, 1]], np.uint32))
