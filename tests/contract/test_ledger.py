"""What every backend must do, the same suite for each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from index.entries import entry, narrow, with_text

from dedup.errors import IndexFault
from dedup.index import Entry, Ledger, Mark, Transaction
from dedup.index.opening import open_ledger

pytest_plugins = ["postgres_server"]

Open = Callable[..., Ledger]
Begin = Callable[..., AbstractContextManager[Transaction]]


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Open the backend's index once more, or another one by its name."""
    ledgers = []
    place = request.getfixturevalue("database") if request.param == "postgres" else tmp_path.joinpath

    def open_it(name: str = "wire.db", timeout: float = 60.0, relaxed: bool = False) -> Ledger:
        ledgers.append(open_ledger(place(name), timeout=timeout, relaxed=relaxed))
        return ledgers[-1]

    yield open_it
    for ledger in ledgers:
        ledger.close()


@pytest.fixture
def ledger(opened: Open) -> Ledger:
    return opened()


@pytest.fixture(params=["open", "reopened"])
def begin(request: pytest.FixtureRequest, opened: Open) -> Begin:
    """Begin a transaction, each on an index left open or closed and opened again."""
    ledger = opened()

    def transaction(*, write: bool = True) -> AbstractContextManager[Transaction]:
        nonlocal ledger
        if request.param == "reopened":
            ledger.close()
            ledger = opened()
        return ledger.transaction(write=write)

    return transaction


def test_what_was_appended_is_found(begin: Begin) -> None:
    entries = [entry(1), entry(2), entry(3, keeper=1)]
    with begin() as t:
        assert t.last_seq() == 0
        t.append(with_text(*entries[:2]))
        assert t.last_seq() == 2
        t.append(with_text(entries[2]))
    with begin(write=False) as t:
        assert t.last_seq() == 3
        assert list(t.news(Mark())) == entries[:2]
        assert list(t.news(Mark(1, 0))) == [entries[1]]
        assert list(t.news(Mark(3, 0))) == []
        assert dict(t.by_id(["id-3", "no", "id-1"])) == {e.id: e for e in narrow(entries[0], entries[2])}
        assert dict(t.by_seq([3, 2, 9])) == {e.seq: e for e in narrow(*entries[1:])}
        assert dict(t.texts([1, 2, 3, 4])) == {1: "text of 1", 2: "text of 2"}
        assert not any((t.by_id([]), t.by_seq([]), t.texts([]), t.by_digest([])))


def test_a_digest_gives_its_earliest_entry(begin: Begin) -> None:
    with begin() as t:
        t.append(with_text(entry(1, digest=7), entry(2, digest=8), entry(3, digest=7), entry(4, digest=7, keeper=1)))
    seven, eight, nine = (n.to_bytes(16, "big") for n in (7, 8, 9))
    with begin(write=False) as t:
        assert {d: e.seq for d, e in t.by_digest([eight, nine, seven, seven]).items()} == {seven: 1, eight: 2}
    with begin() as t:
        t.remove([1])
    with begin(write=False) as t:
        assert {d: e.seq for d, e in t.by_digest([seven]).items()} == {seven: 3}


def test_a_kept_story_takes_along_what_was_dropped_for_it(begin: Begin) -> None:
    entries = [entry(1), entry(2), entry(3, keeper=1), entry(4, keeper=2), entry(5, keeper=1)]
    with begin() as t:
        t.append(with_text(*entries))
    with begin() as t:
        t.remove([1, 99])
        t.remove([])
    with begin(write=False) as t:
        assert set(t.by_seq(range(9))) == {2, 4}
        assert dict(t.by_id(["id-1", "id-3", "id-5"])) == {}
        assert set(t.texts([1, 2])) == {2}
        assert [e.seq for e in t.news(Mark())] == [2]


