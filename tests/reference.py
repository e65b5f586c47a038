"""The oracle: the contracts of DESIGN.md section 3 in plain Python.

Everything here is written to be checked by eye, not to be fast, and shares nothing with the package: this
file must never import ``dedup``. A test that finds the native core and this file apart has found a bug in
one of them, and the contract says in which.

Unicode: results follow the running interpreter's ``unicodedata`` (``UNICODE_VERSION``). The native core has
its own table, perhaps of another Unicode version, so a per-code-point comparison should skip code points
which are not ``assigned`` in both.
"""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

UNICODE_VERSION = unicodedata.unidata_version

Ranges = tuple[tuple[int, int], ...]

# Marks that carry no identity for matching; dropped after folding.
DROPPED_MARKS: Ranges = (
    (0x0300, 0x036F),  # combining diacritical marks
    (0x0591, 0x05BD), (0x05BF, 0x05BF), (0x05C1, 0x05C2), (0x05C4, 0x05C5), (0x05C7, 0x05C7),  # Hebrew points
    (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670),  # Arabic tashkeel
    (0x06D6, 0x06DC), (0x06DF, 0x06E4), (0x06E7, 0x06E8), (0x06EA, 0x06ED),  # Koranic marks
)  # fmt: skip

# Transparent besides everything of category Cf.
TRANSPARENT_EXTRA: Ranges = (
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x180B, 0x180D), (0x180F, 0x180F),  # Mongolian variation selectors
    (0xFE00, 0xFE0F), (0xE0100, 0xE01EF),  # variation selectors
)  # fmt: skip

# Scripts written without spaces: each of their letters is a token of its own.
UNSEGMENTED: dict[str, Ranges] = {
    "Han": (
        (0x2E80, 0x2FDF), (0x3005, 0x3005), (0x3007, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B),
        (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FA1F), (0x30000, 0x323AF),
    ),
    "Hiragana": (
        (0x3041, 0x3096), (0x309D, 0x309F), (0x1B001, 0x1B11F), (0x1B132, 0x1B132), (0x1B150, 0x1B152),
        (0x1F200, 0x1F200),
    ),
    "Katakana": (
        (0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF), (0x1AFF0, 0x1AFFE), (0x1B000, 0x1B000),
        (0x1B120, 0x1B122), (0x1B155, 0x1B155), (0x1B164, 0x1B167),
    ),
    "Thai": ((0x0E01, 0x0E3A), (0x0E40, 0x0E4E)),
    "Lao": ((0x0E81, 0x0EDF),),
    "Khmer": ((0x1780, 0x17D3), (0x17D7, 0x17D7), (0x17DC, 0x17DC)),
    "Myanmar": ((0x1000, 0x109F), (0xA9E0, 0xA9FE), (0xAA60, 0xAA7F)),
}  # fmt: skip

# Category Nl, but read as ideographs: the Han zero and the Suzhou numerals.
HAN_NUMERALS: Ranges = ((0x3007, 0x3007), (0x3021, 0x3029))


class Token(NamedTuple):
    """A folded token and its code-point span ``[start, end)`` in the original text."""

    text: str
    start: int
    end: int


# What a folded character does to the token before it. (Strings: members of an Enum are slow to look up.)
_JOINS = "joins"  # letter, digit or number: extends a run
_MARK = "mark"  # extends whatever token is open
_ALONE = "alone"  # letter of an unsegmented script: opens a token that only marks can extend
_SEPARATOR = "separator"  # ends the token


def _within(cp: int, ranges: Ranges) -> bool:
    return any(low <= cp <= high for low, high in ranges)


def assigned(cp: int) -> bool:
    """Whether the running interpreter's Unicode tables know this code point."""
    return unicodedata.category(chr(cp)) != "Cn"


def _is_transparent(ch: str) -> bool:
    return unicodedata.category(ch) == "Cf" or _within(ord(ch), TRANSPARENT_EXTRA)


