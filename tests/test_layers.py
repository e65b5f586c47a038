"""The house rules: imports go one way, modules and functions stay short, everything public is documented."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "dedup"
NATIVE = PACKAGE / "kernels" / "native"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if NATIVE not in path.parents)

# From the ground up: a layer imports from those before it.
LAYERS = (
    "lazily errors story settings files config read kernels sketch candidates index verify relate cluster columns "
    "collection verified matching result scanning deciding prefilter filtering explain evaluate act report integrations cli"
).split()
# settings.digest() stamps the version of the fold table, which only the core knows.
ALLOWED = {("settings", "kernels")}


def layer(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "dedup"


def imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("dedup."):
            found.add(layer(node.module))
        elif isinstance(node, ast.Import):
            found |= {layer(name.name) for name in node.names if name.name.startswith("dedup.")}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if here in ("__init__", "__main__"):
        return
    rank = LAYERS.index(here)
    above = {name for name in imports(ast.parse(path.read_text())) if LAYERS.index(name) > rank}
    assert {name for name in above if (here, name) not in ALLOWED} == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_functions_are_short() -> None:
    lengths = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
                # Signature and docstring aside: a command's options are its documentation.
                lengths[f"{path.relative_to(PACKAGE)}:{node.name}"] = (node.end_lineno or 0) - body[0].lineno + 1
    assert {name: count for name, count in lengths.items() if count > 60} == {}
    under = sorted(lengths.values())
    assert under[int(len(under) * 0.9)] < 30
    assert under[len(under) // 2] <= 12


def test_the_bindings_stay_thin() -> None:
    assert all(len(path.read_text().splitlines()) <= 250 for path in NATIVE.glob("bindings*"))
    files = [*NATIVE.glob("*.hpp"), *NATIVE.glob("*.cpp")]
    others = [path for path in files if "nanobind" in path.read_text() and not path.name.startswith("bindings")]
    assert others == []


def test_heavy_libraries_stay_in_their_rooms() -> None:
    rooms = {
        "typer": {"cli"},
        "rich": {"cli", "report"},
        "jinja2": {"report"},
        "pyarrow": {"report", "read", "integrations"},
        "trafilatura": {"read"},
        "ftfy": {"read"},
        "charset_normalizer": {"read"},
        "datasketch": {"integrations"},
        "scrapy": {"integrations"},
        "pyspark": {"integrations"},
    }
    rooms["psycopg"] = {"index"}
    for path in MODULES:
        room = path.relative_to(PACKAGE).parts[0]
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [name.name for name in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                allowed = rooms.get(name.split(".")[0])
                assert allowed is None or room in allowed, f"{path}: imports {name}"
