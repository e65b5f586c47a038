"""Columns of strings, flat in the core: what a run remembers of millions of stories, without an object for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from dedup import kernels


class Column(Sequence[str | None]):
    """Strings or None, in the order they come; in the temporary file of the corpus if that has one."""

    def __init__(self, corpus: kernels.Corpus) -> None:
        self._strings = kernels.Strings(corpus)

    def __len__(self) -> int:
        return len(self._strings)

    @overload
    def __getitem__(self, index: int) -> str | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[str | None]: ...
    def __getitem__(self, index: int | slice) -> str | list[str | None] | None:
        if isinstance(index, slice):
            return list(map(self._strings.__getitem__, range(len(self))[index]))
        return self._strings[index]

    def __iter__(self) -> Iterator[str | None]:
        return map(self._strings.__getitem__, range(len(self)))

    def extend(self, values: Sequence[str | None]) -> None:
        """Put them behind the others. TypeError for what is neither, and nothing is put there then."""
        self._strings.extend(values)


class Names(Sequence[str]):
    """A name for each story of a run, no two the same, in the order the stories were read."""

    def __init__(self) -> None:
        self._names = kernels.Names()
        self._again: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return list(map(self._names.__getitem__, range(len(self))[index]))
        return self._names[index]

    def __iter__(self) -> Iterator[str]:
        return map(self._names.__getitem__, range(len(self)))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._names

    def of(self, numbers: npt.NDArray[np.uint32]) -> list[str]:
        """The names of these stories. IndexError for a number that no story has."""
        return self._names.of(np.ascontiguousarray(numbers))

    def take(self, id: str, line: int) -> str:
        """The name of the next story: its id, or ``id#line`` or ``id#line~2`` where that is taken by one before it."""
        name = id
        if name in self._names:
            wanted = f"{name}#{line}" if line else name
            name, again = wanted, self._again.get(wanted, 2)
            while name in self._names:
                name, again = f"{wanted}~{again}", again + 1
            self._again[wanted] = again
        self._names.add([name])
        return name

    def take_all(self, ids: Sequence[str], lines: Sequence[int]) -> Sequence[str]:
        """The same of many; ``ids`` itself if none of them was taken."""
        return ids if self._names.add(ids) else list(map(self.take, ids, lines))

    def places(self) -> npt.NDArray[np.int64]:
        """The place of each name among all of them in order of code points."""
        order = self._names.order()
        places = np.empty(len(order), np.int64)
        places[order] = np.arange(len(order))
        return places
