"""The records that stages hand on: frozen, small, and the same in Python, JSONL and reports."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Relation(StrEnum):
    """How two stories repeat each other, read "a *relation* b"."""

    IDENTICAL = "identical"
    NEAR_DUPLICATE = "near-duplicate"
    CONTAINS = "contains"
    CONTAINED = "contained"
    SHARED_PASSAGE = "shared-passage"
    TEMPLATE = "template"

    @property
    def mirrored(self) -> Relation:
        """The relation of b to a."""
        return _MIRROR.get(self, self)


_MIRROR = {Relation.CONTAINS: Relation.CONTAINED, Relation.CONTAINED: Relation.CONTAINS}


Stamp = tuple[int, int, int, int, int]
"""Device, inode, size, and the times of the last change of content and of status, in ns: differs once a file changed.

The status time catches a rewrite of the same length whose content time was set back, as rsync and ``touch -r`` do."""


class Origin(msgspec.Struct, frozen=True):
    """The file that stories were read from: its path, its place below the root that was read, and its stamp when it was
    opened. Names that are not UTF-8 are escaped as :mod:`dedup.read.names` says.

    ``parts``: its stories are parts of it other than lines, such as rows of a table, members of an archive or captured
    pages, so that none of them can be taken out by itself."""

    path: str
    relative: str
    stamp: Stamp | None = None
    parts: bool = False


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One story as read.

    ``published`` is timezone-aware. ``origin`` and ``line`` (from 1; 0 for a file that is one story) say where it stands:
    in a line, or in the record of that number in what is no file of lines. ``record`` holds the bytes of a JSON record as
    they were read, without the line's end.
    """

    id: str
    text: str
    title: str | None = None
    source: str | None = None
    url: str | None = None
    published: datetime | None = None
    origin: Origin | None = None
    line: int = 0
    record: bytes = b""

    @property
    def path(self) -> str:
        """The path of its file; "" for a story that was not read from one."""
        return self.origin.path if self.origin else ""


class Stories(msgspec.Struct, frozen=True, kw_only=True):
    """Many stories of one file, column by column, as ``Story`` has them; all columns are equally long."""

    ids: list[str]
    texts: list[str]
    titles: list[str | None]
    sources: list[str | None]
    urls: list[str | None]
    published: list[datetime | None]
    lines: range
    origin: Origin

    def __len__(self) -> int:
        return len(self.ids)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something met while reading that is not a story.

    ``failed`` tells a file or record that should have been read (exit code 1) from one rightly passed over, such as a
    FIFO, a second path to the same file, or a file of a kind that holds no stories.
    """

    where: str
    reason: str
    failed: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


class Passage(msgspec.Struct, frozen=True, gc=False):
    """A run of words both stories have, small edits allowed inside.

    Where two texts are compared, and not in a scan, it may also be one rewritten throughout: many of the same rare words in
    about the same place. The counts of an ``Overlap`` and its relation rest on verbatim runs alone.

    ``a`` and ``b`` are code-point ranges of the two texts, end excluded; ``words`` counts the tokens equal on both sides.
    """

    a: tuple[int, int]
    b: tuple[int, int]
    words: int


class Overlap(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A verified pair: exact scores on the sets of shingles, and the passages in common.

    ``relation`` is None only where two texts were compared that have none; a scan does not list such pairs.

    ``containment_a`` is the share of a's shingles that are in b; ``shared_words`` the tokens of a that passages cover;
    ``longest_passage`` the words of the longest one. ``update_of`` is the id of the older story where the newer one is a
    later version of it and both dates are known.
    """

    a: str
    b: str
    relation: Relation | None
    jaccard: float
    containment_a: float
    containment_b: float
    shared_words: int
    longest_passage: int
    passages: tuple[Passage, ...]
    update_of: str | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What becomes of one story.

    A dropped story names the kept one (``duplicate_of``), its own relation to it and their Jaccard similarity.
    ``cluster`` is the id of the kept story of its cluster, itself for a kept one; ``path`` the file it came from.
    """

    id: str
    keep: bool
    duplicate_of: str | None = None
    relation: Relation | None = None
    jaccard: float | None = None
    cluster: str
    path: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an index says of a story that was added, or would be.

    A story that is not ``new`` repeats a kept one, ``duplicate_of``, and has that ``relation`` to it. ``overlaps`` are its
    verified pairs with kept stories, itself ``a``: the one it repeats, and others that it contains, shares a passage with,
    or is another filling of a form with. ``seen``: the id was there with the same words, and this is the answer it got
    then; ``replaced``: it was there with other words, which are forgotten.
    """

    id: str
    new: bool
    duplicate_of: str | None = None
    relation: Relation | None = None
    jaccard: float | None = None
    overlaps: tuple[Overlap, ...] = ()
    seen: bool = False
    replaced: bool = False


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """A kept story and the stories it absorbed, in keep order."""

    kept: str
    dropped: tuple[str, ...]
