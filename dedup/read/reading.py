"""From paths to stories: every file once, each by its kind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final, cast

import msgspec

from dedup.errors import InputError
from dedup.read.fixing import fixer
from dedup.read.folder import Found, Inode, failure, left_out, status_of, walk, where
from dedup.read.jsonl import read_records
from dedup.read.kinds import Kind, codec_of, kind_of, kind_of_content, may_be_packed, peek, read_unknown
from dedup.read.names import name_text
from dedup.read.options import ReadOptions
from dedup.read.source import Container, Source
from dedup.read.stream import Damage, Expansion, OpenFile, chunks, standard_input, unpacked
from dedup.story import Origin, Problem, Stories, Story

Paths = Sequence[str | os.PathLike[str]]

STANDARD_INPUT: Final = "-"
_BEGIN: Final = 512
ARCHIVE_INSIDE: Final = "an archive inside an archive, not opened; unpack it"
NO_STORIES: Final = "not a kind of file that holds stories"
_DEFAULTS: Final = ReadOptions()


def read_stories(
    paths: Paths,
    options: ReadOptions = _DEFAULTS,
    *,
    on_problem: Callable[[Problem], None] | None = None,
    on_bytes: Callable[[int], None] | None = None,
    on_wait: Callable[[], None] | None = None,
) -> Iterator[Story]:
    """Read the stories at the paths, one after the other, holding no more than one file open.

    A file's id is its path below the folder given, or its name if it is given itself; a record's id is its id field, or
    ``file#line``. Ids are not compared: two records may bear the same one, and so may files below two folders given.

    :param paths: folders, files, and ``"-"`` for standard input as JSON lines; a single path may be given as it is.
    :param options: field names and limits.
    :param on_problem: told of everything met that is not a story, in order; without it only ``strict`` speaks.
    :param on_bytes: told how many bytes of the files have been consumed since it was last told, compressed ones as they
        lie on the disk; the sum is :func:`total_bytes` if every file could be opened.
    :param on_wait: called when standard input has nothing more at hand: the stories given so far should not have to wait
        for the next one. What it raises ends the reading.
    :returns: the stories, read as they are asked for; none for no paths.
    :raises InputError: under ``options.strict``, the first failure.

    >>> list(read_stories([]))
    []
    """
    # Without ``in_blocks`` no reader gives anything but single stories.
    return cast("Iterator[Story]", _Run(options, on_problem, on_bytes, on_wait).stories(_listed(paths)))


def read_blocks(
    paths: Paths,
    options: ReadOptions = _DEFAULTS,
    *,
    on_problem: Callable[[Problem], None] | None = None,
    on_bytes: Callable[[int], None] | None = None,
) -> Iterator[Story | Stories]:
    """The same stories as :func:`read_stories` gives, many at once where they are of one shape, which is several times as
    fast; those have no bytes of their records."""
    in_blocks = not options.fix_text
    return _Run(options, on_problem, on_bytes, None, in_blocks=in_blocks).stories(_listed(paths))


def total_bytes(paths: Paths, options: ReadOptions = _DEFAULTS) -> int | None:
    """How many bytes :func:`read_stories` will consume of these paths; None if standard input is among them.

    Looks at names and sizes only, and leaves out what cannot be found.

    >>> total_bytes(["-"]) is None
    True
    """
    paths = _listed(paths)
    if STANDARD_INPUT in paths:
        return None
    folders = left_out(options.leave_out)
    sizes: dict[Inode, int] = {}
    for path in filter(None, map(_path_bytes, paths)):
        for found in walk(path, folders, lambda problem: None):
            if found.given or kind_of(found.name).known:
                try:
                    status = status_of(found.path, follow=found.given)
                except OSError:
                    continue
                sizes[status.st_dev, status.st_ino] = status.st_size
    return sum(sizes.values())


def _listed(paths: Paths) -> list[str | os.PathLike[str]]:
    # A string is a sequence of strings, so no type checker warns of one given alone.
    return [paths] if isinstance(paths, str | bytes | os.PathLike) else list(paths)


def _path_bytes(path: str | os.PathLike[str]) -> bytes | None:
    """The path as the system takes it; None if it can be no path."""
    try:
        name = os.fsencode(path)
    except UnicodeEncodeError:
        return None
    return None if not name or b"\0" in name else name


class _Run:
    """One call of :func:`read_stories`: where problems go, and what has been read already."""

    def __init__(
        self,
        options: ReadOptions,
        on_problem: Callable[[Problem], None] | None,
        on_bytes: Callable[[int], None] | None,
        on_wait: Callable[[], None] | None,
        *,
        in_blocks: bool = False,
    ) -> None:
        self._options = options
        self._in_blocks = in_blocks
        self._on_problem = on_problem
        self._on_bytes = on_bytes
        self._on_wait = on_wait
        self._folders = left_out(options.leave_out)
        self._files: dict[Inode, bytes] = {}
        self._input_read = False

    def stories(self, paths: list[str | os.PathLike[str]]) -> Iterator[Story | Stories]:
        stories = self._stories(paths)
        return map(fixer(), cast("Iterator[Story]", stories)) if self._options.fix_text else stories

    def _stories(self, paths: list[str | os.PathLike[str]]) -> Iterator[Story | Stories]:
        for path in paths:
            if path == STANDARD_INPUT:
                yield from self._standard_input()
                continue
            name = _path_bytes(path)
            if name is None:
                self._report(Problem(where=repr(path), reason="no path on this system; check how it was made"))
                continue
            for found in walk(name, self._folders, self._report):
                yield from self._file(found)

    def _report(self, problem: Problem) -> None:
        if problem.failed and self._options.strict:
            raise InputError(str(problem))
        if self._on_problem:
            self._on_problem(problem)

    def _pass_over(self, found: Found, reason: str) -> None:
        self._report(Problem(where=found.where, reason=reason, failed=False))

    def _file(self, found: Found) -> Iterator[Story | Stories]:
        kind = kind_of(found.name)
        if not kind.known and not found.given:
            self._pass_over(found, NO_STORIES)
            return
        try:
            file = OpenFile(found.path, follow=found.given)
        except OSError as error:
            self._report(Problem(where=found.where, reason=failure(error)))
            return
        file.uncached = self._options.uncached
        with file:
            if file.node:
                self._pass_over(found, f"{file.node}, not a file")
            elif file.inode in self._files:
                self._pass_over(found, f"same file as {where(self._files[file.inode])!r}, read once")
            else:
                self._files[file.inode] = found.path
                yield from self._read(found, file, kind)

    def _read(self, found: Found, file: OpenFile, kind: Kind) -> Iterator[Story | Stories]:
        try:
            kind = self._with_content(found, kind, file.read_at(0, _BEGIN))
        except Damage as damage:
            self._report(Problem(where=found.where, reason=str(damage)))
            return
        file.on_bytes = self._on_bytes
        content = chunks(file, kind.codec, self._options)
        if kind.codec and kind.reader is read_unknown:
            begin, content = peek(content)
            kind = replace(kind, container=kind_of_content(begin).container)
        origin = Origin(name_text(found.path), name_text(found.name), file.stamp)
        source = Source(origin, content, None if kind.codec else file, in_blocks=self._in_blocks)
        if kind.container:
            yield from self._members(source, kind.container)
        elif kind.reader:
            yield from kind.reader(source, self._options, self._report)

    def _with_content(self, found: Found, kind: Kind, begin: bytes) -> Kind:
        """How a file is read whose name does not tell all of it."""
        if not kind.known:
            return replace(kind, reader=read_unknown) if kind.codec else kind_of_content(begin)
        packed = None if kind.codec else codec_of(begin)
        if packed is None:
            return kind
        self._pass_over(found, f"{packed.name} data, though its name does not say so; unpacked")
        return replace(kind, codec=packed)

    def _members(self, archive: Source, container: Container) -> Iterator[Story | Stories]:
        origin = msgspec.structs.replace(archive.origin, parts=True)
        expansion = Expansion(self._options)
        for member in container(archive, self._options, self._report):
            kind = kind_of(member.name)
            content = member.chunks
            if kind.codec:
                content = unpacked(content, kind.codec, self._options, expansion)
            source = Source(origin, content, member=name_text(member.name), in_blocks=self._in_blocks)
            if kind.reader is None:
                reason = ARCHIVE_INSIDE if kind.container else NO_STORIES
                self._report(Problem(where=source.where, reason=reason, failed=False))
            else:
                yield from kind.reader(source, self._options, self._report)

    def _standard_input(self) -> Iterator[Story | Stories]:
        if self._input_read:
            self._report(Problem(where=STANDARD_INPUT, reason="standard input, read already", failed=False))
            return
        self._input_read = True
        source = Source(Origin(STANDARD_INPUT, STANDARD_INPUT), self._unpacked_input(), in_blocks=self._in_blocks)
        yield from read_records(source, self._options, self._report)

    def _unpacked_input(self) -> Iterator[bytes]:
        """Standard input, unpacked if it begins as compressed data do; what has arrived must do to tell."""
        arriving = standard_input(self._on_bytes, self._on_wait)
        begin = next(arriving, b"")
        while may_be_packed(begin) and (more := next(arriving, b"")):
            begin += more
        codec = codec_of(begin)
        arriving = chain([begin], arriving)
        yield from unpacked(arriving, codec, self._options) if codec else arriving
