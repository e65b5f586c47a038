"""Takes a corpus, gives the pairs that are alike by brute force, and says which share of them a sketch would propose.

Guarantees: the pairs come from tests/reference.py, which shares no code with the package.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import reference

from benchmarks.corpus import Corpus
from dedup.candidates.bands import choose_bands

FLOOR = 0.5
BANDS = choose_bands(FLOOR, 0.99, 128)

Rows = npt.NDArray[np.int64]
Hits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Truth:
    """Every pair of exact Jaccard >= ``FLOOR``: story numbers ``(n, 2)``, the smaller first, and the similarity."""

    pairs: Rows
    jaccard: npt.NDArray[np.float64]

    def recall(self, hits: Hits, threshold: float) -> float | None:
        """The share of the pairs at or above the threshold that were hit; None if there are none."""
        wanted = self.jaccard >= threshold
        return float(hits[wanted].mean()) if wanted.any() else None


def exact_pairs(corpus: Corpus) -> Truth:
    """By brute force, which takes half a minute for Reuters; kept in the temporary folder under the corpus's digest."""
    cache = Path(tempfile.gettempdir()) / "dedup-benchmarks" / f"{_key(corpus)}.json"
    if not cache.is_file():
        pairs = reference.brute_force_pairs([reference.shingle_set(text) for text in corpus.texts], FLOOR)
        cache.parent.mkdir(exist_ok=True)
        unfinished = cache.with_suffix(".unfinished")
        unfinished.write_text(json.dumps([(a, b, jaccard) for (a, b), jaccard in pairs.items()]))
        unfinished.replace(cache)
    found = json.loads(cache.read_text())
    rows = np.array([pair[:2] for pair in found], np.int64).reshape(-1, 2)
    return Truth(rows, np.array([pair[2] for pair in found], np.float64))


def _key(corpus: Corpus) -> str:
    definition = Path(reference.__file__).read_bytes()
    return hashlib.blake2b(definition + corpus.digest.encode(), digest_size=8).hexdigest()


def band_hits(signatures: npt.NDArray[np.uint32], pairs: Rows) -> Hits:
    """For each pair, whether the two signatures share one of dedup's own bands."""
    bands, rows = BANDS
    cut = signatures[:, : bands * rows].reshape(len(signatures), bands, rows)
    hits: Hits = (cut[pairs[:, 0]] == cut[pairs[:, 1]]).all(axis=2).any(axis=1)
    return hits


def listed_hits(listed: set[tuple[int, int]], pairs: Rows) -> Hits:
    """For each pair, whether it is among those listed."""
    return np.array([(a, b) in listed for a, b in pairs.tolist()], np.bool_)
