"""What the rules look at: one array a signal, one value a pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dedup.kernels import OPENING
from dedup.relate.rarity import Commonness
from dedup.verify.compared import Compared, Counts, Shares, share

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
    own_words: Counts
    """Words of the shorter story that passages do not cover."""
    opening: Shares
    """Share of a story's opening that passages cover, of the two the larger."""
    longest: Counts
    """Words of the longest passage."""
    prose: Counts
    """Words of the longest passage that is no quotation."""
    run: Counts
    """Words of the longest verbatim run."""
    shared: Counts
    """Distinct shingles in common."""
    figures: Shares
    """Share of the figures of the story with fewer that are in the other; 1.0 where it has none."""
    figures_fewer: Counts
    """Figures of the story with fewer."""
    figures_missing: Counts
    """Those of them that are not in the other."""
    names: Shares
    """Share of the names of the story with fewer that are in the other; 1.0 where it has none."""
    facts: Counts
    """Figures and names in common, the names of the story with fewer."""
    other_facts: Counts
    """Figures and names of either that are not in the other."""
    common: Shares
    """``Commonness.before``: how common what they share was before the later story came."""
    common_anywhere: Shares
    """``Commonness.anywhere``: how common it is in the whole collection."""

    def take(self, rows: npt.NDArray[np.intp]) -> Signals:
        """Those of the pairs at these row numbers."""
        return Signals(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})

    @classmethod
    def joined(cls, parts: Sequence[Signals]) -> Signals:
        """All pairs of all parts (one or more), in order."""
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__})

    def seen(self, common: Commonness) -> Signals:
        """The same pairs among other stories."""
        return replace(self, common=common.before, common_anywhere=common.anywhere)

    @property
    def containment(self) -> Shares:
        """Share of the smaller set of shingles that is in the larger."""
        return np.maximum(self.containment_a, self.containment_b)


def measure(pairs: Compared, common: Commonness) -> Signals:
    """The signals of compared pairs."""
    tokens_a, tokens_b = pairs.column("tokens_a"), pairs.column("tokens_b")
    # Of stories of one length an edit may widen the passages of one: the wider counts, from whichever side one looks.
    words = _of_fewer(tokens_a, tokens_b, pairs.column("words_a"), pairs.column("words_b"))
    openings = (share(pairs.column(f"opening_{x}"), np.minimum(pairs.column(f"tokens_{x}"), OPENING)) for x in "ab")
    figures = np.minimum(pairs.column("figures_a"), pairs.column("figures_b"))
    names_a, names_b = pairs.column("names_a"), pairs.column("names_b")
    names_shared = _of_fewer(names_a, names_b, pairs.column("names_shared_a"), pairs.column("names_shared_b"))
    return Signals(
        identical=pairs.column("identical") == 1,
        jaccard=pairs.jaccard,
        containment_a=pairs.containment_a,
        containment_b=pairs.containment_b,
        length_a=share(tokens_a, tokens_b),
        length_b=share(tokens_b, tokens_a),
        coverage=share(words, np.minimum(tokens_a, tokens_b)),
        own_words=np.minimum(tokens_a, tokens_b) - np.minimum(words, np.minimum(tokens_a, tokens_b)),
        opening=np.maximum(*openings),
        longest=pairs.column("longest"),
        prose=pairs.column("prose"),
        run=pairs.column("run"),
        shared=pairs.column("shared"),
        figures=_agreement(pairs.column("figures_shared"), figures),
        figures_fewer=figures,
        figures_missing=figures - pairs.column("figures_shared"),
        names=_agreement(names_shared, np.minimum(names_a, names_b)),
        facts=pairs.column("figures_shared") + names_shared,
        other_facts=_not_shared(pairs),
        common=common.before,
        common_anywhere=common.anywhere,
    )


def _not_shared(pairs: Compared) -> Counts:
    figures = pairs.column("figures_a") + pairs.column("figures_b") - 2 * pairs.column("figures_shared")
    names = [pairs.column(f"names_{side}") - pairs.column(f"names_shared_{side}") for side in "ab"]
    found: Counts = figures + names[0] + names[1]
    return found


def _of_fewer(count_a: Counts, count_b: Counts, value_a: Counts, value_b: Counts) -> Counts:
    """The value of the side that counts fewer; the larger where both count the same."""
    return np.where(count_a < count_b, value_a, np.where(count_b < count_a, value_b, np.maximum(value_a, value_b)))


def _agreement(shared: Counts, fewer: Counts) -> Shares:
    return np.where(fewer == 0, 1.0, share(shared, fewer))
