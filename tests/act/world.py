"""A small world of stories to act on, and ways to break it."""

from __future__ import annotations

import errno
import os
import resource
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dedup.act import ActItem, Report
from dedup.files import stamp_of

STEPS = ("link", "unlink", "fsync", "write", "rename", "replace", "open", "mkdir", "ftruncate", "fchmod", "utime")
_KILLED = 9


class World:
    """Stories under ``root``, acted on into ``out``."""

    def __init__(self, base: Path, out: Path | None = None) -> None:
        self.root, self.out = base / "stories", out or base / "out"
        self.root.mkdir(parents=True)
        self.manifest = self.out / "manifest.jsonl"

    def write(self, relative: str, content: bytes = b"story") -> Path:
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def item(self, relative: str, *, of: str | None = None, line: int = 0, content: bytes | None = None) -> ActItem:
        """The item of a file, written first if ``content`` is given; dropped if it is a duplicate ``of`` another."""
        if content is not None:
            self.write(relative, content)
        path = str(self.root / relative)
        name = f"{relative}#{line}" if line else relative
        stamp = stamp_of(Path(path).stat())
        return ActItem(id=name, keep=of is None, path=path, relative=relative, line=line, stamp=stamp, duplicate_of=of)

    def stories(self) -> dict[str, bytes | str]:
        return tree(self.root)

    def copies(self) -> dict[str, bytes | str]:
        """What is in ``out``, without the manifest."""
        return {name: content for name, content in tree(self.out).items() if not name.startswith("manifest.jsonl")}


def tree(folder: Path) -> dict[str, bytes | str]:
    """Every file below a folder, by name: its bytes, or where the link leads."""
    found: dict[str, bytes | str] = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = str(path.readlink())
        elif path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def failures(report: Report) -> dict[str, str]:
    """The reasons for what failed, by id."""
    assert all(problem.failed for problem in report.failed)
    return {problem.where: problem.reason for problem in report.failed}


def rewritten(path: Path) -> None:
    """Change a file, but neither its length nor its time."""
    status = path.stat()
    path.write_bytes(path.read_bytes().swapcase())
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def link_apart(world: World) -> Callable[..., None]:
    """An ``os.link`` for which the stories and the target folder are on two file systems."""
    real = os.link

    def link(source: str | Path, target: str | Path, **options: Any) -> None:
        if str(source).startswith(str(world.root)) != str(target).startswith(str(world.root)):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(source, target, **options)

    return link


@contextmanager
def failing_before(at: int, error: BaseException) -> Iterator[None]:
    """Raise the error instead of the ``at``-th step of the block that changes a file."""

    def fail() -> None:
        raise error

    real = {name: getattr(os, name) for name in STEPS}
    before_step(at, fail)
    try:
        yield
    finally:
        for name, step in real.items():
            setattr(os, name, step)


def before_step(at: int, then: Callable[[], Any]) -> None:
    """Have ``then`` called before the ``at``-th step of this process that changes a file."""
    left = at

    def interrupted(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                then()
            return real(*args, **kwargs)

        return step

    for name in STEPS:
        setattr(os, name, interrupted(getattr(os, name)))


@contextmanager
def small_files() -> Iterator[None]:
    """No file can grow beyond 4 KiB, pytest's own output included: around the one call, not around a test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def killed_before(at: int, action: Callable[[], Any]) -> bool:
    """Run an action in a child that is killed before its ``at``-th step, nothing cleaned up; whether it got there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other tests leave threads, which the child doesn't touch
        child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, _KILLED)
        return code == _KILLED
    code = 1
    try:
        before_step(at, lambda: os._exit(_KILLED))
        action()
        code = 0
    finally:
        os._exit(code)
