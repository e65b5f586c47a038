"""What a power cut may leave on a disk, worked out from a journal of every change a process made (``journal.c``).

The model is that of POSIX: what was synced stays; of what was written since, any part may be there, sector by sector.
A new name lasts once its file or its folder was synced; a name that was removed may come back until its folder was.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SECTOR = 512
_HEAD = struct.Struct("<c3xIqq")
STDOUT = "<stdout>"

State = dict[str, bytes]
"""Files by name."""


class Change(NamedTuple):
    """An entry of the journal: ``op`` as ``journal.c`` lists them."""

    op: str
    path: str
    offset: int
    data: bytes


def compiler() -> str | None:
    """A C compiler, if there is one."""
    return shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")


def built(folder: Path) -> Path:
    """The library to preload."""
    library = folder / "journal.so"
    source = Path(__file__).with_name("journal.c")
    subprocess.run([str(compiler()), "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


def journalled(library: Path, command: list[str], folder: Path, *, files: Path) -> list[Change]:
    """Run a command in a folder to its end; every change it made to the files below ``files``, and what it answered."""
    journal, before = folder / "journal", os.environ
    environment = {**before, "LD_PRELOAD": str(library), "JOURNAL_FOLDER": f"{files}/", "JOURNAL_FILE": str(journal)}
    journal.unlink(missing_ok=True)
    with (folder / "out").open("wb") as out:
        subprocess.run(command, cwd=folder, env=environment, stdout=out, stderr=subprocess.PIPE, check=True)
    data = journal.read_bytes()
    changes, place = [], 0
    while place < len(data):
        op, named, offset, length = _HEAD.unpack_from(data, place)
        place += _HEAD.size
        path = data[place : place + named].decode()
        place += named
        changes.append(Change(op.decode(), path.removeprefix(f"{files}/"), offset, data[place : place + length]))
        place += length
    return changes


@dataclass
class _File:
    """``durable`` is None while the name itself may be lost; ``pending`` are changes since the last sync."""

    durable: bytes | None = None
    pending: list[Change] = field(default_factory=list)
    removed: bool = False


class Disk:
    """The files as a list of changes leaves them, and what of it a power cut may take back."""

    def __init__(self, files: State | None = None) -> None:
        self._files = {name: _File(content) for name, content in (files or {}).items()}

    def take(self, change: Change) -> None:
        """One more change."""
        if change.op == "d":
            self._files = {name: file for name, file in self._files.items() if not file.removed}
            for file in self._files.values():
                file.durable = b"" if file.durable is None else file.durable
            return
        file = self._files.setdefault(change.path, _File())
        if change.op == "u":
            file.removed = True
        elif change.op == "c":
            # Under a name that was removed, and may not be gone for good: the new file's bytes are what counts.
            self._files[change.path] = _File()
        elif change.op == "s":
            file.durable, file.pending = _applied(file.durable or b"", file.pending), []
        else:
            file.pending.append(change)

    def nothing_more(self) -> State:
        """Nothing that was not synced has arrived, and no name is gone whose folder was not synced."""
        return {name: file.durable for name, file in self._files.items() if file.durable is not None}

    def everything(self) -> State:
        """All has arrived."""
        return {name: _applied(file.durable or b"", file.pending) for name, file in self._files.items() if not file.removed}

    def some(self, draw: random.Random) -> State:
        """Some sectors of what was not synced have arrived."""
        state = {}
        for name, file in self._files.items():
            if (file.durable is None or file.removed) and draw.random() < 0.5:
                if file.removed and file.durable is not None:
                    state[name] = file.durable
                continue
            arrived = [part for change in file.pending for part in _sectors(change) if draw.random() < 0.5]
            state[name] = _applied(file.durable or b"", arrived)
        return state


def _sectors(change: Change) -> Iterator[Change]:
    if change.op != "w":
        yield change
        return
    start = 0
    while start < len(change.data):
        end = min(len(change.data), start + SECTOR - (change.offset + start) % SECTOR)
        yield change._replace(offset=change.offset + start, data=change.data[start:end])
        start = end


def _applied(content: bytes, changes: list[Change]) -> bytes:
    data = bytearray(content)
    for change in changes:
        if change.op == "t":
            del data[change.offset :]
            data.extend(bytes(change.offset - len(data)))
        else:
            data.extend(bytes(max(0, change.offset - len(data))))
            data[change.offset : change.offset + len(change.data)] = change.data
    return bytes(data)
