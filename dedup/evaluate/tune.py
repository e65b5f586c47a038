"""Settings proposed from labelled pairs: a coordinate search for the best F1, and what to expect of it elsewhere.

Only what judges a compared pair is tuned, so the pairs are compared once. What is found on the labels fits them better than
it will fit others: the cross-validated F1 tells by how much. Pairs that share a story are never on both sides of a split.
"""

from __future__ import annotations

from statistics import fmean, stdev

import msgspec
import numpy as np
import numpy.typing as npt

from dedup.candidates import Bands, choose_bands
from dedup.errors import UsageError
from dedup.evaluate.cost import Pairs
from dedup.evaluate.judging import Judged, found_alike
from dedup.evaluate.metrics import Components, Flags, Numbers, Score
from dedup.evaluate.records import Fold, Spread, Tuning
from dedup.relate import Commonness, relate
from dedup.settings import Settings
from dedup.verify import Compared

_FAMILIES = ("template_", "evidence", "version_", "passage_common")
JUDGING = (
    "threshold",
    "containment",
    "contained_length",
    "passage_words",
    *(name for name in Settings.__struct_fields__ if name.startswith(_FAMILIES)),
)
"""The settings that are tuned, in the order of the search: those that judge a compared pair."""

FOLDS = 5
_STEPS = 20
_ROUNDS = 10  # it has settled after two or three
_FACTORS = (0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 2.0, 2.5)
_TYPES = {field.name: field.type for field in msgspec.inspect.type_info(Settings).fields}  # type: ignore[attr-defined]


def grid(name: str) -> list[int | float]:
    """The values that are tried for a setting: of a share 0.05, 0.10, … 1, of others the default times 0.4 to 2.5; the
    default itself always.

    >>> grid("passage_words")
    [8, 10, 12, 16, 20, 24, 28, 32, 40, 50]
    """
    default, kind = getattr(Settings(), name), _TYPES[name]
    least, most = kind.ge or 0, np.inf if kind.le is None else kind.le
    if isinstance(kind, msgspec.inspect.IntType):
        values = {round(default * factor) for factor in _FACTORS}
    elif most == 1:  # 0 is left out: a threshold of 0 would make every pair a candidate
        values = {round(number / _STEPS, 4) for number in range(1, _STEPS + 1)}
    else:
        values = {round(default * factor, 4) for factor in _FACTORS}
    return sorted(value for value in values | {default} if least <= value <= most)


class _Sample:
    """Compared pairs and their labels, and the F1 of settings on them."""

    def __init__(self, compared: Compared, common: Commonness, positive: Flags) -> None:
        self._compared, self._common, self._positive = compared, common, positive
        self._known: dict[Settings, float] = {}

    def part(self, where: Flags) -> _Sample:
        common = Commonness(self._common.before[where], self._common.anywhere[where])
        return _Sample(self._compared.take(np.flatnonzero(where)), common, self._positive[where])

    def f1(self, settings: Settings) -> float:
        if settings not in self._known:
            found = found_alike(relate(self._compared, settings, self._common))
            self._known[settings] = Score.of(self._positive, found).f1
        return self._known[settings]

    def best(self, default: Settings) -> Settings:
        """One setting after the other is given its best value, until none can be bettered. Of values equally good the one
        closest to the default is taken."""
        settings = default
        for _ in range(_ROUNDS):
            before = settings
            for name in JUDGING:
                settings = self._bettered(settings, name, getattr(default, name))
            if settings == before:
                break
        return settings

    def _bettered(self, settings: Settings, name: str, default: int | float) -> Settings:
        options = [(settings.replaced(**{name: value}), value) for value in grid(name)]
        if name == "threshold":
            options = [option for option in options if _bands(option[0])]
        return max(options, key=lambda option: (self.f1(option[0]), -abs(option[1] - default), -option[1]))[0]


def tune(judged: Judged, positive: Flags, folds: int = FOLDS) -> Tuning:
    """Propose settings for labelled pairs; ``positive`` says which of them are the same story.

    The settings in force count but for those in ``JUDGING``, which start from their defaults. How common the words of a pair
    are is not looked up again for each setting tried: it stays as with the stories kept in the scan.
    """
    settings = judged.stories.settings
    default = settings.replaced(**{name: getattr(Settings(), name) for name in JUDGING})
    sample = _Sample(judged.compared, judged.common, positive)
    best = sample.best(default)
    fold_of = split(judged.pairs, positive, folds)
    made = [_fold(sample, fold_of == number, positive, default) for number in range(int(fold_of.max(initial=-1)) + 1)]
    made = made if len(made) > 1 else []
    return Tuning(
        pairs=len(positive),
        positives=int(positive.sum()),
        f1=sample.f1(best),
        default_f1=sample.f1(default),
        cross_validated=_spread([fold.f1 for fold in made]),
        default=_spread([fold.default_f1 for fold in made]),
        folds=made,
        proposed=_changes(best, default),
        settings=best,
        bands=_bands(best),
    )


def _bands(settings: Settings) -> Bands | None:
    """The bands that propose the pairs of these settings; None where so short a signature has none that do."""
    try:
        return choose_bands(settings.threshold, settings.recall, settings.num_perm)
    except UsageError:
        return None


def _fold(sample: _Sample, held_out: Flags, positive: Flags, default: Settings) -> Fold:
    best, rest = sample.part(~held_out).best(default), sample.part(held_out)
    return Fold(
        pairs=int(held_out.sum()),
        positives=int(positive[held_out].sum()),
        f1=rest.f1(best),
        default_f1=rest.f1(default),
        proposed=_changes(best, default),
    )


def _changes(settings: Settings, default: Settings) -> dict[str, int | float]:
    values = {name: getattr(settings, name) for name in JUDGING}
    return {name: value for name, value in values.items() if value != getattr(default, name)}


def _spread(values: list[float]) -> Spread | None:
    return Spread(fmean(values), stdev(values)) if len(values) > 1 else None


def split(pairs: Pairs, positive: Flags, folds: int) -> Numbers:
    """The fold of each pair, from 0: pairs that share stories, directly or through others, are in one.

    There are as many folds as asked for, or fewer where fewer components of the graph of pairs hold a positive one: a fold
    without one could not tell how many are found. The folds have like numbers of positive pairs, then of pairs.
    """
    component = _components(pairs)
    counts = np.bincount(component)
    positives = np.bincount(component, weights=positive).astype(np.int64)
    load = np.zeros((min(folds, int((positives > 0).sum())), 2), np.int64)
    if not len(load):
        return np.zeros(len(pairs), np.int64)
    fold_of = np.empty(len(counts), np.int64)
    for one in np.lexsort((-counts, -positives)).tolist():
        first, second = (load[:, 0], load[:, 1]) if positives[one] else (load[:, 1], load[:, 0])
        fold = int(np.lexsort((second, first))[0])
        fold_of[one] = fold
        load[fold] += positives[one], counts[one]
    return fold_of[component]


def _components(pairs: Pairs) -> Numbers:
    """The component of each pair, numbered from 0 in the order of their smallest stories."""
    stories, places = np.unique(pairs, return_inverse=True)
    edges: npt.NDArray[np.intp] = places.reshape(pairs.shape)
    graph = Components(len(stories))
    graph.join(edges)
    return np.unique(graph.numbers()[edges[:, 0]], return_inverse=True)[1].astype(np.int64)
