"""Find news stories that repeat each other: copies, updates, excerpts, and shared passages.

::

    read -> fold/tokenise -> shingle -> sketch -> candidates -> verify/align -> relate -> cluster/keep -> report/act

Two channels propose pairs, whole stories that are alike (MinHash bands) and passages copied between otherwise different
stories (winnowed keys); every proposed pair is verified on the exact shingle sets before anything is said of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedup.lazily import exports

if TYPE_CHECKING:
    from dedup.errors import DedupError
    from dedup.explain import compare
    from dedup.integrations.datasketch_lsh import to_datasketch
    from dedup.prefilter import open_index
    from dedup.result import ScanResult
    from dedup.scanning import scan
    from dedup.settings import Settings
    from dedup.sketch import signatures
    from dedup.story import Cluster, Decision, Overlap, Problem, Relation, Story, Verdict

__version__ = "0.1.0"

__all__ = [
    "Cluster",
    "Decision",
    "DedupError",
    "Overlap",
    "Problem",
    "Relation",
    "ScanResult",
    "Settings",
    "Story",
    "Verdict",
    "compare",
    "open_index",
    "scan",
    "signatures",
    "to_datasketch",
]

_HOMES = {
    "DedupError": "dedup.errors",
    "ScanResult": "dedup.result",
    "Settings": "dedup.settings",
    "compare": "dedup.explain",
    "open_index": "dedup.prefilter",
    "scan": "dedup.scanning",
    "signatures": "dedup.sketch",
    "to_datasketch": "dedup.integrations.datasketch_lsh",
}
if not TYPE_CHECKING:
    __getattr__ = exports(__name__, {name: _HOMES.get(name, "dedup.story") for name in __all__})


def __dir__() -> list[str]:
    return sorted(__all__)
