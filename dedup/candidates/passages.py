"""The passage channel: pairs that share a winnowing key which few kept stories have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dedup import kernels
from dedup.candidates.ranks import Proposal, Ranks
from dedup.settings import Settings


def passage_pairs(ranks: Ranks, settings: Settings, kept: npt.NDArray[np.uint8], known: Proposal) -> Proposal:
    """Pairs of active stories that share a passage key held by at most ``settings.passage_df_cap`` kept stories.

    ``kept`` is 1 for a story that no earlier one has absorbed so far, by rank: copies do not make a passage look common.
    """
    cap, limit = settings.passage_df_cap, settings.crowded_bucket
    return Proposal(*kernels.passage_pairs(*ranks.arguments(known), kept=kept, cap=cap, limit=limit))
