"""Which files hold stories, and how each kind is read: the one table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import chain

from dedup.read.compression import BZIP2, GZIP, XZ, ZSTD, Codec
from dedup.read.jsonl import read_records
from dedup.read.options import ReadOptions
from dedup.read.source import Container, Member, Reader, Report, Source
from dedup.read.stream import Damage
from dedup.read.text import read_text
from dedup.read.utf8 import BOM
from dedup.story import Stories, Story


def _reader(module: str, name: str) -> Reader:
    """A reader that is imported when the first file of its kind is met: most runs meet one kind."""

    def read(source: Source, options: ReadOptions, report: Report) -> Iterator[Story | Stories]:
        stories: Iterator[Story | Stories] = getattr(import_module(f"dedup.read.{module}"), name)(source, options, report)
        return stories

    return read


def _container(name: str) -> Container:
    def members(source: Source, options: ReadOptions, report: Report) -> Iterator[Member]:
        found: Iterator[Member] = getattr(import_module("dedup.read.archive"), name)(source, options, report)
        return found

    return members


_JSON = _reader("jsonfile", "read_json")
_IPC = _reader("arrow", "read_ipc")
_NEWS_XML = _reader("newsxml", "read_newsxml")
_WARC = _reader("warc", "read_warc")
_WEB_PAGE = _reader("markup", "read_page")
_ZIP_FILES, _TAR_FILES = _container("zip_members"), _container("tar_members")

READERS: dict[bytes, Reader] = {
    b".txt": read_text,
    b".md": read_text,
    b".jsonl": read_records,
    b".ndjson": read_records,
    b".json": _JSON,
    b".csv": _reader("table", "read_csv"),
    b".tsv": _reader("table", "read_tsv"),
    b".parquet": _reader("arrow", "read_parquet"),
    b".arrow": _IPC,
    b".feather": _IPC,
    b".ipc": _IPC,
    b".xml": _NEWS_XML,
    b".nitf": _NEWS_XML,
    b".newsml": _NEWS_XML,
    b".rss": _NEWS_XML,
    b".atom": _NEWS_XML,
    b".warc": _WARC,
    b".wet": _WARC,
    b".html": _WEB_PAGE,
    b".htm": _WEB_PAGE,
    b".xhtml": _WEB_PAGE,
}
CONTAINERS: dict[bytes, Container] = {b".zip": _ZIP_FILES, b".tar": _TAR_FILES}
CODECS: dict[bytes, Codec] = {b".gz": GZIP, b".zst": ZSTD, b".bz2": BZIP2, b".xz": XZ}
SHORT: dict[bytes, bytes] = {b".tgz": b".tar.gz", b".tbz2": b".tar.bz2", b".tbz": b".tar.bz2", b".txz": b".tar.xz"}
"""Suffixes that stand for two."""

_ZIP = b"PK\x03\x04"
_MAGICS = {b"WARC/": b".warc", b"PAR1": b".parquet", b"ARROW1": b".arrow"}
_PAGE = re.compile(rb"<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_NEWS = re.compile(rb"(?:<[?!][^<>]*>\s*)*<(?:nitf|news|rss|feed)")
_DOCUMENT = re.compile(rb'(?:\[\s*)?\{\s*"')
_HEAD = 4096
_LOOKED_AT = 64 << 10
_RECORD_STARTS = re.compile(rb'\s*\{\s*["}]')


@dataclass(frozen=True, slots=True)
class Kind:
    """How a file is compressed, and what is in it: stories for a ``reader``, or files in a ``container``, or neither."""

    codec: Codec | None = None
    reader: Reader | None = None
    container: Container | None = None

    @property
    def known(self) -> bool:
        """Whether it is a kind of file that holds stories."""
        return bool(self.reader or self.container)


def kind_of(name: bytes) -> Kind:
    """How a file of this name is read. Upper and lower case are alike."""
    stem, dot, suffix = name.lower().rpartition(b".")
    if dot + suffix in SHORT:
        stem, dot, suffix = (stem + SHORT[dot + suffix]).rpartition(b".")
    codec = CODECS.get(dot + suffix)
    if codec is not None:
        _, dot, suffix = stem.rpartition(b".")
    return Kind(codec, READERS.get(dot + suffix), CONTAINERS.get(dot + suffix))


def codec_of(begin: bytes) -> Codec | None:
    """How a file that begins so is compressed."""
    return next((codec for codec in CODECS.values() if begin.startswith(codec.magics)), None)


def may_be_packed(begin: bytes) -> bool:
    """Whether it takes more than these first bytes to tell."""
    magics = chain.from_iterable(codec.magics for codec in CODECS.values())
    return bool(begin) and any(len(begin) < len(magic) and magic.startswith(begin) for magic in magics)


def kind_of_content(begin: bytes) -> Kind:
    """How a file of a suffix that tells nothing is read, by its first 512 bytes."""
    if begin.startswith(_ZIP):
        return Kind(container=_ZIP_FILES)
    if begin[257:262] == b"ustar":
        return Kind(container=_TAR_FILES)
    return Kind(codec_of(begin), read_unknown)


def read_unknown(source: Source, options: ReadOptions, report: Report) -> Iterator[Story | Stories]:
    """A file of a suffix that tells nothing, by what it begins with; a text if that tells nothing either."""
    begin, chunks = peek(source.chunks)
    return _reader_of(begin)(replace(source, chunks=chunks), options, report)


def _reader_of(begin: bytes) -> Reader:
    for magic, suffix in _MAGICS.items():
        if begin.startswith(magic):
            return READERS[suffix]
    if _looks_like_records(begin):
        return read_records
    text = begin.removeprefix(BOM).lstrip()
    if _NEWS.match(text):
        return _NEWS_XML  # also with a page in it
    if text.startswith(b"<") and _PAGE.search(text[:_HEAD]):
        return _WEB_PAGE
    if text.startswith(b"<?xml"):
        return _NEWS_XML
    # A text may well begin with a bracket; a record goes on with a name.
    return _JSON if _DOCUMENT.match(text) else read_text


def _looks_like_records(begin: bytes) -> bool:
    begin = begin.removeprefix(BOM).lstrip()
    if not _RECORD_STARTS.match(begin):
        return False
    line, ended, _ = begin.partition(b"\n")
    # The first line of an object spread over many does not end in a brace; one longer than the look is taken for whole.
    return line.rstrip().endswith(b"}") or (not ended and len(begin) >= _LOOKED_AT)


def peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The beginning, with its first line that is not blank unless that is long, and all chunks again."""
    taken: list[bytes] = []
    begin = b""
    try:
        for chunk in chunks:
            taken.append(chunk)
            begin += chunk
            if len(begin) >= _LOOKED_AT or b"\n" in begin.lstrip():
                break
    except Damage as damage:
        return begin, chain(taken, _raise(damage))
    return begin, chain(taken, chunks)


def _raise(damage: Damage) -> Iterator[bytes]:
    raise damage
    yield b""
