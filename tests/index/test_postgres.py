"""An index in PostgreSQL: writers on many hosts, a server that comes and goes, and what is said where something is wrong."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import test_prefilter
from corpora import near_copy, records, words
from index.entries import entry, everything, fill, with_text
from ledgers import DictLedger

from dedup.errors import DedupError, IndexFault, UsageError
from dedup.index import SCHEMA_VERSION, Ledger, Mark
from dedup.index.opening import open_ledger
from dedup.prefilter import Index, open_index
from dedup.scanning import dropping_codes
from dedup.settings import DROPPING, Settings
from dedup.story import Story, Verdict

if TYPE_CHECKING:
    from postgres_server import PostgresServer

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
pytest_plugins = ["postgres_server"]

QUOTED = "s3cret%2F%25%40"  # the password, as it is in addresses
HERE = Path(__file__).parent
Database = Callable[..., str]


@pytest.fixture
def url(database: Database) -> str:
    return database()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    ledger = open_ledger(url)
    yield ledger
    ledger.close()


def fault(step: Callable[[], object], match: str, kind: type[DedupError] = IndexFault) -> str:
    """What a step that must fail says. No password is in it, nor in what it was caused by."""
    with pytest.raises(kind, match=match) as caught:
        step()
    shown = "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in shown
    assert "; " in str(caught.value)
    return str(caught.value)


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE.parents[1])])}
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


# Many writers


CROWD = """
import random, sys
from corpora import near_copy, words
from dedup import Story
from dedup.prefilter import open_index

name, rng = int(sys.argv[2]), random.Random(sys.argv[2])
texts = {f"{number}-{name}": near_copy(5 + name, words(60, 60 * number)) for number in range(0, 300, 2)}
texts |= {f"{number}-{name}": " ".join(words(60, 100_000 * (1 + name) + 60 * number)) for number in range(1, 300, 2)}
ids = list(texts)
if name % 2:
    ids.reverse()
with open_index(sys.argv[1], relaxed=True) as index:
    while ids:
        batch = [ids.pop(0) for _ in range(min(len(ids), rng.randrange(1, 20)))]
        for verdict in index.add_all(Story(id=id, text=texts[id]) for id in batch):
            print(verdict.id, verdict.new, verdict.duplicate_of)
"""


def assert_one_of_each(lines: list[list[str]], writers: int) -> None:
    """Even numbers are shared by all writers, each of which has them in words of its own; odd ones are not."""
    new = {id for id, is_new, _ in lines if is_new == "True"}
    assert len(lines) == writers * 300
    for number in range(300):
        winners = [f"{number}-{name}" for name in range(writers) if f"{number}-{name}" in new]
        assert len(winners) == (writers if number % 2 else 1)
    assert all(of in new and of.split("-")[0] == id.split("-")[0] for id, is_new, of in lines if is_new == "False")


def test_of_two_alike_from_two_hosts_one_is_new(url: str) -> None:
    crowd = [start(CROWD, url, name) for name in range(4)]
    done = [writer.communicate(timeout=300) for writer in crowd]
    assert [errors for _, errors in done] == [""] * 4
    assert_one_of_each([line.split() for output, _ in done for line in output.splitlines()], 4)
    with open_index(url) as index:
        assert (index.info().kept, index.info().dropped) == (4 * 150 + 150, 3 * 150)
        assert index.faults() == []


def test_two_threads_with_an_index_each(url: str) -> None:
    verdicts: list[Verdict] = []

    def add(name: int) -> None:
        with open_index(url) as index:
            for number in range(60):
                verdicts.extend(index.add_all([Story(id=f"{number}-{name}", text=near_copy(name, words(50, 50 * number)))]))

    threads = [threading.Thread(target=add, args=(name,)) for name in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    new = {verdict.id.split("-")[0] for verdict in verdicts if verdict.new}
    assert len(verdicts) == 120
    assert len(new) == sum(verdict.new for verdict in verdicts) == 60
    assert all(v.duplicate_of and v.duplicate_of.split("-")[0] == v.id.split("-")[0] for v in verdicts if not v.new)


def test_hosts_that_make_it_at_once_make_one(url: str) -> None:
    ledgers: list[Ledger] = []
    barrier = threading.Barrier(8)

    def make() -> None:
        barrier.wait()
        ledgers.append(open_ledger(url))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ledger.salt for ledger in ledgers}) == 1
    assert len(ledgers) == 8
    for ledger in ledgers:
        ledger.close()


FORK = """
import os, sys
from dedup.errors import IndexFault
from dedup.index.opening import open_ledger
from index.entries import entry, with_text

