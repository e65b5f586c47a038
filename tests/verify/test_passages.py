"""The passages two stories have in common: their places, their words, and what small edits do to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import reference
from corpora import TEXTS, changed, corpus_of, fresh_words, seed_texts, words
from hypothesis import given
from hypothesis import strategies as st

from dedup import kernels
from dedup.settings import Settings
from dedup.story import Passage
from dedup.verify import Compared, compare_pairs, compare_texts

RUN = words(30)
BEFORE_A, BEHIND_A = words(20, 1000), words(20, 2000)
BEFORE_B, BEHIND_B = words(13, 3000), words(17, 4000)
FEW = [*words(4), "1987"]


def compared(a: Sequence[str], b: Sequence[str], settings: Settings | None = None) -> Compared:
    return compare_texts(" ".join(a), " ".join(b), settings or Settings(), rewritten=False)


def passages(a: Sequence[str], b: Sequence[str], settings: Settings | None = None) -> tuple[Passage, ...]:
    return compared(a, b, settings).passages(0)


def token_range(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """The tokens ``[first, last)`` that a span of code points covers; it must begin and end on theirs."""
    spans = [(start, end) for _, start, end in kernels.tokens(text)]
    first = min(place for place, (start, _) in enumerate(spans) if start == span[0])
    last = max(place for place, (_, end) in enumerate(spans) if end == span[1])
    return first, last + 1


def common_words(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence, from the textbook."""
    row = [0] * (len(b) + 1)
    for word in a:
        diagonal = 0
        for place, other in enumerate(b):
            above = row[place + 1]
            row[place + 1] = diagonal + 1 if word == other else max(above, row[place])
            diagonal = above
    return row[-1]


@given(st.integers(8, 60), *[st.integers(0, 30)] * 4)
def test_a_copied_run_is_found_exactly(run: int, before_a: int, behind_a: int, before_b: int, behind_b: int) -> None:
    shared = words(run)
    a = [*words(before_a, 1000), *shared, *words(behind_a, 2000)]
    b = [*words(before_b, 3000), *shared, *words(behind_b, 4000)]
    text_a, text_b = " ".join(a), " ".join(b)
    result = compare_texts(text_a, text_b, Settings())
    [passage] = result.passages(0)
    [(in_a, in_b, size)] = reference.common_runs(a, b, 8)
    assert (token_range(text_a, passage.a), token_range(text_b, passage.b)) == ((in_a, in_a + size), (in_b, in_b + size))
    assert text_a[slice(*passage.a)] == text_b[slice(*passage.b)] == " ".join(shared)
    assert passage.words == result.column("longest")[0] == result.column("words_a")[0] == result.column("words_b")[0] == run


@pytest.mark.parametrize("run", range(8))
def test_a_shorter_run_is_a_stock_phrase(run: int) -> None:
    assert passages(BEFORE_A + RUN[:run] + BEHIND_A, BEFORE_B + RUN[:run] + BEHIND_B) == ()


@pytest.mark.parametrize("place", range(5, 26))
@pytest.mark.parametrize(
    ("edited", "words_left"),
    [
        (lambda run, place: [*run[:place], "inserted", *run[place:]], 30),
        (lambda run, place: [*run[:place], run[place - 1], *run[place:]], 30),  # the word before it, twice
        (lambda run, place: [*run[:place], "changed", *run[place + 1 :]], 29),
        (lambda run, place: run[:place] + run[place + 1 :], 29),
        (lambda run, place: run[:place] + words(10, 800) + run[place:], 30),  # as many as the gap allows
    ],
    ids=["inserted", "repeated", "changed", "dropped", "ten inserted"],
)
def test_a_small_edit_does_not_split_a_passage(place: int, edited: object, words_left: int) -> None:
    assert callable(edited)
    if words_left == 29 and place == 25:
        place = 24  # five words must stand behind the one that goes
    copy = edited(RUN, place)
    a, b = BEFORE_A + RUN + BEHIND_A, BEFORE_B + copy + BEHIND_B
    [passage] = passages(a, b)
    assert passage.words == words_left
    assert " ".join(a)[slice(*passage.a)] == " ".join(RUN)
    assert " ".join(b)[slice(*passage.b)] == " ".join(copy)


@pytest.mark.parametrize("inserted", [10, 11])
def test_the_gap_is_counted_on_either_side(inserted: int) -> None:
    """Words inserted into the shorter story, from which alignment runs, and into the longer one."""
    copy = RUN[:15] + words(inserted, 800) + RUN[15:]
    one, other = BEFORE_B + copy + BEHIND_B, [*words(40, 1000), *RUN, *words(40, 2000)]
    for a, b in ((one, other), (other, one)):
        assert [passage.words for passage in passages(a, b)] == ([30] if inserted <= 10 else [15, 15])


