"""Every threshold of a run, in one frozen record, with the measurement that set it.

``digest()`` names the settings that decide what a stored sketch means and how a pair is judged: results and indexes
carry it, and refuse another.
"""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

from dedup.errors import UsageError
from dedup.story import Relation

DROPPING = (Relation.IDENTICAL, Relation.NEAR_DUPLICATE, Relation.CONTAINED)

_Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
_Count = Annotated[int, msgspec.Meta(ge=1)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How stories are sketched, proposed, verified, and judged.

    Shares are 0 to 1; "words" are tokens. Measurements are on the labelled development pairs of Reuters-21578 unless
    another set is named.
    """

    shingle: _Count = 5
    """Tokens in a shingle."""

    num_perm: _Count = 128
    """Values in a signature."""

    passage_window: _Count = 12
    """Shingles in a winnowing window: any common run of ``passage_window + shingle - 1`` = 16 words is proposed."""

    threshold: _Share = 0.5
    """Jaccard similarity from which two stories with the same facts are near-duplicates. Of the pairs at or above it, all
    but the templates were labelled duplicate or update."""

    recall: _Share = 0.99
    """Chance that the bands propose a pair whose Jaccard similarity is exactly ``threshold``; above it the chance is
    higher. At 0.5 this gives 42 bands of 3 rows, which propose 2,940 pairs of 19,043 Reuters stories: verifying them
    costs less than computing the bands."""

    containment: _Share = 0.8
    """Share of the shorter story's shingles from which the longer one holds it."""

    contained_length: _Share = 0.8
    """A story held by another is *contained* if it is at most this share of the other's length, else a near-duplicate."""

    passage_words: _Count = 20
    """Words of the longest passage from which two different stories share one. Runs below it were stock phrases."""

    passage_min_words: _Count = 8
    """Words of the longest verbatim run that a passage must have. What has none of them is scattered phrases: it is not
    shown and does not count as shared words."""

    passage_gap: Annotated[int, msgspec.Meta(ge=0, le=32)] = 10
    """Words that may stand between two common runs of one passage, on either side."""

    passage_df_cap: _Count = 25
    """Kept stories that may hold a passage key before it counts as boilerplate and proposes nothing."""

    template_coverage: _Share = 0.4
    """Share of the shorter story that passages must cover for two stories to be one form filled in twice."""

    template_jaccard: _Share = 0.9
    """At this Jaccard similarity a changed figure is a correction, not another filling of the form."""

    template_figures: _Share = 0.8
    """Two stories tell the same facts only if this share of the figures of the one with fewer is in the other."""

    template_names: _Share = 0.5
    """The same for names, which differ more between versions of one story (spellings, added sources)."""

    full_bucket: _Count = 12
    """Stories up to which all of a bucket are compared with each other. All 784 pairs of Reuters at Jaccard 0.5 or more lie
    in groups of at most 12."""

    crowded_bucket: _Count = 4
    """Stories of a larger bucket that each of it is compared with, the first in keep order. Most copies end here; what is
    kept after that is compared with the kept ones (``kept_bucket``)."""

    kept_bucket: _Count = 256
    """Kept stories of a larger bucket that later kept ones are compared with: the bound that keeps crafted input linear."""

    full_class: _Count = 4
    """Identical stories that are listed pair by pair; a larger class is listed through its kept story."""

    def digest(self) -> str:
        """16 hex digits over every field and the fold table's version."""
        from dedup.kernels import FOLD_VERSION

        fields = msgspec.json.encode([FOLD_VERSION, self], order="deterministic")
        return hashlib.blake2b(fields, digest_size=8).hexdigest()

    def replaced(self, **changes: object) -> Settings:
        """A copy with some fields changed; UsageError names a field that is unknown or out of range."""
        try:
            return msgspec.convert(msgspec.to_builtins(self) | changes, Settings)
        except msgspec.ValidationError as error:
            raise UsageError(f"setting: {error}") from error
