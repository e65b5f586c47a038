"""Generate ``fold_table.hpp``: how every code point folds, and what class its fold has.

Run with the Python whose ``unicodedata`` has the Unicode version wanted (it is recorded in the table)::

    python3.13 dedup/kernels/native/generate_fold_table.py > dedup/kernels/native/fold_table.hpp

A new Unicode version changes tokens, and with them every stored signature: raise ``FOLD_REVISION`` when anything else
here changes, since indexes are stamped with ``<Unicode version>/<revision>`` and refuse another.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator

FOLD_REVISION = 1
BLOCK = 128
LONGEST_FOLD = 18

SEPARATOR, WORD, MARK, LONE, TRANSPARENT, SEQUENCE, HANGUL = range(7)
DIGIT, UPPER = 1 << 3, 1 << 4

# Marks that carry accents, vowel points or cantillation only: a story is the same story without them.
DROPPED_MARKS = [
    (0x0300, 0x036F),
    (0x0591, 0x05BD), (0x05BF, 0x05BF), (0x05C1, 0x05C2), (0x05C4, 0x05C5), (0x05C7, 0x05C7),
    (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670),
    (0x06D6, 0x06DC), (0x06DF, 0x06E4), (0x06E7, 0x06E8), (0x06EA, 0x06ED),
]  # fmt: skip
# Default-ignorable marks: they select a glyph, never a word.
VARIATION_SELECTORS = [(0x034F, 0x034F), (0x180B, 0x180D), (0x180F, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)]

# Scripts written without spaces between words: each letter is a token of its own.
UNSEGMENTED = [
    (0x2E80, 0x2FDF), (0x3005, 0x3005), (0x3007, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B),  # Han
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FA1F), (0x30000, 0x323AF),
    (0x3041, 0x3096), (0x309D, 0x309F), (0x1B001, 0x1B11F), (0x1B132, 0x1B132), (0x1B150, 0x1B152),  # Hiragana
    (0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF), (0x1AFF0, 0x1AFFE), (0x1B000, 0x1B000),  # Katakana
    (0x1B120, 0x1B122), (0x1B155, 0x1B155), (0x1B164, 0x1B167),
    (0x0E01, 0x0E3A), (0x0E40, 0x0E4E),  # Thai
    (0x0E81, 0x0EDF),  # Lao
    (0x1780, 0x17D3), (0x17D7, 0x17D7), (0x17DC, 0x17DC),  # Khmer
    (0x1000, 0x109F), (0xA9E0, 0xA9FE), (0xAA60, 0xAA7F),  # Myanmar
]  # fmt: skip
IDEOGRAPHIC_NUMBERS = [(0x3007, 0x3007), (0x3021, 0x3029), (0x3038, 0x303A)]


def within(code: int, ranges: list[tuple[int, int]]) -> bool:
    return any(low <= code <= high for low, high in ranges)


def classify(char: str) -> int:
    """The class of one folded code point, with its DIGIT flag."""
    code, category = ord(char), unicodedata.category(char)
    if category == "Cf" or within(code, DROPPED_MARKS) or within(code, VARIATION_SELECTORS):
        return TRANSPARENT
    if within(code, UNSEGMENTED) and (category[0] == "L" or within(code, IDEOGRAPHIC_NUMBERS)):
        return LONE
    if category[0] == "N":
        return WORD | DIGIT
    return {"L": WORD, "M": MARK}.get(category[0], SEPARATOR)


def fold(char: str) -> str:
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return "".join(c for c in folded if classify(c) != TRANSPARENT)


class Pool:
    """Folds of more than the code point itself: count, then (class, length, UTF-8) for each code point of the fold."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.known: dict[str, int] = {}

    def offset(self, folded: str) -> int:
        if folded not in self.known:
            assert len(folded) <= LONGEST_FOLD, "tokens.hpp has no room for it: raise kStepBytes"
            self.known[folded] = len(self.data)
            self.data.append(len(folded))
            for char in folded:
                utf8 = char.encode()
                self.data += bytes([classify(char), len(utf8)]) + utf8
        return self.known[folded]


def entry(code: int, pool: Pool) -> int:
    """The table's word for one code point: class, flags, and from bit 8 the fold's place in the pool."""
    if 0xD800 <= code <= 0xDFFF:
        return SEPARATOR
    char = chr(code)
    flags = UPPER if unicodedata.category(char) in ("Lu", "Lt") else 0
    if 0xAC00 <= code <= 0xD7A3:
        return HANGUL
    folded = fold(char)
    if not folded:
        return TRANSPARENT
    if folded == char:
        return classify(char) | flags
    classes = {classify(c) for c in folded}
    if classes == {SEPARATOR}:
        return SEPARATOR
    flags |= DIGIT if any(c & DIGIT for c in classes) else 0
    return SEQUENCE | flags | pool.offset(folded) << 8


def rows(values: list[int] | bytearray, per_line: int) -> Iterator[str]:
    for start in range(0, len(values), per_line):
        yield "    " + ",".join(str(v) for v in values[start : start + per_line]) + ","


def main() -> None:
    pool = Pool()
    blocks: dict[tuple[int, ...], int] = {}
    index = []
    for base in range(0, 0x110000, BLOCK):
        block = tuple(entry(code, pool) for code in range(base, base + BLOCK))
        index.append(blocks.setdefault(block, len(blocks)))
    entries = [value for block in blocks for value in block]
    version = f"{unicodedata.unidata_version}/{FOLD_REVISION}"
    out = [
        "// Generated by generate_fold_table.py: do not edit.",
        "#pragma once",
        "#include <cstdint>",
        "",
        "namespace dedup::fold_table {",
        f'inline constexpr char kVersion[] = "{version}";',
        f"inline constexpr std::uint16_t kIndex[{len(index)}] = {{",
        *rows(index, 32),
        "};",
        f"inline constexpr std::uint32_t kEntries[{len(entries)}] = {{",
        *rows(entries, 24),
        "};",
        f"inline constexpr std::uint8_t kPool[{len(pool.data)}] = {{",
        *rows(pool.data, 40),
        "};",
        "}  // namespace dedup::fold_table",
    ]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
