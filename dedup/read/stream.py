"""Opening files safely, and turning them into bounded chunks and lines: every limit on size is kept here."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Callable, Generator, Iterator
from io import BufferedReader
from types import TracebackType
from typing import Final, Protocol, cast

from dedup import kernels
from dedup.errors import InputError
from dedup.files import stamp_of
from dedup.read.compression import Codec, CodecError, Decoder
from dedup.read.options import MIB, ReadOptions

# Plain bytes per read: large enough that the calls vanish, small enough to stay in the processor's cache.
PLAIN_READ: Final = 256 << 10
# Compressed bytes per read: small, as each member of a gzip file copies what is left of its piece.
PACKED_READ: Final = 16 << 10
MAX_CHUNK: Final = MIB
_LET_GO_AT_ONCE: Final = 16 * MIB

CUT_OFF: Final = "cut off: the file ends inside its compressed data; fetch it again"

_KINDS = (
    (stat.S_ISLNK, "symbolic link"),
    (stat.S_ISDIR, "folder"),
    (stat.S_ISFIFO, "FIFO"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "character device"),
    (stat.S_ISBLK, "block device"),
)


class Damage(InputError):
    """A stream that cannot be read on. Internal: readers turn it into a problem.

    ``whole`` is true where what came before is complete in itself, and only something foreign follows it.
    ``line`` (from 1) and ``rest`` (None if over the limit) are the number and the bytes of the line it was met in.
    """

    def __init__(self, reason: str, *, whole: bool = False) -> None:
        super().__init__(reason)
        self.whole = whole
        self.line = 0
        self.rest: bytes | None = None


def kind_of_node(mode: int) -> str:
    """What a file-system entry is, for a message; "" for a regular file."""
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "")


class OpenFile:
    """A regular file open for reading, that tells how far it has been read.

    ``follow`` allows the path itself to be a symbolic link. Opening never waits, not even for a FIFO that took the
    file's place; ``node`` then says what was met instead, and nothing can be read. ``on_bytes``, once set, is told of
    every byte consumed. ``uncached``, once set, lets what was read go from the system's cache.

    :raises OSError: the file cannot be opened.
    """

    def __init__(self, path: bytes, *, follow: bool) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
        status = os.fstat(self._fd)
        self.node = kind_of_node(status.st_mode)
        self.inode = (status.st_dev, status.st_ino)
        self.stamp = stamp_of(status)
        self.size = status.st_size
        self.position = 0
        self.on_bytes: Callable[[int], None] | None = None
        self.uncached = False
        self._let_go = 0

    def read(self, count: int) -> bytes:
        """The next bytes, at most ``count``; none at the end.

        :raises Damage: the file system failed.
        """
        data = self.read_at(self.position, count)
        self.position += len(data)
        if self.uncached and self.position - self._let_go >= _LET_GO_AT_ONCE:
            self._let_go_of_cache()
        if data and self.on_bytes:
            self.on_bytes(len(data))
        return data

    def _let_go_of_cache(self) -> None:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._fd, self._let_go, self.position - self._let_go, os.POSIX_FADV_DONTNEED)
        self._let_go = self.position

    def read_at(self, position: int, count: int) -> bytes:
        """Bytes from elsewhere in the file, not counted as progress."""
        try:
            return os.pread(self._fd, count, position)
        except OSError as error:
            raise Damage(f"cannot be read on: {error.strerror}; check the disk") from error

    def close(self) -> None:
        """Close the file, and count what was left unread as done with."""
        os.close(self._fd)
        if self.on_bytes and self.position < self.size:
            self.on_bytes(self.size - self.position)

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Packed(Protocol):
    """Bytes to be unpacked: read one after the other, and looked at again where they turn out to be damaged."""

    position: int

    def read(self, count: int, /) -> bytes:
        """The next bytes, at most ``count``; none at the end. Damage if there is no going on."""

    def read_at(self, position: int, count: int, /) -> bytes:
        """Bytes from elsewhere; none where they cannot be had any more."""


class Piped:
    """Chunks that come one after the other as ``Packed``: those that went by cannot be looked at again."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")
        self.position = 0

    def read(self, count: int, /) -> bytes:
        """At most ``count`` bytes of the chunk at hand: who waits for more may wait for long."""
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._left = memoryview(chunk)
        data, self._left = bytes(self._left[:count]), self._left[count:]
        self.position += len(data)
        return data

    def read_at(self, position: int, count: int, /) -> bytes:
        """Nothing."""
        return b""


