"""Addresses of PostgreSQL servers, connections to them, and what they report told as an IndexFault; never a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from dedup.errors import IndexFault, UsageError
from dedup.index.connection import RESTORE, locked

Connection = psycopg.Connection[tuple[Any, ...]]

UNDONE = "a statement failed; the whole transaction is undone"
_KEPT = "what was answered before is kept"
_AGAIN = "add the batch again, what is in it already is answered as seen"
_SHOWN_OPTIONS = ("service", "options")

# So that whoever waits for a host that is gone hears of it in two minutes, not in two hours.
_DEFAULTS = {
    "connect_timeout": "10",
    "keepalives_idle": "60",
    "keepalives_interval": "10",
    "keepalives_count": "6",
    "tcp_user_timeout": "120000",
    "fallback_application_name": "wire-dedup",
}
_NOTICE_LOST_CLIENTS = (
    "SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 6; SET bytea_output = 'hex'"
)

# By SQLSTATE, or the start of one; the longest that fits.
_WHY = {
    "08": f"the connection to the server was lost; try again, {_KEPT}",
    "22": "the server refuses a value; leave that story out",
    "23": "an entry clashes with one that is in it; nothing of the batch was added",
    "25006": "the server only lets it be read; connect to the primary, with a role that may write",
    "25P03": f"the server ended a transaction that was idle for too long; take smaller batches, {_KEPT}",
    "28": "the server does not let this user in; check user and password",
    "3D": "there is no such database; check its name, or create it",
    "42501": "this user is not allowed to do that; grant it the schema's CREATE and USAGE, or the tables",
    "42": f"is damaged; {RESTORE}",
    "3F": "its schema is not there; create it, or check search_path",
    "53100": f"no room is left on the server; make room, {_KEPT}",
    "53300": "the server takes no more connections; open it from fewer processes, or raise max_connections",
    "53": f"the server is short of memory or room; give it more, {_KEPT}",
    "54": "a story is too long for it; leave that story out",
    "57014": f"the server cancelled it; raise statement_timeout, or try again, {_KEPT}",
    "57P": f"the server is stopping or starting; try again, {_KEPT}",
    "58": f"the server cannot read or write its files; check its disk, {_KEPT}",
    "XX": f"is damaged; {RESTORE}",
}


class Address(NamedTuple):
    """Where an index is: for the driver, and for people, who are not shown the password."""

    conninfo: str
    shown: str


def read_address(url: str) -> Address:
    """UsageError for a ``url`` that cannot be. The message does not quote it: a password might be anywhere in it."""
    url = "postgresql://" + url.partition("://")[2]
    authority, _, path = url.partition("://")[2].partition("?")[0].partition("/")
    # An "@" more than there should be is a password's, whose end would be taken for the name of a host or a database.
    if authority.count("@") <= 1 and "@" not in path and "\0" not in url:
        try:
            given = {name: str(value) for name, value in conninfo_to_dict(url).items()}
            missing = {name: value for name, value in _DEFAULTS.items() if name not in given}
            return Address(make_conninfo(url, client_encoding="utf8", **missing), _shown(given))
        except (psycopg.Error, UnicodeError):
            pass  # below, so that no traceback leads to the driver's message
    raise UsageError(
        "'postgresql://…': is no address; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %40 for @ in a part, "
        "%2F for /, %25 for %"
    )


def _shown(given: dict[str, str]) -> str:
    user = quote(given["user"], safe="") + "@" if "user" in given else ""
    hosts = [f"[{host}]" if ":" in host else quote(host, safe="") for host in given.get("host", "").split(",")]
    ports = given.get("port", "").split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    places = [host + (f":{port}" if port else "") for host, port in zip(hosts, ports, strict=False)]
    options = urlencode({name: given[name] for name in _SHOWN_OPTIONS if name in given})
    return f"postgresql://{user}{','.join(places)}/{quote(given.get('dbname', ''))}{'?' if options else ''}{options}"


def connect(address: Address) -> Connection:
    """Connect; IndexFault if that cannot be done. Each statement is its own transaction unless one is begun."""
    try:
        # Statements prepared on the server would be lost behind a pooler that changes servers between transactions.
        connection = psycopg.connect(address.conninfo, autocommit=True, prepare_threshold=None)
    except (psycopg.Error, OSError, UnicodeError) as error:
        raise IndexFault(
            f"{address.shown!r}: cannot be connected to; check that the server runs there, the name of the database, user "
            f"and password (PostgreSQL: {_in_a_line(str(error))})"
        ) from error
    try:
        with telling(address.shown, 0):
            connection.execute(_NOTICE_LOST_CLIENTS)
    except BaseException:
        connection.close()
        raise
    return connection


def fault(shown: str, error: psycopg.Error, timeout: float) -> IndexFault:
    """The same in words."""
    state = error.sqlstate or ""
    if state == "55P03":
        return locked(shown, timeout)
    if not state and isinstance(error, psycopg.OperationalError):
        state = "08000"
    fitting = [start for start in _WHY if state.startswith(start)]
    why = _WHY[max(fitting, key=len)] if fitting else f"cannot be used; {RESTORE}"
    # A server's details quote what is stored: the main line is enough.
    return IndexFault(f"{shown!r}: {why} (PostgreSQL: {_in_a_line(error.diag.message_primary or str(error))})")


def is_damage(error: psycopg.Error) -> bool:
    """The index's content is wrong, not the way to it."""
    return (error.sqlstate or "").startswith(("XX", "42P", "42703")) and error.sqlstate != "42501"


@contextmanager
def telling(shown: str, timeout: float) -> Iterator[None]:
    """Turn what the server and the driver raise into an IndexFault."""
    try:
        yield
    except psycopg.Error as error:
        raise fault(shown, error, timeout) from error


def commit(connection: Connection, shown: str, timeout: float) -> None:
    """Commit. IndexFault also where the server has undone the transaction, and where it cannot be known."""
    try:
        done = connection.execute("COMMIT").statusmessage
    except psycopg.Error as error:
        if not connection.closed:
            raise fault(shown, error, timeout) from error
        raise IndexFault(
            f"{shown!r}: the connection was lost in the middle of a commit, which may or may not be done; {_AGAIN} "
            f"(PostgreSQL: {_in_a_line(str(error))})"
        ) from error
    if done != "COMMIT":  # an error in it was passed over
        raise IndexFault(f"{shown!r}: {UNDONE}")


def _in_a_line(message: str) -> str:
    return " ".join(message.split())