@cache
def fold_char(ch: str) -> str:
    """Fold one code point, whatever stands around it; "" means transparent."""
    if unicodedata.category(ch) == "Cs":  # a lone surrogate cannot be written as UTF-8
        return "\ufffd"
    if _is_transparent(ch):
        return ""
    # NFKD first, so that casefold sees plain letters; again after it, as casefold can give composed ones.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", ch).casefold())
    return "".join(c for c in folded if not _within(ord(c), DROPPED_MARKS))


def _kind(c: str) -> str:
    """Classify one folded character."""
    category = unicodedata.category(c)
    if category[0] == "L" or _within(ord(c), HAN_NUMERALS):
        alone = any(_within(ord(c), ranges) for ranges in UNSEGMENTED.values())
        return _ALONE if alone else _JOINS
    if category[0] == "M":
        return _MARK
    return _JOINS if category[0] == "N" else _SEPARATOR


@cache
def _classified(ch: str) -> tuple[tuple[str, str], ...]:
    return tuple((c, _kind(c)) for c in fold_char(ch))


def tokenize(text: str) -> list[Token]:
    """Split a text into folded tokens, in text order."""
    tokens: list[Token] = []
    run: list[str] = []  # folded characters of the open token
    start = end = 0
    alone = False  # the open token began with a letter of an unsegmented script
    for i, ch in enumerate(text):
        for c, kind in _classified(ch):
            if run and (kind != _MARK if alone else kind in (_ALONE, _SEPARATOR)):
                tokens.append(Token("".join(run), start, end))
                run = []
            if kind == _SEPARATOR:
                continue
            if not run:
                start, alone = i, kind == _ALONE
            run.append(c)
            end = i + 1  # only contributors move the end: trailing transparent characters stay outside
    if run:
        tokens.append(Token("".join(run), start, end))
    return tokens


def shingles(tokens: Sequence[Token], k: int = 5) -> list[bytes]:
    """Every ``k`` consecutive tokens, joined by one space, as UTF-8; none if there are fewer than ``k``."""
    words = [token.text.encode() for token in tokens]
    return [b" ".join(words[i : i + k]) for i in range(len(words) - k + 1)]


def shingle_hashes(text: str, k: int = 5) -> list[int]:
    """XXH3-64 (seed 0) of every shingle in text order, repeats included."""
    return [xxhash.xxh3_64_intdigest(shingle) for shingle in shingles(tokenize(text), k)]


def shingle_set(text: str, k: int = 5) -> frozenset[int]:
    """The distinct shingle hashes of a text."""
    return frozenset(shingle_hashes(text, k))


def _hash32(shingle: bytes) -> int:
    return xxhash.xxh3_64_intdigest(shingle) & 0xFFFFFFFF


def signature(text: str, num_perm: int = 128, k: int = 5) -> npt.NDArray[np.uint32]:
    """datasketch's own MinHash of the shingles: the definition, not a copy of it."""
    from datasketch import MinHash  # type: ignore[import-untyped, unused-ignore]  # here: 0.4 s to import

    sketch = MinHash(num_perm, seed=1, scheme="affine32", hashfunc=_hash32)
    sketch.update_batch(shingles(tokenize(text), k))
    return np.asarray(sketch.hashvalues, dtype=np.uint32)


def signature_by_formula(text: str, num_perm: int = 128, k: int = 5) -> npt.NDArray[np.uint32]:
    """The same signature from the formula alone: min over shingles of ``a * fmix32(h) + b mod 2**32``."""
    rng = np.random.RandomState(1)
    a = rng.randint(0, 1 << 31, num_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    b = rng.randint(0, 1 << 32, num_perm, dtype=np.uint32)
    h = np.array([_hash32(shingle) for shingle in shingles(tokenize(text), k)], dtype=np.uint32)
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)  # MurmurHash3's 32-bit finaliser
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    permuted = h[:, np.newaxis] * a + b
    result: npt.NDArray[np.uint32] = permuted.min(axis=0, initial=0xFFFFFFFF)
    return result


