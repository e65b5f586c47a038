"""Takes the data beside the repository (or the fixtures), gives the texts that benchmarks run on, and makes them many.

Guarantees: the same stories, in the same order, every time and everywhere; growing a corpus streams, so that a million
stories need no more memory than the originals.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count as count_from
from itertools import islice
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
FIXTURES = ROOT / "fixtures"

MAIN = "reuters21578"
SETS = {
    MAIN: "reuters21578/stories.jsonl.gz",
    "saudinewsnet_ar": "saudinewsnet_ar/stories.jsonl.gz",
    "livedoor_ja": "livedoor_ja/stories.jsonl.gz",
    "chronam1916": "chronam1916/pages.jsonl.gz",
}
"""The sets measured, and where each lies under the data folder."""

FALLBACK_STORIES = 2_000

CHARACTERS_PER_EDIT = 400
"""One planted edit to about 65 words, so none in a brief. An edit changes at most 5 of a story's shingles on either side,
so a copy keeps a Jaccard similarity of about .85 to its original and .7 to another copy, however long the story."""

_WORD = re.compile(r"(?<= )[a-z]{3,}(?= )")
_REPLACEMENTS = ("meanwhile", "roughly", "partly", "later", "again", "largely", "however", "already", "almost", "quite")
_COPY_ID = re.compile(r"copy-\d+-of-(.*)", re.DOTALL)

Record = dict[str, object]
"""One story as it stands in a JSONL file."""


@dataclass(frozen=True)
class Corpus:
    """Stories of one set, in file order."""

    name: str
    records: Sequence[Record]

    @cached_property
    def ids(self) -> list[str]:
        return [str(record["id"]) for record in self.records]

    @cached_property
    def texts(self) -> list[str]:
        return [str(record["text"]) for record in self.records]

    @cached_property
    def size(self) -> int:
        """UTF-8 bytes of the texts: what every MB/s is about."""
        return sum(len(text.encode()) for text in self.texts)

    @cached_property
    def digest(self) -> str:
        """16 hex digits that name these stories."""
        digest = hashlib.blake2b(digest_size=8)
        for story in zip(self.ids, self.texts, strict=True):
            digest.update(json.dumps(story).encode())
        return digest.hexdigest()


def available(name: str) -> bool:
    """Whether the set's file is there."""
    return (DATA / SETS[name]).is_file()


def load(name: str, limit: int | None = None) -> Corpus:
    """A set by name, or its first ``limit`` stories."""
    with gzip.open(DATA / SETS[name], "rt", encoding="utf-8") as lines:
        return Corpus(name, [json.loads(line) for line in islice(lines, limit)])


def main_corpus(limit: int | None = None) -> Corpus:
    """Reuters-21578 if it is there, else stand-ins made of the fixtures: enough to run everything, no base for figures."""
    if available(MAIN):
        return load(MAIN, limit)
    grown = islice(fresh(list(replicate(_fixture_stories(), 2))), limit or FALLBACK_STORIES)
    return Corpus("fixtures", [{**story, "id": f"fixture-{number}"} for number, story in enumerate(grown)])


def _fixture_stories() -> list[Record]:
    """The fixtures in ASCII: the cipher of ``fresh`` would leave other scripts as they are, and so repeat them."""
    paths = sorted(path for path in FIXTURES.rglob("*") if path.suffix in (".txt", ".md"))
    stories = ((path.relative_to(FIXTURES).as_posix(), path.read_text("utf-8")) for path in paths)
    return [{"id": name, "text": text} for name, text in stories if text.isascii()]


def replicate(stories: Sequence[Record], copies: int) -> Iterator[Record]:
    """The stories, then ``copies - 1`` times all of them again, each time with other light edits and other ids."""
    for number in range(copies):
        for story in stories:
            yield planted_copy(story, number) if number else story


def planted_copy(story: Record, number: int) -> Record:
    """The story as an editor might send it again: a few words replaced, inserted or left out.

    Only lower-case words are touched: with other figures or names it would be another story, told in the same form.
    """
    rng = Random(f"{number}/{story['id']}")
    text = str(story["text"])
    for _ in range(len(text) // CHARACTERS_PER_EDIT):
        word = _WORD.search(text, rng.randrange(len(text)))
        if word:
            substitute = rng.choice((rng.choice(_REPLACEMENTS), f"{rng.choice(_REPLACEMENTS)} {word[0]}", ""))
            text = text[: word.start()] + substitute + text[word.end() :]
    return {**story, "id": f"copy-{number}-of-{story['id']}", "text": text}


def original_of(name: str) -> str | None:
    """The id of the story that a planted copy was made from; None for the id of an original."""
    found = _COPY_ID.fullmatch(name)
    return found[1] if found else None


def fresh(stories: Sequence[Record]) -> Iterator[Record]:
    """The stories, then without end all of them again in another cipher each time.

    A block in cipher has lengths, repetitions and duplicates as the stories have them, and next to nothing in common
    with another block: a collection that grows by news, where ``replicate`` grows by repeats.
    """
    yield from stories
    for number in count_from(1):
        table = _cipher(number)
        for story in stories:
            yield {**story, "id": f"{story['id']}-{number}", "text": str(story["text"]).translate(table)}


def _cipher(number: int) -> dict[int, int]:
    rng = Random(f"cipher/{number}")
    letters, digits = list(string.ascii_lowercase), list(string.digits)
    rng.shuffle(letters)
    rng.shuffle(digits)
    lower = "".join(letters)
    plain = string.ascii_lowercase + string.ascii_uppercase + string.digits
    return str.maketrans(plain, lower + lower.upper() + "".join(digits))


def grow(stories: Sequence[Record], count: int, kind: str) -> Iterator[Record]:
    """``count`` stories: ``copies``, of which at least half are planted copies, or ``fresh``."""
    if kind == "fresh":
        return islice(fresh(stories), count)
    originals = stories[: max(1, count // 2)]
    return islice(replicate(originals, -(-count // len(originals))), count)


def write_jsonl(records: Iterable[Record], path: Path) -> None:
    """One record a line, UTF-8, as exports have it."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def write_grown(count: int, kind: str, path: Path) -> None:
    """A JSONL file of ``count`` stories grown from the main corpus."""
    write_jsonl(grow(main_corpus().records, count, kind), path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpus", description="Write a large JSONL file.")
    parser.add_argument("count", type=int, help="stories")
    parser.add_argument("path", type=Path)
    parser.add_argument("--kind", choices=("copies", "fresh"), default="copies")
    options = parser.parse_args()
    write_grown(options.count, options.kind, options.path)


if __name__ == "__main__":
    main()
