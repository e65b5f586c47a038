"""Takes two stories, by their texts, out of a scan or out of an index; gives the reason for what they are to each other.

Guarantees: the pair is judged as the scan or the index judged it, and everything that the reason rests on is in the
explanation: the scores with what they were held against, the passages, the figures and names of one story only, and the
words that no passage covers.
"""

from __future__ import annotations

from dedup.explain.finding import file_of, read_one
from dedup.explain.indexed import explain_indexed
from dedup.explain.pair import compare, explain_stories
from dedup.explain.records import Basis, Explanation, Facts, Side, Source, Span, Stretch
from dedup.explain.scanned import Scanned, explain_scanned

__all__ = [
    "Basis",
    "Explanation",
    "Facts",
    "Scanned",
    "Side",
    "Source",
    "Span",
    "Stretch",
    "compare",
    "explain_indexed",
    "explain_scanned",
    "explain_stories",
    "file_of",
    "read_one",
]
