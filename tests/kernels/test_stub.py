"""``_native.pyi`` says of the extension what is there: names, parameters, defaults."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from dedup import kernels
from dedup.kernels import _native

STUB = ast.parse(Path(inspect.getfile(kernels)).with_name("_native.pyi").read_text(encoding="utf-8"))
FUNCTIONS = {node.name: node for node in STUB.body if isinstance(node, ast.FunctionDef)}
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")}
CONSTANTS = {node.target.id for node in STUB.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}


def public(names: list[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def stub_parameters(function: ast.FunctionDef) -> list[tuple[str, str | None]]:
    """Names with their defaults as written, without ``self``."""
    arguments = function.args.args
    defaults = [None] * (len(arguments) - len(function.args.defaults)) + [ast.unparse(d) for d in function.args.defaults]
    return [(a.arg, default) for a, default in zip(arguments, defaults, strict=True) if a.arg != "self"]


def native_parameters(function: object) -> list[tuple[str, str | None]]:
    """The same from the signature that nanobind writes into the docstring."""
    match = re.match(r"\w+\((.*)\) ->|\w+\((.*)\)$", (function.__doc__ or "").splitlines()[0])
    assert match, function.__doc__
    inside = match[1] or match[2] or ""
    signature = ast.parse(re.sub(r"ndarray\[[^\]]*\]|\S*\._native\.\w+", "object", f"def f({inside}): pass")).body[0]
    assert isinstance(signature, ast.FunctionDef)
    return stub_parameters(signature)


def test_the_same_names() -> None:
    assert public(dir(_native)) == FUNCTIONS.keys() | CLASSES.keys() | CONSTANTS


def test_the_package_exports_them_all() -> None:
    columns = {name for name in kernels.__all__ if name.endswith("_COLUMNS")}
    assert set(kernels.__all__) - columns == public(dir(_native))
    assert all(getattr(kernels, name) is getattr(_native, name) for name in public(dir(_native)))


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_take_what_the_stub_says(name: str) -> None:
    assert native_parameters(getattr(_native, name)) == stub_parameters(FUNCTIONS[name])


def test_the_corpus_has_the_methods_the_stub_says() -> None:
    assert CLASSES.keys() == {"Corpus", "Names", "Postings32", "Postings64", "SharedKeys", "Stars", "Strings"}
    for name, stub in CLASSES.items():
        methods = {node.name: node for node in stub.body if isinstance(node, ast.FunctionDef)}
        assert public(dir(getattr(_native, name))) == public(list(methods))
        for method, node in methods.items():
            assert native_parameters(getattr(getattr(_native, name), method)) == stub_parameters(node), method


def test_columns_are_as_wide_as_the_core_writes_them() -> None:
    corpus = kernels.Corpus()
    corpus.add(["one two three four five six seven eight"] * 2)
    import numpy as np

    rows, quotes, ends = corpus.compare_pairs(np.array([[0, 1]], np.uint32), 10, 8, 0.5, 0.5, 16, 25)
    assert rows.shape == (1, len(kernels.OVERLAP_COLUMNS))
    assert quotes.shape == (1, len(kernels.QUOTE_COLUMNS))
    assert ends.tolist() == [1]
    facts = kernels.facts_apart("In 1999 it was", "In 2000 it was")
    assert all(found.shape == (1, len(kernels.FACT_COLUMNS)) for found in facts)
