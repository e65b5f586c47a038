"""Postings against a dictionary of lists, and the sketches an index stores against the corpus they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import xxhash
from corpora import corpus_of, words
from hypothesis import given
from hypothesis import strategies as st

from dedup import kernels

TABLES = [(kernels.Postings32, np.uint32), (kernels.Postings64, np.uint64)]
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "remove"]), st.integers(1, 30), st.lists(st.integers(0, 12), max_size=6)), max_size=60
)


def rows(keys: Sequence[Sequence[int]], dtype: Any) -> tuple[Any, Any]:
    flat = [key for row in keys for key in row]
    return np.array(flat, dtype), np.cumsum([len(row) for row in keys], dtype=np.uint64)


@pytest.mark.parametrize(("table", "dtype"), TABLES)
@given(steps=STEPS, limit=st.integers(1, 5), most=st.integers(0, 5))
def test_it_is_a_dictionary_of_short_lists(
    table: Any, dtype: Any, steps: list[tuple[str, int, list[int]]], limit: int, most: int
) -> None:
    found = table(limit)
    expected: dict[int, list[int]] = {key: [] for key in range(13)}
    waiting: dict[int, set[int]] = {key: set() for key in range(13)}
    for step, story, keys in steps:
        getattr(found, step)(np.array([story], np.uint32), *rows([keys], dtype))
        for key in keys:
            if step == "remove":
                expected[key] = [other for other in expected[key] if other != story]
                waiting[key].discard(story)
            elif story not in expected[key]:
                waiting[key].add(story)
            if waiting[key] and len(expected[key]) < limit:
                expected[key].append(min(waiting[key]))
                waiting[key].remove(expected[key][-1])
    assert len(found) == sum(map(len, expected.values()))
    asked = [[key] for key in range(13)] + [[0, 5, 7, 7]]
    stories, ends = found.find(*rows(asked, dtype), most)
    got = [part.tolist() for part in np.split(stories, ends[:-1].astype(int))]
    wanted = [sorted({s for key in row if len(expected[key]) <= most for s in expected[key]}) for row in asked]
    assert got == wanted
    assert found.counts(np.arange(13, dtype=dtype)).tolist() == [len(expected[key]) for key in range(13)]


@pytest.mark.parametrize(("table", "dtype"), TABLES)
def test_what_is_left_of_a_crowd_is_found(table: Any, dtype: Any) -> None:
    found, crowd = table(26), np.arange(1, 41, dtype=np.uint32)
    everyone = np.full(40, 7, dtype), np.arange(1, 41, dtype=np.uint64)
    found.add(crowd, *everyone)
    assert found.counts(np.array([7], dtype)).tolist() == [26]
    found.remove(crowd[:37], everyone[0][:37], everyone[1][:37])
    assert found.counts(np.array([7], dtype)).tolist() == [3]
    assert found.find(np.array([7], dtype), np.array([1], np.uint64), 25)[0].tolist() == [38, 39, 40]


@pytest.mark.parametrize(("table", "dtype"), TABLES)
def test_many_keys_grow_and_shrink(table: Any, dtype: Any) -> None:
    found, keys = table(10), np.random.default_rng(1).integers(0, 2**32, (3000, 20)).astype(dtype)
    ends, stories = np.arange(20, 60_001, 20, dtype=np.uint64), np.arange(1, 3001, dtype=np.uint32)
    found.add(stories, keys.ravel(), ends)
    held, where = found.find(keys.ravel(), ends, 10)
    assert all(story in part for story, part in zip(stories, np.split(held, where[:-1].astype(int)), strict=True))
    assert (
        len(found) * (np.dtype(dtype).itemsize + 4) / 0.7 < found.bytes() < len(found) * (np.dtype(dtype).itemsize + 4) * 3
    )
    found.remove(stories[::2], keys[::2].ravel(), ends[: len(ends) // 2])
    held, where = found.find(keys.ravel(), ends, 10)
    parts = np.split(held, where[:-1].astype(int))
    assert all((story in part) == (story % 2 == 0) for story, part in zip(stories, parts, strict=True))
    found.remove(stories, keys.ravel(), ends)
    assert len(found) == 0


@pytest.mark.parametrize(("stories", "ends"), [([0], [1]), ([1], [2]), ([1, 2], [1]), ([1, 2], [1, 0])])
def test_what_cannot_be_is_refused(stories: list[int], ends: list[int]) -> None:
    with pytest.raises(ValueError, match=r"stories|ends"):
        kernels.Postings64(5).add(np.array(stories, np.uint32), np.array([7], np.uint64), np.array(ends, np.uint64))
    with pytest.raises(ValueError, match="limit"):
        kernels.Postings32(0)


TEXTS = [" ".join(words(40)), "One two THREE four five six", "one two three", "", "One, two: three four five – six!"]


def test_sketches_of_a_corpus() -> None:
    corpus = corpus_of(TEXTS)
    signatures = kernels.signatures(TEXTS)
    bands = corpus.band_keys(42, 3)
    for story, signature in enumerate(signatures):
        values = [np.array([band, *signature[band * 3 : band * 3 + 3]], np.uint32).tobytes() for band in range(42)]
        expected = [xxhash.xxh3_64_intdigest(value) >> 32 | 1 for value in values]
        assert bands[story].tolist() == (expected if len(kernels.tokens(TEXTS[story])) >= 5 else [0] * 42)
    keys, ends = corpus.passage_keys()
    for text, part in zip(TEXTS, np.split(keys, ends[:-1].astype(int)), strict=True):
        assert set(part.tolist()) == set(kernels.passage_keys(text).tolist())
    salt, pepper = 2**63 + 5, 7
    for text, digest in zip(TEXTS, corpus.digests(salt, pepper).tolist(), strict=True):
        tokens = " ".join(token for token, _, _ in kernels.tokens(text)).encode()
        assert digest == [xxhash.xxh3_64_intdigest(secret.to_bytes(8, "little") + tokens) for secret in (salt, pepper)]
    assert (bands[3:] == corpus.band_keys(42, 3, 3)).all()
    assert (corpus.digests(1, 2)[3:] == corpus.digests(1, 2, 3)).all()
    with pytest.raises(ValueError, match="bands"):
        corpus.band_keys(43, 3)
