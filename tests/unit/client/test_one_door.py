"""The SDK is the one door: what people call opens no transaction of its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support import ROOT

CALLERS = sorted(
    path for room in ("farm/cli", "tasks/commands", "tasks/references") for path in (ROOT / room).rglob("*.py")
)


def transactions(path: Path) -> list[int]:
    """The lines of a file that open a transaction."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "transaction"
    ]


@pytest.mark.parametrize("path", CALLERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_people_call_opens_no_transaction_of_its_own(path: Path) -> None:
    assert transactions(path) == []


def test_the_door_itself_does_open_transactions() -> None:
    """Else the test above would look for the wrong word."""
    assert transactions(ROOT / "farm/client/ordering.py")
