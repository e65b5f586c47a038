"""Moves undone."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from dedup.act.items import Report, Tally
from dedup.act.manifest import Recorded, locked, read_manifest
from dedup.act.moving import digest_of, relocate
from dedup.errors import ManifestError, OutputError
from dedup.files import StrPath, rename_new, safe_join

_DONE = ".undone"


def undo(manifest: StrPath, *, force: bool = False) -> Report:
    """Move the files of a manifest back to where they were, the last first.

    A file goes back if it is unchanged (with ``force``: also if it changed) and its old place is free; a move that a
    crash left half done is put right. What needed nothing is *skipped*. When nothing failed the manifest is renamed to
    ``*.undone``. It may be run again, also after that.

    ManifestError, before anything is moved, if the manifest is missing, damaged, or leads outside its own folders;
    OutputError if another run is using it. Whatever else goes wrong is in the report.
    """
    path = os.fspath(manifest)
    if not Path(path).exists():
        if Path(path + _DONE).exists():
            return Report()
        raise ManifestError(f"{path!r}: no such file; name the manifest of the run to undo")
    tally = Tally()
    with locked(path, os.O_RDONLY):
        moves, _ = read_manifest(path)
        for move in reversed(moves):
            with tally.trying(move.id):
                idle = _back(move, force)
                if idle:
                    tally.skip(move.id, idle)
                else:
                    tally.done(move.id)
        report = tally.report()
        if not report.failed:
            _set_aside(path)
    return report


def _back(move: Recorded, force: bool) -> str | None:
    """Undo one move; a text says why nothing was to be done. OutputError if it can't be."""
    old, new = safe_join(move.root, move.old), safe_join(move.into, move.new)
    before, after = _status(old), _status(new)
    if after is None:
        return _settled(move, old, before, force)
    if before is None:
        if not (_matches(move, new, after) or (force and stat.S_ISREG(after.st_mode))):
            raise OutputError(f"{str(new)!r}: changed since it was moved; force it to move it back all the same")
        relocate(new, old, digest_of(new))
        return None
    return _both(move, (old, before), (new, after))


def _settled(move: Recorded, old: Path, before: os.stat_result | None, force: bool) -> str:
    """The moved file is not there: it went back before, or never left."""
    if before is None:
        raise OutputError(f"{str(old)!r}: gone, and not where it was moved to either")
    if not force and not _matches(move, old, before):
        raise OutputError(f"{str(old)!r}: is another file, and what was moved is gone; force it if that is right")
    return "is in its place"


def _both(move: Recorded, old: tuple[Path, os.stat_result], new: tuple[Path, os.stat_result]) -> str | None:
    """Both names are taken: a move half done, if both have the file.

    A second file is never removed, be it equal: it may have come from another place.
    """
    if os.path.samestat(old[1], new[1]):
        if new[1].st_nlink > 1 and os.path.realpath(old[0]) != os.path.realpath(new[0]):  # not one name seen twice
            new[0].unlink()
            return None
    elif not _matches(move, *old):
        raise OutputError(f"{str(old[0])!r}: its old place is taken by another file; move that away first")
    return f"is in its place; what is at {str(new[0])!r} was left there"


def _status(path: Path) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _matches(move: Recorded, path: Path, status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and status.st_size == move.size and digest_of(path) == move.sha256


def _set_aside(path: str) -> None:
    """Rename the manifest, for the next run to begin its own."""
    if path.endswith(_DONE):
        return
    number, name = 1, path + _DONE
    while os.path.lexists(name):
        number += 1
        name = f"{path}{_DONE}.{number}"
    with suppress(OSError):  # all is back; another run finds that nothing is to be done
        rename_new(path, name)
