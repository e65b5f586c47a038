"""Explained pairs, for what is shown of them."""

from __future__ import annotations

import random
from pathlib import Path

from dedup.explain import Explanation, explain_stories
from dedup.story import Story

FIXTURES = Path(__file__).parent.parent / "fixtures"
SEEDS = Path(__file__).parent.parent.parent / "shared" / "data" / "seeds"

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\x1b[31mred\x1b[0m",
    "\u202eright\u2066to\u200fleft",
    "{{ 7 * 7 }}{% raw %}",
    "</style><!-- ]]> &lt;b&gt; \" '",
    "\x00\x07\x85\u2028\ud83d",
)


def fixture_pair(a: str, b: str) -> Explanation:
    """Two stories of ``fixtures/``."""
    first, second = (Story(id=name, text=(FIXTURES / name).read_text(encoding="utf-8")) for name in (a, b))
    return explain_stories(first, second)


def texts_pair(a: str, b: str) -> Explanation:
    """Two texts called "a" and "b"."""
    return explain_stories(Story(id="a", text=a), Story(id="b", text=b))


def prose(words: int, seed: int) -> list[str]:
    """Made-up words, some of them much more often than others."""
    chosen = random.Random(seed)
    return [f"word{int(chosen.paretovariate(0.3)) % 20_000}" for _ in range(words)]


def hostile_pair(payload: str) -> Explanation:
    """A long passage with the payload in it and around it, in the ids, and in all that is known of the stories."""
    shared = " ".join(f"word{number}" for number in range(60))
    a = f"{payload} {shared} {payload} inserted Alpha 1717 {shared} {payload}"
    b = f"Other start {shared} Beta 1818 {payload} {shared}"
    first, second = (
        Story(id=f"{name}{payload}", text=text, title=payload, source=payload, url=url)
        for name, text, url in (("a", a, f"javascript:{payload}"), ("b", b, f'https://example.org/"{payload}'))
    )
    return explain_stories(first, second)
