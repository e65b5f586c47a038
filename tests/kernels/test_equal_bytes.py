"""The same bytes out for every SIMD level and any number of threads."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from corpora import TEXTS, words, zipf_texts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup import kernels

Results = list[bytes]


def made_texts() -> list[str]:
    """400 texts, some near-copies of others, one of 300 KB, in several scripts."""
    rng = random.Random(5)
    texts = zipf_texts(200, 120, 400, seed=6)
    for text in texts[:150]:
        copy = text.split()
        copy[rng.randrange(len(copy))] = "changed"
        texts.append(" ".join(copy))
    texts += [f"東京の{number}番目の記事です。 Čas {number} Ωmega" * 9 for number in range(49)]
    return [*texts, " ".join(words(40_000))]


def everything(texts: list[str], threads: int) -> Results:
    """All results of the core over these texts."""
    corpus = kernels.Corpus()
    corpus.add(texts, threads)
    order = np.arange(len(texts), dtype=np.uint32)
    ones, dates = np.ones(len(texts), np.uint8), np.empty(0, np.int64)
    known = np.empty((0, 2), np.uint32)
    bands, cut = kernels.band_pairs(corpus, order, ones, dates, 0, known, threads, bands=42, rows=3, full=12, limit=4)
    passages, cut_keys = kernels.passage_pairs(corpus, order, ones, dates, 0, known, threads, kept=ones, cap=25, limit=16)
    compared = corpus.compare_pairs(bands, 10, 8, 0.5, 0.8, 20, threads)
    arrays: list[npt.NDArray[Any]] = [
        kernels.signatures(texts, threads=threads),
        kernels.token_counts(texts, threads),
        kernels.permute_hashes(*kernels.shingle_hashes(texts)),
        corpus.token_counts(),
        corpus.identical_heads(order),
        *(bands, passages, *compared, cut, cut_keys),
    ]
    return [array.tobytes() for array in arrays]


@pytest.fixture(scope="module")
def single_threaded() -> Results:
    return everything(made_texts(), 1)


def test_the_sample_has_something_to_find(single_threaded: Results) -> None:
    bands, passages = single_threaded[5], single_threaded[6]
    assert len(bands) >= 150 * 8
    assert len(passages) >= 150 * 8


@pytest.mark.parametrize("threads", [0, 2, 8, 1000])
def test_any_number_of_threads(threads: int, single_threaded: Results) -> None:
    assert everything(made_texts(), threads) == single_threaded


def test_every_level(simd_levels: range, single_threaded: Results) -> None:
    for level in simd_levels:
        kernels.set_simd_level(level)
        assert kernels.simd_level() == level
        assert everything(made_texts(), 2) == single_threaded


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, st.sampled_from([1, 63, 64, 65, 128, 200]), st.integers(1, 8))
def test_every_level_on_any_text(simd_levels: range, text: str, num_perm: int, shingle: int) -> None:
    def at_level(level: int) -> Results:
        kernels.set_simd_level(level)
        keys = kernels.passage_keys(text, shingle=shingle)
        return [kernels.signatures([text], num_perm=num_perm, shingle=shingle).tobytes(), keys.tobytes()]

    results = [at_level(level) for level in simd_levels]
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("level", [-1, 4, 99])
def test_a_level_the_processor_lacks_is_refused(level: int, simd_levels: range) -> None:
    with pytest.raises(ValueError, match="level"):
        kernels.set_simd_level(level)
    assert kernels.simd_level() == simd_levels[-1]


@pytest.mark.parametrize("call", [kernels.signatures, kernels.token_counts])
def test_texts_come_back_in_order_from_many_threads(call: Callable[..., np.ndarray]) -> None:
    texts = [" ".join(words(number % 50, number)) for number in range(5000)]
    together = call(texts, threads=8)
    for number in (0, 1, 49, 50, 2500, 4999):
        assert together[number].tobytes() == call([texts[number]])[0].tobytes()
