"""What a figure depends on besides the code: processor, cores, versions, and the code's own digest. No host names."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.corpus import ROOT

PACKAGES = ("wire-dedup", "numpy", "xxhash", "datasketch", "rensa", "gaoya", "daft", "pyarrow", "pytest-benchmark")


def processor() -> str:
    """The model name, as Linux has it."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", info.read_text()) if info.is_file() else None
    return found[1].strip() if found else platform.processor() or platform.machine()


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def slug() -> str:
    """A folder name for this kind of machine: ``amd-epyc-2-cores``."""
    words = re.sub(r"\((?:r|tm)\)|cpu|processor|@.*", " ", processor().lower())
    return "-".join(re.findall(r"[a-z0-9]+", f"{words} {cores()} cores"))


def versions() -> dict[str, str]:
    """Versions of Python and of what is measured; a missing peer is left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def source_digest() -> str:
    """16 hex digits over the package's sources, so that a run can be told from one of other code."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted((ROOT / "dedup").rglob("*")):
        if path.suffix in (".py", ".hpp", ".cpp") or path.name == "CMakeLists.txt":
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def describe() -> dict[str, object]:
    """All of it."""
    return {
        "processor": processor(),
        "cores": cores(),
        "architecture": platform.machine(),
        "system": platform.system(),
        "source": source_digest(),
        "versions": versions(),
    }
