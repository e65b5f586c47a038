"""Takes stories as they were answered, keeps them between runs and between processes.

Guarantees: an answer that was given is on the disk; writers wait for each other and none loses; an index of another
configuration is refused; a look-up that fails is an error, never "new".
"""

from __future__ import annotations

from dedup.index.contract import SCHEMA_VERSION, Entry, Ledger, Mark, Removal, Summary, Transaction
from dedup.index.memory import Memory, Sketches, sketches_of

__all__ = [
    "SCHEMA_VERSION",
    "Entry",
    "Ledger",
    "Mark",
    "Memory",
    "Removal",
    "Sketches",
    "Summary",
    "Transaction",
    "sketches_of",
]
