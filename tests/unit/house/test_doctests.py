"""The examples in docstrings are tried, whichever module they stand in."""

from __future__ import annotations

import doctest
from importlib import import_module

import numpy as np
import pytest

from tests.support import ROOT

PACKAGES = ("models", "db", "farm", "tasks", "workers")


def _with_examples() -> list[str]:
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in files
        if ">>> " in path.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("name", _with_examples())
def test_the_examples_of_a_module_give_what_they_say(name: str) -> None:
    failed, _ = doctest.testmod(import_module(name), extraglobs={"np": np})

    assert failed == 0
