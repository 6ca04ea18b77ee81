"""The error tree."""

import ast
import inspect
import pickle
import re
from pathlib import Path

import pytest

from models import errors
from models.errors import BadInput, FarmError, LeaseLost, NoFace, PhaseLocked, StepFailed
from models.vocabulary import ErrorKind

_HOUSE = Path(__file__).parents[3]
_ROOMS = ("models", "db", "workers", "farm", "tasks")


@pytest.mark.parametrize(
    "error",
    [
        BadInput("This is no picture.", hint="Give a PNG."),
        StepFailed("The disk is full.", error_kind=ErrorKind.DISK_FULL, hint="Free space."),
        LeaseLost(),
    ],
)
def test_an_error_that_crosses_processes_is_still_what_it_was(error: FarmError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes, made one call earlier

    assert type(again) is type(error)
    assert (str(again), again.kind, again.hint) == (str(error), error.kind, error.hint)


@pytest.mark.parametrize(
    "error",
    [
        NoFace(hint="Another."),
        PhaseLocked("Two of five."),
        StepFailed("The disk is full.", error_kind=ErrorKind.DISK_FULL, hint="Free space."),
    ],
)
def test_an_error_that_was_kept_as_json_is_raised_as_what_it_was(error: FarmError) -> None:
    again = errors.from_json(errors.to_json(error))

    assert type(again) is type(error)
    assert (again.message, again.kind, again.hint) == (error.message, error.kind, error.hint)


def test_an_error_without_a_message_says_its_docstring() -> None:
    assert PhaseLocked().message == "The phase is still closed: the gate before it has not opened."


def test_the_table_shows_every_error_with_its_exit_code_and_its_http_status() -> None:
    table = re.findall(r"^([│├└─ ]*)(\w+) +(\d) +(\d{3})(?:  |$)", inspect.getdoc(errors) or "", re.MULTILINE)
    shown = {name: (len(branch) // 4, int(code), int(status)) for branch, name, code, status in table}

    tree = {kind.__name__: kind for _, kind in inspect.getmembers(errors, inspect.isclass)}
    assert shown == {
        name: (kind.mro().index(FarmError), kind.exit_code, kind.http_status)
        for name, kind in tree.items()
        if issubclass(kind, FarmError)
    }


def test_nobody_raises_an_error_without_a_branch() -> None:
    bare = [
        f"{path.relative_to(_HOUSE)}:{node.lineno}"
        for room in _ROOMS
        for path in (_HOUSE / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Call) and _is_bare(node.func))
        or (isinstance(node, ast.Raise) and _is_bare(node.exc))
    ]

    assert bare == []


def _is_bare(node: ast.expr | None) -> bool:
    """Whether the expression is the root of the tree by its name."""
    return (isinstance(node, ast.Name) and node.id == "FarmError") or (
        isinstance(node, ast.Attribute) and node.attr == "FarmError"
    )
