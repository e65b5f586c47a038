"""The README tells the truth: its output is what the command prints, and its Python runs."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dedup.cli.app import app
from dedup.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def between(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```\n(.*?)```\n<!-- /\w+ -->", README, re.DOTALL)
    assert found, name
    return found[1]


def test_the_output_shown_is_the_output() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dedup", "scan", "fixtures/"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    assert between("output: dedup scan fixtures/").splitlines() == printed


def test_the_python_shown_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        exec(compile(block, "README.md", "exec"), names)
    assert "identical/ferry-crew-honoured.txt identical identical/ferry-crew-honoured-resent.txt" in capsys.readouterr().out


@pytest.mark.parametrize("name", [command.name for command in app.registered_commands])
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"dedup {name}" in README


def test_every_setting_says_what_it_is() -> None:
    tree = ast.parse((ROOT / "dedup" / "settings.py").read_text())
    (settings,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings"]
    documented = {
        field.target.id
        for field, text in zip(settings.body, settings.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr)
    }
    assert documented == set(Settings.__struct_fields__)


DOCUMENTED = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "dedup").rglob("*.py")
    if ">>> " in path.read_text() and "native" not in path.parts
)


@pytest.mark.parametrize("module", DOCUMENTED)
def test_examples_in_docstrings(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0
