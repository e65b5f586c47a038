"""Texts for tests: the data sets beside the project where they are there, and texts made to measure."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import reference
from hypothesis import strategies as st

from dedup import kernels
from dedup.candidates import Ranks
from dedup.settings import DROPPING, Settings
from dedup.sketch import new_corpus
from dedup.story import Relation, Story

if TYPE_CHECKING:
    from dedup.result import ScanResult

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
FIXTURES = ROOT / "fixtures"
SEEDS = DATA / "seeds"
DATASETS = ("reuters21578", "saudinewsnet_ar", "livedoor_ja")

_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]


ALPHABETS = {
    "ASCII": st.characters(max_codepoint=0x7F),
    "words": st.sampled_from("abcXYZ019 .,-\n"),
    "Latin": st.characters(min_codepoint=0x80, max_codepoint=0x24F),
    "combining marks": st.sampled_from("\u0300\u0301\u0308\u0327\u0345\u034f\u0489\u20dd\u3099\u093c\ufe0f"),
    "Hebrew and Arabic": st.characters(min_codepoint=0x590, max_codepoint=0x6FF, exclude_categories=["Cn"]),
    "Indic": st.characters(min_codepoint=0x900, max_codepoint=0xDFF, exclude_categories=["Cn"]),
    "Thai and Lao": st.characters(min_codepoint=0xE00, max_codepoint=0xEFF, exclude_categories=["Cn"]),
    "Hangul": st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3),
    "jamo": st.characters(min_codepoint=0x1100, max_codepoint=0x11FF),
    "kana": st.characters(min_codepoint=0x3000, max_codepoint=0x30FF, exclude_categories=["Cn"]),
    "Han": st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
    "compatibility": st.sampled_from("ﬁﷺ㌀㎒㈱½ⅷⅧＡａ１①Ⓐ𝐀ǅŉßẞİıſ℻"),
    "format": st.sampled_from("\u00ad\u200b\u200c\u200d\u200e\u2060\ufeff\u061c\u180e"),
    "surrogates": st.characters(categories=["Cs"]),
    "astral": st.characters(min_codepoint=0x10000, max_codepoint=0x2FFFF, exclude_categories=["Cn"]),
}
"""Characters by what is special about them when folded; the code points are assigned in every Unicode version from 14."""

TEXTS = st.lists(st.one_of(*(st.text(alphabet, max_size=8) for alphabet in ALPHABETS.values())), max_size=40).map("".join)
"""Texts that change alphabet every few characters, lone surrogates included."""


@cache
def records(name: str) -> list[dict[str, Any]]:
    """The records of a data set; skips the test where the data is not there."""
    path = DATA / name / "stories.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        return [json.loads(line) for line in lines]


def seed_texts() -> dict[str, str]:
    """The five reports the project was conceived from, by the first three characters of their names."""
    if not SEEDS.is_dir():
        pytest.skip(f"{SEEDS} is not there")
    return {path.name[:3]: path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))}


def fixture_texts() -> dict[str, str]:
    """The stories of ``fixtures/`` by their path below it."""
    paths = sorted([*FIXTURES.rglob("*.txt"), *FIXTURES.rglob("*.md")])
    return {path.relative_to(FIXTURES).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def word(number: int) -> str:
    """A lower-case word without a digit, another one for every number from 0."""
    base = len(_SYLLABLES)
    syllables = [_SYLLABLES[number % base]]
    while number >= base:
        number //= base
        syllables.append(_SYLLABLES[number % base])
    return "".join(syllables) + "x"


def words(count: int, start: int = 0) -> list[str]:
    """``count`` different words; no range of numbers shares a word with another that it does not meet."""
    return [word(number) for number in range(start, start + count)]


def fresh_words(start: int = 0) -> Iterator[str]:
    """Words that never come again."""
    number = start
    while True:
        yield word(number)
        number += 1


def zipf_texts(texts: int, length: int, vocabulary: int, seed: int) -> list[str]:
    """Unrelated texts whose words come from one vocabulary, the n-th word 1/n as often as the first."""
    known = words(vocabulary)
    weights = 1.0 / np.arange(1, vocabulary + 1)
    drawn = np.random.RandomState(seed).choice(vocabulary, (texts, length), p=weights / weights.sum())
    return [" ".join(known[number] for number in row) for row in drawn.tolist()]


def changed(text: Sequence[str], places: Iterable[int], fresh: Iterator[str]) -> list[str]:
    """The words with those at ``places`` exchanged for new ones."""
    result = list(text)
    for place in places:
        result[place] = next(fresh)
    return result


def near_copy(place: int, base: Sequence[str]) -> str:
    """The base with the word at one place exchanged."""
    return " ".join(changed(base, [place], fresh_words(10_000 + place)))


def exact_pair(shingles: int, changes: int, start: int) -> tuple[str, str]:
    """Two texts of ``shingles`` different 5-shingles each, of which ``5 * changes`` are in one text only.

    So their Jaccard similarity is ``(shingles - 5 * changes) / (shingles + 5 * changes)``, exactly.
    """
    fresh = fresh_words(start)
    first = [next(fresh) for _ in range(shingles + 4)]
    step = shingles // changes
    assert step >= 5, "changes closer than 5 words share shingles"
    second = changed(first, [4 + step * change for change in range(changes)], fresh)
    return " ".join(first), " ".join(second)


def stories(texts: Iterable[str], prefix: str = "") -> list[Story]:
    """One story a text; the ids sort as the texts come."""
    return [Story(id=f"{prefix}{number:05}", text=text) for number, text in enumerate(texts)]


def corpus_of(texts: Sequence[str], settings: Settings | None = None) -> kernels.Corpus:
    """A corpus that holds these texts, sketched as the settings say."""
    corpus = new_corpus(settings or Settings())
    corpus.add(texts)
    return corpus


def ranks_of(
    texts: Sequence[str],
    settings: Settings | None = None,
    *,
    order: Sequence[int] | None = None,
    published: Sequence[int] | None = None,
    window: int | None = None,
) -> Ranks:
    """These texts by rank: in the order given, all active, undated, but for what is said."""
    count = len(texts)
    return Ranks(
        corpus_of(texts, settings),
        np.array(range(count) if order is None else order, np.uint32),
        np.ones(count, np.uint8),
        np.array([kernels.UNDATED] * count if published is None else published, np.int64),
        window,
    )


def scan_stories(
    given: Iterable[Story],
    *,
    keep: str = "longest",
    drop: Iterable[Relation] = DROPPING,
    window: Any = None,
    settings: Settings | None = None,
    threads: int = 1,
) -> ScanResult:
    """What a scan does once the stories are read."""
    from dedup.scanning import collect, compare, dropping_codes

    problems: list[Any] = []
    collection = collect(given, settings or Settings(), threads, problems.append)
    return compare(collection, keep=keep, dropping=dropping_codes(drop), window=window, problems=problems)


def relations(result: ScanResult) -> dict[tuple[str, str], Relation | None]:
    """The relation of every pair that a scan lists."""
    return {(pair.a, pair.b): pair.relation for pair in result.pairs}


def dropped(result: ScanResult) -> dict[str, str | None]:
    """Dropped ids with the kept one each names."""
    return {decision.id: decision.duplicate_of for decision in result.decisions if not decision.keep}


def digest(data: bytes) -> str:
    """32 hex digits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def reference_digest(text: str) -> str:
    """The digest of the signature that datasketch gives; a function of this module, so that a process pool finds it."""
    return digest(reference.signature(text).astype("<u4").tobytes())
