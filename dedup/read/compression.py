"""gzip, zstd, bzip2 and xz behind one face; all are read in steps, so that no call gives more than it is asked for."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dedup.read.options import ReadOptions, size

if TYPE_CHECKING:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd


class CodecError(Exception):
    """Compressed data that cannot be decoded; the message is fit for a person."""


class Decoder(Protocol):
    """One gzip member, zstd frame, bzip2 or xz stream being decoded."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """At most ``max_length`` bytes more, having been given ``data`` more.

        :raises CodecError: the data are damaged, or ask for more memory than is allowed.
        """

    @property
    def needs_input(self) -> bool:
        """Whether nothing more can come without more data."""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the member's end."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A kind of compression: its name, how a member begins, a maker of decoders, and whether zeros may follow."""

    name: str
    magics: tuple[bytes, ...]
    decoder: Callable[[ReadOptions], Decoder]
    padded: bool = False


class _Gzip:
    def __init__(self, options: ReadOptions) -> None:
        self._zlib = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._full = False

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        try:
            output = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        except zlib.error as error:
            raise CodecError(f"damaged gzip data: {str(error).partition(': ')[2] or error}; fetch it again") from error
        # A full output may hide more that zlib holds back, even with no input left.
        self._full = len(output) == max_length
        return output

    @property
    def needs_input(self) -> bool:
        return not self._full and not self._zlib.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data


class _Zstd:
    def __init__(self, options: ReadOptions) -> None:
        # Imported when first needed: most runs meet no .zst file.
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        self._window = options.max_zstd_window
        self._error = zstd.ZstdError
        limit: dict[int, int] = {zstd.DecompressionParameter.window_log_max: self._window.bit_length() - 1}
        self._frame: zstd.ZstdDecompressor = zstd.ZstdDecompressor(options=limit)

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        try:
            return self._frame.decompress(data, max_length)
        except self._error as error:
            raise CodecError(self._reason(str(error))) from error

    def _reason(self, said: str) -> str:
        if "memory" in said:
            return f"zstd data that ask for a window of over {size(self._window)}; allow it with --max-zstd-window"
        return f"damaged zstd data: {said.rpartition(': ')[2]}; fetch it again"

    @property
    def needs_input(self) -> bool:
        return self._frame.needs_input

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data


class _Bzip2:
    def __init__(self, options: ReadOptions) -> None:
        import bz2

        self._stream = bz2.BZ2Decompressor()

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        try:
            return self._stream.decompress(data, max_length)
        except (OSError, ValueError) as error:
            raise CodecError("damaged bzip2 data; fetch it again") from error

    @property
    def needs_input(self) -> bool:
        return self._stream.needs_input

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data


class _Xz:
    def __init__(self, options: ReadOptions) -> None:
        import lzma

        self._window = options.max_zstd_window
        self._error = lzma.LZMAError
        # A decoder takes its window and some tables.
        self._stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=self._window + _XZ_TABLES)

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        try:
            return self._stream.decompress(data, max_length)
        except self._error as error:
            raise CodecError(self._reason(str(error))) from error

    def _reason(self, said: str) -> str:
        if "emory" in said:
            return f"xz data that ask for a window of over {size(self._window)}; allow it with --max-zstd-window"
        return "damaged xz data; fetch it again"

    @property
    def needs_input(self) -> bool:
        return self._stream.needs_input

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data


_XZ_TABLES = 1 << 20
BZIP2 = Codec("bzip2", tuple(b"BZh%d" % level for level in range(1, 10)), _Bzip2, padded=True)
XZ = Codec("xz", (b"\xfd7zXZ\x00",), _Xz, padded=True)
GZIP = Codec("gzip", (b"\x1f\x8b",), _Gzip, padded=True)
# The second kind begins a frame that a reader must skip; the decoder does.
ZSTD = Codec("zstd", (b"\x28\xb5\x2f\xfd", *(bytes([low, 0x2A, 0x4D, 0x18]) for low in range(0x50, 0x60))), _Zstd)
