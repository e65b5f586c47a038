"""Exact scores against Python's sets, and (a, b) against (b, a)."""

from __future__ import annotations

import re
from itertools import permutations

import numpy as np
import pytest
import reference
from corpora import TEXTS, changed, corpus_of, fresh_words, words
from hypothesis import given
from hypothesis import strategies as st

from dedup import kernels
from dedup.settings import Settings
from dedup.verify import Compared, compare_all, compare_pairs, compare_texts, concatenate

VOCABULARY = [*words(5), "Anna", "Bonn", "1987", "12"]
STORIES = st.lists(st.sampled_from(VOCABULARY), max_size=60).map(" ".join)
ALL = Settings(threshold=0.0, containment=0.0, passage_words=1)


@st.composite
def related(draw: st.DrawFn) -> tuple[str, str]:
    """Two stories, the second made of pieces of the first and other words."""
    first = draw(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=60))
    second: list[str] = []
    for start, length in draw(st.lists(st.tuples(st.integers(0, len(first)), st.integers(0, 30)), max_size=4)):
        second += first[start : start + length]
        second += draw(st.lists(st.sampled_from(VOCABULARY), max_size=6))
    return " ".join(first), " ".join(second)


PAIRS = st.one_of(st.tuples(STORIES, STORIES), related(), st.tuples(TEXTS, TEXTS))


@given(PAIRS, st.integers(1, 6))
def test_scores_are_those_of_the_sets(pair: tuple[str, str], shingle: int) -> None:
    compared = compare_texts(*pair, Settings(shingle=shingle))
    a, b = (reference.shingle_set(text, shingle) for text in pair)
    tokens_a, tokens_b = ([token.text for token in reference.tokenize(text)] for text in pair)
    assert len(compared) == 1
    assert compared.column("shared")[0] == len(a & b)
    assert (compared.column("shingles_a")[0], compared.column("shingles_b")[0]) == (len(a), len(b))
    assert (compared.column("tokens_a")[0], compared.column("tokens_b")[0]) == (len(tokens_a), len(tokens_b))
    assert compared.column("identical")[0] == (bool(tokens_a) and tokens_a == tokens_b)
    if compared.column("identical")[0]:
        assert compared.jaccard[0] == compared.containment_a[0] == compared.containment_b[0] == 1.0
    else:
        assert compared.jaccard[0] == reference.jaccard(a, b)
        assert compared.containment_a[0] == reference.containment(a, b)
        assert compared.containment_b[0] == reference.containment(b, a)


@given(PAIRS)
def test_exchanging_the_stories_mirrors_everything(pair: tuple[str, str]) -> None:
    forth, back = compare_texts(*pair, Settings()), compare_texts(*pair[::-1], Settings())
    mirrored = forth.mirrored(np.array([True]))
    assert (mirrored.column("a")[0], mirrored.column("b")[0]) == (1, 0)
    assert (mirrored.rows[:, 2:] == back.rows[:, 2:]).all()
    assert mirrored.passages(0) == back.passages(0)
    assert mirrored.jaccard[0] == back.jaccard[0]
    assert mirrored.containment_a[0] == back.containment_a[0] == forth.containment_b[0]
    assert mirrored.containment_b[0] == back.containment_b[0] == forth.containment_a[0]
    assert (mirrored.mirrored(np.array([True])).rows == forth.rows).all()


def facts(text: str) -> tuple[set[str], set[str]]:
    """Figures and names by their definitions, for texts in plain ASCII."""
    numbers = r"[a-zA-Z0-9]*[0-9][a-zA-Z0-9]*"
    figures = set()
    for found in re.findall(rf"{numbers}(?:[.,/:-]{numbers})*", text):
        joined = re.sub(r",(?=[0-9a-zA-Z]{3}(?![0-9a-zA-Z]))", "", found)
        figures.add(re.sub("[a-zA-Z]", "", re.sub("[.,/:-]", ".", joined)))
    rest = [token for token in reference.tokenize(text) if not any(char.isdigit() for char in token.text)]
    upper = [token.text for token in rest if text[token.start].isupper()]
    plain = {token.text for token in rest if not text[token.start].isupper()}
    return figures, set(upper) - plain if len(upper) * 2 <= len(rest) else set()


def tokens_of(text: str) -> set[str]:
    return {token.text for token in reference.tokenize(text)}


WORDS = "the The bank Bank Bonn BONN 12 1987 x4 12in 1,500 1500 7-3/4 7.3.4 6:30 3,4 5,6789 v1.x2 in at".split()
REPORTS = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)


@given(REPORTS, REPORTS)
def test_figures_and_names_are_counted_as_defined(text_a: str, text_b: str) -> None:
    compared = compare_texts(text_a, text_b, Settings())
    (figures_a, names_a), (figures_b, names_b) = facts(text_a), facts(text_b)
    for column, expected in {
        "figures_a": figures_a, "figures_b": figures_b, "figures_shared": figures_a & figures_b,
        "names_a": names_a, "names_b": names_b,
        "names_shared_a": names_a & tokens_of(text_b), "names_shared_b": names_b & tokens_of(text_a),
    }.items():  # fmt: skip
        assert compared.column(column)[0] == len(expected), column


