"""Takes related pairs, gives who stays: keep order, and for every dropped story the kept one that absorbs it.

Guarantees: each dropped story has a verified dropping relation to a kept one; the walk is in keep order, so a story's fate
depends only on stories before it.
"""

from __future__ import annotations

from dedup.cluster.keep import POLICIES, Keys, check_policy, keep_order
from dedup.cluster.star import KEPT, Stars

__all__ = ["KEPT", "POLICIES", "Keys", "Stars", "check_policy", "keep_order"]
