"""Keep order: which of two stories stays. A story is only ever absorbed by one before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dedup.errors import UsageError
from dedup.kernels import UNDATED

POLICIES = ("longest", "earliest", "latest", "first")
_RANKING = "source:"


@dataclass(frozen=True, slots=True)
class Keys:
    """What keep policies go by, one value a story in the order read."""

    id_places: npt.NDArray[np.int64]
    """The place of each story's id among all ids in order."""
    sources: Sequence[str | None]
    published: npt.NDArray[np.int64]
    """Microseconds since 1970, or ``kernels.UNDATED``."""
    tokens: npt.NDArray[np.uint32]


def check_policy(policy: str) -> None:
    """UsageError for a policy that ``keep_order`` does not know."""
    if policy in POLICIES or (policy.startswith(_RANKING) and _ranking(policy)):
        return
    known = ", ".join(POLICIES)
    raise UsageError(f"keep policy {policy!r}: not known; use {known}, or source:FIRST,SECOND,… to rank sources")


def keep_order(policy: str, keys: Keys) -> npt.NDArray[np.uint32]:
    """Story numbers, the one to keep first.

    ``longest`` goes by tokens, ``earliest`` and ``latest`` by ``published`` (stories without a date last), ``first`` by the
    order read, ``source:A,B`` by source as listed, others behind. Ties go by ``published``, earliest first and dateless
    last, then by id. UsageError for an unknown policy.
    """
    check_policy(policy)
    if policy == "first":
        return np.arange(len(keys.id_places), dtype=np.uint32)
    dated = keys.published != UNDATED
    when = np.where(dated, keys.published, np.iinfo(np.int64).max)
    if policy == "longest":
        first = -keys.tokens.astype(np.int64)
    elif policy == "earliest":
        first = when
    elif policy == "latest":
        first = np.where(dated, -keys.published, np.iinfo(np.int64).max)
    else:
        ranking = {source: place for place, source in enumerate(_ranking(policy))}
        first = np.array([ranking.get(source or "", len(ranking)) for source in keys.sources], np.int64)
    return np.lexsort((keys.id_places, when, first)).astype(np.uint32)


def _ranking(policy: str) -> list[str]:
    return [source.strip() for source in policy.removeprefix(_RANKING).split(",") if source.strip()]
