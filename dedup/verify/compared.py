"""Compared pairs, column by column: a scan has too many of them for an object each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dedup.kernels import OVERLAP_COLUMNS, QUOTE_COLUMNS
from dedup.story import Overlap, Passage, Relation

Counts = npt.NDArray[np.uint32]
Shares = npt.NDArray[np.float64]

_COLUMN = {name: place for place, name in enumerate(OVERLAP_COLUMNS)}


def _mirror(name: str) -> str:
    stem, _, side = name.rpartition("_")
    other = {"a": "b", "b": "a"}.get(side)
    return name if other is None else f"{stem}_{other}".lstrip("_")


_MIRRORED = [_COLUMN[_mirror(name)] for name in OVERLAP_COLUMNS]


def share(part: npt.NDArray[np.integer], whole: npt.NDArray[np.integer]) -> Shares:
    """``part / whole`` in float64, 0.0 where ``whole`` is 0."""
    result: Shares = np.divide(part, whole, out=np.zeros(len(part)), where=whole != 0, dtype=np.float64)
    return result


@dataclass(frozen=True, slots=True)
class Compared:
    """``n`` compared pairs.

    ``rows`` is ``(n, len(OVERLAP_COLUMNS))``, ``quotes`` ``(m, len(QUOTE_COLUMNS))``, both uint32; the quotes of row ``i``
    end before ``quote_end[i]``.
    """

    rows: Counts
    quotes: Counts
    quote_end: npt.NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> Counts:
        """One of ``OVERLAP_COLUMNS``; KeyError for another name."""
        return self.rows[:, _COLUMN[name]]

    @property
    def jaccard(self) -> Shares:
        """Exact Jaccard similarity of the shingle sets; of two stories too short for a shingle, 1.0 if identical."""
        shared = self.column("shared")
        exact = share(shared, self.column("shingles_a") + self.column("shingles_b") - shared)
        return np.where(self.column("identical") == 1, 1.0, exact)

    @property
    def containment_a(self) -> Shares:
        """Share of a's shingles that are in b."""
        return np.where(self.column("identical") == 1, 1.0, share(self.column("shared"), self.column("shingles_a")))

    @property
    def containment_b(self) -> Shares:
        """Share of b's shingles that are in a."""
        return np.where(self.column("identical") == 1, 1.0, share(self.column("shared"), self.column("shingles_b")))

    def passages(self, row: int) -> tuple[Passage, ...]:
        """The passages of one pair, in the order of a's text."""
        return self.passages_of(row, row + 1)[0]

    def passages_of(self, first: int, last: int) -> list[tuple[Passage, ...]]:
        """The same of each pair from ``first`` on, ``last`` excluded."""
        ends = self.quote_end[first:last].tolist()
        begin = int(self.quote_end[first - 1]) if first else 0
        quotes = self.quotes[begin : ends[-1] if ends else begin].tolist()
        all = [Passage((a0, a1), (b0, b1), words) for a0, a1, b0, b1, words in quotes]
        return [tuple(all[start - begin : end - begin]) for start, end in zip([begin, *ends], ends, strict=False)]

    def overlap(self, row: int, a: str, b: str, relation: Relation | None, update_of: str | None = None) -> Overlap:
        """One pair as a record, its stories called ``a`` and ``b``."""
        counts = dict(zip(OVERLAP_COLUMNS, self.rows[row].tolist(), strict=True))
        shared, in_a, in_b = counts["shared"], counts["shingles_a"], counts["shingles_b"]
        wholes = (in_a + in_b - shared, in_a, in_b)
        scores = (1.0, 1.0, 1.0) if counts["identical"] else tuple(shared / whole if whole else 0.0 for whole in wholes)
        return Overlap(
            a=a,
            b=b,
            relation=relation,
            jaccard=scores[0],
            containment_a=scores[1],
            containment_b=scores[2],
            shared_words=counts["words_a"],
            longest_passage=counts["longest"],
            passages=self.passages(row),
            update_of=update_of,
        )

    def _quote_counts(self) -> npt.NDArray[np.int64]:
        ends = self.quote_end.astype(np.int64)
        counts: npt.NDArray[np.int64] = ends - np.concatenate([[0], ends[:-1]])
        return counts

    def mirrored(self, where: npt.NDArray[np.bool_]) -> Compared:
        """The same pairs, with a and b exchanged in the rows of ``where``."""
        rows = np.where(where[:, np.newaxis], self.rows[:, _MIRRORED], self.rows)
        pair = np.repeat(np.arange(len(self)), self._quote_counts())
        quotes = np.where(where[pair][:, np.newaxis], self.quotes[:, [2, 3, 0, 1, 4]], self.quotes)
        by_place = np.lexsort((quotes[:, 2], quotes[:, 0], pair))
        return Compared(rows, quotes[by_place], self.quote_end)

    def block(self, first: int, last: int) -> Compared:
        """The pairs of these row numbers, ``last`` excluded, without their quotes and without copying."""
        rows = self.rows[first:last]
        return Compared(rows, self.quotes[:0], np.zeros(len(rows), np.uint64))

    def take(self, wanted: npt.NDArray[np.intp]) -> Compared:
        """The pairs at these row numbers, in this order."""
        counts = self._quote_counts()
        starts = self.quote_end.astype(np.int64) - counts
        taken = counts[wanted]
        new_ends = np.cumsum(taken)
        places = np.arange(int(new_ends[-1]) if len(new_ends) else 0)
        places += np.repeat(starts[wanted] - (new_ends - taken), taken)
        return Compared(self.rows[wanted], self.quotes[places], new_ends.astype(np.uint64))


def concatenate(parts: Sequence[Compared]) -> Compared:
    """All pairs of all parts, in order."""
    if not parts:
        return Compared(
            np.empty((0, len(OVERLAP_COLUMNS)), np.uint32),
            np.empty((0, len(QUOTE_COLUMNS)), np.uint32),
            np.empty(0, np.uint64),
        )
    bases = np.cumsum([0] + [len(part.quotes) for part in parts[:-1]])
    return Compared(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.quotes for part in parts]),
        np.concatenate([part.quote_end + np.uint64(base) for part, base in zip(parts, bases, strict=True)]),
    )
