"""The decision table: which relation a pair has, why, and that exchanging the stories mirrors it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log

import numpy as np
import pytest
from compared_rows import LONGER_B, OTHER_FIGURES, OTHER_NAMES, REWRITTEN, SAME_FIGURES, SAME_NAMES, covered, row
from corpora import changed, corpus_of, fresh_words, words
from hypothesis import given
from hypothesis import strategies as st

from dedup.relate import NO_RELATION, RELATIONS, Commonness, Judgement, code_of, explain, relate
from dedup.settings import Settings
from dedup.story import Relation
from dedup.verify import Compared, compare_pairs, compare_texts

DEFAULTS = Settings()


def verdict(pair: Compared, settings: Settings = DEFAULTS) -> Relation | None:
    code = relate(pair, settings)[0]
    return None if code == NO_RELATION else RELATIONS[code]


def mirror(pair: Compared) -> Compared:
    return pair.mirrored(np.ones(len(pair), np.bool_))


TABLE: list[tuple[dict[str, int], Relation | None]] = [
    ({"identical": 1, "shared": 96}, Relation.IDENTICAL),
    ({"identical": 1, "shingles_a": 0, "shingles_b": 0, "tokens_a": 3, "tokens_b": 3}, Relation.IDENTICAL),
    # Jaccard 64/128 = 0.5, and just below it.
    ({"shared": 64}, Relation.NEAR_DUPLICATE),
    ({"shared": 63}, None),
    # The same set of shingles in another order is no identity.
    ({"shared": 96}, Relation.NEAR_DUPLICATE),
    # Containment 80/100 from 0.8 on, the other story longer by a quarter at least.
    ({"shingles_a": 100, "shared": 80, **LONGER_B}, Relation.CONTAINED),
    ({"shingles_a": 100, "shared": 79, **LONGER_B}, None),
    ({"shingles_a": 100, "shared": 80, "tokens_b": 125, "shingles_b": 121}, Relation.CONTAINED),
    ({"shingles_a": 100, "shared": 80, "tokens_b": 124, "shingles_b": 120}, Relation.NEAR_DUPLICATE),
    # Whole in the other, and of its length, though the Jaccard similarity is low: b says everything twice over.
    ({"shingles_a": 50, "shingles_b": 120, "shared": 45}, Relation.NEAR_DUPLICATE),
    # A passage of 20 words.
    ({"shared": 16, **covered(20)}, Relation.SHARED_PASSAGE),
    ({"shared": 15, **covered(19)}, None),
    # 25 shingles in shorter ones, and 24; without any passage they are scattered phrases.
    ({"shared": 25, **covered(39, longest=19)}, Relation.SHARED_PASSAGE),
    ({"shared": 24, **covered(39, longest=19)}, None),
    ({"shared": 25}, None),
    # A quotation counts if 20 words of it are verbatim.
    ({"shared": 20, **covered(24, prose=0, run=20)}, Relation.SHARED_PASSAGE),
    ({"shared": 20, **covered(24, prose=0, run=19)}, None),
    ({"shared": 20, **covered(24, prose=20, run=12)}, Relation.SHARED_PASSAGE),
    # A form filled in twice: 40 words of the shorter story, other figures or other names. Containment 70/96 = 0.73 needs
    # figures of (2.25 + 1.2 * 0.5 - 0.73) / 2.5 = 0.85, of 11 with the one that is reckoned as shared.
    ({"shared": 70, **covered(40), **OTHER_FIGURES}, Relation.TEMPLATE),
    ({"shared": 70, **covered(40), **OTHER_NAMES}, Relation.TEMPLATE),
    ({"shared": 70, **covered(40), **SAME_FIGURES, **SAME_NAMES}, Relation.NEAR_DUPLICATE),
    ({"shared": 70, **covered(39), **OTHER_FIGURES}, Relation.NEAR_DUPLICATE),
    ({"shared": 24, **covered(40, longest=20), **OTHER_FIGURES}, Relation.TEMPLATE),
    # Without a passage of 20 words they would have no relation anyway.
    ({"shared": 24, **covered(40, longest=19), **OTHER_FIGURES}, None),
    # Alike, with a name or figure more or less, but none of their facts differs.
    ({"shared": 70, **covered(60), "figures_a": 4, "figures_b": 4, "figures_shared": 4}, Relation.NEAR_DUPLICATE),
    # A changed figure in stories otherwise alike is a correction: Jaccard 89/103 = 0.86, and 88/104.
    ({"shared": 89, **covered(95), **OTHER_FIGURES}, Relation.NEAR_DUPLICATE),
    ({"shared": 88, **covered(95), **OTHER_FIGURES}, Relation.TEMPLATE),
    # A rewritten version: containment 48/96, its opening and its facts in the other. The longer holds the shorter.
    (REWRITTEN, Relation.CONTAINED),
    (REWRITTEN | {"opening_a": 7, "opening_b": 7}, Relation.SHARED_PASSAGE),
    (REWRITTEN | {"figures_a": 2, "figures_shared": 2, "names_a": 0, "names_shared_a": 0}, Relation.SHARED_PASSAGE),
    (REWRITTEN | {"shared": 43}, Relation.SHARED_PASSAGE),
    (REWRITTEN | {"words_a": 0, "words_b": 0, "tokens_a": 121}, Relation.SHARED_PASSAGE),
    # An excerpt has no other facts: of the story with fewer figures, all are in the other.
    ({"shared": 90, **covered(95), **LONGER_B, "figures_a": 2, "figures_b": 9, "figures_shared": 2}, Relation.CONTAINED),
    ({"shared": 90, **covered(95), **LONGER_B, "figures_b": 9}, Relation.CONTAINED),
    # Coverage is the shorter story's, whichever side it stands on.
    ({"tokens_a": 60, "shared": 24, **covered(60, longest=20), "words_a": 24, **OTHER_FIGURES}, Relation.TEMPLATE),
    ({"tokens_a": 60, "shared": 24, **covered(60, longest=20), "words_a": 23, **OTHER_FIGURES}, Relation.SHARED_PASSAGE),
    ({}, None),
]


@pytest.mark.parametrize(("columns", "relation"), TABLE)
def test_the_table(columns: dict[str, int], relation: Relation | None) -> None:
    pair = row(**columns)
    assert verdict(pair) == relation
    assert verdict(mirror(pair)) == (relation and relation.mirrored)


ALIKE = covered(80) | {"shared": 70}  # Jaccard 70/122, containment 70/96
AGREEING = {"figures_a": 6, "figures_b": 7, "figures_shared": 6, "names_a": 6, "names_b": 6}
COMMON = log(1 + 7)  # what they share is in seven others on average


@pytest.mark.parametrize(
    ("columns", "before", "anywhere", "relation"),
    [
        # Evidence 0.73 + 2.5 - 1.2 * 0.8 reaches 2.25, with 0.9 it does not: other stories have the words, and one figure
        # more stands in b.
        (ALIKE | {"figures_b": 1}, 0.8, 0.8, Relation.NEAR_DUPLICATE),
        (ALIKE | {"figures_b": 1}, 0.9, 0.9, Relation.TEMPLATE),
        (ALIKE, COMMON, COMMON, Relation.NEAR_DUPLICATE),  # no fact differs, so it is no form
        # Twelve facts agree and one holds the other, but for names that are not there, or a figure too few.
        (
            ALIKE | AGREEING | {"shared": 78, "names_shared_a": 6, "names_shared_b": 6},
            COMMON,
            COMMON,
            Relation.NEAR_DUPLICATE,
        ),
        (ALIKE | AGREEING | {"shared": 78, "names_shared_a": 4, "names_shared_b": 4}, COMMON, COMMON, Relation.TEMPLATE),
        (ALIKE | AGREEING | {"shared": 76, "names_shared_a": 6, "names_shared_b": 6}, COMMON, COMMON, Relation.TEMPLATE),
        # Little in common, in words that others have, but facts that agree: no form.
        (
            covered(40) | {"shared": 36, "figures_a": 2, "figures_b": 4, "figures_shared": 2},
            1.0,
            1.0,
            Relation.SHARED_PASSAGE,
        ),
        (covered(40) | {"shared": 36, "figures_a": 2, "figures_b": 4, "figures_shared": 1}, 1.0, 1.0, Relation.TEMPLATE),
        # A stock phrase: in ten others on average, and in more.
        (covered(30) | {"shared": 26}, 0.0, log(1 + 10), Relation.SHARED_PASSAGE),
        (covered(30) | {"shared": 26}, 0.0, log(1 + 10.1), None),
    ],
)
def test_what_other_stories_have_counts(
    columns: dict[str, int], before: float, anywhere: float, relation: Relation | None
) -> None:
    pair, common = row(**columns), Commonness(np.array([before]), np.array([anywhere]))
    for seen in (pair, mirror(pair)):
        code = relate(seen, DEFAULTS, common)[0]
        assert (None if code == NO_RELATION else RELATIONS[code]) == relation
        assert ("too common" in explain(seen, 0, DEFAULTS, common)) == (relation is None)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"identical": 1}, "the same words in the same order"),
        ({"shared": 64}, "Jaccard similarity 0.50 (from 0.50 on)"),
        ({"shingles_a": 100, "shared": 83, **LONGER_B}, "the second holds 83% of the first (from 80% on) and is longer"),
        (
            {"shingles_b": 100, "shared": 83, "tokens_a": 200, "shingles_a": 196},
            "the first holds 83% of the second (from 80% on) and is longer",
        ),
        ({"shared": 20, **covered(24)}, "different stories with a passage of 24 words in common (from 20 on)"),
        (
            {"shared": 70, **covered(60), **OTHER_FIGURES},
            "passages cover 60% of the shorter story, but 70% of its figures and 100% of its names are in the other, and "
            "what they share stands in 0.6 other stories: evidence 1.95 of one story (from 2.25 on, with 50% of the names)",
        ),
        (
            {"shared": 10, **covered(14)},
            "too little in common: Jaccard similarity 0.05, longest passage 14 words (from 20 on)",
        ),
    ],
)
def test_every_verdict_has_its_reason(columns: dict[str, int], reason: str) -> None:
    assert explain(row(**columns), 0, DEFAULTS) == reason


COUNTS = st.integers(0, 300)


@st.composite
def rows(draw: st.DrawFn) -> Compared:
    """A row that two stories could have."""
    tokens_a, tokens_b = draw(COUNTS), draw(COUNTS)
    shingles_a = draw(st.integers(0, max(0, tokens_a - 4)))
    shingles_b = draw(st.integers(0, max(0, tokens_b - 4)))
    columns = {"tokens_a": tokens_a, "tokens_b": tokens_b, "shingles_a": shingles_a, "shingles_b": shingles_b}
    columns["shared"] = draw(st.integers(0, min(shingles_a, shingles_b)))
    columns["words_a"], columns["words_b"] = draw(st.integers(0, tokens_a)), draw(st.integers(0, tokens_b))
    columns["longest"] = draw(st.integers(0, min(columns["words_a"], columns["words_b"])))
    columns["prose"], columns["run"] = draw(st.integers(0, columns["longest"])), draw(st.integers(0, columns["longest"]))
    for kind in ("figures", "names"):
        columns[f"{kind}_a"], columns[f"{kind}_b"] = draw(st.integers(0, 12)), draw(st.integers(0, 12))
    columns["figures_shared"] = draw(st.integers(0, min(columns["figures_a"], columns["figures_b"])))
    for side in "ab":
        columns[f"names_shared_{side}"] = draw(st.integers(0, columns[f"names_{side}"]))
        columns[f"opening_{side}"] = draw(st.integers(0, min(30, columns[f"words_{side}"])))
    columns["identical"] = int(tokens_a == tokens_b > 0 and draw(st.integers(0, 9)) == 0)
    return row(**columns)


@given(rows())
def test_exchanging_the_stories_mirrors_the_relation(pair: Compared) -> None:
    forth, back = verdict(pair), verdict(mirror(pair))
    assert back == (forth and forth.mirrored)
    if forth not in (Relation.CONTAINS, Relation.CONTAINED):
        assert explain(pair, 0, DEFAULTS) == explain(mirror(pair), 0, DEFAULTS)


@given(rows())
def test_a_reason_is_a_sentence_with_every_figure_filled_in(pair: Compared) -> None:
    reason = explain(pair, 0, DEFAULTS)
    assert reason
    assert not re.search(r"[{}]|nan|inf", reason)
    assert (verdict(pair) is None) == reason.startswith(("too little in common", "too common", "only quotations in common"))


@given(st.lists(rows(), min_size=1, max_size=8))
def test_a_pair_is_judged_from_itself_alone(pairs: Sequence[Compared]) -> None:
    together = Compared(
        np.concatenate([pair.rows for pair in pairs]), np.empty((0, 5), np.uint32), np.zeros(len(pairs), np.uint64)
    )
    assert relate(together, DEFAULTS).tolist() == [int(relate(pair, DEFAULTS)[0]) for pair in pairs]
    assert [explain(together, place, DEFAULTS) for place in range(len(pairs))] == [explain(p, 0, DEFAULTS) for p in pairs]


@given(st.lists(rows(), min_size=1, max_size=8), st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4))
def test_only_open_pairs_hang_on_how_common_they_are(pairs: Sequence[Compared], shares: list[float]) -> None:
    together = Compared(
        np.concatenate([pair.rows for pair in pairs]), np.empty((0, 5), np.uint32), np.zeros(len(pairs), np.uint64)
    )
    judgement = Judgement(together, DEFAULTS)
    assert judgement.codes().tolist() == relate(together, DEFAULTS).tolist()
    open_pairs = set(judgement.open.tolist())
    most = log(1 + DEFAULTS.passage_df_cap)
    for before in (0.0, shares[0] * most, shares[1] * most, most + DEFAULTS.evidence_unseen):
        for anywhere in (0.0, shares[2] * most, shares[3] * most, most):
            common = Commonness(np.full(len(pairs), before), np.full(len(pairs), anywhere))
            there = relate(together, DEFAULTS, common)
            assert judgement.codes(Commonness(*(part[judgement.open] for part in common))).tolist() == there.tolist()
            assert {row for row, code in enumerate(relate(together, DEFAULTS)) if code != there[row]} <= open_pairs


def test_a_pair_that_others_could_make_a_form_is_open() -> None:
    pair = row(**(ALIKE | AGREEING | {"shared": 78, "names_shared_a": 4, "names_shared_b": 4}))
    assert Judgement(pair, DEFAULTS).open.tolist() == [0]
    assert Judgement(row(identical=1), DEFAULTS).open.tolist() == []


def relation_in_a_corpus(a: str, b: str) -> Relation | None:
    """What a scan makes of two stories, once they are proposed."""
    compared = compare_pairs(corpus_of([a, b]), np.array([[0, 1]], np.uint32), DEFAULTS)
    return verdict(compared) if len(compared) else None


@pytest.mark.parametrize(("length", "relation"), [(15, None), (20, Relation.TEMPLATE)])
def test_a_template_is_one_alone_and_in_a_corpus(length: int, relation: Relation | None) -> None:
    """Passages of 15 or 20 and of 12 words in a story of some 45, and other figures."""
    one, two = words(length), words(12, 100)
    a = " ".join([*one, "1 2 3", *words(10, 1000), *two, "4 5"])
    b = " ".join([*one, "6 7 8", *words(10, 2000), *two, "9 10", *words(3, 9000)])
    assert (verdict(compare_texts(a, b, DEFAULTS)), relation_in_a_corpus(a, b)) == (relation, relation)


def test_coverage_of_stories_of_one_length_mirrors() -> None:
    """100 words each; passages cover 39 of the one and, with the gaps in them, 41 of the other."""
    pair = row(shared=70, words_a=39, words_b=41, longest=39, **OTHER_FIGURES)
    assert verdict(pair) == verdict(mirror(pair))


def test_no_pairs_have_no_relations() -> None:
    none = row().take(np.empty(0, np.intp))
    assert relate(none, DEFAULTS).tolist() == []


def test_codes_and_mirrors() -> None:
    assert [RELATIONS[code_of(relation)] for relation in Relation] == list(Relation)
    assert {relation: relation.mirrored for relation in Relation if relation.mirrored != relation} == {
        Relation.CONTAINS: Relation.CONTAINED,
        Relation.CONTAINED: Relation.CONTAINS,
    }


def filled(name: str, cents: str, payable: str, record: str) -> str:
    """A notice in one form."""
    return (
        f"the board of {name} declared a quarterly dividend of {cents} cents a share payable on {payable} to holders of "
        f"record on {record} the company said in a statement after the market closed"
    )


def test_one_form_filled_in_twice_is_a_template() -> None:
    a = filled("Arkell Foundry", "12.5", "May 4", "April 20")
    b = filled("Bremmer Paper", "31", "June 11", "May 27")
    assert verdict(compare_texts(a, b, DEFAULTS)) == Relation.TEMPLATE
    assert verdict(compare_texts(b, a, DEFAULTS)) == Relation.TEMPLATE


def test_a_corrected_figure_in_a_whole_story_is_none() -> None:
    story = [*words(60), "12", *words(60, 300), "1987"]
    corrected = [*story[:60], "13", *story[61:]]
    assert verdict(compare_texts(" ".join(story), " ".join(corrected), DEFAULTS)) == Relation.NEAR_DUPLICATE


@pytest.mark.parametrize("edits", [1, 2, 6, 12, 13])
def test_light_edits_leave_a_near_duplicate(edits: int) -> None:
    """Isolated changes to 200 words of other words: 5 shingles each, 131 of 261 in common at 13."""
    story = words(200)
    copy = changed(story, range(4, 4 + 14 * edits, 14), fresh_words(900))
    assert verdict(compare_texts(" ".join(story), " ".join(copy), DEFAULTS)) == Relation.NEAR_DUPLICATE


@pytest.mark.parametrize(
    ("contained_length", "tokens_a", "tokens_b"),
    [
        (1.0, 100, 100),
        (0.29, 29, 100),
        (0.5, 50, 100),
        (0.8, 80, 100),
        (0.8, 81, 100),
    ],
)
def test_any_length_setting_mirrors(contained_length: float, tokens_a: int, tokens_b: int) -> None:
    """Rules mirror each other for stories just as long as the setting says, too."""
    settings = Settings(contained_length=contained_length)
    shingles_a, shingles_b = tokens_a - 4, tokens_b - 4
    pair = row(tokens_a=tokens_a, tokens_b=tokens_b, shingles_a=shingles_a, shingles_b=shingles_b, shared=shingles_a)
    forth, back = verdict(pair, settings), verdict(mirror(pair), settings)
    assert back == (forth and forth.mirrored)


def test_a_near_duplicate_by_containment_says_so() -> None:
    pair = row(shared=74, tokens_b=110, shingles_a=90, shingles_b=106)  # Jaccard 74/122, containment 74/90
    assert verdict(pair, Settings(threshold=0.7)) == Relation.NEAR_DUPLICATE
    assert "0.61 (from 0.70 on)" not in explain(pair, 0, Settings(threshold=0.7))
