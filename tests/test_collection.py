"""Taking stories in: ids that clash, dates, and calls from several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
import pytest
from read.helpers import each

from dedup.collection import Collection
from dedup.errors import UsageError
from dedup.kernels import Corpus
from dedup.settings import Settings
from dedup.story import Origin, Stories, Story


def test_clashing_ids_become_different_ones() -> None:
    collection = Collection(Settings())
    told = [collection.add(Story(id="x", text="", line=line)) for line in (1, 2, 2, 2)]
    assert list(collection.ids) == ["x", "x#2", "x#2~2", "x#2~3"]
    assert [len(problems) for problems in told] == [0, 1, 1, 1]


def test_many_at_once_are_what_they_are_one_by_one() -> None:
    one_by_one, at_once = Collection(Settings()), Collection(Settings())
    ids, when = ["a", "b", "a", "b"], datetime(2020, 1, 1, tzinfo=UTC)
    given = [
        Stories(
            ids=ids[:count],
            texts=[f"text {number}" for number in range(count)],
            titles=[None, "t", None, "u"][:count],
            sources=["s", None, None, "s"][:count],
            urls=[None, "u", None, None][:count],
            published=[when, None, when, None][:count],
            lines=range(7, 7 + count),
            origin=Origin("f", "f"),
        )
        for count in (4, 2)
    ]
    told = [problem for stories in given for problem in at_once.add_all(stories)]
    assert [problem for stories in given for story in each(stories) for problem in one_by_one.add(story)] == told
    assert [str(problem)[:5] for problem in told] == ["f:9: ", "f:10:", "f:7: ", "f:8: "]
    for collection in (one_by_one, at_once):
        collection.flush()
    assert list(map(one_by_one.story, range(6))) == list(map(at_once.story, range(6)))
    assert one_by_one.story(3).id == "b#10"
    assert one_by_one.story(0).published == when


def test_a_name_made_up_never_takes_that_of_another_story() -> None:
    collection = Collection(Settings())
    for name in ("x", "x~2", "x", "x~2", "x"):
        collection.add(Story(id=name, text=""))
    assert len(set(collection.ids)) == 5
    assert collection.ids[:2] == ["x", "x~2"]


def test_many_clashes_stay_cheap() -> None:
    """Were each new name sought from the first on, this would take minutes."""
    collection = Collection(Settings())
    for _ in range(50_000):
        collection.add(Story(id="x", text="", line=1))
    assert len(set(collection.ids)) == 50_000


def test_a_date_without_a_zone_is_refused() -> None:
    with pytest.raises(UsageError, match=r"story 'x': published 2020-01-01 00:00:00 has no time zone"):
        Collection(Settings()).add(Story(id="x", text="", published=datetime(2020, 1, 1)))


def test_one_corpus_may_be_used_from_several_threads() -> None:
    """Reading while stories are added: each answer is that of some moment, and nothing crashes."""
    corpus = Corpus()
    corpus.add(["one two three four five six"] * 2)
    pair = np.array([[0, 1]], np.uint32)

    def add(_: int) -> None:
        corpus.add([f"story {n} of many words that differ from those of others" for n in range(200)], 1)

    def read(_: int) -> int:
        rows = corpus.compare_pairs(pair, 10, 8, 0.5, 0.5, 20, 1)[0]
        return int(rows[0][2]) if len(corpus.token_counts()) <= len(corpus) else -1

    with ThreadPoolExecutor(4) as pool:
        added, read_back = pool.map(add, range(200)), pool.map(read, range(400))
        assert list(added) == [None] * 200
        assert set(read_back) == {1}
    assert len(corpus) == 2 + 200 * 200