def test_a_repeated_sentence_is_matched_where_it_continues_a_passage() -> None:
    """S stands twice in b, first alone and then behind A: a's S, behind A with a word between, is the second."""
    lead, sentence = words(12), words(9, 200)
    a = [*BEFORE_A, *lead, "then", *sentence]
    b = [*sentence, *BEFORE_B, *lead, "later", *sentence, *BEHIND_B]
    [passage] = passages(a, b)
    assert passage.words == 21
    assert " ".join(b)[slice(*passage.b)] == " ".join([*lead, "later", *sentence])


def test_a_wider_gap_splits_it() -> None:
    b = BEFORE_B + RUN[:15] + words(11, 800) + RUN[15:] + BEHIND_B
    assert [passage.words for passage in passages(BEFORE_A + RUN + BEHIND_A, b)] == [15, 15]
    [passage] = passages(BEFORE_A + RUN + BEHIND_A, b, Settings(passage_gap=11))
    assert passage.words == 30


def test_a_passage_of_less_than_a_shingle_is_not_seen_but_counted_in_a_gap() -> None:
    copy = changed(RUN, [10, 15], fresh_words(700))  # four words of the run between two changed ones
    [passage] = passages(BEFORE_A + RUN + BEHIND_A, BEFORE_B + copy + BEHIND_B)
    assert passage.words == 28


def test_two_passages_in_another_order() -> None:
    one, two = words(12), words(15, 100)
    a, b = [*one, *BEFORE_A, *two], [*two, *BEFORE_B, *one]
    found = passages(a, b)
    assert [passage.words for passage in found] == [12, 15]
    assert [" ".join(a)[slice(*passage.a)] for passage in found] == [" ".join(one), " ".join(two)]
    assert [" ".join(b)[slice(*passage.b)] for passage in found] == [" ".join(one), " ".join(two)]


@given(st.lists(st.sampled_from([*FEW, *words(3, 50)]), min_size=8, max_size=60))
def test_identical_texts_are_one_passage_of_all_words(text: list[str]) -> None:
    [passage] = passages(text, text)
    assert passage == Passage((0, len(" ".join(text))), (0, len(" ".join(text))), len(text))


def test_a_paragraph_thrice_in_one_and_once_in_the_other() -> None:
    """The one copy is matched once; the two others of a stay uncovered, however often it is repeated."""
    paragraph = words(30)
    once = BEFORE_B + paragraph + BEHIND_B
    thrice = BEFORE_A + paragraph + words(20, 5000) + paragraph + words(20, 6000) + paragraph
    for a, b in ((thrice, once), (once, thrice)):
        result = compared(a, b)
        [passage] = result.passages(0)
        assert passage.words == result.column("words_a")[0] == result.column("words_b")[0] == 30
        assert " ".join(a)[slice(*passage.a)] == " ".join(b)[slice(*passage.b)] == " ".join(paragraph)
    assert [passage.words for passage in passages(thrice, thrice)] == [len(thrice)]


def test_one_word_over_and_over() -> None:
    """Fault 22, and a run of one shingle repeated: no passage is longer than the shorter text."""
    for a, b in ((20, 20), (20, 300), (300, 20), (5, 500), (300, 300)):
        found = passages(["aa"] * a, ["aa"] * b)
        assert sum(passage.words for passage in found) <= min(a, b)


STRETCH = st.lists(st.sampled_from(FEW), min_size=1, max_size=40)


