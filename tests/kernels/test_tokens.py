"""Folding and splitting against the plain reference, code point by code point and over mixed texts."""

from __future__ import annotations

import sys
import unicodedata
from typing import Any

import pytest
import reference
from corpora import TEXTS
from hypothesis import given
from hypothesis import strategies as st

from dedup import kernels

TABLE_VERSION = tuple(int(part) for part in kernels.FOLD_VERSION.split("/")[0].split("."))
NEWER_THAN_TABLE = tuple(int(part) for part in unicodedata.unidata_version.split(".")) > TABLE_VERSION


def reference_tokens(text: str) -> list[tuple[str, int, int]]:
    return [(token.text, token.start, token.end) for token in reference.tokenize(text)]


def known_to_both(code: int) -> bool:
    """Whether both the interpreter's and the core's Unicode tables have this code point."""
    if not reference.assigned(code):
        return False
    # What the core's older table lacks it takes for a separator; so does it much else, which the interpreter must not.
    return not (NEWER_THAN_TABLE and kernels.tokens(chr(code)) == [] and unicodedata.category(chr(code))[0] in "LMN")


@pytest.mark.parametrize("plane", range(17))
def test_every_assigned_code_point(plane: int) -> None:
    """Between letters, behind a digit, and behind a letter of an unsegmented script; of private use, one in 97."""
    wrong = []
    for code in range(plane << 16, (plane + 1) << 16):
        if not known_to_both(code) or (unicodedata.category(chr(code)) == "Co" and code % 97):
            continue
        text = "a{0}b 1{0} 木{0}".format(chr(code))
        if kernels.tokens(text) != reference_tokens(text):
            wrong.append(f"U+{code:04X}")
    assert not wrong


def test_every_pair_of_kinds_of_character() -> None:
    """One code point of each kind beside one of each other kind, both inside letters."""
    kinds = "aZ1 .é\u0301\u0489ßｶﾞ½ﷺ①木のกํ한ᄀ\u00ad\u200b\ufeffא\u05b0ع\u064eक़\u093c𝐀\ud800㌀İ"
    for first in kinds:
        for second in kinds:
            for third in kinds:
                text = f"x{first}{second}{third}y"
                assert kernels.tokens(text) == reference_tokens(text), ascii(text)


@given(TEXTS)
def test_mixed_texts(text: str) -> None:
    assert kernels.tokens(text) == reference_tokens(text)


@given(st.text(st.characters(max_codepoint=sys.maxunicode, exclude_categories=["Cn"]), max_size=200))
def test_any_text(text: str) -> None:
    if not NEWER_THAN_TABLE:
        assert kernels.tokens(text) == reference_tokens(text)


@pytest.mark.parametrize("filler", ["a", " ", "ab ", "aB1 ", "."])
@pytest.mark.parametrize("char", ["é", "\u0301", "木", "\u00ad", "ﷺ", "한", "\ud800", "😀", "İ", "—"])
def test_other_characters_around_a_block_border(filler: str, char: str) -> None:
    """ASCII is taken 64 bytes at a time: a character that isn't stands at every place near the border."""
    for place in range(58, 72):
        for behind in (0, 1, 3, 60, 63, 64, 65, 130):
            text = (filler * 72)[:place] + char + (filler * 140)[:behind]
            assert kernels.tokens(text) == reference_tokens(text), (place, behind)


@pytest.mark.parametrize("length", [1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200, 1000])
def test_long_tokens_at_every_place_of_a_block(length: int) -> None:
    """Letters are copied 16 at a time: a token of any length begins at every place, in lower and upper case."""
    for place in range(66):
        for letter in "qQ7":
            text = "." * place + letter * length + "!" + letter * 3
            folded = letter.lower()
            behind = place + length + 1
            assert kernels.tokens(text) == [(folded * length, place, place + length), (folded * 3, behind, behind + 3)]


@given(st.text("abcxyzAEIOUñçåüőǖệởĀḗ\u0301\u0308\u0327\u0323\u0304 .", max_size=60))
def test_composed_and_decomposed_letters_fold_alike(text: str) -> None:
    tokens = {form: [token for token, _, _ in kernels.tokens(unicodedata.normalize(form, text))] for form in ("NFC", "NFD")}
    assert tokens["NFC"] == tokens["NFD"]


@given(st.text("각힣한글abآأإؤئبت ", max_size=40))
def test_composed_and_decomposed_hangul_and_arabic_fold_alike(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert [token[0] for token in kernels.tokens(composed)] == [token[0] for token in kernels.tokens(decomposed)]


def test_what_the_contract_names() -> None:
    """Examples of DESIGN.md section 3, written out by hand."""

    def folded(text: str) -> list[str]:
        return [token for token, _, _ in kernels.tokens(text)]

    assert folded("Erdoğan") == folded("Erdogan") == ["erdogan"]
    assert folded("Ｆｕｌｌ　ｗｉｄｔｈ　１２") == ["full", "width", "12"]
    assert folded("zero\u200bwidth so\u00adft \ufeffbom") == ["zerowidth", "soft", "bom"]
    assert folded("Straße STRASSE") == ["strasse", "strasse"]
    assert folded("مُحَمَّد محمد") == ["محمد", "محمد"]
    assert folded("東京タワー") == ["東", "京", "タ", "ワ", "ー"]
    assert folded("G7東京2020") == ["g7", "東", "京", "2020"]
    assert folded("don't 3.5%") == ["don", "t", "3", "5"]
    assert folded("a\ud800b") == ["a", "b"]
    assert folded("") == folded("\0 .—\n") == []


@given(TEXTS)
def test_spans_stand_on_what_they_were_folded_from(text: str) -> None:
    tokens = kernels.tokens(text)
    reached = 0
    for token, start, end in tokens:
        assert 0 <= start < end <= len(text)
        assert start >= reached - 1  # one code point can end a token and begin the next: ½ is 1 and 2
        assert token in [inner for inner, _, _ in kernels.tokens(text[start:end])]
        reached = end


@given(TEXTS)
def test_tokens_are_counted_alike_everywhere(text: str) -> None:
    assert kernels.token_counts([text, "", text]).tolist() == [len(kernels.tokens(text)), 0, len(kernels.tokens(text))]


@pytest.mark.parametrize("wrong", [3, b"text", ["text"]])
def test_a_text_must_be_str(wrong: Any) -> None:
    with pytest.raises(TypeError, match="expected str, got " + type(wrong).__name__):
        kernels.tokens(wrong)
    with pytest.raises(TypeError):
        kernels.tokens(None)  # type: ignore[arg-type]
