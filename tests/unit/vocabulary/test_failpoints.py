"""Failpoints: nothing outside tests, and the same draws again for the same seed, worker and start."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from models import failpoints
from models.errors import BadInput, Unavailable, UnknownName
from models.failpoints import Window
from tests.support import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DIE = """
from pathlib import Path
from models import failpoints
failpoints.arm("claim.after_commit:1", Path({notes!r}))
failpoints.hit(failpoints.Window.CLAIM)
"""


@pytest.fixture(autouse=True)
def disarmed(tmp_path: Path) -> Iterator[None]:
    yield
    failpoints.arm("", tmp_path)


def draws(spec: str, notes: Path, count: int = 200) -> list[bool]:
    """In which of so many passages of one process the failpoint was hit."""
    failpoints.arm(spec, notes)
    hits = []
    for _ in range(count):
        try:
            failpoints.hit(Window.CLAIM)
            hits.append(False)
        except Unavailable:
            hits.append(True)
    return hits


def test_nothing_happens_where_nothing_is_armed(tmp_path: Path) -> None:
    failpoints.arm("", tmp_path)

    for window in Window:
        failpoints.hit(window)

    assert list(tmp_path.iterdir()) == []


def test_the_same_seed_makes_the_same_draws_and_a_process_started_again_makes_others(tmp_path: Path) -> None:
    spec = "claim.after_commit:0.2:raise;seed=7"

    first, again = draws(spec, tmp_path / "a"), draws(spec, tmp_path / "b")
    next_start = draws(spec, tmp_path / "a")
    other_seed = draws(spec.replace("7", "8"), tmp_path / "c")

    assert first == again
    assert first != next_start
    assert first != other_seed
    assert 20 < sum(first) < 60


def test_workers_of_different_names_make_different_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = "claim.after_commit:0.2:raise;seed=7"

    monkeypatch.setenv("FARM_WORKER_ID", "atelier:render:0")
    one = draws(spec, tmp_path)
    monkeypatch.setenv("FARM_WORKER_ID", "atelier:render:1")
    other = draws(spec, tmp_path)

    assert one != other


def test_what_is_limited_happens_no_more_often_in_all_processes_together(tmp_path: Path) -> None:
    spec = "claim.after_commit:1:raise=2"

    first, second = draws(spec, tmp_path, 1), draws(spec, tmp_path, 3)

    assert (first, second) == ([True], [True, False, False])


def test_a_process_dies_as_by_kill_9_and_leaves_a_note(tmp_path: Path) -> None:
    code = _DIE.format(notes=str(tmp_path))

    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True)

    assert ended.returncode == -signal.SIGKILL
    assert (tmp_path / "hits").read_text() == "claim.after_commit kill\n"


def test_a_window_that_is_not_armed_is_passed(tmp_path: Path) -> None:
    failpoints.arm("relay.after_commit:1:raise", tmp_path)

    failpoints.hit(Window.CLAIM)
    with pytest.raises(Unavailable):
        failpoints.hit(Window.RELAY)


@pytest.mark.parametrize(
    "spec", ["claim.after_commit", "claim.after_commit:often", "claim.after_commit:2", "*:1:explode", "seed=x"]
)
def test_what_cannot_be_read_is_refused(spec: str) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        failpoints.read(spec)


def test_an_unknown_window_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"no failpoint 'claim.after_comit'.*'claim.after_commit'"):
        failpoints.read("claim.after_comit:0.1")


def test_every_window_is_passed_somewhere() -> None:
    rooms = (ROOT / room for room in ("db", "farm", "tasks"))
    code = "".join(file.read_text(encoding="utf-8") for room in rooms for file in room.rglob("*.py"))

    passed = set(re.findall(r"failpoints\.hit\(failpoints\.Window\.(\w+)\)", code))

    assert passed == {window.name for window in Window}


def test_a_process_outside_tests_does_not_start_with_failpoints() -> None:
    env = {**os.environ, "FARM_FAILPOINTS": "claim.after_commit:0.1"}
    env.pop("FARM_TESTING", None)

    ended = subprocess.run(
        [sys.executable, "-m", "farm", "jobs"], cwd=ROOT, env=env, check=False, capture_output=True, text=True
    )

    assert ended.returncode == 3
    assert "FARM_FAILPOINTS lets processes die and needs FARM_TESTING=1" in ended.stderr