class Expansion:
    """What compressed data may come to: so many times their size, whatever their size a floor.

    The members of an archive share one, or each small one would bring a floor of its own.
    """

    def __init__(self, options: ReadOptions) -> None:
        self._ratio, self._floor = options.max_expansion, options.expansion_floor
        self._packed = 0
        self._given = 0

    def watched(self, file: Packed, output: Iterator[bytes]) -> Iterator[bytes]:
        """What comes out of ``file``, as far as it may.

        :raises Damage: there is more.
        """
        for chunk in output:
            allowed = max(self._floor, self._ratio * (self._packed + file.position)) - self._given
            self._given += len(chunk)
            if len(chunk) > allowed:
                yield chunk[: max(0, allowed)]
                raise Damage(
                    f"expands to more than {self._ratio} times its size; if that is meant, allow it with --max-expansion"
                )
            yield chunk
        self._packed += file.position


def unpacked(
    chunks: Iterator[bytes], codec: Codec, options: ReadOptions, expansion: Expansion | None = None
) -> Iterator[bytes]:
    """Compressed chunks that are no file, decompressed; see ``chunks``."""
    return _unpacked(Piped(chunks), codec, options, expansion)


def chunks(file: OpenFile, codec: Codec | None, options: ReadOptions) -> Iterator[bytes]:
    """The file's bytes, decompressed, in chunks of at most 1 MiB.

    :raises Damage: the file cannot be read on, is cut off or damaged, has something foreign behind its compressed
        data, or expands beyond the options' ratio. All that could be had before that has been given then.
    """
    if codec is None:
        return iter(lambda: file.read(PLAIN_READ), b"")
    return _unpacked(file, codec, options)


def standard_input(
    on_bytes: Callable[[int], None] | None = None, on_wait: Callable[[], None] | None = None
) -> Iterator[bytes]:
    """What arrives on standard input, as it arrives: the last story sent is not kept waiting for the next one.

    ``on_wait`` is called before a read that may have to wait.

    :raises Damage: the stream failed, or is closed.
    """
    stream = cast("BufferedReader | None", getattr(sys.stdin, "buffer", None))
    if stream is None:
        raise Damage("closed; open it or give a file")
    while True:
        if on_wait and not _at_hand(stream):
            on_wait()
        try:
            data = stream.read1(PLAIN_READ)
        except OSError as error:
            raise Damage(f"cannot be read on: {error.strerror}; check what feeds it") from error
        if not data:
            return
        if on_bytes:
            on_bytes(len(data))
        yield data


def _at_hand(stream: BufferedReader) -> bool:
    """Whether there is something to read at once, be it the end."""
    try:
        descriptor = stream.fileno()
    except OSError:  # no stream of the system's
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def _unpacked(file: Packed, codec: Codec, options: ReadOptions, expansion: Expansion | None = None) -> Iterator[bytes]:
    return (expansion or Expansion(options)).watched(file, _members(file, codec, options))


def _members(file: Packed, codec: Codec, options: ReadOptions) -> Iterator[bytes]:
    """All gzip members or zstd frames, one after the other."""
    left = _magic_of_next(file, codec, b"", padded=False)
    if not left:
        raise Damage(f"cut off: an empty file is not {codec.name} data; fetch it again")
    first = True
    while left:
        if not left.startswith(codec.magics):
            raise _foreign(left, codec, first=first)
        left = yield from _member(file, codec, left, options)
        left = _magic_of_next(file, codec, left, padded=codec.padded)
        first = False


def _foreign(data: bytes, codec: Codec, *, first: bool) -> Damage:
    if any(magic.startswith(data) for magic in codec.magics):
        return Damage(CUT_OFF)
    if first:
        return Damage(f"not {codec.name} data, whatever its name says; rename it")
    return Damage(f"something that is not {codec.name} data follows the compressed data; fetch it again", whole=True)


def _magic_of_next(file: Packed, codec: Codec, left: bytes, *, padded: bool) -> bytes:
    """What follows, at least as long as a magic number if there is that much; without the zeros that tapes pad with."""
    while True:
        left = left.lstrip(b"\0") if padded else left
        if len(left) >= max(map(len, codec.magics)):
            return left
        more = file.read(PACKED_READ)
        if not more:
            return left
        left += more


