"""``python -m dedup`` and the ``dedup`` command."""

from __future__ import annotations

import os

# Read when numpy is imported: its linear algebra, which nothing here uses, would start threads that wait at full speed.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from dedup.cli.app import main

if __name__ == "__main__":
    main()
