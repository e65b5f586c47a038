"""Speed, scale and the gate on both. Nothing in the package imports this; see README.md."""

import sys
from pathlib import Path

# tests/reference.py, as pytest has it on its path by pyproject.toml. Last, so that it can hide nothing.
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
