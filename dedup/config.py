"""Settings kept in a file: ``dedup.toml``, or the table ``[tool.dedup]`` of ``pyproject.toml``.

The keys are the fields of :class:`~dedup.settings.Settings`, at the top of ``dedup.toml``::

    threshold = 0.55
    passage_words = 24

Without a file named, the current folder is looked at, no other: first for ``dedup.toml``, then for a ``pyproject.toml``
with that table. What the command line says wins over the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from dedup.errors import UsageError
from dedup.files import StrPath
from dedup.settings import Settings

CONFIG_NAME = "dedup.toml"
_PROJECT = "pyproject.toml"
_TABLE = "tool.dedup"
_DEFAULTS = Settings()


@dataclass(frozen=True, slots=True)
class Config:
    """The settings that a file gives; none, and ``path`` None, where there is no file."""

    path: str | None = None
    given: Mapping[str, int | float] = field(default_factory=dict)

    def settings(self, **options: object) -> Settings:
        """The settings in force: the defaults, over them the file's, over them the options that are not None.

        UsageError for an option out of range.
        """
        return Settings().replaced(**self.given).replaced(**_known(options))

    def in_force(self, **options: object) -> dict[str, int | float]:
        """What of the file changes the run: not the default, and not overridden by an option."""
        given = {name: value for name, value in self.given.items() if name not in _known(options)}
        return {name: value for name, value in given.items() if value != getattr(_DEFAULTS, name)}


def _known(options: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in options.items() if value is not None}


def load_config(path: StrPath | None = None, *, folder: StrPath = ".") -> Config:
    """The config at ``path``, or the one that lies in ``folder``, if any.

    UsageError names the file and what is wrong with it: that it cannot be read, is not TOML, has a key that is no setting
    (with the nearest one that is), or a value that the setting cannot have.
    """
    if path is not None:
        given = _read(os.fspath(path))
        table = _table(given) if Path(path).name == _PROJECT else given
        if table is None:
            raise UsageError(f"{os.fspath(path)!r}: has no table [{_TABLE}]; add it, or name another file")
        return _checked(os.fspath(path), table)
    own, project = Path(folder, CONFIG_NAME), Path(folder, _PROJECT)
    if own.is_file():
        return _checked(str(own), _read(str(own)))
    if _mentions_us(project):
        table = _table(_read(str(project)))
        if table is not None:
            return _checked(str(project), table)
    return Config()


def _mentions_us(project: Path) -> bool:
    """Most projects' files say nothing of this program: only those that might are parsed, and can be at fault."""
    try:
        return b"dedup" in project.read_bytes()
    except OSError:
        return False


def _read(path: str) -> dict[str, object]:
    import tomllib  # here, as most runs have no file and it compiles its patterns at once

    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path!r}: not a TOML file: {error}; mend it, or name another with --config") from None
    except OSError as error:
        raise UsageError(f"{path!r}: cannot be read: {error.strerror}; name another with --config") from None


def _table(project: Mapping[str, object]) -> dict[str, object] | None:
    """``[tool.dedup]``, if it is there."""
    tools = project.get("tool")
    table = tools.get("dedup") if isinstance(tools, dict) else None
    return table if isinstance(table, dict) else None


def _checked(path: str, table: Mapping[str, object]) -> Config:
    for key, value in table.items():
        if key not in Settings.__struct_fields__:
            raise UsageError(f"{path!r}: {key!r} is no setting; {_meant(key)}")
        try:
            msgspec.convert({key: value}, Settings)
        except msgspec.ValidationError as error:
            reason = str(error).partition(" - at")[0]
            raise UsageError(f"{path!r}: {key} = {value!r}: {reason}; give a value that fits") from None
    settings = msgspec.convert(dict(table), Settings)
    return Config(path, {key: getattr(settings, key) for key in table})


def _meant(key: str) -> str:
    import difflib

    near = difflib.get_close_matches(key.replace("-", "_"), Settings.__struct_fields__, n=1)
    return f"did you mean {near[0]!r}?" if near else f"settings are {', '.join(Settings.__struct_fields__)}"


def check_new_config(path: StrPath) -> None:
    """UsageError for a name under which a config is not written: it would not be read again, or replace more than itself."""
    name = os.fspath(path)
    if Path(name).suffix != ".toml" or Path(name).name == _PROJECT:
        raise UsageError(f"{name!r}: settings are written to a .toml file of their own; name it {CONFIG_NAME}, say")


def config_text(settings: Settings, notes: Iterable[str] = ()) -> str:
    """A config file that gives these settings: every one that is not the default, below ``notes`` as comments.

    >>> print(config_text(Settings(threshold=0.6), ["for the sports desk"]), end="")
    # for the sports desk
    threshold = 0.6
    """
    changed = [name for name in Settings.__struct_fields__ if getattr(settings, name) != getattr(_DEFAULTS, name)]
    lines = [f"# {note}" for note in notes] + [f"{name} = {getattr(settings, name)!r}" for name in changed]
    return "".join(f"{line}\n" for line in lines)
