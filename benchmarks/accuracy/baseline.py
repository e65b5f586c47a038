"""Takes texts, gives the pairs that datasketch's own MinHashLSH finds among them: what a user has without this package.

The sketches are the package's, which are datasketch's bit for bit (word 5-shingles of folded tokens, xxh3, 128 values), so
the difference to a row of dedup's is not in the folding. Only the three numbers of bands that ``MinHashLSH(threshold)``
chooses differ. Stories of fewer than 5 words have no shingles, and in datasketch all of them equal each other: they are
left out, to its advantage.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
from datasketch import MinHash, MinHashLSH

from dedup.sketch import signatures

THRESHOLDS = (0.5, 0.7, 0.8)
NUM_PERM = 128
SHINGLE = 5
_EMPTY = 0xFFFFFFFF


@cache
def bands(threshold: float) -> tuple[int, int]:
    """Bands and rows as MinHashLSH chooses them, which takes it a second."""
    index = MinHashLSH(threshold=threshold, num_perm=NUM_PERM)
    return index.b, index.r


class Baseline:
    """The texts as datasketch has them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._values: npt.NDArray[np.uint32] = signatures(list(texts), num_perm=NUM_PERM, shingle=SHINGLE)
        self._pairs: dict[float, set[tuple[int, int]]] = {}

    @cached_property
    def _sketches(self) -> dict[int, MinHash]:
        shared = MinHash(NUM_PERM, seed=1, scheme="affine32").permutations
        return {
            number: MinHash(NUM_PERM, seed=1, scheme="affine32", hashvalues=values, permutations=shared)
            for number, values in enumerate(self._values)
            if not (values == _EMPTY).all()
        }

    def pairs(self, threshold: float) -> set[tuple[int, int]]:
        """Text numbers, the smaller first, of every pair that querying the index of all texts gives."""
        if threshold not in self._pairs:
            index = MinHashLSH(threshold=threshold, num_perm=NUM_PERM, params=bands(threshold))
            for number, sketch in self._sketches.items():
                index.insert(number, sketch)
            self._pairs[threshold] = {
                (other, number)
                for number, sketch in self._sketches.items()
                for other in index.query(sketch)
                if other < number
            }
        return self._pairs[threshold]

    def jaccard(self, a: int, b: int) -> float:
        """datasketch's estimate for two of the texts; 0.0 if one has no shingles."""
        if a not in self._sketches or b not in self._sketches:
            return 0.0
        return float(self._sketches[a].jaccard(self._sketches[b]))
