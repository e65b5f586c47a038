"""A PostgreSQL server of the tests' own, for as long as they run. Use by ``pytest_plugins = ["postgres_server"]``."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

USER = "wire"
PASSWORD = "s3cret/%@"
QUOTED = "s3cret%2F%25%40"
_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))


class PostgresServer:
    """Listens on a port of 127.0.0.1; the superuser ``wire`` has a password. Nothing is synced to the disk unless asked."""

    def __init__(self, folder: Path, programs: Path, *, synced: bool = False) -> None:
        self._folder, self._programs = folder, programs
        self._data = folder / "data"
        self._owner = _unprivileged()
        if self._owner:
            shutil.chown(folder, self._owner)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run("initdb", "-D", self._data, "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}", "-N", "-E", "UTF8",
                  "--no-locale", "--no-instructions")  # fmt: skip
        settings = {
            "port": self.port,
            "listen_addresses": "'127.0.0.1'",
            "unix_socket_directories": "''",
            "fsync": "on" if synced else "off",
            "full_page_writes": "on" if synced else "off",
            "max_connections": 60,
        }
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def start(self) -> None:
        """Returns when it takes connections."""
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", self._folder / "log")

    def stop(self, mode: str = "fast") -> None:
        """``immediate`` is as if it had crashed."""
        self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", self._data)

    def url(self, database: str, *, password: str = QUOTED, port: int | None = None) -> str:
        """The address of an index."""
        return f"postgresql://{USER}:{password}@127.0.0.1:{port or self.port}/{database}"

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Do something as its superuser."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def empty(self, database: str) -> None:
        """Make a database if it is not there, else throw out whoever uses it and what is in it."""
        # To drop a database waits for a checkpoint.
        if not self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{database}'"):
            self.sql(f'CREATE DATABASE "{database}"')
            return
        self.sql(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'")
        self.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public", database)

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        environment = {**os.environ, "LC_ALL": "C"}
        options = {"user": self._owner, "group": _group_of(self._owner), "extra_groups": []} if self._owner else {}
        with (self._folder / "errors").open("a") as errors:
            done = subprocess.run(
                command,
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # a server that is started holds it open
                stderr=errors,
                check=False,
                timeout=120,
                **options,  # type: ignore[call-overload]
            )
        if done.returncode:
            raise RuntimeError(f"{program}: {(self._folder / 'errors').read_text()[-2000:]}")


def _unprivileged() -> str | None:
    """Whom the server is to run as, where root must not."""
    if os.geteuid():
        return None
    return "postgres" if any(user.pw_name == "postgres" for user in pwd.getpwall()) else "nobody"


def _group_of(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def new_server(**options: bool) -> Iterator[PostgresServer]:
    """One that runs until it is asked to go on; skips the test where there is none."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    if not _PROGRAMS:
        pytest.skip("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory(prefix="wire-postgres-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(Path(folder), _PROGRAMS[-1], **options)
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    yield from new_server()


@pytest.fixture
def database(postgres_server: PostgresServer) -> Callable[..., str]:
    """The address of a database by its name, empty at the beginning of a test."""
    asked: set[str] = set()

    def url(name: str = "wire.db") -> str:
        if name not in asked:
            postgres_server.empty(name)
        asked.add(name)
        return postgres_server.url(name)

    return url
