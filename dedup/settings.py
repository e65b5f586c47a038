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
_Weight = Annotated[float, msgspec.Meta(ge=0.0, le=1000.0)]
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
    """Words of the longest passage from which two different stories share one. Runs below it were stock phrases. A passage
    that is all quotation must be verbatim for as long: what somebody said is news to many."""

    passage_shingles: _Count = 25
    """Shingles in common from which several shorter passages count as one long one."""

    passage_min_words: _Count = 8
    """Words of the longest verbatim run that a passage must have. What has none of them is scattered phrases: it is not
    shown and does not count as shared words."""

    passage_gap: Annotated[int, msgspec.Meta(ge=0, le=32)] = 10
    """Words that may stand between two common runs of one passage, on either side."""

    passage_df_cap: _Count = 25
    """Kept stories that may hold a passage key before it counts as boilerplate and proposes nothing."""

    template_coverage: _Share = 0.4
    """Share of the shorter story that passages must cover for two stories to be one form filled in twice."""

    template_jaccard: _Share = 0.85
    """At this Jaccard similarity a changed figure is a correction, not another filling of the form."""

    evidence_figures: _Weight = 2.5
    """Evidence that two stories are one is the containment of the smaller set of shingles, plus this times the share of
    figures of the story with fewer that are in the other (one more reckoned as shared), less ``evidence_common`` times how
    common their passage keys are (mean of ln(1 + other kept stories with the key)). Tried from 1.5 to 3.0: the F1 of the
    best threshold stays within .005."""

    evidence_common: _Weight = 1.2
    """See ``evidence_figures``. What a form prints every time was in earlier stories, a story's own words were not: of all
    signals this one told most."""

    evidence: _Weight = 2.25
    """Evidence from which two stories tell the same facts; below it they are a form filled in twice."""

    evidence_unseen: _Weight = 0.5
    """How common passage keys are held to be before any story is seen. Without a collection to look in, evidence of 2.2 to
    2.3 told best; in a large one, less."""

    evidence_seen: _Count = 100
    """Kept stories after which half of ``evidence_unseen`` still counts."""

    template_names: _Share = 0.5
    """Two stories tell the same facts only if this share of the names of the one with fewer is in the other. Names differ
    more than figures between versions of one story (spellings, added sources)."""

    agreement_figures: _Share = 0.95
    """Stories with this share of figures, ``agreement_names`` of names and ``agreement_facts`` of both in common are never a
    template if one holds the other: all such labelled pairs were duplicates or updates."""

    agreement_names: _Share = 0.8
    """See ``agreement_figures``."""

    agreement_facts: _Count = 12
    """See ``agreement_figures``."""

    version_containment: _Share = 0.45
    """Share of the smaller story's shingles from which the longer one may be a rewritten version of it."""

    version_opening: _Share = 0.25
    """Share of the opening that a version's passages must cover: another story may quote, but it opens otherwise."""

    version_own_words: Annotated[int, msgspec.Meta(ge=0)] = 120
    """Words that the shorter version may have outside the passages: more would be lost with it."""

    version_facts: _Count = 3
    """Figures and names that versions of one story must have in common."""

    version_figures_missing: Annotated[int, msgspec.Meta(ge=0)] = 3
    """Figures of the story with fewer that a version may lack."""

    passage_common: _Weight = 2.4
    """How common a passage's keys may be (as in ``evidence_common``, of the whole collection): on average in ten other
    kept stories. What is in more is a stock phrase or furniture. Passages that outlets copied from an agency (newsarticles)
    came to 2.2, at the most."""

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
