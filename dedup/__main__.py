"""``python -m dedup`` and the ``dedup`` command."""

from __future__ import annotations

from dedup.cli.app import main

if __name__ == "__main__":
    main()