@pytest.mark.parametrize(
    ("text", "figures", "names"),
    [
        ("Élan Ωmega Ｆｕｌｌ ǅuro ﬁne élan x y z w v", 0, 3),  # élan stands in lower case, too; ǅ is a capital
        ("３ ½ ① Ⅷ x² ١٢ a4b 七 〇", 5, 0),  # ½ is 1 and 2, as are ① and x²; Ⅷ four letters; ideographs are no figures
        ("İstanbul ẞ Ça va bien ici a b c d e", 0, 3),
        ("日本 の ABC は DEF です", 0, 2),
        ("a\u0301 A\u0301 e\u0301 E\u0301 x y z", 0, 0),
        ("\u00adBonn \u200bKöln in at on by", 0, 2),
    ],
)
def test_figures_and_names_in_other_scripts(text: str, figures: int, names: int) -> None:
    compared = compare_texts(text, text, Settings())
    assert (compared.column("figures_a")[0], compared.column("names_a")[0]) == (figures, names)


@given(st.lists(STORIES, min_size=2, max_size=6))
def test_pairs_of_a_corpus_are_compared_as_pairs_of_texts(texts: list[str]) -> None:
    pairs = np.array(list(permutations(range(len(texts)), 2)), np.uint32)
    settings = ALL.replaced(passage_words=1)
    together = compare_pairs(corpus_of(texts), pairs, settings, 2)
    for row in range(len(together)):
        a, b = int(together.column("a")[row]), int(together.column("b")[row])
        alone = compare_texts(texts[a], texts[b], settings)
        assert (alone.rows[0, 2:] == together.rows[row, 2:]).all()
        assert alone.passages(0) == together.passages(row)
    found = set(map(tuple, together.rows[:, :2].tolist()))
    for a, b in map(tuple, pairs.tolist()):
        shared = reference.shingle_set(texts[a]) & reference.shingle_set(texts[b])
        same = bool(texts[a].split()) and texts[a].split() == texts[b].split()
        assert ((a, b) in found) == (bool(shared) or same)


BASE = words(100)
NO_PASSAGES: dict[str, int] = {"passage_words": 90, "passage_shingles": 99}


@pytest.mark.parametrize(
    ("text", "settings", "wanted"),
    [
        (BASE, Settings(), True),
        (changed(BASE, range(0, 100, 5), fresh_words(500)), Settings(), False),  # never five in a row
        (BASE[:50] + words(50, 300), Settings(passage_words=51, passage_shingles=99), False),  # J 46/146, containment 46/96
        (BASE[:50] + words(50, 300), Settings(passage_words=50, passage_shingles=99), True),
        (BASE[:50] + words(50, 300), Settings(passage_words=51, passage_shingles=46), True),
        (BASE[:50] + words(50, 300), Settings(passage_words=51, passage_shingles=47), False),
        (BASE[:50] + words(50, 300), Settings(passage_words=51, passage_shingles=99, containment=0.479), True),
        (BASE[:50] + words(50, 300), Settings(passage_words=51, passage_shingles=99, containment=0.480), False),
        (BASE[:84] + words(16, 300), Settings(**NO_PASSAGES, containment=1.0), True),  # J 80/112
        (BASE[:67] + words(33, 300), Settings(**NO_PASSAGES, containment=1.0), False),  # J 63/129
        (
            BASE[:68] + words(32, 300),
            Settings(**NO_PASSAGES, containment=1.0),
            True,
        ),  # J 64/128: just 0.5
        (
            BASE[:67] + words(33, 300),
            Settings(**NO_PASSAGES, containment=1.0, threshold=63 / 129),
            True,
        ),
        (words(100, 900), Settings(), False),
    ],
)
def test_a_pair_is_kept_from_the_floors_on(text: list[str], settings: Settings, wanted: bool) -> None:
    corpus = corpus_of([" ".join(BASE), " ".join(text)])
    assert len(compare_pairs(corpus, np.array([[0, 1]], np.uint32), settings)) == wanted


def test_what_comes_before_a_pair_does_not_hide_it() -> None:
    """The first pair looks alike, so the sieve holds none of its words when the next story's turn comes."""
    texts = [" ".join(text) for text in (BASE, BASE[:30] + words(270, 300), changed(BASE, [50], fresh_words(700)))]
    pairs = np.array([[0, 2], [1, 2]], np.uint32)
    assert compare_pairs(corpus_of(texts), pairs, Settings()).rows[:, :2].tolist() == pairs.tolist()


