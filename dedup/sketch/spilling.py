"""Staying below a limit of memory: texts and sketches lie in a temporary file, of which the system holds what is in use."""

from __future__ import annotations

import os
import tempfile
from typing import Final, NamedTuple

from dedup import kernels
from dedup.errors import UsageError
from dedup.settings import Settings

_LEAST: Final = 64 << 20


class Limit(NamedTuple):
    """``memory``: bytes that a run is to stay below, 64 MiB or more; ``folder``: for the temporary file, or None for the
    usual one."""

    memory: int
    folder: str | os.PathLike[str] | None = None


class Spilling:
    """A corpus whose texts and sketches lie in a file without a name, which is gone with the process however it ends.

    UsageError if there can be no such file.
    """

    def __init__(self, settings: Settings, limit: Limit) -> None:
        if limit.memory < _LEAST:
            raise UsageError(f"memory {limit.memory:,} bytes: too little for any run; give at least {_LEAST >> 20} MiB")
        self._limit = limit
        try:
            with tempfile.TemporaryFile(dir=limit.folder) as file:
                self.corpus = kernels.Corpus(
                    settings.shingle, settings.passage_window, settings.num_perm, file.fileno(), limit.memory
                )
        except OSError as error:
            raise UsageError(f"{_folder(limit)}: {error.strerror}; say where a temporary file can be with --temp") from None

    def check(self, stories: int) -> None:
        """UsageError where what cannot lie in the file is more than the limit."""
        self.corpus.trim()
        used = self.corpus.resident()
        if used > self._limit.memory:
            raise UsageError(
                f"memory {_mib(self._limit.memory)}: {stories:,} stories take {_mib(used)} beside the "
                f"{_mib(self.corpus.spilled())} in the temporary file; give more, or scan fewer at once"
            )

    def explained(self, failure: OSError) -> UsageError:
        """What to tell of a file that could not grow."""
        return UsageError(
            f"{_folder(self._limit)}: {failure.strerror}, at {_mib(self.corpus.spilled())} of a temporary file; make room, "
            "or name another folder with --temp"
        )


def _folder(limit: Limit) -> str:
    return repr(os.fspath(limit.folder) if limit.folder is not None else tempfile.gettempdir())


def _mib(count: int) -> str:
    return f"{count >> 20:,} MiB"
