"""What an SQLite index says and keeps where the place, the file or the settings are not as they should be."""

from __future__ import annotations

import os
import pickle
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from index.entries import entry, everything, fill, with_text

from dedup.errors import IndexFault, UsageError
from dedup.index import SCHEMA_VERSION, Ledger, Mark, connection, schema
from dedup.index.opening import open_ledger
from dedup.index.sqlite import SqliteLedger
from dedup.settings import Settings


@pytest.fixture
def wire(tmp_path: Path) -> Path:
    """An index of 30 stories."""
    path = tmp_path / "wire.db"
    ledger = open_ledger(path)
    fill(ledger, 30)
    ledger.close()
    return path


def refused(path: Path | str, match: str, settings: Settings | None = None) -> str:
    start = time.monotonic()
    with pytest.raises(IndexFault, match=match) as caught:
        open_ledger(path, settings)
    assert time.monotonic() - start < 2
    assert repr(os.fspath(path)) in str(caught.value)
    assert ";" in str(caught.value)
    return str(caught.value)


def sqlite_ledger(path: Path) -> SqliteLedger:
    ledger = open_ledger(path)
    assert isinstance(ledger, SqliteLedger)
    return ledger


# No room


def _add_until_full(ledger: Ledger) -> tuple[list[object], str]:
    """What was there before the transaction that failed, and why it did."""
    while True:
        before = everything(ledger)
        try:
            with ledger.transaction() as t:
                last = t.last_seq()
                t.append(with_text(*(entry(seq) for seq in range(last + 1, last + 8))))
                t.remove([last - 3])
        except IndexFault as error:
            return before, str(error)


def test_full_at_any_size_leaves_the_state_before(tmp_path: Path) -> None:
    ledger = sqlite_ledger(tmp_path / "wire.db")
    seen = set()
    for pages in range(12, 40):
        assert ledger._connection is not None
        ledger._connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()
        before, why = _add_until_full(ledger)
        assert "wire.db': no room is left for it; make room" in why
        assert everything(ledger) == before
        assert ledger.check() == []
        seen.add(before[0])
    ledger.close()
    assert len(seen) > 5
    again = open_ledger(tmp_path / "wire.db")
    assert everything(again) == before
    again.close()


def test_full_while_it_is_made_leaves_a_file_to_make_it_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = connection.connect
    for pages in range(1, 11):

        def limited(path: str, *, relaxed: bool, pages: int = pages) -> sqlite3.Connection:
            opened = plain(path, relaxed=relaxed)
            opened.execute(f"PRAGMA max_page_count = {pages}").fetchall()
            return opened

        path = tmp_path / f"{pages}.db"
        with monkeypatch.context() as patched:
            patched.setattr("dedup.index.sqlite.connect", limited)
            refused(path, "no room")
        whole = open_ledger(path)
        fill(whole, 5)
        assert whole.check() == []
        whole.close()


LIMITED = """
import resource, sys
from dedup.errors import IndexFault
from dedup.index.opening import open_ledger
from index.entries import entry, everything, fill, with_text

ledger = open_ledger(sys.argv[1])
fill(ledger, 20)
failed = 0
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for size in range(4096, 400_000, 9_001):
    before = everything(ledger)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        with ledger.transaction() as t:
            t.append((entry(seq), "long " * 2000) for seq in range(t.last_seq() + 1, t.last_seq() + 10))
    except IndexFault as error:
        assert "reading or writing it failed" in str(error) or "no room" in str(error), error
        failed += 1
    else:
        before = None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert before is None or everything(ledger) == before
    assert ledger.check() == []
ledger.close()
again = open_ledger(sys.argv[1])
assert again.check() == []
assert failed > 5, failed
print("done")
"""


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[2])])
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": paths},
    )


def test_a_limit_on_file_size_leaves_the_state_before(tmp_path: Path) -> None:
    done = run(LIMITED, tmp_path / "wire.db")
    assert done.stdout == "done\n", done.stderr


# Not allowed

READ_ONLY = """
import os, sys
from dedup.errors import IndexFault
from dedup.index import checking, sqlite
from dedup.index.opening import open_ledger

if os.geteuid() == 0:  # nobody
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)

def outcome():
    try:
        ledger = open_ledger(sys.argv[1])
        with ledger.transaction() as t:
            t.remove([2])
    except IndexFault as error:
        return str(error)
    return "done"

print(outcome())
"""


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("what", ["file", "folder", "unreadable"])
def test_read_only(shared_folder: Path, what: str) -> None:
    path = shared_folder / "wire.db"
    ledger = open_ledger(path)
    fill(ledger, 10)
    before = everything(ledger)
    ledger.close()
    path.chmod({"file": 0o444, "folder": 0o666, "unreadable": 0}[what])
    shared_folder.chmod(0o777 if what == "file" else 0o555)
    done = run(READ_ONLY, path)
    assert done.stderr == ""
    assert "wire.db': " in done.stdout
    assert "permissions" in done.stdout
    shared_folder.chmod(0o755)
    path.chmod(0o644)
    again = open_ledger(path)
    assert everything(again) == before
    again.close()


