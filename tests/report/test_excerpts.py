"""Texts cut to what a page can hold: what is kept, what is said to be missing, and where places go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dedup.report.excerpts import PAGE_CHARACTERS, STORY_CHARACTERS, excerpt, story_limit, utf16_places

SPANS = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 400)), max_size=12)


@given(length=st.integers(1, 4000), spans=SPANS, limit=st.integers(200, 3000))
def test_parts_and_gaps_make_up_the_text(length: int, spans: list[tuple[int, int]], limit: int) -> None:
    text = "".join(chr(0x4E00 + at) for at in range(length))  # every character another one
    passages = [(min(start, length), min(start + size, length)) for start, size in spans]
    found = excerpt(text, passages, limit)
    assert len(found.text) <= max(limit, 0)
    assert len(found.text) + sum(gap for _, gap in found.gaps) == length
    assert found.text == "".join(text[start:end] for start, end in found.parts)
    for place in range(length):
        at = found.place(place)
        if any(start <= place < end for start, end in found.parts):
            assert found.text[at] == text[place]
        else:
            assert any(at == gap for gap, _ in found.gaps)
    assert found.place(length) == len(found.text)


def test_what_lies_around_passages_is_kept_before_anything_else() -> None:
    text = "x" * 50_000
    found = excerpt(text, [(20_000, 20_100), (40_000, 40_050)], 5_000)
    assert found.parts == ((0, 1_000), (19_600, 20_500), (39_600, 40_450))
    assert found.gaps == ((1_000, 18_600), (1_900, 19_100), (2_750, 9_550))


def test_the_longer_all_texts_are_the_shorter_each_may_be() -> None:
    assert story_limit([]) == story_limit([10**9]) == STORY_CHARACTERS
    many = story_limit([STORY_CHARACTERS] * 2_000)
    assert 2_000 * many <= PAGE_CHARACTERS < 2_000 * many * 2
    assert story_limit([10**6] * 10**6) == 200  # but never without the words that are shared


@given(text=st.text(max_size=40), places=st.lists(st.integers(0, 40), max_size=5))
def test_places_are_those_of_utf16(text: str, places: list[int]) -> None:
    places = [min(place, len(text)) for place in places]
    expected = [len(text[:place].encode("utf-16-le", "surrogatepass")) // 2 for place in places]
    assert utf16_places(text, places) == expected
