"""What an index says of itself, and the tables of an SQLite one.

``MIGRATIONS`` leads a file from each version to the next; a new file is migrated from version 0, which has nothing.
"""

from __future__ import annotations

import functools
import secrets
import sqlite3
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from dedup.errors import IndexFault
from dedup.index.connection import RESTORE
from dedup.index.contract import SCHEMA_VERSION
from dedup.kernels import FOLD_VERSION
from dedup.settings import Settings

APPLICATION_ID = 0x77697265  # "wire"
REMOVALS_KEPT = 100_000
_REMOVALS_LEAST = 100

# Ids and texts are BLOBs: as TEXT, what stands behind a NUL would be lost to SQL, and lone surrogates could not be stored.
# Texts and sketches lie apart, for scans of sketches to read little else. SQLite has no checksums of its own: *_sum is a
# CRC-32, without which a flipped bit would be handed out as a story.
MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
        """CREATE TABLE IF NOT EXISTS story (
            seq INTEGER PRIMARY KEY,
            id BLOB NOT NULL UNIQUE,
            digest BLOB NOT NULL,
            added INTEGER NOT NULL,
            published INTEGER,
            keeper INTEGER,
            answer BLOB NOT NULL,
            row_sum INTEGER NOT NULL,
            bands BLOB NOT NULL,
            keys BLOB NOT NULL,
            sketch_sum INTEGER NOT NULL)""",
        "CREATE TABLE IF NOT EXISTS text (seq INTEGER PRIMARY KEY, text BLOB NOT NULL, text_sum INTEGER NOT NULL)",
        """CREATE TABLE IF NOT EXISTS removal (
            removal INTEGER PRIMARY KEY AUTOINCREMENT,
            seq INTEGER NOT NULL,
            bands BLOB NOT NULL,
            keys BLOB NOT NULL,
            sketch_sum INTEGER NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS story_digest ON story (digest)",
        "CREATE INDEX IF NOT EXISTS story_added ON story (added)",
        "CREATE INDEX IF NOT EXISTS story_keeper ON story (keeper) WHERE keeper IS NOT NULL",
        "INSERT OR IGNORE INTO meta VALUES ('last_seq', 0)",
    ),
}


def checksum(*values: object) -> int:
    """CRC-32 over some values and their types, each kept apart from the next."""
    return zlib.crc32(msgspec.msgpack.encode(values))


def removals_kept(stories: int, removed: int) -> int:
    """How many removals stay on record beside so many stories, of which the last transaction made up to ``removed``.

    They let a process that missed them take sketches back. One that missed a quarter of the stories reads all anew at a like
    cost; for those to come after it, the sketches of the gone would take more room than the stories do.
    """
    return min(REMOVALS_KEPT, max(_REMOVALS_LEAST, stories // 4, removed))


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What an index was made with; the same through all its life."""

    settings: bytes
    """``Settings`` in JSON."""

    digest: str
    """``Settings.digest()``."""

    fold: str
    """Version of the fold table."""

    salt: bytes

    @classmethod
    def fresh(cls, settings: Settings) -> Identity:
        """For an index that is about to be made."""
        encoded = msgspec.json.encode(settings)
        return cls(settings=encoded, digest=settings.digest(), fold=FOLD_VERSION, salt=secrets.token_bytes(16))

    def checksum(self) -> int:
        """Over all of it."""
        return checksum(*msgspec.structs.astuple(self))


def version_of(connection: sqlite3.Connection, shown: str) -> int | None:
    """The schema version of an index, None for a file with nothing in it.

    IndexFault for a database of something else, and for an index of a later version.
    """
    ((application,),) = connection.execute("PRAGMA application_id")
    ((version,),) = connection.execute("PRAGMA user_version")
    objects = _objects(connection)
    if not objects and application in (0, APPLICATION_ID):
        return None
    if application != APPLICATION_ID:
        raise IndexFault(f"{shown!r}: is a database of something else, not an index; name another file")
    if version > SCHEMA_VERSION:
        raise too_new(version, shown)
    if version < 0:
        raise IndexFault(f"{shown!r}: is damaged, schema version {version} cannot be; {RESTORE}")
    wanted = _wanted()
    if strange := sorted(objects.keys() - wanted.keys()):
        raise IndexFault(f"{shown!r}: holds {strange[0]!r}, which no index has; do not use this file")
    if version == SCHEMA_VERSION and (wrong := sorted(name for name in wanted if objects.get(name) != wanted[name])):
        raise IndexFault(f"{shown!r}: is damaged, {wrong[0]!r} is missing or other than it was made; {RESTORE}")
    return int(version)


def _objects(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """What a database declares, but for what SQLite adds by itself."""
    found = connection.execute("SELECT name, type, tbl_name, sql FROM sqlite_master")
    return {str(name): (kind, *rest) for name, kind, *rest in found if not _automatic(str(name), kind)}


def _automatic(name: str, kind: str) -> bool:
    return name.startswith("sqlite_") and kind in ("table", "index")


@functools.cache
def _wanted() -> dict[str, tuple[str, ...]]:
    """What an index declares, letter by letter: a migrated one came to it by the same steps."""
    model = sqlite3.connect(":memory:")
    _migrate(model, 0)
    objects = _objects(model)
    model.close()
    return objects


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    for step in range(version + 1, SCHEMA_VERSION + 1):
        for statement in MIGRATIONS[step]:
            connection.execute(statement)


def bring_up(connection: sqlite3.Connection, version: int | None, fresh: Identity) -> None:
    """Make or migrate the tables; all or nothing, as the caller has begun a transaction. A new index becomes ``fresh``."""
    _migrate(connection, version or 0)
    if version is None:
        values = {**msgspec.structs.asdict(fresh), "sum": fresh.checksum()}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", values.items())
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", (SCHEMA_VERSION,))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def read_identity(connection: sqlite3.Connection, shown: str) -> Identity:
    """What the index at hand says of itself; IndexFault if it cannot be right."""
    return identity_of(dict(connection.execute("SELECT name, value FROM meta")), shown)


def identity_of(stored: Mapping[str, Any], shown: str) -> Identity:
    """The identity among the values that an index stores by name; IndexFault if they cannot be right."""
    try:
        identity = Identity(**{name: stored[name] for name in Identity.__struct_fields__})
    except KeyError as error:
        raise IndexFault(f"{shown!r}: is damaged, it has no {error.args[0]!r}; {RESTORE}") from None
    if stored.get("sum") != identity.checksum() or stored.get("schema") != SCHEMA_VERSION:
        raise IndexFault(f"{shown!r}: is damaged, what it says of itself does not fit its checksum; {RESTORE}")
    return identity


def too_new(version: int, shown: str) -> IndexFault:
    """An index that a later program wrote."""
    return IndexFault(
        f"{shown!r}: has schema version {version}, this program knows versions up to {SCHEMA_VERSION}; "
        "use the newer wire-dedup that wrote it"
    )
