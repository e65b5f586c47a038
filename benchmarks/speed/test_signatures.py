"""Text to signature: the package, other scripts, and other libraries on the same texts in the same run."""

from __future__ import annotations

import numpy as np
import pytest

import dedup
from benchmarks import table
from benchmarks.corpus import Corpus
from benchmarks.speed.conftest import Speed
from benchmarks.speed.peers import PEERS, Datasketch, Peer
from benchmarks.truth import band_hits
from dedup import kernels


@pytest.mark.parametrize("threads", [1, 2])
def test_signatures(speed: Speed, stories: Corpus, threads: int) -> None:
    made = speed(f"signatures -j {threads}", stories, lambda: dedup.signatures(stories.texts, threads=threads), rounds=20)
    speed.recall(lambda truth: band_hits(made, truth.pairs))


def test_signatures_of_arrow(speed: Speed, stories: Corpus) -> None:
    """As daft has them beside it: strings that lie in Arrow."""
    pyarrow = pytest.importorskip("pyarrow", reason="pip install 'wire-dedup[arrow]'")
    texts = pyarrow.array(stories.texts, pyarrow.large_string())
    made = speed("signatures -j 1, Arrow", stories, lambda: dedup.signatures(texts, threads=1), rounds=20)
    speed.recall(lambda truth: band_hits(made, truth.pairs))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("kind", PEERS, ids=lambda kind: kind.name)
def test_peer(speed: Speed, stories: Corpus, kind: type[Peer]) -> None:
    try:
        peer = kind()
    except ModuleNotFoundError as error:
        pytest.skip(f"{error}: pip install '{kind.requirement}'")
    made = speed(kind.name, stories, peer.sketcher(stories.texts), rounds=kind.rounds, note=kind.does_not)
    speed.recall(lambda truth: peer.hits(stories.texts, made, truth.pairs))
    if isinstance(peer, Datasketch):
        ascii_only = [number for number, text in enumerate(stories.texts) if text.isascii()]
        expected = dedup.signatures([stories.texts[number] for number in ascii_only])
        np.testing.assert_array_equal(peer.signatures([made[number] for number in ascii_only]), expected)


def test_tokenise_other_scripts(speed: Speed, other: Corpus) -> None:
    speed(table.TOKENISE, other, lambda: kernels.token_counts(other.texts, threads=1), rounds=10)


def test_signatures_of_other_scripts(speed: Speed, other: Corpus) -> None:
    speed(table.SIGNATURES, other, lambda: dedup.signatures(other.texts, threads=1), rounds=10)
