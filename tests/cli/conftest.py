"""The command line as a person runs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def dedup(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``dedup`` with these arguments in the test's own folder."""

    def run(*args: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "dedup", *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, input=stdin, timeout=120)

    return run