def add(ledger):
    with ledger.transaction() as t:
        t.append(with_text(entry(t.last_seq() + 1)))

ledger = open_ledger(sys.argv[1])
add(ledger)
if (child := os.fork()) == 0:  # both at once
    for _ in range(20):
        add(ledger)
    ledger.close()
    sys.exit(0)
for _ in range(20):
    add(ledger)
assert os.waitpid(child, 0)[1] == 0

told = []
try:
    with ledger.transaction() as t:
        t.append(with_text(entry(t.last_seq() + 1)))
        if (child := os.fork()) == 0:
            for attempt in (t.last_seq, lambda: t.by_seq([1]), lambda: t.remove([1])):
                try:
                    attempt()
                except IndexFault as error:
                    told.append("fork" in str(error))
            try:
                add(ledger)
            except IndexFault as error:
                told.append("in a transaction" in str(error))
        else:
            assert os.waitpid(child, 0)[1] == 0
            assert t.last_seq() == 42
except IndexFault as error:  # in the child, at the end of the block
    told.append("fork" in str(error))
    with ledger.transaction(write=False) as t:
        told.append(t.last_seq() == 41)  # from now on it has a connection of its own
    os._exit(0 if told == [True] * 6 else 1)
with ledger.transaction(write=False) as t:
    print(t.last_seq(), len(t.by_seq(range(100))))
ledger.close()
"""


def test_a_fork_leaves_both_with_an_index_that_works(url: str) -> None:
    done, errors = start(FORK, url).communicate(timeout=60)
    assert (done, errors) == ("42 42\n", "")


HOLDER = """
import sys
from dedup.index.opening import open_ledger
from index.entries import entry, with_text
ledger = open_ledger(sys.argv[1])
print("go", flush=True)
with ledger.transaction() as t:
    t.append(with_text(entry(t.last_seq() + 1)))
    print("held", flush=True)
    sys.stdin.read() if len(sys.argv) < 3 else input()
