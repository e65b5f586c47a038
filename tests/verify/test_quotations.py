"""Which passages are all quotation: by marks of several scripts, within a line."""

from __future__ import annotations

import pytest
from corpora import words

from dedup.settings import Settings
from dedup.verify import compare_texts

FIRST, SECOND = " ".join(words(12)), " ".join(words(12, 20))  # two runs of one passage
OTHERS = [" ".join(words(30, 100)), " ".join(words(30, 200))]
SAID = f"{FIRST} {SECOND}"
PARTED = f"{FIRST} as was said before {SECOND}"  # so that no run is as long as the passage


def prose(first: str, second: str) -> int:
    """Words of the longest passage of two texts that is no quotation."""
    compared = compare_texts(f"{OTHERS[0]} {first} {OTHERS[0]}", f"{OTHERS[1]} {second} {OTHERS[1]}", Settings())
    assert compared.column("longest")[0] == 24
    assert compared.column("run")[0] == 12
    swapped = compare_texts(f"{OTHERS[1]} {second} {OTHERS[1]}", f"{OTHERS[0]} {first} {OTHERS[0]}", Settings())
    assert swapped.column("prose")[0] == compared.column("prose")[0]
    return int(compared.column("prose")[0])


def test_prose_without_any_marks() -> None:
    assert prose(SAID, PARTED) == 24


@pytest.mark.parametrize(
    "quoted",
    ['"{}"', "“{}”", "„{}“", "«{}»", "»{}«", "「{}」", "『{}』", '"{}', "He said: “{}”.", '"Well," he said. "{}"'],
)
def test_quoted_in_one_of_the_texts(quoted: str) -> None:
    assert prose(quoted.format(SAID), PARTED) == 0
    assert prose(SAID, quoted.format(PARTED)) == 0


@pytest.mark.parametrize("before", [sign * count for sign in ("x", "é", "文") for count in range(1, 18, 3)])
def test_wherever_the_marks_stand(before: str) -> None:
    assert prose(f'{before} "{SAID}" {before}', PARTED) == 0
    assert prose(f'{before}"\n{before} {SAID} "{before}', PARTED) == 24


@pytest.mark.parametrize(
    "told",
    [
        '"Well," {} "he said"',  # between two quotations
        f'"{FIRST}" and {SECOND}',  # half a quotation
        '"Well\n{}',  # a mark without its other is forgotten at the line's end
    ],
)
def test_what_is_no_quotation(told: str) -> None:
    text = told.format(SAID)
    assert prose(text, PARTED) == 24
