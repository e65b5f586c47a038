"""The inner check of an index in PostgreSQL: its rows, and what they say of each other.

All of its tables is read, so that a server with data checksums looks at every page; its trees are for ``pg_amcheck``.
"""

from __future__ import annotations

from collections.abc import Iterator

from dedup.index.checking import MOST, PAGE, row_faults
from dedup.index.postgres_transaction import PostgresTransaction
from dedup.index.transaction import WIDE

_KEPT = "FROM dedup_story AS kept WHERE kept.keeper IS NULL AND kept.seq"
_RELATIONS = (
    (
        "story {} was dropped for story {}, which is not there or not kept",
        f"SELECT seq, keeper FROM dedup_story WHERE keeper IS NOT NULL AND NOT EXISTS (SELECT {_KEPT} = dedup_story.keeper)",
    ),
    (
        "story {} is kept, but its text is not there",
        "SELECT seq FROM dedup_story WHERE keeper IS NULL "
        "AND NOT EXISTS (SELECT FROM dedup_text WHERE dedup_text.seq = dedup_story.seq)",
    ),
    (
        "text {} belongs to no kept story",
        f"SELECT seq FROM dedup_text WHERE NOT EXISTS (SELECT {_KEPT} = dedup_text.seq)",
    ),
    (
        "story {} was removed, yet it is there",
        "SELECT seq FROM dedup_removal WHERE EXISTS (SELECT FROM dedup_story WHERE dedup_story.seq = dedup_removal.seq)",
    ),
    (
        "story {} is beyond the last one given",
        "SELECT seq FROM dedup_story WHERE seq < 1 OR seq > (SELECT number FROM dedup_meta WHERE name = 'last_seq')",
    ),
)


def relations(ledger: PostgresTransaction) -> Iterator[str]:
    """What tables say of each other."""
    ledger.last_seq()
    for sentence, query in _RELATIONS:
        for row in ledger.rows(f"{query} ORDER BY 1 LIMIT {MOST}"):
            yield sentence.format(*row)


def stories(ledger: PostgresTransaction) -> Iterator[str]:
    """Stories and texts that are not what was stored."""
    query = (
        f"SELECT {WIDE}, text, text_sum FROM dedup_story LEFT JOIN dedup_text USING (seq) "
        f"WHERE seq > %s ORDER BY seq LIMIT {PAGE}"
    )
    return row_faults(ledger, query)