def test_removals_tell_of_kept_stories_with_their_sketches(begin: Begin) -> None:
    entries = [entry(1), entry(2), entry(3, keeper=2), entry(4), entry(5)]
    with begin() as t:
        t.append(with_text(*entries))
        assert list(t.removals(Mark(5, 0)) or ()) == []
    with begin() as t:
        t.remove([4, 3, 1])
    with begin() as t:
        found = list(t.removals(Mark(5, 0)) or ())
        assert [(r.seq, r.bands, r.keys) for r in found] == [(e.seq, e.bands, e.keys) for e in (entries[0], entries[3])]
        first, second = (r.number for r in found)
        assert 0 < first < second
        t.remove([2])
    with begin(write=False) as t:
        assert [r.seq for r in t.removals(Mark(5, first)) or ()] == [4, 2]
        assert [r.seq for r in t.removals(Mark(5, second)) or ()] == [2]


def test_who_knows_nothing_is_told_only_where_removals_stand(begin: Begin) -> None:
    with begin() as t:
        t.append(with_text(*(entry(seq) for seq in range(1, 6))))
        t.remove([1, 2, 3])
    with begin(write=False) as t:
        (last,) = list(t.removals(Mark()) or [])
        assert last.seq == 3
        assert list(t.removals(Mark(5, last.number)) or ()) == []


def test_removals_from_the_future_are_not_known(begin: Begin) -> None:
    with begin(write=False) as t:
        assert t.removals(Mark(1, 7)) is None


def test_places_are_not_given_twice(begin: Begin) -> None:
    with begin() as t:
        t.append(with_text(entry(1), entry(2)))
    with begin() as t:
        t.remove([1, 2])
    with begin() as t:
        assert t.last_seq() == 2
        t.append(with_text(entry(3, "id-1")))
    with begin(write=False) as t:
        assert t.by_id(["id-1"])["id-1"].seq == 3


def test_the_oldest_are_told_first(begin: Begin) -> None:
    with begin() as t:
        t.append(with_text(entry(1, added=50), entry(2, added=20), entry(3, added=20), entry(4, keeper=1, added=-5)))
    with begin(write=False) as t:
        assert t.added_before(50, 10) == [4, 2, 3]
        assert t.added_before(51, 10) == [4, 2, 3, 1]
        assert t.added_before(51, 2) == [4, 2]
        assert t.added_before(-5, 2) == []


def test_an_exception_leaves_everything_as_it_was(begin: Begin) -> None:
    with begin() as t:
        t.append(with_text(entry(1), entry(2)))
    for trouble in (KeyError, KeyboardInterrupt):
        with pytest.raises(trouble), begin() as t:  # noqa: PT012
            t.remove([1])
            t.append(with_text(entry(3)))
            raise trouble
    with begin(write=False) as t:
        assert t.last_seq() == 2
        assert set(t.by_seq([1, 2, 3])) == {1, 2}
        assert list(t.removals(Mark(2, 0)) or ()) == []


def test_an_append_that_breaks_off_is_no_append(begin: Begin) -> None:
    def broken() -> Iterator[tuple[Entry, str | None]]:
        yield from with_text(*(entry(seq) for seq in range(1, 1200)))
        raise LookupError

    with pytest.raises(LookupError), begin() as t:
        t.append(broken())
    with begin(write=False) as t:
        assert t.last_seq() == 0
        assert list(t.news(Mark())) == []


def test_an_id_that_is_there_is_an_error(begin: Begin) -> None:
    with begin() as t:
        t.append(with_text(entry(1)))
    with pytest.raises(IndexFault, match="clash"), begin() as t:
        t.append(with_text(entry(2), entry(3, "id-1")))
    with begin(write=False) as t:
        assert t.last_seq() == 1


def test_a_failed_change_cannot_be_committed_in_part(begin: Begin) -> None:
    with pytest.raises(IndexFault, match="undone"), begin() as t:  # noqa: PT012
        t.append(with_text(entry(1)))
        with pytest.raises(IndexFault):
            t.append(with_text(entry(2, "id-1")))
    with begin(write=False) as t:
        assert t.last_seq() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        (entry(2), "a gap"),
        (entry(1), None),
        (entry(1, keeper=1), "dropped, with text"),
        (Entry(seq=1, id="", digest=b"", added=0, published=0, keeper=None, answer=b""), ""),
    ],
)
def test_entries_that_cannot_be_are_refused(begin: Begin, wrong: tuple[Entry, str | None]) -> None:
    with pytest.raises(ValueError, match="wants"), begin() as t:
        t.append([wrong])


