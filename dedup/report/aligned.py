"""Two passages laid side by side, word for word: which words both have in order, and which only one has there."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from dedup import kernels

Span = tuple[int, int]

_SMALL = 2_500  # words of one times words of the other, for SequenceMatcher, which takes the square of it at worst
_ANCHOR = (5, 2, 1)  # words that must follow each other in one place only
_DEPTH = 12


class Block(NamedTuple):
    """Words ``a`` of one text and ``b`` of the other, first and last excluded: the same ones in both, or not."""

    equal: bool
    a: Span
    b: Span


class Words:
    """The words of a text, as the core splits it: a letter of Chinese or Japanese is one of its own."""

    def __init__(self, text: str) -> None:
        found = kernels.tokens(text)
        self.text = text
        self.folded = [word for word, _, _ in found]
        self.spans = [(begin, end) for _, begin, end in found]

    def __len__(self) -> int:
        return len(self.folded)

    def span(self, words: Span) -> Span:
        """Where some words stand, from the first one's beginning to the last one's end."""
        return self.spans[words[0]][0], self.spans[words[1] - 1][1]

    def between(self, word: int) -> str:
        """What stands between a word and the one before it, or in front of the first, or behind the last."""
        begin = self.spans[word - 1][1] if word else 0
        return self.text[begin : self.spans[word][0] if word < len(self) else len(self.text)]


def align(a: Words, b: Words) -> list[Block]:
    """The words of two texts in order, as blocks that are the same in both, case, accents and punctuation aside, or differ.

    Texts of any length: where little can be found to hold on to, longer pieces count as changed.

    >>> [block for block in align(Words("A new era."), Words("A wholly new era")) if not block.equal]
    [Block(equal=False, a=(1, 1), b=(1, 2))]
    """
    blocks: list[Block] = []
    at_a = at_b = 0
    for begin_a, begin_b, count in [*_joined(_matches(a.folded, b.folded)), (len(a), len(b), 0)]:
        if begin_a > at_a or begin_b > at_b:
            blocks.append(Block(False, (at_a, begin_a), (at_b, begin_b)))
        at_a, at_b = begin_a + count, begin_b + count
        if count:
            blocks.append(Block(True, (begin_a, at_a), (begin_b, at_b)))
    return blocks


def changed_spans(a: str, b: str) -> tuple[list[Span], list[Span]]:
    """Where the words of each text stand that the other does not have there; code points of either."""
    words_a, words_b = Words(a), Words(b)
    changed = [block for block in align(words_a, words_b) if not block.equal]
    return (
        [words_a.span(block.a) for block in changed if block.a[0] < block.a[1]],
        [words_b.span(block.b) for block in changed if block.b[0] < block.b[1]],
    )


Match = tuple[int, int, int]


def _joined(matches: list[Match]) -> Iterator[Match]:
    """Matches in order, those that go on from each other as one."""
    at: Match = (0, 0, 0)
    for match in sorted(matches):
        if match[:2] == (at[0] + at[2], at[1] + at[2]):
            at = (at[0], at[1], at[2] + match[2])
            continue
        if at[2]:
            yield at
        at = match
    if at[2]:
        yield at


def _matches(a: Sequence[str], b: Sequence[str]) -> list[Match]:
    found: list[Match] = []
    todo = [(0, len(a), 0, len(b), 0)]
    while todo:
        a0, a1, b0, b1, depth = todo.pop()
        head = _common(a, b, a0, b0, 1, min(a1 - a0, b1 - b0))
        found.append((a0, b0, head))
        a0, b0 = a0 + head, b0 + head
        tail = _common(a, b, a1 - 1, b1 - 1, -1, min(a1 - a0, b1 - b0))
        a1, b1 = a1 - tail, b1 - tail
        found.append((a1, b1, tail))
        if (a1 - a0) * (b1 - b0) <= _SMALL:
            if a0 < a1 and b0 < b1:
                matcher = SequenceMatcher(None, a[a0:a1], b[b0:b1], autojunk=False)
                found += [(a0 + i, b0 + j, count) for i, j, count in matcher.get_matching_blocks()]
        elif depth < _DEPTH and (anchors := _anchors(a, b, (a0, a1), (b0, b1))):
            for i, j in [*anchors, (a1, b1)]:
                if i < a0 or j < b0:
                    continue  # within what follows from the one before
                todo.append((a0, i, b0, j, depth + 1))
                count = _common(a, b, i, j, 1, min(a1 - i, b1 - j))
                found.append((i, j, count))
                a0, b0 = i + count, j + count
    return [match for match in found if match[2]]


def _common(a: Sequence[str], b: Sequence[str], i: int, j: int, step: int, most: int) -> int:
    count = 0
    while count < most and a[i] == b[j]:
        count, i, j = count + 1, i + step, j + step
    return count


def _anchors(a: Sequence[str], b: Sequence[str], of_a: Span, of_b: Span) -> list[tuple[int, int]]:
    """Places that belong together: of runs of words that each part has once, the most that come in the same order."""
    for size in _ANCHOR:
        once_a, once_b = _once(a, of_a, size), _once(b, of_b, size)
        pairs = [(place, once_b[run]) for run, place in once_a.items() if run in once_b]
        if pairs:
            return _ascending(pairs)
    return []


def _once(words: Sequence[str], part: Span, size: int) -> dict[tuple[str, ...], int]:
    runs = [tuple(words[place : place + size]) for place in range(part[0], part[1] - size + 1)]
    counts = Counter(runs)
    return {run: part[0] + at for at, run in enumerate(runs) if counts[run] == 1}


def _ascending(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most pairs, ascending on the left, that ascend on the right, too."""
    ends: list[int] = []  # of the runs of each length, the one with the least end
    last: list[int] = []
    before: list[int] = []
    for number, (_, right) in enumerate(pairs):
        length = bisect_left(ends, right)
        before.append(last[length - 1] if length else -1)
        if length == len(ends):
            ends.append(right)
            last.append(number)
        else:
            ends[length], last[length] = right, number
    chosen, number = [], last[-1] if last else -1
    while number >= 0:
        chosen.append(pairs[number])
        number = before[number]
    return chosen[::-1]
