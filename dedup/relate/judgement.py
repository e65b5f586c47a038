"""Many pairs judged once, and those of them again whose relation hangs on who is kept."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from dedup.relate.rarity import Commonness, unknown
from dedup.relate.rules import judge, may_depend
from dedup.relate.signals import Signals, measure
from dedup.settings import Settings
from dedup.verify.compared import Compared

_BLOCK: Final = 1 << 15  # pairs measured at once: their signals stay in the processor's cache


class Judgement:
    """Compared pairs and their relations.

    ``open`` are the row numbers of those that may have another relation once it is known how common their passages are.
    """

    def __init__(self, pairs: Compared, settings: Settings) -> None:
        self._settings = settings
        codes, open, signals = [np.empty(0, np.uint8)], [np.empty(0, np.intp)], []
        for first in range(0, len(pairs), _BLOCK):
            block = measure(pairs.block(first, first + _BLOCK), unknown(min(_BLOCK, len(pairs) - first), settings))
            codes.append(judge(block, settings))
            rows = may_depend(block, codes[-1], settings)
            open.append(rows + first)
            signals.append(block.take(rows))
        self._codes = np.concatenate(codes)
        self.open = np.concatenate(open)
        self._signals = Signals.joined(signals) if len(self.open) else None

    def codes(self, common: Commonness | None = None) -> npt.NDArray[np.uint8]:
        """The relations as ``relate`` gives them, ``common`` being that of the open pairs; to be read only."""
        if self._signals is not None and common is not None:
            self._codes[self.open] = judge(self._signals.seen(common), self._settings)
        return self._codes