def test_a_transaction_that_reads_cannot_write(begin: Begin) -> None:
    with begin(write=False) as t:
        with pytest.raises(IndexFault, match="only reads"):
            t.append(with_text(entry(1)))
        with pytest.raises(IndexFault, match="only reads"):
            t.remove([1])


def test_a_transaction_is_over_at_its_end(begin: Begin) -> None:
    with begin() as t:
        t.append(with_text(entry(1)))
        news = t.news(Mark())
    with pytest.raises(IndexFault, match="ended"):
        next(news)
    with pytest.raises(IndexFault, match="ended"):
        t.by_id(["id-1"])
    with pytest.raises(IndexFault, match="ended"):
        t.append(with_text(entry(2)))


def test_lists_may_be_long(begin: Begin) -> None:
    count = 5000
    with begin() as t:
        t.append(with_text(*(entry(seq) for seq in range(1, count + 1))))
    with begin(write=False) as t:
        seqs = range(1, count + 1)
        assert set(t.by_id([f"id-{seq}" for seq in range(count * 2)])) == {f"id-{seq}" for seq in seqs}
        assert len(t.by_digest([seq.to_bytes(16, "big") for seq in seqs])) == count
        assert len(t.by_seq(seqs)) == len(t.texts(seqs)) == count
        assert [e.seq for e in t.news(Mark(10, 0))] == list(range(11, count + 1))
    with begin() as t:
        t.remove(list(seqs))
    with begin(write=False) as t:
        assert [r.seq for r in t.removals(Mark(count, 0)) or ()] == list(seqs)
        assert list(t.news(Mark())) == []


STRANGE = ["a\0b", "a\0c", "a", "", "\0", "\n", "a\nb", "\ud83d", "\ude00", "\ud83d\ude00", "\U0001f600", "é",
           "e\u0301", "A", " a",
           "'; DROP TABLE story; --", "%", "\u2028", "\ufeff", "\uffff", "\U0010ffff", "x" * 70_000]  # fmt: skip


def test_ids_and_texts_are_kept_apart_and_as_they_were(begin: Begin) -> None:
    with begin() as t:
        t.append([(entry(seq, id), id) for seq, id in enumerate(STRANGE, 1)])
    with begin(write=False) as t:
        assert {id: e.seq for id, e in t.by_id(STRANGE).items()} == {id: seq for seq, id in enumerate(STRANGE, 1)}
        assert t.texts(range(1, 99)) == dict(enumerate(STRANGE, 1))
        assert [e.id for e in t.news(Mark())] == STRANGE


def test_large_numbers_and_texts(begin: Begin) -> None:
    far = Entry(seq=1, id="x", digest=bytes(16), added=253402300799_999999, published=-62135596800_000000, keeper=None,
                answer=b"\xff" * 100_000, bands=bytes(4 * 200), keys=b"\xff" * 80_000)  # fmt: skip
    text = "ü" * 3_000_000
    with begin() as t:
        t.append([(far, text)])
    with begin(write=False) as t:
        assert list(t.news(Mark())) == [far]
        assert t.texts([1])[1] == text


def test_readers_see_one_moment(ledger: Ledger, opened: Open) -> None:
    other = opened()
    with ledger.transaction() as t:
        t.append(with_text(entry(1), entry(2)))
    with other.transaction(write=False) as seen:
        with ledger.transaction() as t:
            t.remove([1])
            t.append(with_text(entry(3)))
        assert seen.last_seq() == 2
        assert set(seen.by_seq([1, 2, 3])) == {1, 2}
        assert [e.seq for e in seen.news(Mark())] == [1, 2]
    with other.transaction(write=False) as seen:
        assert set(seen.by_seq([1, 2, 3])) == {2, 3}


def test_what_is_not_committed_is_not_seen(ledger: Ledger, opened: Open) -> None:
    other = opened()
    with ledger.transaction() as t:
        t.append(with_text(entry(1)))
        with other.transaction(write=False) as seen:
            assert seen.last_seq() == 0


