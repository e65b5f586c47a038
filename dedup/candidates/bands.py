"""The story channel: bands and rows that give the recall asked for, and the pairs that share a band."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from dedup import kernels
from dedup.candidates.ranks import Proposal, Ranks
from dedup.errors import UsageError
from dedup.settings import Settings


class Bands(NamedTuple):
    """A signature cut into ``bands`` of ``rows`` values each."""

    bands: int
    rows: int

    def probability(self, jaccard: float) -> float:
        """The chance that two stories of this Jaccard similarity share a band (Leskovec et al., Mining of Massive
        Datasets, section 3.4)."""
        return float(1.0 - (1.0 - jaccard**self.rows) ** self.bands)


@cache
def choose_bands(threshold: float, recall: float, num_perm: int) -> Bands:
    """The most selective bands that propose a pair at ``threshold`` with a chance of ``recall`` or more.

    Rows are what makes bands selective, so the most rows that still reach the recall are taken. Where one row a band does
    not reach it, UsageError says what would.

    >>> choose_bands(0.8, 0.99, 128)
    Bands(bands=21, rows=6)
    """
    for rows in range(num_perm, 0, -1):
        bands = Bands(num_perm // rows, rows)
        if bands.probability(threshold) >= recall:
            return bands
    raise UsageError(
        f"threshold {threshold}: signatures of {num_perm} values can't propose such pairs with a chance of {recall}; "
        "raise the threshold or num_perm, or lower recall"
    )


def band_pairs(ranks: Ranks, settings: Settings, full: int, limit: int, known: Proposal | None = None) -> Proposal:
    """Pairs of active stories that share a band; in a bucket of more than ``full`` stories, each with the first ``limit``
    only."""
    bands, rows = choose_bands(settings.threshold, settings.recall, settings.num_perm)
    found = kernels.band_pairs(*ranks.arguments(known), bands=bands, rows=rows, full=full, limit=limit)
    return Proposal(*found)
