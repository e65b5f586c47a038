"""Compared pairs made by hand, for what is judged of them."""

from __future__ import annotations

import numpy as np

from dedup.kernels import OVERLAP_COLUMNS
from dedup.verify import Compared


def row(**columns: int) -> Compared:
    """One compared pair; two stories of 100 words and 96 shingles with nothing in common, but for what is given."""
    blank = {"b": 1, "shingles_a": 96, "shingles_b": 96, "tokens_a": 100, "tokens_b": 100} | columns
    values = [[blank.get(name, 0) for name in OVERLAP_COLUMNS]]
    return Compared(np.array(values, np.uint32), np.empty((0, 5), np.uint32), np.zeros(1, np.uint64))


def covered(words: int, **more: int) -> dict[str, int]:
    """Passages over so many words of both stories, in one piece."""
    longest = more.get("longest", words)
    return {"words_a": words, "words_b": words, "longest": longest, "prose": longest, "run": longest} | more


OTHER_FIGURES = {"figures_a": 10, "figures_b": 10, "figures_shared": 7}
SAME_FIGURES = {"figures_a": 10, "figures_b": 10, "figures_shared": 9}
OTHER_NAMES = {"names_a": 9, "names_b": 20, "names_shared_a": 4, "names_shared_b": 9}
SAME_NAMES = {"names_a": 8, "names_b": 20, "names_shared_a": 4, "names_shared_b": 9}
LONGER_B = {"tokens_b": 200, "shingles_b": 196}

REWRITTEN = LONGER_B | covered(60, longest=30) | {
    "shared": 48, "opening_a": 8, "opening_b": 8, "figures_a": 4, "figures_b": 9, "figures_shared": 4,
    "names_a": 2, "names_b": 9, "names_shared_a": 2, "names_shared_b": 2,
}  # fmt: skip
