"""Dropped stories moved to a folder, and the one way a file is moved."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from dedup.act.items import (
    ActItem,
    Report,
    Tally,
    check_name,
    check_unchanged,
    keep_marks,
    made_folder,
    opened_unchanged,
)
from dedup.act.manifest import Journal, Move, header, journal
from dedup.act.names import json_name
from dedup.errors import OutputError
from dedup.files import Inode, StrPath, draft, rename_new, safe_join, sync_folder

MANIFEST = "manifest.jsonl"
_PIECE = 1 << 20
_TOGETHER = 64  # intents synced at once: a sync takes milliseconds, a rename microseconds


def move_dropped(items: Iterable[ActItem], folder: StrPath, *, manifest: StrPath | None = None) -> Report:
    """Move the dropped files to ``folder``, each below it as it was below its root.

    ``items`` are all of the run, the kept ones too: right before a file is moved, it and the kept file it repeats must
    be there, unchanged, and two different files; else it stays. Nothing is overwritten. Each move is on disk in
    ``manifest`` (default ``manifest.jsonl`` in ``folder``; one of an earlier run is continued) before it is made.

    OutputError if a dropped story is a record in a file, or if ``folder`` or the manifest cannot be written, before
    anything is moved; ManifestError if another file has the manifest's name. Whatever else goes wrong is in the report.
    """
    chosen = list(items)
    dropped = [item for item in chosen if not item.keep]
    record = next((item for item in dropped if item.line or item.part), None)
    if record:
        mend = "write the new ones as JSON lines with 'dedup filter'" if record.part else "copy the kept ones (--copy-kept)"
        raise OutputError(f"{record.id!r}: a record cannot be moved out of its file; {mend}")
    if not dropped:
        return Report()
    root = made_folder(folder)
    path = os.fspath(Path(root, MANIFEST) if manifest is None else manifest)
    with journal(path, header(map(_root, dropped), root)) as opened:
        run = _Run(root, chosen, opened)
        rest = iter(dropped)
        while batch := list(islice(rest, _TOGETHER)):
            run.move(batch)
    return run.tally.report()


def _place(path: str) -> str:
    """The absolute path of a name in its folder: links on the way are resolved, the name itself is not."""
    return str(Path(os.path.realpath(Path(path).parent), Path(path).name))


def _root(item: ActItem) -> str:
    """The folder that the item's file was found below."""
    place, below = _place(item.path), "/" + os.path.normpath(item.relative)
    return (place.removesuffix(below) if place.endswith(below) else str(Path(place).parent)) or "/"


class _Run:
    """One call of ``move_dropped``."""

    def __init__(self, root: str, items: Sequence[ActItem], opened: Journal) -> None:
        self.root, self.journal, self.tally = root, opened, Tally()
        self._kept = {item.id: item for item in items if item.keep}
        self._kept_files: set[Inode] = {item.stamp[:2] for item in self._kept.values() if item.stamp}

    def move(self, batch: Sequence[ActItem]) -> None:
        """Plan some moves, record them, make them."""
        planned: dict[Path, tuple[ActItem, Move]] = {}
        for item in batch:
            with self.tally.trying(item.id):
                target = self._target(item)
                if os.path.lexists(target) or target in planned:
                    raise OutputError(f"{str(target)!r}: another file is there; move to another folder")
                planned[target] = item, _intent(item, target)
        with self.tally.trying(*(item.id for item, _ in planned.values())):
            self.journal.append(move for _, move in planned.values())
            for target, (item, move) in planned.items():
                with self.tally.trying(item.id):
                    self._check(item)
                    relocate(Path(item.path), target, move.sha256)
                    self.tally.done(item.id)

    def _target(self, item: ActItem) -> Path:
        self._check(item)
        return safe_join(self.root, item.relative)

    def _check(self, item: ActItem) -> None:
        """OutputError unless the file, and the kept one it repeats, are two files as scanned."""
        check_name(item)
        check_unchanged(item)
        kept = self._kept.get(item.duplicate_of or "")
        if kept is None:
            raise OutputError(f"{item.path!r}: stays, as its kept copy {item.duplicate_of!r} is not among the items")
        try:
            check_unchanged(kept)
        except OutputError as error:
            raise OutputError(f"{item.path!r}: stays, as its kept copy cannot be relied on: {error}") from error
        if item.stamp and item.stamp[:2] in self._kept_files:
            raise OutputError(f"{item.path!r}: stays, as a kept story is in the same file")


def _intent(item: ActItem, target: Path) -> Move:
    with opened_unchanged(item) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()  # checked once more before the move
        status = os.fstat(file.fileno())
    return Move(
        source=json_name(_place(item.path)),
        target=json_name(str(target)),
        id=json_name(item.id),
        duplicate_of=json_name(item.duplicate_of) if item.duplicate_of is not None else None,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        sha256=digest,
    )


def digest_of(path: StrPath) -> str:
    """SHA-256 of a file's bytes, in hex. OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def relocate(source: Path, target: Path, digest: str) -> None:
    """Move a file, across file systems too; ``digest`` is that of its content.

    Whatever fails, the file is still at ``source``, whole. OutputError if ``target`` exists or the copy is not the
    same; OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        rename_new(source, target)
    except FileExistsError as error:
        raise OutputError(f"{str(target)!r}: another file is there") from error
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _carry(source, target, digest)


def _carry(source: Path, target: Path, digest: str) -> None:
    with open(source, "rb") as old, draft(target.parent, shown=str(target)) as new:
        shutil.copyfileobj(old, new.file, _PIECE)
        new.file.flush()
        keep_marks(new.file.fileno(), os.fstat(old.fileno()), owner=True)
        if digest_of(new.path) != digest:
            raise OutputError(f"{str(source)!r}: changed while it was moved; it stays")
        new.place(target, force=False)
    sync_folder(target.parent)  # the copy must be sure to last before the original goes
    try:
        source.unlink()
    except OSError:
        target.unlink()
        raise