# Not an index


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("trapped",)


FOREIGN = {
    "picture.jpg": b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01" + bytes(range(256)) * 40,
    "text.txt": b"Just a story.\n" * 100,
    "short": b"S",
    "one.nul": b"\0" * 8192,
    "header.db": b"SQLite format 3\0",
    "header_and_nothing.db": b"SQLite format 3\0" + bytes(8176),
    "header_and_junk.db": b"SQLite format 3\0" + bytes(range(1, 256)) * 64,
    "model.pickle": pickle.dumps(Trap()),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files_are_refused_and_left_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    path.write_bytes(FOREIGN[name])
    refused(path, "is no index|is damaged")
    assert path.read_bytes() == FOREIGN[name]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_database_of_something_else_is_left_as_it_is(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "places.sqlite"
    other = sqlite3.connect(path)
    other.executescript(f"PRAGMA journal_mode = {mode}; CREATE TABLE story (seq, id); PRAGMA user_version = 1")
    other.close()
    before = path.read_bytes()
    refused(path, "database of something else")
    assert path.read_bytes() == before


def test_an_empty_file_becomes_an_index_if_it_may(tmp_path: Path) -> None:
    path = tmp_path / "wire.db"
    path.touch()
    with pytest.raises(IndexFault, match="there is no index in it"):
        open_ledger(path, create=False)
    assert path.stat().st_size == 0
    open_ledger(path).close()
    open_ledger(path, create=False).close()


def test_places_where_no_index_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(tmp_path, "is a folder")
    refused(tmp_path / "no" / "wire.db", "its folder does not exist; create")
    (tmp_path / "file").touch()
    refused(tmp_path / "file" / "wire.db", "its folder does not exist")
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "a device")
    with socket.socket(socket.AF_UNIX) as bound:
        monkeypatch.chdir(tmp_path)
        bound.bind("socket")
        refused("socket", "a device")
    refused("", "is no file name")
    refused("a\0b", "is no file name")
    refused("x" * 300, "cannot be reached")
    with pytest.raises(IndexFault, match="does not exist; check the name"):
        open_ledger("wire.db", create=False)
    assert not (tmp_path / "wire.db").exists()


def test_names_of_any_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [
        "a b.db",
        "a?mode=ro.db",
        "a#b.db",
        "a%20b.db",
        "é.db",
        ":memory:",
        os.fsdecode(b"Caf\xe9.db"),
        "file:x",
        "'$(x)",
    ]
    for name in names:
        open_ledger(name).close()
        open_ledger(Path(name), create=False).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = open_ledger("sqlite:///wire.db")
    second = open_ledger(f"sqlite:///{tmp_path}/wire.db", create=False)
    assert first.salt == second.salt
    assert first.url == "sqlite:///wire.db"
    first.close()
    second.close()
    for url in ("sqlite://", "sqlite:///", "sqlite://wire.db", "sqlite:///wire.db?mode=ro"):
        with pytest.raises(UsageError, match="sqlite:///FILE"):
            open_ledger(url)
    with pytest.raises(UsageError, match="'sqllite://': no kind of index; name a file, or write sqlite://"):
        open_ledger("sqllite:///wire.db")
    with pytest.raises(UsageError, match="write postgresql://"):
        open_ledger("postgressql://me:secret@host/db")


def test_postgres_without_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("dedup.index.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as if it were not installed
    with pytest.raises(UsageError, match=r"pip install 'wire-dedup\[postgres\]'") as caught:
        open_ledger("postgresql://me:secret@host/db")
    assert "secret" not in str(caught.value)


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:40 / {at} rw,relatime shared:5 master:2 - {kind} server:/export rw,vers=4.2
"""


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p"])
def test_network_file_systems_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    mounts, folder = tmp_path / "mountinfo", tmp_path / "on a server"
    folder.mkdir()
    mounts.write_text(MOUNTS.format(at=str(folder).replace(" ", "\\040"), kind=kind))
    monkeypatch.setattr(connection, "MOUNTS", str(mounts))
    message = refused(folder / "wire.db", rf"network file system \({kind}\)")
    assert "postgresql://" in message
    open_ledger(tmp_path / "wire.db").close()
    local = "31 30 8:2 / {at} rw - ext4 /dev/sdb rw\n".format(at=str(folder).replace(" ", "\\040"))
    mounts.write_text(mounts.read_text() + local)  # mounted over it
    open_ledger(folder / "wire.db").close()


# Another configuration


def test_other_settings_are_named_with_both_values(tmp_path: Path) -> None:
    path = tmp_path / "wire.db"
    open_ledger(path, Settings(shingle=5)).close()
    message = refused(path, "shingle=5, not 4", Settings(shingle=4, threshold=0.75))
    assert "threshold=0.5, not 0.75" in message
    assert "num_perm" not in message
    open_ledger(path, Settings()).close()


def test_without_settings_it_is_opened_as_it_was_made(tmp_path: Path) -> None:
    path, made = tmp_path / "wire.db", Settings(shingle=7, evidence=2.5)
    open_ledger(path, made).close()
    ledger = open_ledger(path)
    assert msgspec.json.decode(ledger.settings, type=Settings) == made
    ledger.close()
    refused(path, "shingle=7, not 5", Settings())


def forge(path: Path, **changes: object) -> None:
    """Say other things of an index, with the right checksum."""
    database = sqlite3.connect(path)
    stored = dict(database.execute("SELECT name, value FROM meta"))
    identity = schema.Identity(**{name: stored[name] for name in schema.Identity.__struct_fields__})
    changed = msgspec.structs.replace(identity, **changes)
    values = {**msgspec.structs.asdict(changed), "sum": changed.checksum()}
    database.executemany("UPDATE meta SET value = ? WHERE name = ?", [(value, name) for name, value in values.items()])
    database.commit()
    database.close()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"fold": "9.9/1"}, "made with fold table '9.9/1', this program has"),
        ({"settings": b'{"shingel":5}'}, "shingel=5, a setting this program does not know"),
        ({"settings": b'{"shingle":5}'}, "made without the setting"),
        ({"settings": b"]"}, "settings cannot be read"),
        ({"digest": "0" * 16}, "other settings than it says"),
        ({"settings": msgspec.json.encode(Settings()).replace(b'"shingle":5', b'"shingle":0')}, "settings that cannot be"),
    ],
)
def test_what_an_index_says_of_itself_is_not_believed_blindly(wire: Path, changes: dict[str, object], match: str) -> None:
    forge(wire, **changes)
    refused(wire, match)


def alter(path: Path, script: str) -> None:
    database = sqlite3.connect(path)
    database.executescript(script)
    database.close()


@pytest.mark.parametrize(
    ("script", "match"),
    [
        ("UPDATE meta SET value = x'00' WHERE name = 'salt'", "checksum"),
        ("DELETE FROM meta WHERE name = 'fold'", "has no 'fold'"),
        ("DROP INDEX story_added", "'story_added' is missing or other"),
        ("DROP TABLE text", "'text' is missing"),
        ("CREATE TRIGGER bad AFTER INSERT ON story BEGIN DELETE FROM story; END", "'bad', which no index has"),
        ("CREATE INDEX bad ON story (lower(id))", "'bad', which no index has"),
        ("CREATE VIEW bad AS SELECT 1", "'bad', which no index has"),
    ],
)
def test_a_file_that_was_meddled_with_is_refused(wire: Path, script: str, match: str) -> None:
    alter(wire, script)
    refused(wire, match)


# Versions of the schema


def test_a_schema_from_the_future_is_refused(wire: Path) -> None:
    alter(wire, f"PRAGMA user_version = {SCHEMA_VERSION + 6}")
    refused(wire, f"schema version {SCHEMA_VERSION + 6}, this program knows versions up to {SCHEMA_VERSION}")


def test_a_schema_version_that_cannot_be(wire: Path) -> None:
    alter(wire, "PRAGMA user_version = -2147483646")
    refused(wire, "is damaged, schema version -2147483646 cannot be")


def test_an_older_schema_is_migrated(wire: Path) -> None:
    before = open_ledger(wire)
    content = everything(before)
    before.close()
    alter(wire, "DROP INDEX story_added; DROP TABLE removal; PRAGMA user_version = 0")
    ledger = sqlite_ledger(wire)
    assert ledger.check() == []
    content[2] = []
    assert everything(ledger) == content
    ledger.close()
    database = sqlite3.connect(wire)
    assert database.execute("PRAGMA user_version").fetchall() == [(SCHEMA_VERSION,)]
    assert database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'story_added'").fetchall() == [(1,)]
    database.close()


def test_a_migration_that_fails_changes_nothing(wire: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alter(wire, "DROP INDEX story_added; PRAGMA user_version = 0")
    before = wire.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", {1: (*schema.MIGRATIONS[1], "INSERT INTO nowhere VALUES (1)")})
        refused(wire, "cannot be used")
    assert wire.read_bytes() == before
    open_ledger(wire).close()


# Over time


def test_removed_or_replaced_while_open(wire: Path, tmp_path: Path) -> None:
    ledger = open_ledger(wire)
    wire.rename(tmp_path / "moved.db")
    with pytest.raises(IndexFault, match="removed or replaced"), ledger.transaction():
        pass
    wire.write_bytes(b"")
    with pytest.raises(IndexFault, match="removed or replaced"), ledger.transaction(write=False):
        pass
    ledger.close()


def test_an_append_that_broke_off_cannot_be_committed_in_part(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "wire.db")
    wrong = pytest.raises(ValueError, match="wants")
    with pytest.raises(IndexFault, match="undone"), ledger.transaction() as t, wrong:
        t.append(with_text(*(entry(seq) for seq in range(1, 1000)), entry(1001)))
    with ledger.transaction(write=False) as t:
        assert t.last_seq() == 0
    ledger.close()


def test_migrated_by_a_newer_program_while_open(wire: Path) -> None:
    ledger = open_ledger(wire)
    alter(wire, "PRAGMA user_version = 2")
    for write in (True, False):
        with pytest.raises(IndexFault, match="was brought to schema version 2 meanwhile"), ledger.transaction(write=write):
            pass
    ledger.close()


def test_removals_are_forgotten_in_the_end(wire: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "REMOVALS_KEPT", 3)
    ledger = open_ledger(wire)
    with ledger.transaction() as t:
        t.remove([2, 3, 6, 7])  # after 1, the fixture's
    with ledger.transaction(write=False) as t:
        assert t.removals(Mark(30, 0)) is None
        assert t.removals(Mark(30, 1)) is None
        assert [r.seq for r in t.removals(Mark(30, 2)) or ()] == [3, 6, 7]
        assert [(r.number, r.seq) for r in t.removals(Mark()) or ()] == [(5, 7)]
        assert list(t.removals(Mark(30, 5)) or ()) == []
    ledger.close()


def test_the_log_does_not_grow_without_end(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "wire.db", relaxed=True)
    for _ in range(12):
        with ledger.transaction() as t:
            t.append((entry(seq), "x" * 4000) for seq in range(t.last_seq() + 1, t.last_seq() + 1001))
    assert (tmp_path / "wire.db-wal").stat().st_size <= 24 << 20
    ledger.close()
    assert not (tmp_path / "wire.db-wal").exists()


@pytest.mark.parametrize(
    ("script", "match"),
    [
        ("UPDATE story SET keeper = 99 WHERE seq = 10", "dropped for story 99, which is not there"),
        ("UPDATE story SET keeper = 5 WHERE seq = 10", "dropped for story 5, which is not there or not kept"),
        ("DELETE FROM text WHERE seq = 7", "story 7 is kept, but its text"),
        ("INSERT INTO text VALUES (5, x'', 0)", "text 5 belongs to no kept story"),
        ("UPDATE meta SET value = 29 WHERE name = 'last_seq'", "count of stories is wrong"),
        ("UPDATE story SET digest = x'00' WHERE seq = 7", "story 7 does not fit its checksum"),
        ("UPDATE story SET answer = x'00' WHERE seq = 7", "story 7 does not fit its checksum"),
        ("UPDATE story SET bands = x'00' WHERE seq = 7", "story 7 does not fit its checksum"),
        ("UPDATE story SET id = CAST(id AS TEXT) WHERE seq = 7", "story 7 does not fit its checksum"),
        ("UPDATE text SET text = x'00' WHERE seq = 7", "text of story 7 does not fit"),
        ("UPDATE removal SET keys = x'00'", "removal 1 does not fit"),
        ("INSERT INTO removal SELECT 9, seq, bands, keys, sketch_sum FROM story WHERE seq = 7", "story 7 was removed, yet"),
    ],
)
def test_check_finds(wire: Path, script: str, match: str) -> None:
    alter(wire, script)
    ledger = open_ledger(wire)
    assert match in "\n".join(ledger.check())
    ledger.close()


def test_check_lets_texts_be_verified(wire: Path) -> None:
    ledger = sqlite_ledger(wire)
    found = ledger.check(lambda kept: [f"{e.seq}:{text[:3]}" for e, text in kept if e.seq in (2, 29)])
    assert found == ["2:2 w", "29:29 "]
    ledger.close()


def test_a_thousand_copies_cost_a_look_up_no_more(tmp_path: Path) -> None:
    ledger = sqlite_ledger(tmp_path / "wire.db")
    with ledger.transaction() as t:
        t.append(with_text(*(entry(seq, digest=1) for seq in range(1, 1001))))
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    with ledger.transaction(write=False) as t:
        assert ledger._connection is not None
        ledger._connection.set_progress_handler(step, 1)
        t.by_digest([bytes(15) + b"\1"])
        ledger._connection.set_progress_handler(None, 1)
    ledger.close()
    assert 0 < steps < 60
