"""What is installed: every package of the five rooms, and nothing that only serves tests or training."""

from __future__ import annotations

import ast
from configparser import ConfigParser

from tests.support import ROOT

ROOMS = ("models", "db", "farm", "tasks", "workers")


def test_the_list_of_packages_names_all_that_exist_and_no_other() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")

    listed = setup["options"]["packages"].split()

    folders = {path.parent for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    assert sorted(listed) == sorted(".".join(folder.relative_to(ROOT).parts) for folder in folders)
    assert all((folder / "__init__.py").is_file() for folder in folders)


def test_no_installed_module_imports_tests_or_mocks() -> None:
    modules = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]

    imported = {
        (path.name, name)
        for path in modules
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
    }

    assert {pair for pair in imported if pair[1].partition(".")[0] in ("tests", "unittest")} == set()