@st.composite
def pieced(draw: st.DrawFn) -> tuple[str, str]:
    """Two stories of other words around pieces of one base, some of them in pieces, at distances about the gap."""
    base, own = words(80), fresh_words(1000)
    texts = []
    for _ in range(2):
        text = [next(own) for _ in range(draw(st.integers(30, 120)))]
        for start, length, between in draw(
            st.lists(st.tuples(st.integers(0, 60), st.integers(4, 24), st.integers(0, 14)), max_size=6)
        ):
            text += base[start : start + length] + [next(own) for _ in range(between)]
        texts.append(" ".join(text))
    return texts[0], texts[1]


@given(st.lists(pieced() | related(), min_size=1, max_size=4), st.integers(0, 12), st.integers(6, 30), st.integers(3, 30))
def test_what_reaches_a_floor_passes_the_sieve(pairs: list[tuple[str, str]], gap: int, least: int, shingles: int) -> None:
    """Those that a comparison of every pair finds above one of the floors, no more and no less."""
    settings = Settings(passage_gap=gap, passage_words=least, passage_shingles=shingles)
    texts = [text for pair in pairs for text in pair]
    every = np.array(list(permutations(range(len(texts)), 2)), np.uint32)
    corpus = corpus_of(texts, settings)
    rows = compare_all(corpus, every, settings)
    alike = (rows.jaccard >= 0.5) | (np.maximum(rows.containment_a, rows.containment_b) >= settings.containment)
    wanted = alike | (rows.column("longest") >= least) | (rows.column("shared") >= shingles)
    wanted |= rows.column("identical") == 1
    assert compare_pairs(corpus, every, settings).rows.tolist() == rows.rows[wanted].tolist()


SHORT = ["one", "two", "three", "four", "five", "six", "seven", "eight"]


@pytest.mark.parametrize(
    ("short", "long"),
    [
        (SHORT[:5], SHORT + words(300)),  # one shingle, of a long story
        (SHORT[:6], SHORT + words(300)),
        (SHORT[:6], SHORT),  # two shingles of four, just Jaccard 0.5
        (["aa"] * 7, [*["aa"] * 5, *words(300)]),  # one shingle three times
        (["aa"] * 300, [*["aa"] * 5, *words(300)]),  # the set is small, not the text
    ],
)
def test_the_smallest_sets_reach_the_floors_too(short: list[str], long: list[str]) -> None:
    """Fewer shingles than any passage has, and yet one story holds the other."""
    pairs = np.array([[0, 1], [1, 0]], np.uint32)
    assert len(compare_pairs(corpus_of([" ".join(short), " ".join(long)]), pairs, Settings())) == 2


def test_short_and_empty_stories() -> None:
    """Fault 29: one of 4 words has no shingle and matches an identical one only; an empty one matches nothing."""
    texts = ["", "", "one two three four", "One, two: three four", "one two three fore", "one two three four five"]
    pairs = np.array(list(permutations(range(len(texts)), 2)), np.uint32)
    compared = compare_pairs(corpus_of(texts), pairs, Settings())
    assert {tuple(row) for row in compared.rows[:, :2].tolist()} == {(2, 3), (3, 2)}
    assert compared.jaccard.tolist() == [1.0, 1.0]


def test_a_last_word_that_differs_is_no_identity() -> None:
    compared = compare_texts("one two three four five six", "one two three four five sex", Settings())
    assert compared.jaccard[0] == pytest.approx(1 / 3)
    assert compared.column("identical")[0] == 0


def test_stories_not_in_the_corpus_are_refused() -> None:
    with pytest.raises(ValueError, match="not in the corpus"):
        corpus_of(["a", "b"]).compare_pairs(np.array([[0, 2]], np.uint32), 10, 8, 0.5, 0.5, 16, 25)


@given(st.lists(PAIRS, min_size=1, max_size=6), st.data())
def test_taking_and_joining_rows_keeps_their_passages(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    parts = [compare_texts(*pair, Settings(passage_min_words=5)) for pair in pairs]
    joined = concatenate(parts)
    wanted = data.draw(st.lists(st.integers(0, len(pairs) - 1), max_size=8))
    taken = joined.take(np.array(wanted, np.intp))
    assert [taken.passages(row) for row in range(len(taken))] == [parts[row].passages(0) for row in wanted]
    assert (taken.rows == joined.rows[wanted]).all()
    where = np.array(data.draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs))))
    swapped = joined.mirrored(where)
    for row, part in enumerate(parts):
        alone: Compared = part.mirrored(np.array([True])) if where[row] else part
        assert swapped.passages(row) == alone.passages(0)


def test_the_core_tells_no_more_pairs_than_it_was_given() -> None:
    corpus = kernels.Corpus()
    rows, quotes, ends = corpus.compare_pairs(np.empty((0, 2), np.uint32), 10, 8, 0.5, 0.5, 16, 25)
    assert (rows.shape, quotes.shape, ends.shape) == ((0, len(kernels.OVERLAP_COLUMNS)), (0, 5), (0,))
