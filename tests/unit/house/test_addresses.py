"""Whoever knows a module knows where its tests lie, and the other way round."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

from tests.support import ROOT

PACKAGES = ("models", "db", "farm", "tasks", "workers")
#: where the tests of files lie that are in no room, and of rooms that are tried as a whole
FOLDERS = {
    "db": "schema",
    "db/migrations": "schema",
    "farm": "front",
    "tasks": "engine",
    "tasks/beat": "engine",
    "tasks/process": "engine",
    "workers": "machine",
}
#: the words: whoever tests anything speaks them
WORDS = "vocabulary"
#: folders of tests that are about no single room
OF_THE_WHOLE = {"house", "engine", WORDS}
#: modules that no test of their room imports, because a process, a command or an entry point runs them
RUN_BY = {
    "db/migrations/columns.py": "tests/integration/schema/test_migrations.py",
    "db/migrations/env.py": "tests/integration/schema/test_migrations.py",
    "db/order.py": "tests/integration/scheduling/test_order.py",
    "farm/__main__.py": "tests/integration/ops/test_up.py",
    "farm/demo/orders.py": "tests/acceptance/studio.py",
    "farm/demo/report.py": "tests/acceptance/test_reproduction.py",
    "farm/extras.py": "tests/integration/delivery/test_cuts.py",
    "farm/ops/keys.py": "tests/integration/access/test_keys.py",
    "farm/ops/stack.py": "tests/integration/ops/test_up.py",
    "farm/servers/__main__.py": "tests/integration/servers/test_servers.py",
    "farm/servers/watchdog.py": "tests/integration/servers/test_servers.py",
    "farm/shows/approved_references.py": "tests/integration/references/test_making.py",
    "farm/shows/sittings.py": "tests/integration/references/test_making.py",
    "farm/shows/wanted_references.py": "tests/integration/references/test_making.py",
    "tasks/beat/events.py": "tests/integration/events/test_courier.py",
    "tasks/beat/echo.py": "tests/integration/echo/test_echo.py",
    "tasks/beat/standin.py": "tests/integration/engine/test_faults.py",
    "tasks/beat/upkeep.py": "tests/integration/engine/test_faults.py",
    "tasks/beat/waiting.py": "tests/integration/engine/test_faults.py",
    "tasks/commands/accept.py": "tests/integration/acceptance/test_run.py",
    "tasks/commands/accept_page.py": "tests/integration/acceptance/test_run.py",
    "tasks/commands/delivery.py": "tests/integration/delivery/test_cuts.py",
    "tasks/commands/recipe.py": "tests/unit/media/test_provenance.py",
    "tasks/commands/reference.py": "tests/integration/references/test_making.py",
    "tasks/commands/score.py": "tests/unit/cli/test_cli.py",
    "tasks/measuring/answering.py": "tests/integration/measuring/test_answering.py",
    "tasks/measuring/answers.py": "tests/integration/measuring/test_answering.py",
    "tasks/measuring/expecting.py": "tests/integration/measuring/test_answering.py",
    "tasks/measuring/reference_answers.py": "tests/integration/measuring/test_answering.py",
    "tasks/measuring/references.py": "tests/integration/references/test_making.py",
    "tasks/measuring/report.py": "tests/unit/cli/test_cli.py",
    "tasks/process/endings.py": "tests/integration/queue/test_settle.py",
    "tasks/process/fitness.py": "tests/integration/engine/test_sick_workers.py",
    "tasks/process/runtime.py": "tests/integration/engine/test_engine.py",
    "tasks/process/serving.py": "tests/integration/fleet/test_inventories.py",
    "tasks/steps/comparing.py": "tests/integration/reproduction/test_ordering.py",
    "tasks/steps/gate.py": "tests/integration/engine/test_engine.py",
    "tasks/steps/measure.py": "tests/integration/measuring/test_answering.py",
    "tasks/steps/score.py": "tests/integration/engine/test_engine.py",
    "tasks/worker/names.py": "tests/integration/engine/test_names.py",
    "tasks/worker/presence.py": "tests/integration/engine/test_engine.py",
    "tasks/worker/signals.py": "tests/integration/engine/test_engine.py",
}


def _modules() -> list[str]:
    return sorted(
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py" and "versions" not in path.parts
    )


def _folder_of(room: str) -> str:
    """The name of the folder in which the tests of a room lie; a room in a room shares it or has one inside."""
    if room.startswith("models"):
        return WORDS
    return FOLDERS.get(room) or room.split("/")[1]


@cache
def _imports(path: Path) -> frozenset[str]:
    """Every dotted name a file imports, also from inside a function."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isprintable():
            # `import_module("tasks.steps.render")` and what a test patches by its name
            names.add(node.value)
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return frozenset(names)


@cache
def _imported_by_tests() -> dict[str, set[str]]:
    """Folder of tests -> the dotted names that its tests import."""
    imported: dict[str, set[str]] = defaultdict(set)
    for kind in ("unit", "integration"):
        for path in (ROOT / "tests" / kind).rglob("*.py"):
            imported[path.relative_to(ROOT / "tests" / kind).parts[0]] |= _imports(path)
    return imported


def _reached(folder: str, modules: list[str]) -> set[str]:
    """Which of a room's modules its tests import, or reach through others of the room."""
    dotted = {module.removesuffix(".py").replace("/", "."): module for module in modules}
    faces = {name.rpartition(".")[0] for name in dotted}
    reached: set[str] = set()
    imported = _imported_by_tests()
    spoken = set().union(*imported.values()) if folder == WORDS else imported[folder]
    waiting = [name for name in spoken if name in dotted or name in faces]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        file = dotted.get(name, f"{name.replace('.', '/')}/__init__.py")
        waiting += [each for each in _imports(ROOT / file) if each in dotted]
    return {dotted[name] for name in reached if name in dotted}


def _has_its_own(folder: str, module: str) -> bool:
    """Whether a file of tests bears the module's name."""
    return any(ROOT.glob(f"tests/*/{folder}/**/test_{Path(module).stem}.py"))


def test_every_module_is_reached_by_the_tests_in_the_folder_of_its_room() -> None:
    rooms: dict[str, list[str]] = defaultdict(list)
    for module in _modules():
        rooms[_folder_of(module.rpartition("/")[0])].append(module)

    lost = [
        module
        for folder, modules in rooms.items()
        for module in modules
        if module not in _reached(folder, modules) | RUN_BY.keys() and not _has_its_own(folder, module)
    ]

    assert lost == []


def test_every_folder_of_tests_bears_the_name_of_a_room() -> None:
    rooms = {_folder_of(module.rpartition("/")[0]) for module in _modules()} | OF_THE_WHOLE
    folders = {
        path.name
        for kind in ("unit", "integration")
        for path in (ROOT / "tests" / kind).iterdir()
        if path.is_dir()
    }

    assert {name for name in folders if not name.startswith("__")} - rooms == set()


def test_what_is_run_and_not_imported_names_the_test_that_runs_it() -> None:
    assert [path for pair in RUN_BY.items() for path in pair if not (ROOT / path).is_file()] == []