def _member(file: Packed, codec: Codec, piece: bytes, options: ReadOptions) -> Generator[bytes, None, bytes]:
    """One member, of which ``piece`` has been read; returns what of the last piece lies behind it."""
    decoder = codec.decoder(options)
    start = file.position - len(piece)
    piece_start = start
    given = 0
    while True:
        try:
            output = decoder.decompress(piece, MAX_CHUNK)
        except CodecError as error:
            yield from _salvaged(file, codec.decoder(options), start, piece_start, given)
            raise Damage(str(error)) from error
        given += len(output)
        if output:
            yield output
        if decoder.eof:
            return decoder.unused_data
        piece = b""
        if decoder.needs_input:
            piece_start = file.position
            piece = file.read(PACKED_READ)
            if not piece:
                raise Damage(CUT_OFF)


def _salvaged(file: Packed, decoder: Decoder, start: int, piece_start: int, given: int) -> Iterator[bytes]:
    """What a damaged member still yields behind the ``given`` bytes.

    A decoder drops the output of the call in which it meets damage, so the member is decoded once more, byte by byte
    from the piece on that failed.
    """
    position = start
    while not decoder.eof:
        step = min(PACKED_READ, piece_start - position) if position < piece_start else 1
        piece = file.read_at(position, step)
        if not piece:
            return
        position += len(piece)
        while not decoder.eof and (piece or not decoder.needs_input):
            try:
                output = decoder.decompress(piece, MAX_CHUNK)
            except CodecError:
                return
            piece = b""
            fresh = output[given:]
            given = max(0, given - len(output))
            if fresh:
                yield fresh


def split_lines(source: Iterator[bytes], limit: int) -> Iterator[tuple[int, bytes | None]]:
    r"""The lines of the chunks, numbered from 1, without their ``\n``, which alone ends a line.

    A line of over ``limit`` bytes is given as None and never held as a whole.

    :raises Damage: from the chunks, with the number and the bytes of the unfinished line.
    """
    for number, block in split_blocks(source, limit):
        yield from lines_of(number, block, limit)


def lines_of(number: int, block: bytes | None, limit: int) -> Iterator[tuple[int, bytes | None]]:
    """The lines of a block whose first has this number, as ``split_lines`` gives them."""
    if block is None:
        yield number, None
        return
    for place, line in enumerate(block.removesuffix(b"\n").split(b"\n"), number):
        yield place, line if len(line) <= limit else None


def split_blocks(source: Iterator[bytes], limit: int) -> Iterator[tuple[int, bytes | None]]:
    r"""The chunks cut behind the ends of lines: whole lines with their ``\n``, and the number of the first, from 1.

    None stands for a line of over ``limit`` bytes that does not lie within a chunk. The last line may have no end.

    :raises Damage: from the chunks, with the number and the bytes of the unfinished line.
    """
    number = 1
    unfinished = Unfinished(limit)
    try:
        for chunk in source:
            start, end = 0, chunk.rfind(b"\n") + 1
            begun: bytes | None = b""
            if unfinished.size and end:
                start = chunk.index(b"\n")
                begun = unfinished.take(chunk[:start])
                if begun is None:
                    yield number, None
                    number, start = number + 1, start + 1
            block = b"".join((begun or b"", memoryview(chunk)[start:end]))
            if block:
                yield number, block
                number += kernels.line_counts(block)[0]
            unfinished.add(chunk[end:])
    except Damage as damage:
        damage.line = number
        damage.rest = unfinished.take()
        raise
    if unfinished.size:
        yield number, unfinished.take()


class Unfinished:
    """The beginning of a line or a record whose end has not been met, in pieces; nothing of one over the limit is held."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self.size = 0

    def add(self, piece: bytes) -> None:
        """It goes on."""
        self.size += len(piece)
        if self.size <= self._limit:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def take(self, piece: bytes = b"") -> bytes | None:
        """The whole of it, None if it is over the limit; the next one begins."""
        self.add(piece)
        line = b"".join(self._pieces) if self.size <= self._limit else None
        self._pieces.clear()
        self.size = 0
        return line
