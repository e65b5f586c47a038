"""Decisions -> copied or moved files, and back.

Takes ``ActItem`` records: each decision with the path, the place below the scanned root, and the stamp of its file as
it was when read. Gives a ``Report`` of what was done, what failed, and what needed nothing.

Guarantees: nothing is deleted, nothing is overwritten unasked, nothing is written outside the folder given. A file that
changed since the scan is left alone, and so is a dropped one whose kept copy is not there any more as it was. A failure
is listed and the run goes on. Every move is on disk in the manifest before it is made, so ``undo`` works after a crash
at any moment.
"""

from dedup.act.copying import copy_kept
from dedup.act.items import ActItem, Report, items_of
from dedup.act.moving import move_dropped
from dedup.act.undoing import undo

__all__ = ["ActItem", "Report", "copy_kept", "items_of", "move_dropped", "undo"]
