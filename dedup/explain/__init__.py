"""Takes two stories, by their texts, out of a scan (``scanned``) or out of an index (``indexed``); gives the reason for what
they are to each other.

Guarantees: the pair is judged as the scan or the index judged it, and everything that the reason rests on is in the
explanation: the scores with what they were held against, the passages, the figures and names of one story only, and the
words that no passage covers.
"""

from __future__ import annotations

from dedup.explain.pair import compare, explain_stories
from dedup.explain.records import Basis, Explanation, Facts, Side, Source, Span, Stretch

# What reads files and indexes is imported from its module: comparing two texts needs none of it.
__all__ = [
    "Basis",
    "Explanation",
    "Facts",
    "Side",
    "Source",
    "Span",
    "Stretch",
    "compare",
    "explain_stories",
]
