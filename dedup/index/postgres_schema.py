"""The tables of an index in a PostgreSQL database: ``dedup_meta``, ``dedup_story``, ``dedup_text`` and ``dedup_removal``.

They lie in the schema where the server makes tables by itself, mostly ``public``; ``?options=-csearch_path%3DNAME`` in the
address names another, so that one database can hold several indexes.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from dedup.errors import IndexFault
from dedup.index.connection import RESTORE
from dedup.index.contract import SCHEMA_VERSION
from dedup.index.postgres_connection import Connection
from dedup.index.schema import Identity, identity_of, too_new

# Ids and texts are bytea: text can hold neither NUL nor lone surrogates. An index entry holds 2.7 KB at most, an id may be
# longer, so ids are found by their SHA-256. Sketches cannot be compressed, so that is not tried.
MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        "CREATE TABLE dedup_meta (name text PRIMARY KEY, number bigint, value bytea)",
        """CREATE TABLE dedup_story (
            seq bigint PRIMARY KEY,
            id bytea NOT NULL,
            digest bytea NOT NULL,
            added bigint NOT NULL,
            published bigint,
            keeper bigint,
            answer bytea NOT NULL,
            row_sum bigint NOT NULL,
            bands bytea NOT NULL,
            keys bytea NOT NULL,
            sketch_sum bigint NOT NULL)""",
        "CREATE TABLE dedup_text (seq bigint PRIMARY KEY, text bytea NOT NULL, text_sum bigint NOT NULL)",
        """CREATE TABLE dedup_removal (
            removal bigint PRIMARY KEY,
            seq bigint NOT NULL,
            bands bytea NOT NULL,
            keys bytea NOT NULL,
            sketch_sum bigint NOT NULL)""",
        "ALTER TABLE dedup_story ALTER bands SET STORAGE EXTERNAL, ALTER keys SET STORAGE EXTERNAL",
        "ALTER TABLE dedup_removal ALTER bands SET STORAGE EXTERNAL, ALTER keys SET STORAGE EXTERNAL",
        "CREATE UNIQUE INDEX dedup_story_id ON dedup_story (sha256(id))",
        "CREATE INDEX dedup_story_digest ON dedup_story (digest, seq)",
        "CREATE INDEX dedup_story_added ON dedup_story (added, seq)",
        "CREATE INDEX dedup_story_keeper ON dedup_story (keeper) WHERE keeper IS NOT NULL",
        "INSERT INTO dedup_meta (name, number) VALUES ('last_seq', 0)",
    ),
}

TABLES = ("dedup_meta", "dedup_story", "dedup_text", "dedup_removal")
_OBJECTS = {*TABLES, "dedup_story_id", "dedup_story_digest", "dedup_story_added", "dedup_story_keeper"}
_TEXTS = ("digest", "fold")


def lock_key(schema: str) -> int:
    """What those who write to the index in this schema lock, among the locks of its database."""
    return int.from_bytes(hashlib.blake2b(b"wire-dedup\0" + schema.encode(), digest_size=8).digest(), "big", signed=True)


def version_of(connection: Connection, schema: str, shown: str) -> int | None:
    """The schema version of an index, None where there is none.

    IndexFault for tables of something else, and for an index of a later version.
    """
    query = """SELECT relname, relkind::text, relhastriggers, relhasrules FROM pg_catalog.pg_class
        WHERE relname = ANY(%s) AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = %s)"""
    objects = {name: rest for name, *rest in connection.execute(query, (sorted(_OBJECTS), schema))}
    if not objects:
        return None
    for name, (kind, triggers, rules) in sorted(objects.items()):
        if kind not in ("r", "i") or triggers or rules:
            raise IndexFault(f"{shown!r}: holds {name!r}, code that no index has; do not use this database")
    if missing := [name for name in TABLES[:2] if name not in objects]:
        raise IndexFault(f"{shown!r}: is damaged, {missing[0]!r} is missing; {RESTORE}")
    found = connection.execute("SELECT number FROM dedup_meta WHERE name = 'schema'").fetchall()
    if not found or not isinstance(found[0][0], int):
        raise IndexFault(f"{shown!r}: is damaged, it has no 'schema'; {RESTORE}")
    version = found[0][0]
    if version < 1:
        raise IndexFault(f"{shown!r}: is damaged, schema version {version} cannot be; {RESTORE}")
    if version > SCHEMA_VERSION:
        raise too_new(version, shown)
    if version == SCHEMA_VERSION and (missing := sorted(_OBJECTS - objects.keys())):
        raise IndexFault(f"{shown!r}: is damaged, {missing[0]!r} is missing; {RESTORE}")
    return version


def bring_up(connection: Connection, version: int | None, fresh: Identity) -> None:
    """Make or migrate the tables, in a transaction that the caller has begun. A new index becomes ``fresh``."""
    for step in range((version or 0) + 1, SCHEMA_VERSION + 1):
        for statement in MIGRATIONS[step]:
            connection.execute(statement)
    if version is None:
        for name, value in {**msgspec.structs.asdict(fresh), "sum": fresh.checksum()}.items():
            _put(connection, name, value)
    _put(connection, "schema", SCHEMA_VERSION)


def _put(connection: Connection, name: str, value: bytes | str | int) -> None:
    number = value if isinstance(value, int) else None
    stored = value.encode() if isinstance(value, str) else None if isinstance(value, int) else value
    connection.execute(
        "INSERT INTO dedup_meta (name, number, value) VALUES (%s, %s, %s) "
        "ON CONFLICT (name) DO UPDATE SET number = excluded.number, value = excluded.value",
        (name, number, stored),
    )


def read_identity(connection: Connection, shown: str) -> Identity:
    """What the index at hand says of itself; IndexFault if it cannot be right."""
    stored: dict[str, Any] = {
        name: number if value is None else value.decode("utf-8", "replace") if name in _TEXTS else value
        for name, number, value in connection.execute("SELECT name, number, value FROM dedup_meta")
    }
    return identity_of(stored, shown)
