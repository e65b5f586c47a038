"""HTTP answers as a crawler keeps them: status, fields and body, and the body without what was put round it for the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dedup.read.compression import GZIP, ZSTD, Codec, CodecError
from dedup.read.fields import Unreadable
from dedup.read.options import ReadOptions, size
from dedup.read.utf8 import is_utf8
from dedup.read.warcrecords import LONGEST_HEAD, fields_of

NO_BROTLI: Final = "a page packed as br, which needs brotli to be read; install it with pip install 'wire-dedup[warc]'"
CUT_PAGE: Final = "the page was cut off when it was fetched; read as far as it goes"

_DAMAGED: Final = "a page whose packed bytes are damaged; fetch it again"
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_STATUS: Final = re.compile(rb"HTTP/\S{1,8}[ \t]+(\d{3})(?!\d)")
_LONGEST_SIZE_LINE: Final = 4096  # of a chunk, with its extensions
_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,15}")
_LINE_END: Final = re.compile(rb"\r?\n?")
_STEP: Final = 64 << 10


def answer_of(data: bytes) -> tuple[int, dict[str, str], int]:
    """Status, fields and where the body begins, of an answer or its beginning.

    :raises Unreadable: it is no answer.
    """
    status = _STATUS.match(data)
    end = _HEAD_END.search(data, 0, LONGEST_HEAD)
    if status is None or (end is None and len(data) >= LONGEST_HEAD):
        raise Unreadable("not an HTTP answer, though the record says so; fetch it again")
    start = end.end() if end else len(data)
    return int(status[1]), fields_of(data[:start]), start


def without_encodings(headers: dict[str, str], body: bytes, options: ReadOptions) -> tuple[bytes, bool]:
    """The body as the page was written, and whether all of it is there.

    A body that is plainly not encoded as its header says was decoded when it was archived, and is taken as it is.

    :raises Unreadable: it is damaged, too long, or packed in a way that cannot be read.
    """
    whole = True
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body, whole = joined(body)
    limit = options.max_story_bytes
    for coding in reversed([each.strip() for each in headers.get("content-encoding", "").lower().split(",")]):
        if coding in ("", "identity"):
            continue
        unpack = _UNPACKERS.get(coding)
        if unpack is None:
            raise Unreadable(f"a page packed as {coding[:20]!r}, which is not read; fetch it as gzip")
        body, all_there = unpack(body, options)
        whole = whole and all_there
        if len(body) > limit:
            break
    if len(body) > limit:
        raise Unreadable(f"a page of over {size(limit)}; to read it, raise --max-story-bytes")
    return body, whole


def joined(body: bytes) -> tuple[bytes, bool]:
    """A body sent in chunks as one, and whether its last chunk is there (RFC 9112, 7.1)."""
    pieces = bytearray()
    place = 0
    while True:
        end = body.find(b"\n", place, place + _LONGEST_SIZE_LINE)
        length = _SIZE.fullmatch(body[place : max(end, place)].partition(b";")[0].strip())
        if length is None:
            # Joined when it was archived, and the header left as it was; or cut off.
            return (bytes(pieces), False) if place else (body, True)
        count = int(length[0], 16)
        if not count:
            return bytes(pieces), True
        pieces += body[end + 1 : end + 1 + count]
        if end + 1 + count > len(body):
            return bytes(pieces), False
        place = end + 1 + count
        gap = _LINE_END.match(body, place)
        place = gap.end() if gap else place


def _packed(codec: Codec) -> Callable[[bytes, ReadOptions], tuple[bytes, bool]]:
    def unpack(body: bytes, options: ReadOptions) -> tuple[bytes, bool]:
        if not body.startswith(codec.magics):
            return _plain(body)
        out = bytearray()
        decoder = codec.decoder(options)
        piece, place = body[:_STEP], _STEP
        while len(out) <= options.max_story_bytes and not decoder.eof:
            try:
                out += decoder.decompress(piece, options.max_story_bytes + 1 - len(out))
            except CodecError as error:
                raise Unreadable(_DAMAGED) from error
            piece = b""
            if decoder.needs_input and not decoder.eof:
                piece, place = body[place : place + _STEP], place + _STEP
                if not piece:
                    return bytes(out), False
        return bytes(out), True

    return unpack


def _deflated(body: bytes, options: ReadOptions) -> tuple[bytes, bool]:
    import zlib

    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):  # some servers leave zlib's header away
        inflater = zlib.decompressobj(wbits=bits)
        try:
            return inflater.decompress(body, options.max_story_bytes + 1), inflater.eof
        except zlib.error:
            continue
    return _plain(body)


def _brotli(body: bytes, options: ReadOptions) -> tuple[bytes, bool]:
    if body.lstrip()[:1] == b"<":
        return body, True
    try:
        import brotli
    except ImportError:
        raise Unreadable(NO_BROTLI) from None
    decoder = brotli.Decompressor()
    if not hasattr(decoder, "can_accept_more_data"):  # before 1.2 nothing limits what a few bytes become
        raise Unreadable(NO_BROTLI)
    out = bytearray()
    try:
        for start in range(0, len(body), _STEP):
            piece = body[start : start + _STEP]
            while piece or not decoder.can_accept_more_data():
                out += decoder.process(piece, output_buffer_limit=_STEP)
                piece = b""
                if len(out) > options.max_story_bytes:
                    return bytes(out), True
    except brotli.error:
        return _plain(body)
    return bytes(out), bool(decoder.is_finished())


def _plain(body: bytes) -> tuple[bytes, bool]:
    """A body that is not packed, though its header says so."""
    if body.lstrip()[:1] != b"<" and not is_utf8(body):
        raise Unreadable(_DAMAGED)
    return body, True


_UNPACKERS: Final = {
    "gzip": _packed(GZIP),
    "x-gzip": _packed(GZIP),
    "zstd": _packed(ZSTD),
    "deflate": _deflated,
    "br": _brotli,
}
