"""The figures and names that are listed as one story's own are those that the comparison counts as not shared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.kernels import facts_apart
from dedup.settings import Settings
from dedup.verify import compare_texts


def apart(a: str, b: str) -> list[tuple[list[str], list[str]]]:
    """Of each text the figures and the names that the other does not have."""
    return [
        ([text[x:y] for x, y, role in rows.tolist() if role == 1], [text[x:y] for x, y, role in rows.tolist() if role == 2])
        for text, rows in zip((a, b), facts_apart(a, b), strict=True)
    ]


def test_figures_and_names_with_their_places() -> None:
    a = "Acme paid 1,500.25 dollars on May 3. The board of Acme met in Rome, and the rate was 7-3/4."
    b = "Bolt paid 1500 dollars on May 4. The board met in rome, and the rate was 7-3/4."
    assert apart(a, b) == [(["1,500.25", "3"], ["Acme"]), (["1500", "4"], ["Bolt"])]


@pytest.mark.parametrize("before", [sign * count for sign in ("x", "é", "文") for count in range(18)])
def test_a_figure_is_one_wherever_it_stands(before: str) -> None:
    assert apart(f"{before} 7 of 1,500.25 and {before} 3-1/2", f"{before} 7 {before}")[0][0] == ["1,500.25", "3-1/2"]


@pytest.mark.parametrize(
    ("a", "b", "figures"),
    [
        ("1,500 crowns", "1500 crowns", []),  # commas between thousands do not count
        ("12in of rain", "12 inches of rain", []),  # nor do letters in a figure
        ("on 24/05/2024 it", "on 24.05.2024 it", []),
        ("a rise of 3.5 here", "a rise of 35 here", ["3.5"]),
        ("数字は３４です", "数字は34です", []),
    ],
)
def test_figures_that_are_the_same(a: str, b: str, figures: list[str]) -> None:
    assert apart(a, b)[0][0] == figures


def test_a_name_counts_only_if_it_always_has_its_capital() -> None:
    assert apart("Then it rained. It rained then, on Ambry.", "Nothing")[0][1] == ["Ambry"]


def test_places_are_code_points() -> None:
    a = "é🎈 café met Okoro and 7"
    assert apart(a, "nobody") == [(["7"], ["Okoro"]), ([], [])]


def test_a_story_in_capitals_has_no_names() -> None:
    assert apart("FERRY CREW HONOURED BY PORT ELVEDEN", "nothing")[0] == ([], [])


WORDS = st.sampled_from(
    [*"Anna anna Bolt BOLT Rome rome the The 7 7.5 1,500 1500 12in 3/4 x2 Éva eva 東京 ٢٥ \U0001f388".split(), ". ", ", "]
)


@given(st.lists(WORDS, max_size=40).map(" ".join), st.lists(WORDS, max_size=40).map(" ".join))
def test_as_many_as_are_counted(a: str, b: str) -> None:
    pair = compare_texts(a, b, Settings())
    counted = {name: int(pair.column(name)[0]) for name in FACTS}
    (figures_a, names_a), (figures_b, names_b) = apart(a, b)
    assert len(figures_a) == counted["figures_a"] - counted["figures_shared"]
    assert len(figures_b) == counted["figures_b"] - counted["figures_shared"]
    assert len(names_a) == counted["names_a"] - counted["names_shared_a"]
    assert len(names_b) == counted["names_b"] - counted["names_shared_b"]


FACTS = ("figures_a", "figures_b", "figures_shared", "names_a", "names_b", "names_shared_a", "names_shared_b")
