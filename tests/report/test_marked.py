"""A story with its passages marked is the story: whatever the passages are, no word is lost, doubled or moved."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dedup.files import printable
from dedup.report.marked import Section, marked, one_marked
from dedup.story import Passage

TEXTS = st.lists(st.sampled_from(["one", "two.", "东", "京", "é", "\n", "\n\n", "\t", "\u202e", "x" * 30]), max_size=80).map(
    " ".join
)
SPANS = st.tuples(st.integers(0, 400), st.integers(1, 120))


def within(text: str, span: tuple[int, int]) -> tuple[int, int]:
    begin = span[0] % max(1, len(text))
    return begin, min(len(text), begin + span[1])


def said(sections: list[Section]) -> list[str]:
    """Its words, in order."""
    return [
        word
        for section in sections
        for paragraph in section.paragraphs
        for word in "".join(part.text for group in paragraph for part in group.parts).split()
    ]


@given(TEXTS, TEXTS, st.lists(st.tuples(SPANS, SPANS), max_size=5))
def test_every_word_stays(a: str, b: str, spans: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    passages = [Passage(within(a, of_a), within(b, of_b), 1) for of_a, of_b in spans] if a and b else []
    for text, sections in zip((a, b), marked((a, b), passages), strict=True):
        assert "".join(said(sections)) == "".join(printable(text.replace("\n", " ").replace("\t", " ")).split())
        begun = [group.passage for s in sections for p in s.paragraphs for group in p if group.passage and group.begins]
        assert sorted(begun) == list(range(1, len(passages) + 1))


@given(TEXTS, st.lists(SPANS, max_size=5))
def test_every_word_of_a_story_without_the_other_stays(text: str, spans: list[tuple[int, int]]) -> None:
    sections = one_marked(text, [within(text, span) for span in spans] if text else [])
    assert "".join(said(sections)) == "".join(printable(text.replace("\n", " ").replace("\t", " ")).split())


def test_lines_are_paragraphs_and_a_passage_goes_on_through_them() -> None:
    text = "before\nshared one\n\nshared two after"
    (first, _) = marked((text, "shared one shared two"), [Passage((7, 29), (0, 21), 4)])
    (section,) = first
    shown = [[(group.passage, "".join(part.text for part in group.parts)) for group in p] for p in section.paragraphs]
    assert shown == [[(0, "before")], [(1, "shared one")], [(1, "shared two"), (0, " after")]]
    groups = [group for paragraph in section.paragraphs for group in paragraph if group.passage]
    assert [(group.begins, group.ends) for group in groups] == [(True, False), (False, True)]


def test_what_is_folded_has_no_passage_in_it() -> None:
    own = "\n".join(f"Sentence {number} of a story that is about something else." for number in range(60))
    text = f"shared words\n{own}"
    (first, _) = marked((text, "shared words"), [Passage((0, 12), (0, 12), 2)])
    assert [bool(section.folded) for section in first] == [False, True]
    assert all(group.passage == 0 for paragraph in first[1].paragraphs for group in paragraph)
    # What stays open ends with a line.
    assert first[1].paragraphs[0][0].parts[0].text.startswith("Sentence ")
