"""Two stories by their texts: what each has alone, their facts, and how a story in a file is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import FIXTURES, fixture_pair, texts_pair

from dedup import kernels
from dedup.errors import InputError, UsageError
from dedup.explain import explain_stories
from dedup.explain.finding import read_one
from dedup.explain.pair import alone
from dedup.read import ReadOptions
from dedup.story import Relation, Story

READ = ReadOptions()


@given(st.text(alphabet="ab .é東🎈\n", max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=4))
def test_what_is_alone_are_the_words_outside(text: str, covered: list[tuple[int, int]]) -> None:
    spans = [(min(begin, len(text)), min(begin + size, len(text))) for begin, size in covered]
    outside = [
        (begin, end) for _, begin, end in kernels.tokens(text) if not any(first <= begin < last for first, last in spans)
    ]
    found = alone(text, spans)
    assert sum(stretch.words for stretch in found) == len(outside)
    for stretch in found:
        inside = [span for span in outside if stretch.span[0] <= span[0] < stretch.span[1]]
        assert (len(inside), inside[0][0], inside[-1][1]) == (stretch.words, *stretch.span)


def test_passages_and_what_is_alone_make_up_the_story() -> None:
    found = fixture_pair("contained/lost-map.txt", "contained/lost-map-brief.txt")
    (passage,) = found.overlap.passages
    (stretch,) = found.a.alone
    assert passage.a[1] <= stretch.span[0]
    assert stretch.words + found.overlap.shared_words == len(kernels.tokens(found.a.story.text))
    assert found.b.alone == ()


def test_facts_are_spans_of_the_text() -> None:
    found = texts_pair("é 🎈 in 1999 it was Anna who met Bolt", "in 2000 nobody at all met Bolt")
    text = found.a.story.text
    assert [text[slice(*span)] for span in found.a.facts.figures] == ["1999"]
    assert [text[slice(*span)] for span in found.a.facts.names] == ["Anna"]


def test_the_newer_of_two_dated_versions_is_told() -> None:
    text = (FIXTURES / "near-duplicate" / "flood-aid.txt").read_text()
    newer = (FIXTURES / "near-duplicate" / "flood-aid-corrected.txt").read_text()
    a = Story(id="a", text=newer, published=datetime(2024, 5, 2, tzinfo=UTC))
    b = Story(id="b", text=text, published=datetime(2024, 5, 1, tzinfo=UTC))
    assert explain_stories(a, b).overlap.update_of == "b"


def test_two_texts_alone_say_that_a_scan_knows_more() -> None:
    pair = ("shared-passage/strait-statement-coastal-herald.txt", "shared-passage/strait-statement-northern-ledger.txt")
    assert any("these two texts alone" in note for note in fixture_pair(*pair).basis.notes)  # it might be a stock phrase
    # However common or rare its phrases, the figures of the one are not the other's.
    assert fixture_pair("template/dividend-arkell-foundry.txt", "template/dividend-bremmer-paper.txt").basis.notes == ()
    assert fixture_pair("identical/ferry-crew-honoured.txt", "identical/ferry-crew-honoured-resent.txt").basis.notes == ()


@pytest.fixture
def wire(tmp_path: Path) -> Path:
    path = tmp_path / "wire#1.jsonl"
    records = [
        {"id": "a", "text": "first"},
        {"id": "7", "text": "second"},
        {"text": "third"},
        {"id": "twice", "text": "fourth"},
        {"id": "twice", "text": "fifth"},
        {"id": "x#y", "text": "sixth"},
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [("a", "first"), ("7", "second"), ("1", "first"), ("3", "third"), ("twice#5", "fifth"), ("x#y", "sixth")],
)
def test_a_story_in_a_file(wire: Path, name: str, text: str) -> None:
    found = read_one(f"{wire}#{name}", READ)
    assert (found.text, found.id) == (text, f"{wire}#{name}")


def test_an_id_that_two_stories_bear_needs_its_line(wire: Path) -> None:
    with pytest.raises(UsageError, match=r"2 stories of .* bear it; .*#twice#4"):
        read_one(f"{wire}#twice", READ)


def test_an_id_that_is_not_in_the_file(wire: Path) -> None:
    with pytest.raises(UsageError, match=r"no story of .*wire#1.jsonl' has this id; did you mean 'twice'"):
        read_one(f"{wire}#Twice", READ)


def test_a_file_of_several_stories_says_how_to_name_one(wire: Path) -> None:
    with pytest.raises(InputError, match=r"holds more than one story; name one as FILE#ID, such as '.*wire#1\.jsonl#a'"):
        read_one(str(wire), READ)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.txt"):
        read_one(str(tmp_path / "none.txt#a"), READ)


def test_relations_do_not_depend_on_which_story_comes_first() -> None:
    names = "contained/lost-map.txt", "contained/lost-map-brief.txt"
    assert fixture_pair(*names).overlap.relation is Relation.CONTAINS
    assert fixture_pair(*names[::-1]).overlap.relation is Relation.CONTAINED
