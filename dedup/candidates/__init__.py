"""Takes sketches in keep order, gives likely pairs: by shared bands (stories) and by shared keys (passages).

Guarantees: each pair once, ascending by rank, the same for any number of threads; a pair at the accept threshold is
proposed with the recall asked for; a run of 16 common words is proposed unless its keys are boilerplate. Only proposes:
nothing is decided on an estimate.
"""

from __future__ import annotations

from dedup.candidates.bands import Bands, band_pairs, choose_bands
from dedup.candidates.identical import Classes, identical_classes
from dedup.candidates.passages import passage_pairs
from dedup.candidates.ranks import NO_PAIRS, Proposal, Ranks

__all__ = [
    "NO_PAIRS",
    "Bands",
    "Classes",
    "Proposal",
    "Ranks",
    "band_pairs",
    "choose_bands",
    "identical_classes",
    "passage_pairs",
]
