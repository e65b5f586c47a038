"""How right dedup is: every row of DESIGN.md section 7, from the labelled sets beside the repository.

::

    loading (files, scans) -> sets (one function a set: rows, tables, mistakes) -> rows (the table)
                              metrics, plagdet, baseline

Guarantees: labels are only ever compared with, never shown to the package; the truth that is computed rather than read
(exact Jaccard, silver passages) comes from tests/reference.py, which shares no code with the package.
"""
