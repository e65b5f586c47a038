from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from act.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def new_world(tmp_path: Path) -> Callable[[], World]:
    """A fresh world at each call."""
    number = iter(range(10_000))
    return lambda: World(tmp_path / str(next(number)))


@pytest.fixture
def other_system(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the stories."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system")
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)
