"""Signatures as datasketch's own, and stories in its LSH, in a dict and in a real Redis."""

from __future__ import annotations

import pickle
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference
import xxhash
from corpora import fixture_texts
from datasketch import MinHash, MinHashLSH
from hypothesis import given
from hypothesis import strategies as st
from redis.backoff import NoBackoff
from redis.retry import Retry

import dedup
from dedup.errors import IndexFault, UsageError
from dedup.integrations.datasketch_lsh import DatasketchIndex, to_datasketch
from dedup.settings import Settings
from dedup.story import Story

LEAD = "The two ministers signed a joint statement on shared fishing rights in the northern waters on Monday"
OTHER = "Heavy rain closed three mountain passes and left a dozen villages without power for most of the day"
PARAMS = (42, 3)

Make = Callable[..., MinHashLSH]


def story(id: str, text: str = LEAD) -> Story:
    return Story(id=id, text=text)


def by_hand(text: str, num_perm: int = 128) -> MinHash:
    """What a user of datasketch alone would make."""
    made = MinHash(num_perm, seed=1, scheme="affine32", hashfunc=lambda b: xxhash.xxh3_64_intdigest(b) & 0xFFFFFFFF)
    made.update_batch(reference.shingles(reference.tokenize(text)))
    return made


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Redis server of our own, on a free port of loopback; skips where none is installed (Debian: redis-server)."""
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("redis-server is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    folder = tmp_path_factory.mktemp("redis")
    options = f"--bind 127.0.0.1 --port {port} --dir {folder} --appendonly no --save".split()
    with subprocess.Popen([server, *options, ""], stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(16).startswith(b"+PONG"):
                    return
        except OSError:
            pass
        assert time.monotonic() < deadline, "redis-server does not answer"
        time.sleep(0.02)


@pytest.fixture(params=["dict", "redis"])
def make(request: pytest.FixtureRequest) -> Make:
    """Makes a MinHashLSH in a dict or in Redis; of one name and in Redis, the same one again."""
    if request.param == "dict":
        return lambda num_perm=128, name="", **options: MinHashLSH(num_perm=num_perm, **({"params": PARAMS} | options))
    port, base = request.getfixturevalue("redis_port"), request.node.name
    return lambda num_perm=128, name="", **options: MinHashLSH(
        num_perm=num_perm,
        storage_config=redis_config(port, f"{base}{name}".encode()),
        **({"params": PARAMS, "prepickle": False} | options),
    )


def redis_config(port: int, basename: bytes | None) -> dict[str, Any]:
    named = {} if basename is None else {"basename": basename}
    return {"type": "redis", "redis": {"host": "127.0.0.1", "port": port}, **named}


@given(st.text(max_size=400) | st.sampled_from([LEAD, OTHER, ""]), st.sampled_from([1, 16, 128]))
def test_a_signature_is_the_minhash_of_the_shingles(text: str, num_perm: int) -> None:
    signature = dedup.signatures([text], num_perm=num_perm)
    expected = by_hand(text, num_perm)
    assert to_datasketch(signature[0]) == expected
    assert to_datasketch(signature) == [expected]


def test_it_can_be_updated_and_leaves_the_signature_alone() -> None:
    signature = dedup.signatures([LEAD])[0]
    before = signature.copy()
    (made,), expected = dedup.to_datasketch(signature[np.newaxis]), by_hand(LEAD)
    for one in (made, expected):
        one.update(b"words not there before in it")
    assert made == expected
    assert made != by_hand(LEAD)
    assert (signature == before).all()
    assert pickle.loads(pickle.dumps(made)) == made  # for process pools


def test_no_stories_no_minhashes() -> None:
    assert to_datasketch(dedup.signatures([])) == []


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        ([1, 2, 3], "signature of list: must be an array of uint32"),
        (np.zeros(128), "signature of float64"),
        (np.zeros(128, np.uint64), "signature of uint64"),
        (np.zeros(128, ">u4"), "signature of >u4"),
        (np.zeros((2, 2, 2), np.uint32), r"shape \(2, 2, 2\)"),
        (np.zeros((), np.uint32), r"shape \(\)"),
        (np.zeros((3, 0), np.uint32), r"shape \(3, 0\)"),
    ],
)
def test_what_is_no_signature_is_refused(signature: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        to_datasketch(signature)


@pytest.mark.parametrize("params", [PARAMS, (9, 13)])
@pytest.mark.parametrize("hashfunc", [None, lambda b: xxhash.xxh3_64_digest(b)])
def test_the_answers_are_datasketchs_own(make: Make, params: tuple[int, int], hashfunc: Any) -> None:
    texts = [(id, text) for id, text in fixture_texts().items() if reference.shingles(reference.tokenize(text))]
    index = DatasketchIndex(make(params=params, hashfunc=hashfunc))
    plain = MinHashLSH(num_perm=128, params=params, hashfunc=hashfunc)
    for id, text in texts:
        expected = sorted(plain.query(by_hand(text)))
        plain.insert(id, by_hand(text))
        assert index.candidates(story(id, text)) == expected
        assert index.add(story(id, text)) == expected
        assert index.candidates(story("another", text)) == sorted([*expected, id])


def test_an_id_that_is_there(make: Make) -> None:
    index = DatasketchIndex(make())
    index.add(story("a"))
    assert index.add(story("a")) == []
    assert index.add(story("a", LEAD.upper())) == []
    with pytest.raises(UsageError, match="story 'a': is in the index with other words; remove it first"):
        index.add(story("a", OTHER))
    assert index.candidates(story("b")) == ["a"]
    assert index.candidates(story("b", OTHER)) == []
    assert index.remove("a")
    assert not index.remove("a")
    assert index.add(story("a", OTHER)) == []
    assert index.candidates(story("b")) == []
    assert index.candidates(story("b", OTHER)) == ["a"]


@pytest.mark.parametrize("id", ["a", "Caf\udce9.txt", "a\0b", "猫", "'; FLUSHALL"])
def test_ids_come_back_as_they_went_in(make: Make, id: str) -> None:
    index = DatasketchIndex(make())
    index.add(story(id))
    assert index.candidates(story("other id")) == [id]
    assert index.add(story(id)) == []


def test_an_id_is_needed(make: Make) -> None:
    with pytest.raises(UsageError, match="story '': has no id"):
        DatasketchIndex(make()).add(story(""))


@pytest.mark.parametrize("broken_at", [0, 20])
def test_an_interrupted_insertion_is_made_good(make: Make, broken_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lsh = make()
    index = DatasketchIndex(lsh)

    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(lsh.hashtables[broken_at], "insert", fail)
        with pytest.raises(IndexFault, match="its storage failed: ConnectionError: gone"):
            index.add(story("a"))
    assert index.add(story("a")) == []
    (key,) = lsh.keys.keys()
    bands = lsh.keys.get(key)
    assert [set(table.get(band)) for band, table in zip(bands, lsh.hashtables, strict=True)] == [{key}] * lsh.b


def test_a_story_without_shingles_would_match_every_other_such(make: Make) -> None:
    index = DatasketchIndex(make())
    for ask in (index.add, index.candidates):
        with pytest.raises(UsageError, match="story 'x': has fewer than 5 words"):
            ask(story("x", "only four words here"))


def test_settings_are_respected(make: Make) -> None:
    lsh = make(num_perm=64, params=(16, 4))
    with pytest.raises(UsageError, match=r"num_perm 64: signatures have 128 values; make it with num_perm=128"):
        DatasketchIndex(lsh, settings=Settings())
    index = DatasketchIndex(lsh)
    assert index.settings == Settings(num_perm=64)
    index.add(story("a"))
    assert index.candidates(story("b")) == ["a"]
    shingle = Settings(num_perm=64, shingle=3)
    assert DatasketchIndex(make(num_perm=64, params=(16, 4), name="3"), settings=shingle).add(story("a", "a b c")) == []


def test_signatures_of_another_scheme_are_refused(make: Make) -> None:
    lsh = make()
    old = MinHash(128, scheme="legacy")
    lsh.insert(b"old", old)
    with pytest.raises(UsageError, match="'affine32' does not match scheme 'legacy'"):
        DatasketchIndex(lsh).candidates(story("a"))


@pytest.mark.parametrize("lsh", [None, {}, "redis://localhost"])
def test_what_is_no_lsh_is_refused(lsh: Any) -> None:
    with pytest.raises(UsageError, match=r"must be a datasketch\.MinHashLSH"):
        DatasketchIndex(lsh)


def test_keys_that_are_no_ids() -> None:
    lsh = MinHashLSH(num_perm=128, params=PARAMS)
    lsh.insert(17, by_hand(LEAD))
    with pytest.raises(IndexFault, match="key 17 is a int, ids are str"):
        DatasketchIndex(lsh).candidates(story("a"))


def test_threads_take_turns(make: Make) -> None:
    index, found = DatasketchIndex(make()), []
    threads = [threading.Thread(target=lambda i=i: found.append(index.add(story(f"{i}")))) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, found)) == list(range(8))


class Planted:
    """Runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_planted_pickle_is_never_loaded(redis_port: int, tmp_path: Path, protocol: int) -> None:
    """datasketch #320."""
    name, ran = f"planted{protocol}".encode(), tmp_path / "ran"
    payload = pickle.dumps(Planted(ran), protocol)
    pickle.loads(payload)
    assert ran.exists()
    ran.unlink()
    lsh = MinHashLSH(num_perm=128, params=PARAMS, prepickle=False, storage_config=redis_config(redis_port, name))
    lsh.insert(payload, by_hand(LEAD))
    index = DatasketchIndex(lsh)
    for ask in (index.candidates, index.add):
        if protocol < 2:
            assert ask(story("a")) == [payload.decode()]  # it is a text like any other
        else:
            with pytest.raises(
                IndexFault, match=r"key b'\\x80.* is no UTF-8, as a key that was pickled; it was not unpickled"
            ):
                ask(story("a"))
    assert not ran.exists()


