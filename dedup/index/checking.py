"""The inner check of an SQLite index: its trees, its rows, and what they say of each other."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice

from dedup.errors import IndexFault
from dedup.index.connection import is_damage
from dedup.index.contract import Entry, Mark
from dedup.index.transaction import WIDE, SqliteTransaction

Verify = Callable[[Iterator[tuple[Entry, str]]], list[str]]

MOST = 100
PAGE = 200

_RELATIONS = (
    (
        "story {} was dropped for story {}, which is not there or not kept",
        "SELECT story.seq, story.keeper FROM story LEFT JOIN story AS other ON other.seq = story.keeper "
        "WHERE story.keeper IS NOT NULL AND (other.seq IS NULL OR other.keeper IS NOT NULL)",
    ),
    (
        "story {} is kept, but its text is not there",
        "SELECT seq FROM story WHERE keeper IS NULL AND NOT EXISTS (SELECT 1 FROM text WHERE text.seq = story.seq)",
    ),
    (
        "text {} belongs to no kept story",
        "SELECT seq FROM text WHERE NOT EXISTS (SELECT 1 FROM story WHERE story.seq = text.seq AND keeper IS NULL)",
    ),
    ("story {} was removed, yet it is there", "SELECT seq FROM removal WHERE seq IN (SELECT seq FROM story)"),
    ("story {} is beyond the last one given", "SELECT seq FROM story WHERE seq < 1 OR seq > {last}"),
)


def problems(ledger: SqliteTransaction, verify: Verify | None) -> list[str]:
    """What is wrong, a sentence each, at most about a hundred."""
    found: list[str] = []
    for part in (_integrity, _relations, _rows, removals):
        found += _told(part, ledger)
    if verify and not found:
        found += verify(kept(ledger))
    return found[:MOST]


def _told(part: Callable[[SqliteTransaction], Iterator[str]], ledger: SqliteTransaction) -> list[str]:
    """Damage is what a check is for: a part that trips over it says so, and the next part goes on."""
    found: list[str] = []
    try:
        found.extend(islice(part(ledger), MOST))
    except IndexFault as error:
        if isinstance(error.__cause__, sqlite3.Error) and not is_damage(error.__cause__):
            raise
        found.append(str(error))
    return found


def _integrity(ledger: SqliteTransaction) -> Iterator[str]:
    for (line,) in ledger.rows(f"PRAGMA integrity_check({MOST})"):
        if line != "ok":
            yield f"SQLite: {line}"


def _relations(ledger: SqliteTransaction) -> Iterator[str]:
    last = ledger.last_seq()
    for sentence, query in _RELATIONS:
        for row in ledger.rows(query.replace("{last}", str(last)) + f" LIMIT {MOST}"):
            yield sentence.format(*row)


def _rows(ledger: SqliteTransaction) -> Iterator[str]:
    columns = ", ".join(f"story.{name}" for name in WIDE.split(", "))
    query = (
        f"SELECT {columns}, text, text_sum FROM story LEFT JOIN text USING (seq) "
        f"WHERE story.seq > ? ORDER BY story.seq LIMIT {PAGE}"
    )
    return row_faults(ledger, query)


def row_faults(ledger: SqliteTransaction, query: str) -> Iterator[str]:
    """Stories and texts that are not what was stored, of a query for pages of both."""
    for *row, text, text_sum in ledger.paged(query, -(1 << 63)):
        try:
            entry = ledger.entry(tuple(row))
            if text is not None:
                ledger.text(entry.seq, text, text_sum)
        except IndexFault as error:
            yield str(error)
            continue
        if len(entry.digest) != 16 or len(entry.bands) % 4 or len(entry.keys) % 8:
            yield f"story {entry.seq} has a digest or sketch of the wrong length"
        if entry.keeper is not None and (entry.bands or entry.keys):
            yield f"story {entry.seq} was dropped, yet it has a sketch"


def removals(ledger: SqliteTransaction) -> Iterator[str]:
    """Removals that are not what was stored."""
    for removal in ledger.removals_after(0):
        if len(removal.bands) % 4 or len(removal.keys) % 8:
            yield f"removal {removal.number} has a sketch of the wrong length"


def kept(ledger: SqliteTransaction) -> Iterator[tuple[Entry, str]]:
    """All kept entries with their texts."""
    entries = ledger.news(Mark())
    while page := list(islice(entries, PAGE)):
        texts = ledger.texts([entry.seq for entry in page])
        yield from ((entry, texts[entry.seq]) for entry in page)