def test_an_iterator_does_not_see_what_is_appended_meanwhile_twice(begin: Begin) -> None:
    with begin() as t:
        t.append(with_text(*(entry(seq) for seq in range(1, 1002))))
        seen = []
        for number, e in enumerate(t.news(Mark())):
            seen.append(e.seq)
            if number == 3:
                t.append(with_text(entry(1002)))
    assert seen[:1001] == list(range(1, 1002))
    assert len(seen) == len(set(seen))


def test_writers_wait_for_each_other(ledger: Ledger, opened: Open) -> None:
    other, begun, order = opened(), threading.Event(), []

    def second() -> None:
        begun.wait()
        with other.transaction() as t:
            order.append(("second", t.last_seq()))
            t.append(with_text(entry(2)))

    thread = threading.Thread(target=second)
    thread.start()
    with ledger.transaction() as t:
        begun.set()
        time.sleep(0.2)
        t.append(with_text(entry(1)))
        order.append(("first", 1))
    thread.join()
    assert order == [("first", 1), ("second", 1)]


def test_locked_for_too_long_is_an_error(ledger: Ledger, opened: Open) -> None:
    other = opened(timeout=0.2)
    with ledger.transaction() as t:
        t.append(with_text(entry(1)))
        with pytest.raises(IndexFault, match=r"wire\.db': was locked by another writer for 0\.2 s"), other.transaction():
            pass
    with other.transaction() as seen:
        assert seen.last_seq() == 1


def test_threads_take_turns_on_one_ledger(ledger: Ledger) -> None:
    def add(name: str) -> None:
        for number in range(25):
            with ledger.transaction() as t:
                t.append(with_text(entry(t.last_seq() + 1, f"{name}-{number}")))

    threads = [threading.Thread(target=add, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ledger.transaction(write=False) as t:
        assert t.last_seq() == 100
        assert len({e.id for e in t.news(Mark())}) == 100
    assert ledger.check() == []


def test_a_transaction_within_one_is_an_error_not_a_deadlock(ledger: Ledger) -> None:
    with ledger.transaction():
        with pytest.raises(IndexFault, match="in a transaction"), ledger.transaction():
            pass
        with pytest.raises(IndexFault, match="in a transaction"):
            ledger.close()


def test_summary_check_and_compact(ledger: Ledger) -> None:
    assert ledger.check() == []
    empty = ledger.summary()
    assert (empty.kept, empty.dropped, empty.oldest, empty.newest) == (0, 0, None, None)
    with ledger.transaction() as t:
        t.append((e, "long " * 500) for e in map(entry, range(1, 501)))
        t.append(with_text(entry(501, keeper=1)))
    ledger.compact(1)
    full = ledger.summary()
    assert (full.kept, full.dropped, full.oldest, full.newest) == (500, 1, 10, 5010)
    with ledger.transaction() as t:
        t.remove(range(2, 501))
    for _ in range(20):
        ledger.compact(50)
    small = ledger.summary()
    assert (small.kept, small.dropped) == (1, 1)
    if not ledger.url.startswith("postgresql:"):  # where room is the server's to give back
        assert small.bytes < full.bytes / 4
    assert ledger.check() == []


def test_a_closed_ledger_says_so(ledger: Ledger) -> None:
    ledger.close()
    ledger.close()
    with pytest.raises(IndexFault, match="is closed"), ledger.transaction():
        pass
    with pytest.raises(IndexFault, match="is closed"):
        ledger.summary()


def test_each_index_has_a_salt_of_its_own(ledger: Ledger, opened: Open) -> None:
    assert len(ledger.salt) == 16
    assert opened().salt == ledger.salt
    assert opened("other.db").salt != ledger.salt


def test_relaxed_is_no_other_index(opened: Open) -> None:
    relaxed = opened(relaxed=True)
    with relaxed.transaction() as t:
        t.append(with_text(entry(1)))
    with opened().transaction() as t:
        assert t.last_seq() == 1