def test_a_lsh_that_pickles_is_refused(redis_port: int) -> None:
    config = redis_config(redis_port, b"pickling")
    for lsh in (MinHashLSH(num_perm=128, storage_config=config), MinHashLSH(num_perm=128, prepickle=True)):
        with pytest.raises(UsageError, match="MinHashLSH with prepickle: whoever can write to its storage could run code"):
            DatasketchIndex(lsh)


def test_a_random_name_is_refused(redis_port: int) -> None:
    lsh = MinHashLSH(num_perm=128, prepickle=False, storage_config=redis_config(redis_port, None))
    with pytest.raises(UsageError, match="without a basename: stores under a random name"):
        DatasketchIndex(lsh)


def test_what_is_in_redis_is_found_again(redis_port: int) -> None:
    def opened() -> DatasketchIndex:
        config = redis_config(redis_port, b"again")
        return DatasketchIndex(MinHashLSH(num_perm=128, params=PARAMS, prepickle=False, storage_config=config))

    opened().add(story("a"))
    assert opened().candidates(story("b")) == ["a"]


def test_nobody_there_is_an_error_and_not_new() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    config = redis_config(port, b"nobody")
    config["redis"]["retry"] = Retry(NoBackoff(), 0)
    index = DatasketchIndex(MinHashLSH(num_perm=128, params=PARAMS, prepickle=False, storage_config=config))
    for ask in (index.candidates, index.add):
        with pytest.raises(IndexFault, match="its storage failed: ConnectionError"):
            ask(story("a"))


def test_without_datasketch_the_line_that_brings_it() -> None:
    code = (
        "import sys; sys.modules['datasketch'] = None\n"
        "import dedup\n"
        "try: dedup.to_datasketch(dedup.signatures(['x']))\n"
        "except dedup.DedupError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "signatures as MinHash need datasketch: pip install 'datasketch>=2.0'\n"
