"""Entries to fill an index with."""

from __future__ import annotations

from dedup.index import Entry, Ledger, Mark


def entry(seq: int, id: str | None = None, *, keeper: int | None = None, digest: int | None = None, added: int = 0) -> Entry:
    kept = keeper is None
    return Entry(
        seq=seq,
        id=f"id-{seq}" if id is None else id,
        digest=(seq if digest is None else digest).to_bytes(16, "big"),
        added=added or seq * 10,
        published=None if seq % 2 else -seq,
        keeper=keeper,
        answer=b'{"seq":%d}' % seq,
        bands=bytes([seq % 251]) * 8 if kept else b"",
        keys=bytes([seq % 241]) * 16 if kept else b"",
    )


def narrow(*entries: Entry) -> list[Entry]:
    return [
        Entry(**{**{name: getattr(e, name) for name in e.__struct_fields__}, "bands": b"", "keys": b""}) for e in entries
    ]


def with_text(*entries: Entry) -> list[tuple[Entry, str | None]]:
    return [(e, f"text of {e.seq}" if e.keeper is None else None) for e in entries]


def fill(ledger: Ledger, stories: int, *, size: int = 200) -> None:
    """Stories 1 to N with texts of a size, each fifth dropped for the one before, and the first removed again."""
    with ledger.transaction() as t:
        t.append(
            (entry(seq, keeper=seq - 1), None) if seq % 5 == 0 else (entry(seq), f"{seq} " + "word " * (size // 5))
            for seq in range(1, stories + 1)
        )
        t.remove([1])


def everything(ledger: Ledger) -> list[object]:
    """All that can be asked, in a form to compare."""
    with ledger.transaction(write=False) as t:
        last = t.last_seq()
        seqs = range(1, last + 1)
        entries = t.by_seq(seqs)
        return [
            last,
            list(t.news(Mark())),
            list(t.removals(Mark(last, 0)) or ()),
            dict(entries),
            dict(t.by_id([f"id-{seq}" for seq in seqs])),
            dict(t.by_digest([seq.to_bytes(16, "big") for seq in seqs])),
            dict(t.texts(seqs)),
            t.added_before(1 << 62, last),
        ]
