"""A name says what a thing is: the words that would fit anything name nothing here."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.support import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

#: no variable, argument, field, function or class is called so, with or without an underscore
EMPTY = {"told", "found", "said", "made"}
#: nor is a variable; an argument that takes anything may be, and a field that others' contracts call so
EMPTY_LOCALLY = {"data", "result"}


def _named(node: ast.AST) -> str:
    """The name that this piece of source gives to something; empty when it gives none."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            return name
        case ast.arg(arg=name) | ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
    return ""


def _empty_names(source: str) -> Iterator[str]:
    """`line: name` of every name that says nothing."""
    tree = ast.parse(source)
    fields = {
        line.target
        for each in ast.walk(tree)
        if isinstance(each, ast.ClassDef)
        for line in each.body
        if isinstance(line, ast.AnnAssign)
    }
    for node in ast.walk(tree):
        name = _named(node)
        word = name.strip("_").lower()
        if word in EMPTY or (word in EMPTY_LOCALLY and isinstance(node, ast.Name) and node not in fields):
            yield f"{getattr(node, 'lineno', '?')}: {name}"


@pytest.mark.parametrize("package", ["models", "db", "farm", "tasks", "workers"])
def test_nothing_bears_a_name_that_would_fit_anything(package: str) -> None:
    empty = [
        f"{path.relative_to(ROOT).as_posix()}:{name}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for name in _empty_names(path.read_text(encoding="utf-8"))
    ]

    assert empty == []


@pytest.mark.parametrize(
    "source",
    [
        "told = 1",
        "for found, other in (): ...",
        "def look(said: str) -> None: ...",
        "def _told() -> None: ...",
        "class Found: ...",
        "self._made = ()",
        "if (data := read()): ...",
        "result: int = 0",
    ],
)
def test_every_way_of_giving_a_name_is_seen(source: str) -> None:
    assert list(_empty_names(source))


@pytest.mark.parametrize(
    "source",
    ["write(data=1)", "def write(data: bytes) -> None: ...", "print(told)", "class View:\n    result: str"],
)
def test_what_others_named_may_be_used(source: str) -> None:
    assert not list(_empty_names(source))
