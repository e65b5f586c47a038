"""What a terminal shows of a pair: it fits, it is bounded, and nothing in a story drives the terminal."""

from __future__ import annotations

import io
import time
import unicodedata

import pytest
from pairs import HOSTILE, SEEDS, fixture_pair, hostile_pair, prose, texts_pair
from rich.cells import cell_len, set_cell_size
from rich.console import Console

from dedup.explain import Explanation, explain_stories
from dedup.report import explanation_table
from dedup.story import Story

WIDTHS = (24, 40, 52, 80, 120, 200)
ISOLATES = "\u2068\u2069"


def shown(explanation: Explanation, width: int = 80) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False, color_system=None).print(explanation_table(explanation))
    return out.getvalue()


def flat(text: str) -> str:
    return " ".join(text.split())


def columns(text: str, heading: str) -> tuple[str, str]:
    """The two columns of the passage under a heading, at 80 columns."""
    lines = text.split(heading, 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    halves = [set_cell_size(line, 39) for line in lines]
    return flat(" ".join(halves)), flat(
        " ".join(line[len(half.rstrip()) :] for line, half in zip(lines, halves, strict=True))
    )


@pytest.mark.skipif(not SEEDS.is_dir(), reason="needs ../shared/data")
def test_the_pair_that_names_the_project() -> None:
    first, second = sorted([*SEEDS.glob("002_*.txt"), *SEEDS.glob("004_*.txt")])
    explanation = explain_stories(*(Story(id=path.name, text=path.read_text()) for path in (first, second)))
    text = shown(explanation)
    assert "passage 1, 40 words" in text
    left, right = columns(text, "passage 1, 40 words")
    assert "coordination for a new era on the occasion of the 75th anniversary" in left
    assert "coordination for a new era. [The joint statement came] on the occasion of the 75th anniversary" in right
    assert "[" not in left
    assert "Kremlin" in text.split("second, names")[1]
    assert all(cell_len(line) <= 80 for line in text.splitlines())


def test_scores_stand_beside_what_they_need() -> None:
    text = shown(fixture_pair("template/dividend-arkell-foundry.txt", "template/dividend-bremmer-paper.txt"))
    rows = {line[:39].strip(): line[39:].split() for line in text.splitlines()}
    assert rows["evidence of one story, not a form"][1:] == ["from", "2.250", "no"]
    assert rows["Jaccard similarity, were it a form"] == ["0.492", "below", "0.850", "yes"]
    assert rows["figures of the fewer in the other"] == ["0.0%"]


def test_each_story_s_own_figures_and_names_are_told_apart() -> None:
    text = flat(shown(fixture_pair("template/dividend-arkell-foundry.txt", "template/dividend-bremmer-paper.txt")))
    assert "first, figures 21; 31.5; 28; 30; 14; 3; 118.5; 2,140" in text
    assert "second, names Bremmer Paper Holdings; Varncastle;" in text
    assert "[September 6]" in text


def test_the_words_that_only_one_story_has() -> None:
    text = flat(shown(fixture_pair("contained/lost-map.txt", "contained/lost-map-brief.txt")))
    assert "the first alone: 302 words in 1 stretch" in text
    assert "the second has no words of its own" in text


def test_one_letter_of_chinese_is_marked_and_not_its_sentence() -> None:
    text = shown(fixture_pair("scripts/zh-sea-bridge-evening.txt", "scripts/zh-sea-bridge-morning.txt"))
    left, right = columns(text, "342 words")
    assert "[海]货只能" in left.replace(" ", "")
    assert "[鲜]货只能" in right.replace(" ", "")


def test_arabic_stands_in_isolates_so_that_columns_stay() -> None:
    text = shown(fixture_pair("scripts/ar-station-library-plain.txt", "scripts/ar-station-library-vowelled.txt"))
    lines = [line for line in text.splitlines() if any(unicodedata.bidirectional(c) == "AL" for c in line)]
    assert len(lines) > 10
    for line in lines:
        depth = 0
        for character in line:
            depth += {"\u2068": 1, "\u2069": -1}.get(character, 0)
            assert depth in (0, 1)
            assert unicodedata.bidirectional(character) != "AL" or depth == 1
        assert depth == 0
    assert "[بعد]" in text
    assert "[عقب]" in text


def test_hebrew_keeps_its_columns_and_its_lines() -> None:
    text = (
        "ראש העיר הודיע אתמול כי הגשר החדש מעל הנחל ייפתח לתנועה ביום ראשון הקרוב בשעה שש בבוקר, לאחר שנתיים של עבודות "
        "שעלו 48 מיליון שקלים. תושבי השכונה המזרחית יוכלו לחצות את הנחל ברגל."
    )
    pair = texts_pair(text, f"פתיח אחר לגמרי. {text.replace('48', '52')}")
    for width in (36, 80):
        lines = [line for line in shown(pair, width).splitlines() if any(unicodedata.bidirectional(c) == "R" for c in line)]
        assert len(lines) > 4
        assert all(line.count("\u2068") == line.count("\u2069") > 0 for line in lines)
    left, right = columns(shown(pair), "passage 1")
    assert "[48]" in left
    assert "[52]" in right


PAIRS = [
    ("shared-passage/strait-statement-coastal-herald.txt", "shared-passage/strait-statement-northern-ledger.txt"),
    ("scripts/ar-station-library-plain.txt", "scripts/ar-station-library-vowelled.txt"),
    ("scripts/zh-sea-bridge-evening.txt", "scripts/zh-sea-bridge-morning.txt"),
    ("scripts/ja-bathhouse.txt", "scripts/ja-bathhouse-brief.txt"),
    ("near-duplicate/flood-aid.txt", "near-duplicate/flood-aid-corrected.txt"),
    ("edge/empty.txt", "edge/two-words.txt"),
]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("pair", PAIRS)
def test_it_fits(pair: tuple[str, str], width: int) -> None:
    text = shown(fixture_pair(*pair), width)
    assert all(cell_len(line) <= width for line in text.splitlines())


def test_a_narrow_terminal_has_one_side_above_the_other() -> None:
    text = flat(shown(fixture_pair(*PAIRS[0]), 40))
    assert "passage 1, 40 words first 1" in text
    assert text.index("[The text was") > text.index("second ")


def test_brackets_of_a_text_are_not_taken_for_marks() -> None:
    words = " ".join(prose(30, 1))
    text = shown(texts_pair(f"{words} [sic] {words}", f"{words} [sic] and more {words}"))
    assert "⟦and more⟧" in flat(text)
    assert "⟦ ⟧ words that the other story does not have there" in text


def test_long_passages_are_cut_where_they_are_alike() -> None:
    words = prose(400, 2)
    text = flat(shown(texts_pair(" ".join(words), " ".join([*words[:200], "inserted", *words[200:]]))))
    # 12 words stay on each side of what is cut out: 200 before the insertion and 200 behind it.
    assert text.count("… 176 words alike …") == 4
    assert "[inserted]" in text


@pytest.mark.parametrize("payload", HOSTILE)
def test_nothing_in_a_story_drives_the_terminal(payload: str) -> None:
    text = shown(hostile_pair(payload))
    allowed = {"\n", *ISOLATES}
    assert [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in allowed] == []
    assert all(cell_len(line) <= 80 for line in text.splitlines())


def test_a_megabyte_neither_floods_nor_takes_long() -> None:
    words = prose(180_000, 3)
    edited = words.copy()
    for place in range(1000, 180_000, 3000):
        edited[place : place + 1] = ["Changed", str(place)]
    edited[50_000:60_000] = prose(10_000, 4)
    a, b = " ".join(words), " ".join(edited)
    assert len(a) > 900_000
    began = time.process_time()
    text = shown(texts_pair(a, b))
    assert time.process_time() - began < 10
    assert len(text.splitlines()) < 250
    assert "more words …" in text