@st.composite
def patched(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Few words, so that shingles repeat; the second story is made of pieces of the first, in any order."""
    first = draw(STRETCH) + draw(STRETCH)
    second: list[str] = []
    for start, length in draw(st.lists(st.tuples(st.integers(0, len(first)), st.integers(5, 40)), max_size=5)):
        second += first[start : start + length] + draw(st.lists(st.sampled_from([*FEW, "other"]), max_size=5))
    return first, second


LOOSE = Settings(passage_min_words=5, shingle=3)


def check_passages(text_a: str, text_b: str, settings: Settings) -> None:
    """What must hold for any two texts."""
    result = compare_texts(text_a, text_b, settings, rewritten=False)
    found = result.passages(0)
    tokens_a, tokens_b = ([token for token, _, _ in kernels.tokens(text)] for text in (text_a, text_b))
    taken: list[list[int]] = [[], []]
    for passage in found:
        for text, (start, end) in ((text_a, passage.a), (text_b, passage.b)):
            assert 0 <= start < end <= len(text)
        (a0, a1), (b0, b1) = token_range(text_a, passage.a), token_range(text_b, passage.b)
        assert settings.passage_min_words <= passage.words <= common_words(tokens_a[a0:a1], tokens_b[b0:b1])
        assert tokens_a[a0] == tokens_b[b0]
        assert tokens_a[a1 - 1] == tokens_b[b1 - 1]
        taken[0] += range(a0, a1)
        taken[1] += range(b0, b1)
    assert [passage.a for passage in found] == sorted(passage.a for passage in found)
    assert (result.column("words_a")[0], result.column("words_b")[0]) == (len(set(taken[0])), len(set(taken[1])))
    shorter = 0 if (len(tokens_a), tokens_a) <= (len(tokens_b), tokens_b) else 1
    assert len(taken[shorter]) == len(set(taken[shorter])), "a token of the shorter story is in two passages"
    assert result.column("longest")[0] == max((passage.words for passage in found), default=0)
    assert sum(passage.words for passage in found) <= min(len(tokens_a), len(tokens_b))


@given(patched())
def test_stories_of_equal_length_mirror_each_other(pair: tuple[list[str], list[str]]) -> None:
    """Which of the two alignment runs from must hang on the texts alone."""
    length = min(map(len, pair))
    a, b = pair[0][:length], pair[1][-length:] if length else []
    forth, back = compared(a, b, LOOSE), compared(b, a, LOOSE)
    assert forth.mirrored(np.array([True])).passages(0) == back.passages(0)
    assert (forth.column("words_a")[0], forth.column("words_b")[0]) == (back.column("words_b")[0], back.column("words_a")[0])


@given(patched())
def test_passages_of_texts_that_repeat_themselves(pair: tuple[list[str], list[str]]) -> None:
    check_passages(" ".join(pair[0]), " ".join(pair[1]), LOOSE)
    check_passages(" ".join(pair[1]), " ".join(pair[0]), LOOSE)


# Without characters such as ½, which are two tokens: a span does not tell at which of them it ends.
PLAIN = TEXTS.map(lambda text: "".join(char for char in text if len(kernels.tokens(char)) < 2))


@given(st.tuples(PLAIN, PLAIN, PLAIN, PLAIN))
def test_passages_of_texts_in_any_script(parts: tuple[str, str, str, str]) -> None:
    one, two, three, four = parts
    check_passages(f"{one} {two} {three}", f"{four} {two} {one}", LOOSE)


def test_a_match_that_ends_with_the_text() -> None:
    """Fault 21: offsets stay inside where a match ends at the very end, in texts of no other word, too."""
    for a, b in ((RUN, BEFORE_B + RUN), (BEFORE_A + RUN, RUN), (RUN, RUN[:8]), (RUN[-8:], RUN)):
        check_passages(" ".join(a), " ".join(b), Settings())
        check_passages(" ".join(a) + " \u00ad—", " ".join(b) + "…", Settings())
        assert len(passages(a, b)) == 1


def test_a_passage_across_punctuation_and_letter_forms() -> None:
    a = 'He said: "The Café — in Köln — was CLOSED on Monday, May 4," and left.'
    b = "Sources: the cafe in Koln was closed on Monday May 4; nobody knows"
    [passage] = compare_texts(a, b, Settings(), rewritten=False).passages(0)
    assert a[slice(*passage.a)] == "The Café — in Köln — was CLOSED on Monday, May 4"
    assert b[slice(*passage.b)] == "the cafe in Koln was closed on Monday May 4"
    assert passage.words == 10


def test_the_seeds_share_their_lead() -> None:
    """The pair that names the project: runs of 23 and 17 words, four words between them in one (DESIGN.md, section 1)."""
    texts = seed_texts()
    a, b = texts["002"], texts["004"]
    [passage] = compare_texts(a, b, Settings(), rewritten=False).passages(0)
    quotes = a[slice(*passage.a)], b[slice(*passage.b)]
    assert passage.words == 40
    lengths = sorted(len(reference.tokenize(quote)) for quote in quotes)
    assert lengths == [40, 44]
    in_a, in_b = ([token.text for token in reference.tokenize(quote)] for quote in quotes)
    runs = reference.common_runs(in_a, in_b, 5)
    assert [size for _, _, size in runs] == [23, 17]
    assert quotes[0].split()[:3] == quotes[1].split()[:3]
    assert quotes[0].split()[-3:] == quotes[1].split()[-3:]


def test_a_passage_does_not_swallow_another_one() -> None:
    """In a, Q stands between P and R, which follow each other in b; a's tokens of Q belong to one passage only."""
    p, q, r = words(10), words(8, 100), words(10, 200)
    check_passages(" ".join(p + q + r), " ".join(p + r + words(60, 1000) + q), Settings())


@pytest.mark.parametrize(("places", "found"), [([5, 10, 16, 21], 0), ([8, 13], 25)])
def test_a_pair_is_judged_alike_alone_and_in_a_corpus(places: list[int], found: int) -> None:
    """27 words with some changed: runs of 5, 4, 5, 4 and 5 are phrases, runs of 8, 4 and 13 a passage."""
    run = words(27)
    a = [*run, *BEHIND_A]
    b = [*changed(run, places, fresh_words(700)), *BEHIND_B]
    alone = compared(a, b)
    assert alone.column("longest")[0] == found
    together = compare_pairs(corpus_of([" ".join(a), " ".join(b)]), np.array([[0, 1]], np.uint32), Settings())
    assert len(together) == int(found >= Settings().passage_words)


def test_long_shingles_and_the_widest_gap() -> None:
    a = words(41)
    b = [*words(40), *words(32, 1000), *words(40, 1)]
    [passage] = passages(a, b, Settings(shingle=40, passage_gap=32))
    assert passage.words <= 41
