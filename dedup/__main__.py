"""``python -m dedup`` and the ``dedup`` command."""

from __future__ import annotations

import os

# numpy's linear algebra, which nothing here uses, would start a thread for each core, and let them wait at full speed.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from dedup.cli.app import main  # noqa: E402 - numpy reads the variable when it is imported

if __name__ == "__main__":
    main()