def passage_keys(text: str, window: int = 12, k: int = 5) -> list[int]:
    """Winnowing: the distinct minima, sorted, of every ``window`` consecutive shingle hashes.

    A text with at least one shingle but fewer than ``window`` is one window.
    """
    hashes = shingle_hashes(text, k)
    if not hashes:
        return []
    windows = max(1, len(hashes) - window + 1)
    return sorted({min(hashes[i : i + window]) for i in range(windows)})


def jaccard(a: frozenset[int], b: frozenset[int]) -> float:
    """Exact Jaccard similarity of two shingle sets; 0.0 if both are empty."""
    shared = len(a & b)
    union = len(a) + len(b) - shared
    return shared / union if union else 0.0


def containment(a: frozenset[int], b: frozenset[int]) -> float:
    """The share of a's shingles that are in b; 0.0 if a has none."""
    return len(a & b) / len(a) if a else 0.0


def candidate_probability(j: float, bands: int, rows: int) -> float:
    """The chance that LSH with ``bands`` x ``rows`` proposes a pair of Jaccard ``j``."""
    return float(1.0 - (1.0 - j**rows) ** bands)


def _least_overlap(size: int, threshold: float) -> int:
    """The fewest elements a set of ``size`` must share with any set of Jaccard >= ``threshold`` to it.

    The least m for which m / size >= threshold by the same float division ``jaccard`` does. As that division
    is monotone and no union is smaller than the set, no qualifying pair is lost to rounding, as could be
    with ``ceil(threshold * size)`` (0.7 * 10 is above 7).
    """
    m = math.ceil(threshold * size) + 1
    while m > 1 and (m - 1) / size >= threshold:
        m -= 1
    return m


def _prefixes(sets: Sequence[frozenset[int]], threshold: float) -> list[list[int]]:
    """The rarest elements of each set, enough of them that a qualifying pair must share one.

    In any order common to all sets, the first shared element of a qualifying pair has, in either set, all
    the others after it, so it is among the first ``size - least overlap + 1``.
    """
    frequency = Counter(h for s in sets for h in s)
    result = []
    for s in sets:
        length = len(s) - _least_overlap(len(s), threshold) + 1 if s else 0
        result.append(sorted(s, key=lambda h: (frequency[h], h))[:length])
    return result


def brute_force_pairs(sets: Sequence[frozenset[int]], threshold: float) -> dict[tuple[int, int], float]:
    """The exact Jaccard of every pair ``i < j`` that reaches ``threshold``; empty sets pair with nothing."""
    if not 0.0 < threshold <= 1.0:
        raise ValueError(f"threshold must be above 0 and at most 1, not {threshold}")
    pairs: dict[tuple[int, int], float] = {}
    holders: defaultdict[int, list[int]] = defaultdict(list)  # prefix element -> earlier sets with it
    for j, prefix in enumerate(_prefixes(sets, threshold)):
        for i in {i for h in prefix for i in holders[h]}:
            shorter, longer = sorted((len(sets[i]), len(sets[j])))
            if shorter / longer < threshold:  # even if one held all of the other
                continue
            similarity = jaccard(sets[i], sets[j])
            if similarity >= threshold:
                pairs[i, j] = similarity
        for h in prefix:
            holders[h].append(j)
    return dict(sorted(pairs.items()))


def common_runs(a: Iterable[str], b: Iterable[str], n: int) -> list[tuple[int, int, int]]:
    """The runs of at least ``n`` tokens that two token lists share, as (index in a, index in b, length).

    difflib's matching blocks: longest first, then left and right of it, so the runs keep their order in
    both texts and do not overlap.
    """
    matcher = difflib.SequenceMatcher(None, list(a), list(b), autojunk=False)
    return [(m.a, m.b, m.size) for m in matcher.get_matching_blocks() if m.size >= max(n, 1)]
