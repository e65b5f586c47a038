"""Bytes of a text, in whatever encoding they are, as a string: the one place where that is decided."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, NamedTuple

from dedup.read.charsets import known_encoding
from dedup.read.options import MIB, ReadOptions
from dedup.read.utf8 import BOM, is_utf8, not_utf8

# The longer ones first: that of UTF-32 begins like one of UTF-16.
_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (BOM, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What news has been written in. The many others that a detector knows (of DOS, of Macs) cost it more hits than they bring.
_LIKELY: Final = [
    *("cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp874"),
    *("cp932", "euc_jp", "iso2022_jp", "gb18030", "big5", "cp949"),
]
_LOOKED_AT: Final = MIB
_DETECTED_FROM: Final = 64 << 10
_TOO_FEW: Final = 8  # bytes that are not UTF-8: fewer are damage, or too little to tell an encoding by
_REPLACED: Final = "\ufffd"


class Decoded(NamedTuple):
    """A text, and what is to be said of how it was read, "" for nothing."""

    text: str
    note: str


class _Choice(NamedTuple):
    encoding: str
    note: str


def decode(data: bytes, options: ReadOptions, declared: str | None = None) -> Decoded:
    """The text in some bytes: as their byte-order mark says, ``options.encoding``, as UTF-8 if it is, as ``declared`` by the
    document, or as it looks. Never fails: what does not decode is read as U+FFFD, and counted.

    >>> decode(b"caf\\xe9", ReadOptions(), "iso-8859-1").text
    'café'
    """
    choice = _chosen(data, options, declared)
    if choice.encoding == "utf-8" and not data.isascii() and not is_utf8(data):
        text = data.decode("utf-8", "replace")
        return Decoded(text, not_utf8(_bytes_replaced(data, text)))
    text = data.decode(choice.encoding, "replace")
    lost = text.count(_REPLACED) if choice.note or options.encoding else 0
    said = f"{lost:,} of its characters did not decode and were read as U+FFFD" if lost else ""
    return Decoded(text, "; ".join(filter(None, (choice.note, said))))


def decoded_chunks(chunks: Iterable[bytes], options: ReadOptions) -> tuple[Iterator[str], str]:
    """The same for a stream, decided by its first MiB; what does not decode is read as U+FFFD.

    :raises Damage: from the chunks, also later on.
    """
    given = iter(chunks)
    begin: list[bytes] = []
    for chunk in given:
        begin.append(chunk)
        if sum(map(len, begin)) >= _LOOKED_AT:
            break
    encoding, note = _chosen(b"".join(begin)[:_LOOKED_AT], options, None)
    return _incremental(chain(begin, given), encoding), note


def _chosen(data: bytes, options: ReadOptions, declared: str | None) -> _Choice:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _Choice(encoding, "")
    if options.encoding is not None:
        return _Choice(known_encoding(options.encoding) or "utf-8", "")
    if _is_utf8_so_far(data):
        return _Choice("utf-8", "")
    named = known_encoding(declared) if declared else None
    if named and _decodes(data, named):
        return _Choice(named, "")
    text = data[:_LOOKED_AT].decode("utf-8", "replace")
    broken = text.count(_REPLACED)
    whole = sum(not char.isascii() for char in text) - broken if broken < len(text) else 0
    if broken < _TOO_FEW or whole > broken:
        return _Choice("utf-8", "")
    return _detected(data) or _Choice(named or "utf-8", "")


def _detected(data: bytes) -> _Choice | None:
    # Imported when first needed: most runs meet UTF-8 only.
    from charset_normalizer import from_bytes

    sample = data[:_DETECTED_FROM]
    best = from_bytes(sample, cp_isolation=_LIKELY).best()
    if best is None:
        return None
    encoding = best.encoding
    if encoding != "cp1252" and _decodes(sample, "cp1252") and sample.decode("cp1252") == str(best):
        encoding = "cp1252"  # it is all the same for this text, and the likelier name
    return _Choice(encoding, f"not UTF-8; read as {encoding}, as which it looks; say otherwise with --encoding")


def _is_utf8_so_far(data: bytes) -> bool:
    """Whether it is UTF-8, but for a character that the end may have cut."""
    return is_utf8(data) or (len(data) >= _LOOKED_AT and any(is_utf8(data[:-cut]) for cut in (1, 2, 3)))


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (UnicodeError, ValueError):
        return False
    return True


def _incremental(chunks: Iterable[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _bytes_replaced(data: bytes, text: str) -> int:
    put_in = text.count(_REPLACED) - data.count(_REPLACED.encode())
    return len(data) - (len(text.encode()) - len(_REPLACED.encode()) * put_in)
