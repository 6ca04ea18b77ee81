"""The farm's processes start as a group, come back when they die, and stop with everything they started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from farm.servers import EmbeddedServers, ProcessGroup, keep, keep_in_background
from farm.servers.supervisor import ProcessMark, ask_to_end, mark_of, python_environment, wait_until
from models.errors import Busy, NotHere
from tests.support.state_folders import all_gone, with_children

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLEEPER = [sys.executable, "-S", "-c", "import time; time.sleep(300)"]
#: ignores SIGTERM, and so does the child it starts; says when both are ready
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    open(sys.argv[1], 'w').write(str(child))
time.sleep(300)
"""
#: does not stop for SIGTERM, and needs a moment after SIGQUIT
BUSY = """
import pathlib, signal, sys, time
def hand_back(*_):
    time.sleep(0.2)
    pathlib.Path(sys.argv[2]).touch()
    raise SystemExit
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGQUIT, hand_back)
pathlib.Path(sys.argv[1]).touch()
time.sleep(300)
"""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # Given addresses: the keeper has no server of its own to look after here.
    monkeypatch.setenv("FARM_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    monkeypatch.setenv("FARM_REDIS_URL", "redis://127.0.0.1:1/4")
    yield tmp_path / "state"
    ProcessGroup(tmp_path / "state").stop(grace_s=5)


def test_a_started_process_is_seen_by_every_command_and_logs_what_it_says(state: Path) -> None:
    started = ProcessGroup(state).start("beat", [sys.executable, "-S", "-c", "print('tick')"], {"A": "1"})

    [seen] = ProcessGroup(state).status()

    assert (seen.name, seen.pid, seen.restarts) == ("beat", started.pid, 0)
    assert wait_until(lambda: seen.log.read_text() == "tick\n", 10)
    assert (state / "processes.json").stat().st_mode & 0o777 == 0o600


def test_a_process_gets_the_environment_it_was_started_with(state: Path) -> None:
    ProcessGroup(state).start(
        "env", [sys.executable, "-c", "import os; print(os.environ['WORD'])"], {"WORD": "hi"}
    )

    assert wait_until(lambda: (state / "logs/env.log").read_text() == "hi\n", 10)


def test_a_name_is_started_once(state: Path) -> None:
    group = ProcessGroup(state)
    first = group.start("worker", SLEEPER)

    with pytest.raises(Busy, match=f"worker runs already as process {first.pid}"):
        ProcessGroup(state).start("worker", SLEEPER)


def test_a_missing_program_is_named(state: Path) -> None:
    with pytest.raises(NotHere, match="flower cannot be started: /no/such/program"):
        ProcessGroup(state).start("flower", ["/no/such/program"])


def test_who_is_not_ready_when_the_patience_is_over_may_hand_its_work_back(state: Path, tmp_path: Path) -> None:
    ready, handed_back = tmp_path / "ready", tmp_path / "handed back"
    script = [sys.executable, "-S", "-c", BUSY, str(ready), str(handed_back)]
    group = ProcessGroup(state)
    group.start("busy", script)
    assert wait_until(ready.exists, 10)

    group.stop(grace_s=0.2)

    assert handed_back.exists()


def test_stop_ends_everything_also_what_does_not_want_to(state: Path, tmp_path: Path) -> None:
    group = ProcessGroup(state)
    ready = tmp_path / "ready"
    polite = psutil.Process(group.start("polite", SLEEPER).pid)
    stubborn = psutil.Process(group.start("stubborn", [sys.executable, "-S", "-c", STUBBORN, str(ready)]).pid)
    assert wait_until(lambda: ready.exists() and bool(ready.read_text()), 10)
    child = psutil.Process(int(ready.read_text()))

    group.stop(grace_s=0.3)

    assert not any(alive(process) for process in (polite, stubborn, child))
    assert ProcessGroup(state).status() == []
    group.stop()


def test_a_dead_process_is_restarted_after_a_growing_pause(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 1000.0
    monkeypatch.setattr("farm.servers.processes.time.time", lambda: clock)
    group = ProcessGroup(state)
    group.start("crashing", [sys.executable, "-S", "-c", "pass"])
    restarts = []

    for _ in range(3):
        assert wait_until(lambda: not group.status()[0].running, 10)
        assert group.tend() == []
        waited = 0
        while not group.tend():
            clock += 1
            waited += 1
        restarts.append(waited)

    assert restarts == [1, 2, 4]
    assert group.status()[0].restarts == 3


def test_a_restart_first_ends_the_children_of_the_dead(state: Path, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    group = ProcessGroup(state)
    dead = group.start("worker", [sys.executable, "-S", "-c", STUBBORN, str(ready)])
    assert wait_until(lambda: ready.exists() and bool(ready.read_text()), 10)
    child = psutil.Process(int(ready.read_text()))
    os.kill(dead.pid, signal.SIGKILL)

    assert wait_until(lambda: bool(group.tend()), 10)

    assert not alive(child)
    assert group.status()[0].pid != dead.pid


def test_stop_leaves_alone_a_process_that_only_shares_the_number() -> None:
    me = mark_of(os.getpid())

    ask_to_end(ProcessMark(me.pid, me.started - 3600), signal.SIGKILL)

    assert me.is_running()


def test_a_keeper_in_the_background_restarts_what_dies_and_is_stopped_first(state: Path) -> None:
    group = ProcessGroup(state)
    first = group.start("worker", SLEEPER)
    keeper = keep_in_background(state)
    os.kill(first.pid, signal.SIGKILL)

    assert wait_until(lambda: group.status()[0].running and group.status()[0].pid != first.pid, 20)

    assert wait_until(lambda: "worker had ended" in (state / "logs/keeper.log").read_text(), 20)
    second = psutil.Process(group.status()[0].pid)
    group.stop(grace_s=5)
    assert not keeper.is_running()
    assert not alive(second)


def test_what_a_keeper_restarted_is_drained_and_not_cut_off(state: Path, tmp_path: Path) -> None:
    group = ProcessGroup(state)
    drains = (
        "import signal, sys, time\n"
        "def drain(*_):\n"
        "    time.sleep(0.5); print('drained', flush=True); sys.exit()\n"
        "signal.signal(signal.SIGTERM, drain)\n"
        "print('ready', flush=True)\n"
        "time.sleep(300)"
    )
    first = group.start("worker", [sys.executable, "-S", "-c", drains])
    log = state / "logs/worker.log"
    assert wait_until(lambda: log.read_text() == "ready\n", 10)
    keep_in_background(state)
    os.kill(first.pid, signal.SIGKILL)
    assert wait_until(lambda: log.read_text() == "ready\nready\n", 20)

    group.stop()

    assert log.read_text().endswith("drained\n")


def test_processes_end_with_a_parent_that_is_killed(state: Path) -> None:
    script = (
        "import pathlib, sys, time\n"
        "from farm.servers import EmbeddedServers, ProcessGroup, external\n"
        "external.require_answer = lambda name, url: None\n"
        f"state = pathlib.Path({str(state)!r})\n"
        "EmbeddedServers(state, die_with_parent=True).start()\n"
        "ProcessGroup(state).start('worker', [sys.executable, '-S', '-c', 'import time; time.sleep(300)'])\n"
        "time.sleep(300)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], env=python_environment())
    group = ProcessGroup(state)
    assert wait_until(lambda: bool(group.status()) or parent.poll() is not None, 20)
    worker = psutil.Process(group.status()[0].pid)

    parent.kill()
    parent.wait()

    assert wait_until(lambda: not alive(worker), 15)


def test_a_keeper_keeps_logs_short(state: Path) -> None:
    log = state / "logs/worker.log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"line\n" * 3 * 2**20)

    keep(state, until=log.with_name("worker.log.1").exists, every_s=0.1)

    assert log.stat().st_size < 2**20


def test_a_second_keeper_is_refused(state: Path) -> None:
    keeper = keep_in_background(state)

    with pytest.raises(Busy, match=f"up already, kept by process {keeper.pid}"):
        keep_in_background(state)
    with pytest.raises(Busy, match="is up already"):
        keep(state, until=lambda: True)


def test_a_keeper_starts_a_killed_server_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FARM_DATABASE_URL", raising=False)
    monkeypatch.delenv("FARM_REDIS_URL", raising=False)
    servers = EmbeddedServers(tmp_path / "state", temporary=True)
    with servers:
        os.kill(servers.status()[1].pid or 0, signal.SIGKILL)
        told: list[str] = []

        keep(
            tmp_path / "state",
            until=lambda: bool(told) and servers.find() is not None,
            every_s=0.1,
            say=told.append,
        )

        assert told == ["A server does not answer; starting it again."]


def test_a_keeper_starts_workers_again_when_a_server_came_back_on_another_port(
    state_folder: Path,
) -> None:
    says_where = (
        "import os, time, psycopg2\n"
        "psycopg2.connect(os.environ['FARM_DATABASE_URL'].replace('+psycopg2', '')).close()\n"
        "print('reached', os.environ['FARM_DATABASE_URL'], flush=True)\n"
        "time.sleep(300)"
    )
    servers = EmbeddedServers(state_folder, temporary=True)
    with servers:
        before = servers.find()
        assert before is not None
        group = ProcessGroup(state_folder)
        worker = group.start("worker", [sys.executable, "-c", says_where], before.environment)
        group.start("stranger", SLEEPER)
        port = servers.status()[0].port or 0
        doomed = with_children(servers.status()[0].pid or 0)
        os.kill(doomed[0].pid, signal.SIGKILL)
        assert all_gone(doomed)
        told: list[str] = []
        with socket.create_server(("127.0.0.1", port)):
            keep(state_folder, until=lambda: len(told) == 2, every_s=0.1, say=told.append)
            after = servers.find()

            assert after is not None
            assert after.database_url != before.database_url
            assert wait_until(lambda: f"reached {after.database_url}\n" in worker.log.read_text(), 20)
        assert [sentence.split()[0] for sentence in told] == ["A", "worker"]
        assert [process.restarts for process in group.status()] == [1, 0]
        group.stop(grace_s=5)


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
