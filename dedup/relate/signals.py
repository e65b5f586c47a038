"""What the rules look at: one array a signal, one value a pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dedup.verify.compared import Compared, Shares, share

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Signals:
    """Signals of ``n`` pairs; those without ``_a`` or ``_b`` are the same when a and b are exchanged."""

    identical: Flags
    jaccard: Shares
    containment_a: Shares
    containment_b: Shares
    length_a: Shares
    """Tokens of a as a share of b's."""
    length_b: Shares
    """Tokens of b as a share of a's."""
    coverage: Shares
    """Share of the shorter story that passages cover."""
    longest: npt.NDArray[np.uint32]
    """Words of the longest passage."""
    figures: Shares
    """Share of the figures of the story with fewer that are in the other; 1.0 where it has none."""
    names: Shares
    """The same for names."""


def measure(pairs: Compared) -> Signals:
    """The signals of compared pairs."""
    tokens_a, tokens_b = pairs.column("tokens_a"), pairs.column("tokens_b")
    words_a, words_b = pairs.column("words_a"), pairs.column("words_b")
    # Of stories of one length an edit may widen the passages of one: the wider counts, from whichever side one looks.
    words = np.where(tokens_a < tokens_b, words_a, np.where(tokens_b < tokens_a, words_b, np.maximum(words_a, words_b)))
    return Signals(
        identical=pairs.column("identical") == 1,
        jaccard=pairs.jaccard,
        containment_a=pairs.containment_a,
        containment_b=pairs.containment_b,
        length_a=share(tokens_a, tokens_b),
        length_b=share(tokens_b, tokens_a),
        coverage=share(words, np.minimum(tokens_a, tokens_b)),
        longest=pairs.column("longest"),
        figures=_agreement(pairs, "figures"),
        names=_agreement(pairs, "names"),
    )


def _agreement(pairs: Compared, kind: str) -> Shares:
    fewer = np.minimum(pairs.column(f"{kind}_a"), pairs.column(f"{kind}_b"))
    return np.where(fewer == 0, 1.0, share(pairs.column(f"{kind}_shared"), fewer))
