"""From what a user calls an index to a ledger that is the right one."""

from __future__ import annotations

import difflib
import importlib
import os
import re
from collections.abc import Callable
from typing import Any, cast

import msgspec

from dedup.errors import IndexFault, UsageError
from dedup.files import StrPath
from dedup.index.contract import Ledger
from dedup.index.schema import Identity
from dedup.kernels import FOLD_VERSION
from dedup.settings import Settings

_ANEW = "open it with the settings it was made with, or make another index"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)

Backend = Callable[..., tuple[Ledger, Identity]]
"""Opens ``url``; a new index becomes what it is given. Keywords as those of ``open_ledger``."""


def open_ledger(
    url: StrPath, settings: Settings | None = None, *, create: bool = True, relaxed: bool = False, timeout: float = 60.0
) -> Ledger:
    """Open an index, by default making it if it is not there.

    ``url`` is a file name, ``sqlite:///FILE`` (as elsewhere, ``sqlite:////srv/wire.db`` for an absolute one) or
    ``postgresql://…``. ``settings`` None takes what the index has, the defaults for a new one. ``relaxed`` trades the
    safety of the last commits in a power cut for speed. ``timeout`` is how many seconds to wait for other writers.

    UsageError for a ``url`` that cannot be; IndexFault if the index is out of reach, damaged, foreign, of a later
    version, or made with other settings or another fold table.
    """
    name = os.fspath(url)
    found = _SCHEME.fullmatch(name)
    backend = _backend(name, found[1].lower()) if found else _open_sqlite
    fresh = Identity.fresh(settings or Settings())
    ledger, stored = backend(name, fresh, create=create, relaxed=relaxed, timeout=timeout)
    try:
        _check_configuration(ledger.url, stored, settings)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _open_sqlite(url: str, fresh: Identity, **options: Any) -> tuple[Ledger, Identity]:
    from dedup.index.sqlite import SqliteLedger

    path = url
    if found := _SCHEME.fullmatch(url):
        path = found[2].removeprefix("/")
        if path == found[2] or not path or "?" in path:
            raise UsageError(f"{url!r}: no SQLite file can be called so; write sqlite:///FILE, without options")
    ledger = SqliteLedger(path, url, fresh, **options)
    return ledger, ledger.identity


def _open_postgres(url: str, fresh: Identity, **options: Any) -> tuple[Ledger, Identity]:
    try:
        postgres = importlib.import_module("dedup.index.postgres")
    except ImportError as error:  # psycopg, or the libpq that it needs
        raise UsageError(f"postgresql://: {error}; run: pip install 'wire-dedup[postgres]'") from error
    return cast(Backend, postgres.open_postgres)(url, fresh, **options)


_BACKENDS: dict[str, Backend] = {"sqlite": _open_sqlite, "postgresql": _open_postgres, "postgres": _open_postgres}


def _backend(url: str, scheme: str) -> Backend:
    if backend := _BACKENDS.get(scheme):
        return backend
    near = difflib.get_close_matches(scheme, _BACKENDS, n=1) or ["sqlite"]
    raise UsageError(f"'{scheme}://': no kind of index; name a file, or write {near[0]}://…")


def _check_configuration(shown: str, stored: Identity, settings: Settings | None) -> None:
    """IndexFault unless what is stored means the same here and now."""
    if stored.fold != FOLD_VERSION:
        raise IndexFault(
            f"{shown!r}: was made with fold table {stored.fold!r}, this program has {FOLD_VERSION!r}; "
            "use the version of wire-dedup that made it, or make it anew"
        )
    given = msgspec.to_builtins(settings or Settings())
    try:
        values = msgspec.json.decode(stored.settings, type=dict[str, int | float])
    except msgspec.DecodeError as error:
        raise IndexFault(f"{shown!r}: is damaged, its settings cannot be read: {error}; make it anew") from error
    if unknown := sorted(values.keys() - given.keys()):
        raise IndexFault(
            f"{shown!r}: was made with {unknown[0]}={values[unknown[0]]!r}, a setting this program does not know; "
            "use the version of wire-dedup that made it"
        )
    if missing := sorted(given.keys() - values.keys()):
        raise IndexFault(f"{shown!r}: was made without the setting {missing[0]!r} that this program has; make it anew")
    differing = [f"{name}={values[name]!r}, not {given[name]!r}" for name in given if values[name] != given[name]]
    if settings and differing:
        raise IndexFault(f"{shown!r}: was made with {'; '.join(differing)}; {_ANEW}")
    try:
        same = msgspec.convert(values, Settings).digest() == stored.digest
    except msgspec.ValidationError as error:
        raise IndexFault(f"{shown!r}: was made with settings that cannot be: {error}; make it anew") from error
    if not same:
        raise IndexFault(f"{shown!r}: was made with other settings than it says; make it anew")
