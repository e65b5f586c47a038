"""What a scan costs, stage by stage, and which pairs it compared."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import numpy.typing as npt

from dedup.evaluate.metrics import Flags
from dedup.evaluate.records import StageCost
from dedup.matching import Step

Pairs = npt.NDArray[np.uint32]


def pair_keys(pairs: Pairs) -> npt.NDArray[np.uint64]:
    """A number for each pair of story numbers, the same whichever comes first."""
    wide = pairs.astype(np.uint64)
    keys: npt.NDArray[np.uint64] = (wide.min(axis=1) << np.uint64(32)) | wide.max(axis=1)
    return keys


class Meter:
    """Listens to a scan: gives its time and its pairs to the stage at work."""

    def __init__(self, on_step: Step | None = None) -> None:
        self._on_step = on_step
        self._stages: list[list[float]] = []
        self._names: list[str] = []
        self._keys: list[npt.NDArray[np.uint64]] = []
        self._since = 0.0

    def step(self, name: str) -> None:
        """A stage begins."""
        self.stop()
        self._names.append(name)
        self._stages.append([0.0, 0, 0])
        if self._on_step:
            self._on_step(name)

    def stop(self) -> None:
        """The last stage is over."""
        now = perf_counter()
        if self._stages:
            self._stages[-1][0] += now - self._since
        self._since = now

    def compared(self, pairs: Pairs, verified: int) -> None:
        """Pairs were compared, and so many of them have enough in common to be judged."""
        self._stages[-1][1] += len(pairs)
        self._stages[-1][2] += verified
        self._keys.append(pair_keys(pairs))

    def proposed(self, pairs: Pairs) -> Flags:
        """For each pair whether it was compared."""
        return np.isin(pair_keys(pairs), self._all_keys())

    def all_pairs(self) -> Pairs:
        """Every pair that was compared, once, the smaller number first."""
        keys = np.unique(self._all_keys())
        return np.column_stack([keys >> np.uint64(32), keys & np.uint64(0xFFFFFFFF)]).astype(np.uint32)

    def _all_keys(self) -> npt.NDArray[np.uint64]:
        return np.concatenate([np.empty(0, np.uint64), *self._keys])

    def costs(self) -> list[StageCost]:
        """The stages in their order."""
        return [
            StageCost(stage=name, seconds=round(seconds, 4), proposed=int(proposed), verified=int(verified))
            for name, (seconds, proposed, verified) in zip(self._names, self._stages, strict=True)
        ]
