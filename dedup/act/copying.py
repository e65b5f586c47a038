"""Kept stories copied to a folder."""

from __future__ import annotations

import io
import os
import shutil
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from dedup.act.items import (
    ActItem,
    Report,
    Tally,
    check_name,
    check_open,
    keep_marks,
    made_folder,
    opened_unchanged,
    same_bytes,
)
from dedup.act.records import copy_lines, packing
from dedup.errors import OutputError
from dedup.files import Inode, StrPath, draft, safe_join, sync_folder

Fill = Callable[[io.BufferedReader, io.BufferedWriter], None]
_PIECE = 1 << 20


def copy_kept(items: Iterable[ActItem], folder: StrPath, *, force: bool = False) -> Report:
    """Copy the kept stories to ``folder``, under the names and in the subfolders they have.

    A file that is one story is copied whole. Of a JSON lines file the kept lines are copied, their bytes unchanged, in
    file order, packed (``.gz``, ``.zst``) as it is; a file without kept lines has no copy. Permission bits and the time
    of the last change are kept. A copy that is there already and is the same counts as done, so a run that was
    interrupted can be repeated; one that differs is left alone without ``force``. No story of the run is overwritten,
    whatever ``force`` says.

    OutputError if ``folder`` cannot be made; whatever else goes wrong is in the report.
    """
    chosen = list(items)
    run = _Run(made_folder(folder), chosen, force)
    for item in chosen:
        if item.keep and not (item.line or item.part):
            run.copy_file(item)
    for group in _by_file(chosen):
        run.copy_records(group)
    run.sync()
    return run.tally.report()


def _by_file(items: Iterable[ActItem]) -> Iterable[list[ActItem]]:
    groups: dict[str, list[ActItem]] = {}
    for item in items:
        if item.keep and (item.line or item.part):
            groups.setdefault(item.path, []).append(item)
    return groups.values()


class _Run:
    """One call of ``copy_kept``: where to, what must not be overwritten, and what came of it."""

    def __init__(self, root: str, items: Iterable[ActItem], force: bool) -> None:
        self.root, self.force, self.tally = root, force, Tally()
        self._inputs: set[Inode] = {item.stamp[:2] for item in items if item.stamp}
        self._taken: dict[Path, str] = {}
        self._folders: set[Path] = set()

    def copy_file(self, item: ActItem) -> None:
        with self.tally.trying(item.id):
            check_name(item)
            target = self._target(item)
            with opened_unchanged(item) as source:
                there, here = _found(target), os.fstat(source.fileno())
                if there is None or _marks(there) != _marks(here):
                    self._write(item, source, target, _copy_all)
            self.tally.done(item.id)

    def copy_records(self, group: list[ActItem]) -> None:
        """The items are the kept lines of one file, or the kept parts of one that is not made of lines."""
        first = group[0]
        ids = [item.id for item in group]
        with self.tally.trying(*(ids[:1] if first.part else ids)):  # of an archive with a million of them, one is told
            if any((item.relative, item.stamp) != (first.relative, first.stamp) for item in group):
                raise OutputError(f"{first.path!r}: changed while it was scanned; scan again")
            check_name(first)
            packed, lines = packing(first.relative), frozenset(item.line for item in group)
            target = self._target(first)
            with opened_unchanged(first) as source:
                self._write(first, source, target, lambda read, write: copy_lines(read, write, lines, packed))
            self.tally.done(*ids)

    def sync(self) -> None:
        """Make the new names last."""
        for folder in self._folders:
            with suppress(OSError):  # the copies are whole all the same
                sync_folder(folder)

    def _target(self, item: ActItem) -> Path:
        target = safe_join(self.root, item.relative)
        taken_by = self._taken.setdefault(target, item.path)
        if taken_by != item.path:
            raise OutputError(f"{item.path!r}: its copy would have the name of that of {taken_by!r}; copy them apart")
        there = _found(target)
        if there and (there.st_dev, there.st_ino) in self._inputs:
            raise OutputError(f"{str(target)!r}: is a story of this run; copy to another folder")
        return target

    def _write(self, item: ActItem, source: io.BufferedReader, target: Path, fill: Fill) -> None:
        status = os.fstat(source.fileno())
        target.parent.mkdir(parents=True, exist_ok=True)
        with draft(target.parent, shown=str(target)) as new:
            fill(source, new.file)
            new.file.flush()
            check_open(item, source)
            keep_marks(new.file.fileno(), status)
            if same_bytes(new.path, target):
                return
            new.place(target, force=self.force)
        self._folders.update(folder for folder in target.parents if folder.is_relative_to(self.root))


def _found(path: Path) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _marks(status: os.stat_result) -> tuple[bool, int, int]:
    return stat.S_ISREG(status.st_mode), status.st_size, status.st_mtime_ns


def _copy_all(source: io.BufferedReader, sink: io.BufferedWriter) -> None:
    shutil.copyfileobj(source, sink, _PIECE)
