"""What an evaluation tells: records that go into a table or, field by field, into JSON."""

from __future__ import annotations

import msgspec

from dedup.evaluate.metrics import Score
from dedup.settings import Settings


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """What Jaccard similarity alone would give at a threshold; ``proposed`` is the chance that the bands in force propose a
    pair of just this similarity."""

    threshold: float
    precision: float
    recall: float
    f1: float
    proposed: float


class StageCost(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage of the scan took: seconds, candidate pairs proposed, and how many of those had enough in common to be
    judged."""

    stage: str
    seconds: float
    proposed: int
    verified: int


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """A pair that the scan and the labels see differently.

    ``label`` is the pair's, or the groups of its stories; ``relation`` what the pair is judged to be ("none" for nothing),
    ``proposed`` whether the scan compared it, and ``reason`` why it is judged so.
    """

    a: str
    b: str
    label: str
    relation: str
    proposed: bool
    jaccard: float
    containment_a: float
    containment_b: float
    longest_passage: int
    reason: str


class Mistakes(msgspec.Struct, frozen=True, kw_only=True):
    """How many pairs were wrongly found and how many missed, and the worst of them: of those found the least alike first,
    of those missed the most alike.

    Of groups, these are pairs of parts: a group in three clusters has three parts, and three pairs are missed.
    """

    wrong_count: int
    missed_count: int
    wrong: list[Mistake]
    missed: list[Mistake]


class PairOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """Labelled pairs against the scan.

    ``scan`` scores what the scan says; ``judged`` what it would say had every labelled pair been proposed. Of the
    ``positives``, ``proposed`` were compared by the scan, ``clustered`` were not but are in one cluster, as copies of one
    kept story are; the rest was not found by the candidate channels.
    """

    pairs: int
    positive_labels: list[str]
    negative_labels: list[str]
    scan: Score
    judged: Score
    positives: int
    proposed: int
    clustered: int
    confusion: dict[str, dict[str, int]]


class GroupOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """Labelled groups against the scan's clusters, over the stories with a group.

    ``group_sizes`` and ``cluster_sizes`` say how many there are of each size.
    """

    grouped: int
    groups: int
    clusters: int
    pairs: Score
    adjusted_rand: float
    group_sizes: dict[int, int]
    cluster_sizes: dict[int, int]


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the labelled pairs, judged with settings that were proposed without it."""

    pairs: int
    positives: int
    f1: float
    default_f1: float
    proposed: dict[str, int | float]


class Spread(msgspec.Struct, frozen=True):
    """The mean of the folds and their sample standard deviation."""

    mean: float
    deviation: float


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """Proposed settings: ``proposed`` are those that differ from the defaults, ``settings`` all of them, and
    ``bands`` how many bands of how many rows a scan with them would have.

    ``f1`` and ``default_f1`` are on the very pairs that were tuned on. What to expect of other pairs is
    ``cross_validated``, beside ``default``, the defaults on the same folds; None where the labels can't be split.
    """

    pairs: int
    positives: int
    f1: float
    default_f1: float
    cross_validated: Spread | None
    default: Spread | None
    folds: list[Fold]
    proposed: dict[str, int | float]
    settings: Settings
    bands: tuple[int, int] | None


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """A scan held against labels; ``pairs`` or ``groups`` is there, whichever the labels are.

    ``related`` counts the pairs that the scan lists, ``stages`` tell what it cost.
    """

    labels: str
    stories: int
    failed: int
    settings: Settings
    digest: str
    bands: int
    rows: int
    pairs: PairOutcome | None
    groups: GroupOutcome | None
    curve: list[CurvePoint]
    stages: list[StageCost]
    related: int
    mistakes: Mistakes
    tuning: Tuning | None
