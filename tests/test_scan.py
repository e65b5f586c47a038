"""A whole collection of stories: what is reported, what is dropped, and that nothing else changes it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import reference
from corpora import (
    FIXTURES,
    dropped,
    exact_pair,
    fixture_texts,
    fresh_words,
    near_copy,
    records,
    relations,
    scan_stories,
    seed_texts,
    stories,
    words,
)
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

import dedup
from dedup.errors import UsageError
from dedup.result import ScanResult
from dedup.scanning import dropping_codes
from dedup.settings import DROPPING, Settings
from dedup.story import Relation, Story

R = Relation
DAY = timedelta(days=1)
NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
BASE = words(100)


def as_bytes(result: ScanResult) -> bytes:
    return msgspec.json.encode([list(result.pairs), list(result.decisions), result.clusters])


def reuters(every: int) -> list[Story]:
    """Every so many-th story; a date looks like "26-FEB-1987 15:01:01.79", sometimes with rubbish in or behind it."""

    def date(published: str) -> datetime | None:
        day, time = published.split("&")[0].split()[:2]
        try:
            return datetime.strptime(f"{day} {time}+0000", "%d-%b-%Y %H:%M:%S.%f%z")
        except ValueError:
            return None

    given_records = records("reuters21578")[::every]
    return [Story(id=each["id"], text=each["text"], published=date(each["published"])) for each in given_records]


def test_short_texts() -> None:
    """Fault 30: one duplicate, the second "cat"; fault 29: a last word that differs is a difference."""
    texts = ["cat", "dog", "cat", "a b c d", "猫", "", "", "one two three four five", "one two three four six"]
    result = scan_stories(stories(texts))
    assert dropped(result) == {"00002": "00000"}
    assert relations(result) == {("00000", "00002"): R.IDENTICAL}


COUNTIES = "Adams Baker Custer Dawson Elmore Fremont Gilpin Harney Ingham Jasper".split()


@pytest.mark.parametrize(
    "form",
    [
        "Route {number} lies in {county} County",
        "Route {number} lies in {county} County and runs from the state line north to the river, where it ends at a ferry. "
        "It was paved in {year} and is {length} miles long; the county keeps up the first part and the state the rest.",
    ],
)
def test_forms_filled_in_with_other_facts_are_kept(form: str) -> None:
    """Fault 30: ten lines of one form; long enough to be compared, they are templates."""
    texts = [
        form.format(number=11 + 7 * line, county=county, year=1921 + 4 * line, length=30 + 3 * line)
        for line, county in enumerate(COUNTIES)
    ]
    result = scan_stories(stories(texts))
    assert dropped(result) == {}
    assert set(relations(result).values()) <= {R.TEMPLATE}
    if len(form) > 100:
        assert len(result.pairs) == 45


def test_the_threshold_is_exact() -> None:
    """Fault 32: 200 pairs each at Jaccard .58, .60 and .62, threshold .6: none below is called alike, all others are."""
    texts: list[str] = []
    exact: list[float] = []
    for pair in range(200):
        for shingles, changes in ((395, 21), (400, 20), (405, 19)):
            first, second = exact_pair(shingles, changes, start=len(texts) * 1000)
            texts += [first, second]
            exact.append((shingles - 5 * changes) / 500)
        if pair == 0:
            sets = [reference.shingle_set(text) for text in texts]
            assert [reference.jaccard(*sets[i : i + 2]) for i in (0, 2, 4)] == exact == [0.58, 0.6, 0.62]
    result = scan_stories(stories(texts), settings=Settings(threshold=0.6), threads=2)
    alike = {pair.a: pair.jaccard for pair in result.pairs if pair.relation == R.NEAR_DUPLICATE}
    assert alike == {f"{2 * number:05}": jaccard for number, jaccard in enumerate(exact) if jaccard >= 0.6}
    assert len(dropped(result)) == 400


def test_the_fixtures() -> None:
    """Every pair that fixtures/relations.toml lists has its relation, and there is no other pair."""
    listed = tomllib.loads((FIXTURES / "relations.toml").read_text(encoding="utf-8"))["pair"]
    texts = fixture_texts()
    result = scan_stories([Story(id=name, text=text) for name, text in texts.items()])
    assert relations(result) == {(pair["a"], pair["b"]): Relation(pair["relation"]) for pair in listed}
    passages = {(pair.a, pair.b): pair for pair in result.pairs if pair.relation == R.SHARED_PASSAGE}
    for pair in (pair for pair in listed if "shared_words" in pair):
        found = passages[pair["a"], pair["b"]]
        [passage] = found.passages
        quote = texts[pair["a"]][slice(*passage.a)].split()
        assert found.shared_words == pair["shared_words"]
        assert (" ".join(quote[:4]), " ".join(quote[-4:])) == (pair["quote_start"], pair["quote_end"])


def test_the_seeds() -> None:
    result = scan_stories([Story(id=name, text=text) for name, text in seed_texts().items()])
    assert relations(result) == {("002", "004"): R.SHARED_PASSAGE}
    assert result.pairs[0].shared_words >= 35
    assert result.kept == 5


@pytest.mark.parametrize("keep", ["longest", "earliest", "latest", "source:b,a"])
def test_any_order_and_any_number_of_threads_give_the_same_bytes(keep: str) -> None:
    sample = reuters(6)
    expected = as_bytes(scan_stories(sample, keep=keep, threads=1))
    for threads in (2, 8):
        random.Random(threads).shuffle(sample)
        assert as_bytes(scan_stories(sample, keep=keep, threads=threads)) == expected


def test_the_hash_seed_of_python_changes_nothing() -> None:
    script = (
        "import test_scan as t, corpora as c, hashlib\n"
        "texts = c.zipf_texts(60, 80, 90, seed=1); texts += [' '.join(['new', *text.split()[3:]]) for text in texts]\n"
        "print(hashlib.sha256(t.as_bytes(c.scan_stories(c.stories(texts)))).hexdigest())"
    )
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])  # noqa: PTH120
    results = {
        subprocess.run(
            [sys.executable, "-c", script], env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }  # fmt: skip
    assert len(results) == 1
    assert len(results.pop()) == 65


@pytest.mark.parametrize("keep", ["first", "longest"])
def test_a_storys_fate_hangs_on_what_came_before_it_only(keep: str) -> None:
    """Batch = stream: without the later half of the stories in keep order, the earlier half is decided alike."""
    sample = reuters(6)
    if keep == "longest":
        sample.sort(key=lambda story: -len(reference.tokenize(story.text)))
    whole, half = scan_stories(sample, keep=keep), scan_stories(sample[: len(sample) // 2], keep=keep)
    ids = {decision.id for decision in half.decisions}
    assert list(half.decisions) == [decision for decision in whole.decisions if decision.id in ids]
    assert len(dropped(half)) > 10


def test_pairs_are_those_of_brute_force() -> None:
    """All pairs of exact Jaccard .5 and more are found, with that Jaccard, and no other is called a near-duplicate."""
    sample = reuters(4)
    sets = [reference.shingle_set(story.text) for story in sample]
    sample_ids = [story.id for story in sample]
    exact = reference.brute_force_pairs(sets, 0.5)
    expected = {tuple(sorted((sample_ids[i], sample_ids[j]))): jaccard for (i, j), jaccard in exact.items()}
    result = scan_stories(sample, threads=2)
    found = {(pair.a, pair.b): pair.jaccard for pair in result.pairs if pair.jaccard >= 0.5}
    assert len(expected) > 30
    assert found == expected
    for pair in result.pairs:
        if pair.relation == R.NEAR_DUPLICATE:
            assert pair.jaccard >= 0.5 or max(pair.containment_a, pair.containment_b) >= 0.8


PIECES = st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(0, 120), st.integers(0, 3))


@examples(max_examples=60)
@given(st.lists(PIECES, max_size=14), st.sampled_from(["longest", "first", "earliest"]), st.integers(0, 10**6))
def test_what_every_result_must_keep_to(pieces: list[tuple[int, int, int, int]], keep: str, start: int) -> None:
    fresh = fresh_words(10**6 + start)
    texts = [
        " ".join([*words(120, base * 1000)[begin : begin + length], *(next(fresh) for _ in range(more))])
        for base, begin, length, more in pieces
    ]
    result = scan_stories(stories(texts), keep=keep)
    found = {(pair.a, pair.b): pair for pair in result.pairs}
    assert list(found) == sorted(found)
    assert [decision.id for decision in result.decisions] == [story.id for story in stories(texts)]
    keepers = {decision.id for decision in result.decisions if decision.keep}
    assert result.kept == len(keepers)
    assert result.kept + sum(len(cluster.dropped) for cluster in result.clusters) == len(texts)
    for decision in result.decisions:
        if decision.keep:
            assert (decision.cluster, decision.duplicate_of, decision.relation) == (decision.id, None, None)
            continue
        assert decision.duplicate_of is not None
        assert decision.duplicate_of == decision.cluster in keepers
        assert decision.relation in DROPPING
        pair = found[min(decision.id, decision.duplicate_of), max(decision.id, decision.duplicate_of)]
        assert pair.relation
        assert decision.relation == (pair.relation if pair.a == decision.id else pair.relation.mirrored)
        assert decision.jaccard == pair.jaccard
    for (a, b), pair in found.items():
        assert pair.passages or pair.relation == R.IDENTICAL
        for passage in pair.passages:
            quotes = texts[int(a)][slice(*passage.a)].split(), texts[int(b)][slice(*passage.b)].split()
            assert (quotes[0][0], quotes[0][-1]) == (quotes[1][0], quotes[1][-1])
    # A story nothing shares a word with changes nothing of this.
    more = scan_stories([*stories(texts), Story(id="z", text=" ".join(words(70, 9000)))], keep=keep)
    assert list(more.pairs) == list(result.pairs)
    assert more.decisions[:-1] == list(result.decisions)


def at(days: float, text: str, name: str) -> Story:
    return Story(id=name, text=text, published=NEW_YEAR + days * DAY)


def test_a_window_parts_dated_stories() -> None:
    """Eight days apart nothing is compared, identical or not; to a story without a date everything is near."""
    passage = " ".join([*BASE[:40], *words(80, 600)])
    given_stories = [
        at(0, " ".join(BASE), "a"),
        at(7, near_copy(50, BASE), "b"),
        at(8, " ".join(BASE), "c"),
        at(15.5, passage, "d"),
        Story(id="e", text=" ".join([*BASE, "more"])),
    ]
    pairs = set(relations(scan_stories(given_stories, keep="earliest", window=7 * DAY)))
    assert pairs == {("a", "b"), ("b", "c"), ("a", "e"), ("b", "e"), ("c", "e"), ("d", "e")}
    assert len(scan_stories(given_stories, keep="earliest").pairs) == 10
    assert dropped(scan_stories(given_stories, keep="earliest", window=7 * DAY)) == {"b": "a", "e": "a"}


def test_the_newer_of_two_versions_names_the_older() -> None:
    whole, excerpt = " ".join(BASE), " ".join(BASE[:60])
    given_stories = [at(1, whole, "a"), at(0, near_copy(50, BASE), "b"), at(0, excerpt, "c"), at(2, whole, "d")]
    updates = {(pair.a, pair.b): pair.update_of for pair in scan_stories(given_stories).pairs}
    assert updates == {
        ("a", "b"): "b", ("a", "c"): "c", ("a", "d"): None, ("b", "c"): None, ("b", "d"): "b", ("c", "d"): "c"
    }  # fmt: skip


def test_an_excerpt_does_not_outlive_the_full_story() -> None:
    excerpt, full = " ".join(BASE[:60]), " ".join(BASE)
    assert dropped(scan_stories(stories([excerpt, full]))) == {"00000": "00001"}
    assert dropped(scan_stories(stories([excerpt, full]), keep="first")) == {}  # to contain an earlier story is to be new
    assert dropped(scan_stories(stories([excerpt, full]), drop=[R.IDENTICAL])) == {}


@pytest.mark.parametrize("name", ["template", "contains", "shared-passage"])
def test_what_is_never_a_reason_to_drop(name: str) -> None:
    with pytest.raises(UsageError, match=f"relation '{name}': never a reason to drop a story; choose among identical"):
        dropping_codes([*DROPPING, name])


def test_an_unknown_relation() -> None:
    with pytest.raises(UsageError, match="relation 'same': not known; relations are identical, near-duplicate"):
        dropping_codes(["same"])


def test_stories_of_one_id_are_told_apart() -> None:
    given_stories = [Story(id="x", text=f"story number {line} " * 9, line=line) for line in (1, 2, 2, 3)]
    result = scan_stories([*given_stories, Story(id="x#2", text="another one", line=5)])
    assert [decision.id for decision in result.decisions] == ["x", "x#2", "x#2#5", "x#2~2", "x#3"]
    assert dropped(result) == {"x#2~2": "x#2"}


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(UsageError, match="window"):
        scan_stories([at(0, "one", "a")], window=-1 * DAY)


def edited(text: list[str], places: dict[int, str]) -> str:
    return " ".join(places.get(place, word) for place, word in enumerate(text))


EDITS = st.dictionaries(st.integers(0, 99), st.sampled_from(["", "Bonn", "Lima", "17", "4.5"]), max_size=12)


@given(st.integers(5, 120), st.data())
def test_edits_move_the_jaccard_similarity_within_bounds(count: int, data: st.DataObject) -> None:
    """Each changed word is in five shingles at the most, and k changed ones are in k at the least."""
    places = data.draw(st.sets(st.integers(0, count - 1), max_size=count))
    text = words(count)
    other = edited(text, {place: f"zz{place}z" for place in places})
    compared = dedup.compare(" ".join(text), other)
    shingles, k = count - 4, len(places)
    least, most = max(0, shingles - 5 * k), shingles - min(k, shingles)
    assert least / (2 * shingles - least) - 1e-12 <= compared.jaccard <= most / (2 * shingles - most) + 1e-12


@given(EDITS, EDITS, st.integers(0, 3))
def test_an_unrelated_story_turns_no_near_duplicate_into_nothing(
    first: dict[int, str], second: dict[int, str], strangers: int
) -> None:
    both = stories([edited(BASE, first), edited(BASE, second)])
    alone = relations(scan_stories(both)).get(("00000", "00001"))
    others = stories([" ".join(words(140, 5000 + 200 * stranger)) for stranger in range(strangers)], "other-")
    joined = relations(scan_stories([*both, *others])).get(("00000", "00001"))
    if alone in DROPPING:
        assert joined == alone
    else:
        assert (joined is None) == (alone is None)
