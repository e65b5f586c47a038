"""Everything this package raises on purpose.

::

    DedupError                    2  the run could not be done as asked
    ├── UsageError                2  an option or argument that cannot be
    ├── InputError                1  a file or record that could not be read (raised under --strict, else counted)
    ├── OutputError               3  a file that could not be written, or must not be
    ├── ManifestError             3  a record of moves that cannot be followed
    └── IndexFault                4  an index that is damaged, foreign, of another configuration, or out of reach

The number is the exit code of a command that ends with the error. A message says which object, why, and what to do.
"""

from __future__ import annotations


class DedupError(Exception):
    """Root of the tree; its message is fit to be shown to a person as it is."""

    exit_code = 2


class UsageError(DedupError):
    """An option or argument has a value that cannot be."""


class InputError(DedupError):
    """A file or record could not be read."""

    exit_code = 1


class OutputError(DedupError):
    """A file could not be written, or writing it would harm something."""

    exit_code = 3


class ManifestError(DedupError):
    """A manifest of moved files is damaged, or what it tells of has changed."""

    exit_code = 3


class IndexFault(DedupError):
    """An index cannot be opened, read or written; what was answered before is kept."""

    exit_code = 4
