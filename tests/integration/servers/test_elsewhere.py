"""Servers that cannot start as usual: taken ports, closed homes, missing programs, somebody else's."""

from __future__ import annotations

import shutil
import socket
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from farm.servers import EmbeddedServers, ServerUrls, programs
from farm.servers.state import ServersState
from models.errors import NotHere, Unavailable
from tests.support.state_folders import as_root, pids, sql, with_children

#: these tests are about our own servers, also in a run against real ones
pytestmark = pytest.mark.usefixtures("nothing_given")


def test_a_busy_port_that_was_asked_for_is_named(state_folder: Path) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(Unavailable, match=f"Port {port} for the embedded PostgreSQL is taken"):
            EmbeddedServers(state_folder, postgres_port=port).start()


def test_a_remembered_port_that_somebody_took_is_replaced(state_folder: Path) -> None:
    servers = EmbeddedServers(state_folder)
    servers.start()
    servers.stop()
    taken = ServersState(state_folder).load().valkey.port
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", taken))
        other.listen()

        urls = servers.start()

        assert f":{taken}/" not in urls.redis_url


def test_a_start_that_fails_half_way_leaves_nothing_running(state_folder: Path) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        servers = EmbeddedServers(state_folder, die_with_parent=True, valkey_port=other.getsockname()[1])

        with pytest.raises(Unavailable, match="embedded Valkey is taken"):
            servers.start()

    record = ServersState(state_folder).load()
    for mark in (record.postgres.mark, record.watchdog):
        assert mark is not None
        assert not mark.is_running()


def test_a_state_folder_that_cannot_be_made_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(NotHere, match="state folder") as caught:
        EmbeddedServers(tmp_path / "file" / "state").start()

    assert "FARM_STATE_DIR" in caught.value.hint


def test_missing_programs_are_said_in_one_sentence(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("pathlib.Path.glob", lambda self, pattern: iter(()))

    with pytest.raises(NotHere, match="no PostgreSQL on this machine") as caught:
        EmbeddedServers(state_folder).start()

    assert "embedded" in caught.value.hint


def test_servers_that_were_given_are_used_and_never_started_or_stopped(
    running_servers: tuple[Path, ServerUrls], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, real = running_servers
    monkeypatch.setenv("FARM_DATABASE_URL", real.database_url)
    monkeypatch.setenv("FARM_REDIS_URL", real.redis_url)

    with EmbeddedServers(tmp_path / "unused") as urls:
        assert urls == real

    assert not (tmp_path / "unused").exists()
    assert sql(real, "SELECT 1") == [(1,)]


def test_a_given_server_that_is_silent_is_named_without_its_password(
    state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_REDIS_URL", "redis://:hush@127.0.0.1:1/4")

    with pytest.raises(Unavailable, match=r"FARM_REDIS_URL at 127\.0\.0\.1:1 does not answer") as caught:
        EmbeddedServers(state_folder).start()

    assert "hush" not in str(caught.value)


def test_one_given_server_and_one_of_our_own_work_together(
    running_servers: tuple[Path, ServerUrls], state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, real = running_servers
    monkeypatch.setenv("FARM_DATABASE_URL", real.database_url)

    with EmbeddedServers(state_folder) as urls:
        assert urls.database_url == real.database_url
        assert urls.redis_url != real.redis_url
        assert not (state_folder / "servers/postgres").exists()


@as_root
def test_as_root_the_servers_run_unprivileged(running_servers: tuple[Path, ServerUrls]) -> None:
    folder, _ = running_servers

    assert {process.uids().effective for process in with_children(*pids(folder))} == {65534}


@as_root
def test_behind_a_closed_home_the_data_moves_and_no_parent_is_opened(state_folder: Path) -> None:
    closed = state_folder.parent / "home"
    closed.mkdir(mode=0o700)
    servers = EmbeddedServers(closed / "state", temporary=True)

    with servers as urls:
        assert sql(urls, "SELECT 1") == [(1,)]
        home = Path(ServersState(closed / "state").load().home)
        assert closed not in home.parents
        assert closed.stat().st_mode & 0o777 == 0o700

    assert not home.exists()


@as_root
def test_programs_behind_a_closed_home_are_copied(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = state_folder.parent / "home"
    closed.mkdir(mode=0o700)
    postgres, (valkey, name) = programs.find_postgres(), programs.find_valkey()
    for original in (postgres, valkey):
        for part in original.parts:
            shutil.copytree(original.root / part, closed / part, symlinks=True)

    def moved(original: programs.Installation) -> programs.Installation:
        return replace(original, root=closed, folder=closed / original.folder.relative_to(original.root))

    monkeypatch.setattr(programs, "find_postgres", lambda: moved(postgres))
    monkeypatch.setattr(programs, "find_valkey", lambda: (moved(valkey), name))
    monkeypatch.setattr("farm.servers.privileges._OPEN_PARENTS", (state_folder.parent / "open",))

    urls = EmbeddedServers(state_folder).start()

    assert sql(urls, "SELECT 1") == [(1,)]
    assert closed.stat().st_mode & 0o777 == 0o700
    assert str(closed) not in psutil.Process(pids(state_folder)[0]).exe()
