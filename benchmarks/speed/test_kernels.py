"""The parts of a signature, each alone."""

from __future__ import annotations

from benchmarks import table
from benchmarks.corpus import Corpus
from benchmarks.speed.conftest import Speed
from dedup import kernels


def test_tokenise(speed: Speed, stories: Corpus) -> None:
    counts = speed(table.TOKENISE, stories, lambda: kernels.token_counts(stories.texts, threads=1), rounds=20)
    assert len(counts) == len(stories.texts)


def test_tokenise_and_hash(speed: Speed, stories: Corpus) -> None:
    """Also writes every 64-bit hash to memory, which a signature need not: the hash by difference is an upper bound."""
    hashes, _ = speed(table.TOKENISE_HASH, stories, lambda: kernels.shingle_hashes(stories.texts), rounds=20)
    assert len(hashes)


def test_permute(speed: Speed, stories: Corpus) -> None:
    hashes, ends = kernels.shingle_hashes(stories.texts)
    speed(table.PERMUTE, stories, lambda: kernels.permute_hashes(hashes, ends, 128), rounds=20, note="of hashes at hand")
