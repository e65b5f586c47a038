"""The whole job against two tools that do it, each in a virtual environment of its own: ``python -m benchmarks.rivals``."""

import sys
from pathlib import Path

# tests/reference.py, as pytest has it on its path by pyproject.toml. Last, so that it can hide nothing.
sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))