"""


def test_a_writer_that_is_killed_lets_others_go_on(url: str) -> None:
    ledger = open_ledger(url, timeout=5)
    holder = start("import time\n" + HOLDER.replace("sys.stdin.read()", "time.sleep(60)"), url)
    assert holder.stdout
    assert [holder.stdout.readline() for _ in range(2)] == ["go\n", "held\n"]
    holder.kill()
    holder.communicate()
    with ledger.transaction() as t:
        assert t.last_seq() == 0
    ledger.close()


def test_waiting_can_be_interrupted(url: str, ledger: Ledger) -> None:
    with ledger.transaction():
        waiting = start(HOLDER, url)
        assert waiting.stdout
        assert waiting.stdout.readline() == "go\n"
        time.sleep(0.3)
        asked = time.monotonic()
        waiting.send_signal(2)
        _, errors = waiting.communicate(timeout=10)
        assert "KeyboardInterrupt" in errors
        assert time.monotonic() - asked < 3


# The same answers as any other


@pytest.fixture
def made(postgres_server: PostgresServer) -> Iterator[Callable[..., Ledger]]:
    """Make an empty index."""
    ledgers: list[Ledger] = []

    def make(settings: Settings | None = None) -> Ledger:
        if ledgers:
            ledgers[-1].close()
        postgres_server.empty("answers")
        ledgers.append(open_ledger(postgres_server.url("answers"), settings, relaxed=True))
        return ledgers[-1]

    yield make
    for ledger in ledgers:
        ledger.close()


CASES: list[Any] = [
    test_prefilter.test_a_story_that_holds_an_earlier_one_is_new_and_names_it,
    test_prefilter.test_the_same_id_again,
    test_prefilter.test_other_words_under_the_same_id,
    test_prefilter.test_one_id_twice_in_a_batch,
    test_prefilter.test_checking_takes_nothing_in,
    test_prefilter.test_what_was_removed_is_repeated_by_nobody,
    test_prefilter.test_old_ones_expire,
    test_prefilter.test_a_copy_of_what_was_dropped_is_dropped_for_the_same,
    test_prefilter.test_short_and_empty_stories,
    test_prefilter.test_a_window_parts_dated_stories,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__.removeprefix("test_"))
def test_case(case: Callable[[], None], made: Callable[..., Ledger], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_prefilter, "DictLedger", made)
    case()


@pytest.mark.parametrize("batches", [[7], [1000]])
def test_the_fixtures(batches: list[int], made: Callable[..., Ledger], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_prefilter, "DictLedger", made)
    test_prefilter.test_the_fixtures(batches)


def answers(ledger: Ledger, stories: list[Story]) -> list[Verdict]:
    index, given, verdicts = Index(ledger, dropping_codes(DROPPING), None, None, 1), iter(stories), []
    for size in (1, 40, 3, 500, 200):
        verdicts += index.add_all(islice(given, size))
    verdicts += index.add_all(stories[::7])
    index.remove(stories[0].id)
    return verdicts + [index.check(story) for story in stories[:20]]


def test_all_backends_answer_alike(made: Callable[..., Ledger], tmp_path: Path) -> None:
    given = [Story(id=each["id"], text=each["text"]) for each in records("reuters21578")[4000:4700]]
    sqlite = open_ledger(tmp_path / "wire.db")
    expected = answers(DictLedger(), given)
    assert answers(made(), given) == expected
    assert answers(sqlite, given) == expected
    sqlite.close()


def test_strange_ids_and_texts(made: Callable[..., Ledger]) -> None:
    strange = ["a\0b", "a\0c", "a", "\0", "\n", "a\nb", "a\rb", "\U0001f600", "é", "e\u0301", "\u2028", "\u0085", "%s %(a)s",
               "'; DROP TABLE dedup_story; --", "\\x00", "\\", '"', "\ufffd", "\ufeffa", "ﷺ",
               "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=100_000))]  # fmt: skip
    stories = [Story(id=id, text=id + "\ud83d " + near_copy(3, words(40, 40 * at))) for at, id in enumerate(strange)]
    copies = [Story(id=id + "'", text=near_copy(9, words(40, 40 * at)) + id) for at, id in enumerate(strange)]
    ledger = made()
    index = Index(ledger, dropping_codes(DROPPING), None, None, 1)
    expected = Index(DictLedger(), dropping_codes(DROPPING), None, None, 1)
    assert index.add_all(stories) == expected.add_all(stories)
    verdicts = index.add_all(copies)
    assert verdicts == expected.add_all(copies)
    assert [verdict.duplicate_of for verdict in verdicts[:-2]] == strange[:-2]
    assert all(verdict.seen for verdict in index.add_all(stories))
    with ledger.transaction(write=False) as t:
        assert t.texts(range(1, len(strange) + 1)) == {at: story.text for at, story in enumerate(stories, 1)}
    assert index.faults() == []


# A server that comes and goes


def test_a_server_that_was_restarted_is_connected_to_again(ledger: Ledger, postgres_server: PostgresServer) -> None:
    fill(ledger, 20)
    before = everything(ledger)
    postgres_server.stop("immediate")
    postgres_server.start()
    assert everything(ledger) == before


def test_a_server_that_stops_in_mid_run(url: str, postgres_server: PostgresServer) -> None:
    shown = postgres_server.url("wire.db").replace(f":{QUOTED}", "")
    texts = [near_copy(3, words(50, 50 * number)) for number in range(6)]
    with open_index(url) as index:
        assert index.add(Story(id="0", text=texts[0])).new
        ledger = index._ledger
        with pytest.raises(IndexFault) as caught, ledger.transaction() as t:  # noqa: PT012
            t.append(with_text(entry(t.last_seq() + 1)))
            postgres_server.stop("immediate")
            t.by_id(["0"])
        assert f"{shown!r}: the " in str(caught.value)
        try:
            for step in (
                lambda: index.add(Story(id="1", text=texts[1])),
                lambda: index.check(Story(id="0", text=texts[0])),
                index.info,
                lambda: open_ledger(url),
            ):
                assert f"{shown!r}: cannot be connected to" in fault(step, "cannot be connected")
        finally:
            postgres_server.start()
        assert index.add(Story(id="2", text=near_copy(8, words(50)))).duplicate_of == "0"
        assert index.add(Story(id="1", text=texts[1])).new
        assert index.info().kept == 2
        assert index.faults() == []


def test_a_connection_that_is_lost_in_a_transaction(ledger: Ledger, postgres_server: PostgresServer) -> None:
    fill(ledger, 10)
    kill = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'wire.db'"

    def add(*, look: bool) -> None:
        with ledger.transaction() as t:
            t.append(with_text(entry(t.last_seq() + 1)))
            postgres_server.sql(kill)
            if look:
                t.by_seq([1])

    fault(lambda: add(look=True), "the server is stopping|connection to the server was lost")
    fault(lambda: add(look=False), "in the middle of a commit, which may or may not be done; add the batch again")
    with ledger.transaction() as t:
        assert t.last_seq() == 10


def test_a_failed_look_up_that_is_passed_over_undoes_all(ledger: Ledger) -> None:
    def add() -> None:
        with ledger.transaction() as t:
            t.append(with_text(entry(1)))
            with pytest.raises(IndexFault):
                t.by_seq([1 << 70])

    fault(add, "the whole transaction is undone")
    with ledger.transaction() as t:
        assert t.last_seq() == 0
        assert dict(t.by_id(["id-1"])) == {}


# What is not as it should be


def test_a_wrong_address_is_told_without_the_password(url: str, postgres_server: PostgresServer) -> None:
    for wrong in (
        postgres_server.url("nowhere"),
        postgres_server.url("wire.db", password=QUOTED + "x"),
        postgres_server.url("wire.db", port=1),
        url.replace("wire:", "stranger:"),
        url + "?sslmode=require",
        url + "?connect_timeout=2&host=" + "h" * 70,
    ):
        assert "'postgresql://" in fault(lambda wrong=wrong: open_ledger(wrong), "cannot be connected to; check")  # type: ignore[misc]
    for wrong in (
        url.replace(QUOTED, "s3cret@x"),
        url.replace(QUOTED, "s3cret/x"),
        url.replace(QUOTED, "s3cret%zz"),
        url + "?pasword=s3cret",
        url + "\0",
        "postgresql://wire:s3cret@[::1/wire",
    ):
        fault(lambda wrong=wrong: open_ledger(wrong), "is no address; write", UsageError)  # type: ignore[misc]


def test_the_address_is_shown_without_the_password(url: str) -> None:
    bare = url.replace(f":{QUOTED}@", "@")
    for given, shown in (
        (url, bare),
        (f"{bare}?password={QUOTED}", bare),
        (url.replace("postgresql", "POSTGRES"), bare),
        (f"{url}?options=-csearch_path%3Dpublic", f"{bare}?options=-csearch_path%3Dpublic"),
        (url.replace("127.0.0.1", "[::1],127.0.0.1"), bare.replace("127.0.0.1", "[::1],127.0.0.1")),
    ):
        ledger = open_ledger(given)
        assert ledger.url == shown
        ledger.close()


def test_another_configuration_is_refused(url: str) -> None:
    open_ledger(url, Settings(threshold=0.55)).close()
    open_ledger(url).close()
    open_ledger(url, Settings(threshold=0.55)).close()
    fault(lambda: open_ledger(url, Settings(threshold=0.6)), r"was made with threshold=0\.55, not 0\.6; open it with the")


def test_an_index_that_is_not_there_is_not_made_unless_asked(url: str, postgres_server: PostgresServer) -> None:
    fault(lambda: open_ledger(url, create=False), "is empty, there is no index in it; check the name")
    assert postgres_server.sql("SELECT 1 FROM pg_tables WHERE tablename LIKE 'dedup%'", "wire.db") == []


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        (f"UPDATE dedup_meta SET number = {SCHEMA_VERSION + 1} WHERE name = 'schema'", "has schema version 2, this program"),
        ("UPDATE dedup_meta SET number = -1 WHERE name = 'schema'", "is damaged, schema version -1 cannot be"),
        ("UPDATE dedup_meta SET value = 'x' WHERE name = 'fold'", "is damaged, what it says of itself does not fit"),
        ("DELETE FROM dedup_meta WHERE name = 'salt'", "is damaged, it has no 'salt'"),
        ("DELETE FROM dedup_meta WHERE name = 'schema'", "is damaged, it has no 'schema'"),
        ("DROP TABLE dedup_text", "is damaged, 'dedup_text' is missing"),
        ("DROP TABLE dedup_meta", "is damaged, 'dedup_meta' is missing"),
        ("DROP INDEX dedup_story_id", "is damaged, 'dedup_story_id' is missing"),
        ("CREATE RULE lose AS ON INSERT TO dedup_story DO INSTEAD NOTHING", "holds 'dedup_story', code that no index has"),
        ("ALTER TABLE dedup_text RENAME TO t; CREATE VIEW dedup_text AS SELECT * FROM t", "holds 'dedup_text', code"),
        ("DROP TABLE dedup_meta; CREATE TABLE dedup_meta (a int)", "is damaged; run 'dedup index check'"),
    ],
)
def test_tables_of_something_else_are_refused(
    url: str, ledger: Ledger, postgres_server: PostgresServer, statement: str, match: str
) -> None:
    postgres_server.sql(statement, "wire.db")
    fault(lambda: open_ledger(url), match)


def test_damage_is_told(ledger: Ledger, postgres_server: PostgresServer) -> None:
    fill(ledger, 30)
    assert ledger.check() == []
    for statement, told in (
        ("UPDATE dedup_story SET answer = 'x' WHERE seq = 7", "story 7 does not fit its checksum"),
        ("UPDATE dedup_story SET bands = '' WHERE seq = 8", "story 8 does not fit its checksum"),
        ("UPDATE dedup_text SET text = 'x' WHERE seq = 9", "text of story 9 does not fit"),
        ("DELETE FROM dedup_text WHERE seq = 11", "story 11 is kept, but its text is not there"),
        ("DELETE FROM dedup_story WHERE seq = 12", "text 12 belongs to no kept story"),
        ("DELETE FROM dedup_story WHERE seq = 14", "story 15 was dropped for story 14, which is not there"),
        ("UPDATE dedup_removal SET seq = 16", "removal 1 does not fit its checksum"),
        ("UPDATE dedup_removal SET seq = 16", "story 16 was removed, yet it is there"),
    ):
        postgres_server.sql(statement, "wire.db")
        assert [line for line in ledger.check() if told in line], told
    with ledger.transaction(write=False) as t:
        fault(lambda: list(t.news(Mark())), "story 7 does not fit its checksum")
        fault(lambda: t.texts([9]), "the text of story 9 does not fit")
        fault(lambda: t.by_id(["id-7"]), "story 7 does not fit")
    postgres_server.sql("UPDATE dedup_meta SET number = 3 WHERE name = 'last_seq'", "wire.db")
    assert any("count of stories is wrong" in line for line in ledger.check())
    postgres_server.sql("DROP TABLE dedup_text", "wire.db")
    assert any("is damaged; run 'dedup index check'" in line for line in ledger.check())


def test_a_user_who_may_not_is_told_so_and_rows_are_not_hidden(
    url: str, ledger: Ledger, postgres_server: PostgresServer
) -> None:
    fill(ledger, 10)
    if not postgres_server.sql("SELECT 1 FROM pg_roles WHERE rolname = 'guest'"):
        postgres_server.sql("CREATE ROLE guest LOGIN PASSWORD 's3cret'")
    guest = url.replace(f"wire:{QUOTED}", "guest:s3cret")
    postgres_server.sql("REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO guest", "wire.db")
    fault(lambda: open_ledger(guest), "this user is not allowed to do that; grant")
    postgres_server.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO guest", "wire.db")
    other = open_ledger(guest)
    assert everything(other) == everything(ledger)
    # A policy that lets nobody see a row would make everything new.
    postgres_server.sql("ALTER TABLE dedup_story ENABLE ROW LEVEL SECURITY", "wire.db")
    fault(lambda: everything(other), "this user is not allowed")
    other.close()


def test_one_made_anew_meanwhile_is_not_gone_on_with(url: str, ledger: Ledger, postgres_server: PostgresServer) -> None:
    postgres_server.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public", "wire.db")
    fault(lambda: everything(ledger), "is damaged; run")
    open_ledger(url).close()
    fault(lambda: everything(ledger), "was made anew while it was open; open it again")


def test_commits_are_safe_unless_relaxed(url: str, postgres_server: PostgresServer) -> None:
    for relaxed, default, expected in (
        (False, "on", "on"),
        (False, "off", "on"),
        (False, "local", "on"),
        (False, "remote_apply", "remote_apply"),
        (True, "on", "off"),
    ):
        postgres_server.sql(f"ALTER DATABASE \"wire.db\" SET synchronous_commit = '{default}'")
        ledger: Any = open_ledger(url, relaxed=relaxed)
        with ledger.transaction() as t:
            assert t.rows("SHOW synchronous_commit") == [(expected,)]
        ledger.close()
    postgres_server.sql('ALTER DATABASE "wire.db" RESET synchronous_commit')


def test_two_indexes_in_one_database(url: str, postgres_server: PostgresServer) -> None:
    postgres_server.sql('CREATE SCHEMA "a ""b% c"', "wire.db")
    both = [
        open_ledger(url, timeout=1),
        open_ledger(url + "?options=-csearch_path%3D%22a%5C%20%22%22b%25%5C%20c%22", timeout=1),
    ]
    assert both[0].salt != both[1].salt
    with both[0].transaction() as first, both[1].transaction() as second:  # neither waits for the other
        first.append(with_text(entry(1), entry(2)))
        second.append(with_text(entry(1)))
    assert [ledger.summary().kept for ledger in both] == [2, 1]
    fault(lambda: open_ledger(url + "?options=-csearch_path%3Dnone"), "search_path is not there; create it")
    for ledger in both:
        ledger.close()


def test_removals_are_kept_to_a_number(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    from dedup.index import schema

    monkeypatch.setattr(schema, "REMOVALS_KEPT", 3)
    with ledger.transaction() as t:
        t.append(with_text(*(entry(seq) for seq in range(1, 9))))
    for seq in range(1, 7):
        with ledger.transaction() as t:
            t.remove([seq])
    with ledger.transaction(write=False) as t:
        assert t.removals(Mark(8, 2)) is None
        assert [(r.number, r.seq) for r in t.removals(Mark(8, 3)) or ()] == [(4, 4), (5, 5), (6, 6)]
        assert [(r.number, r.seq) for r in t.removals(Mark(8, 5)) or ()] == [(6, 6)]
