"""The embedded servers are private, survive a kill -9, and leave nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg2
import pytest
import redis

from farm.servers import EmbeddedServers, ServerUrls, find_running, programs
from farm.servers.state import ServersState
from farm.servers.supervisor import wait_until
from models.errors import NotHere, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops its privileges")


@pytest.fixture(scope="module", autouse=True)
def nothing_given() -> Iterator[None]:
    """These tests are about our own servers, also in a run against real ones."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("FARM_DATABASE_URL", raising=False)
        environment.delenv("FARM_REDIS_URL", raising=False)
        yield


@contextmanager
def state_folder() -> Iterator[Path]:
    """A state folder that is open to pass, and everything in it ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="farm-servers-") as name:
        Path(name).chmod(0o711)
        yield Path(name) / "state"
        EmbeddedServers(Path(name) / "state").stop()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A test's own folder, for what starts, kills and stops."""
    with state_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def running(nothing_given: None) -> Iterator[tuple[Path, ServerUrls]]:
    """A folder whose servers run, for what only looks."""
    with state_folder() as folder:
        yield folder, EmbeddedServers(folder).start()


def sql(urls: ServerUrls, statement: str) -> list[tuple[object, ...]]:
    url = urls.database_url.replace("+psycopg2", "")
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def broker(urls: ServerUrls) -> redis.Redis:
    return redis.Redis.from_url(urls.redis_url)


def pids(folder: Path) -> tuple[int, int]:
    record = ServersState(folder).load()
    assert record.postgres.mark is not None
    assert record.valkey.mark is not None
    return record.postgres.mark.pid, record.valkey.mark.pid


def with_children(*roots: int) -> list[psutil.Process]:
    found = [psutil.Process(pid) for pid in roots]
    return found + [child for process in found for child in process.children(recursive=True)]


def all_gone(processes: list[psutil.Process], seconds: float = 15) -> bool:
    return wait_until(
        lambda: all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in processes), seconds
    )


def test_both_servers_answer_and_are_found_by_every_other_command(folder: Path) -> None:
    assert find_running(folder) is None

    urls = EmbeddedServers(folder).start()

    assert sql(urls, "SELECT 1") == [(1,)]
    assert urls.redis_url.endswith("/4")
    with closing(broker(urls)) as client:
        assert client.ping()
    assert find_running(folder) == urls
    assert [status.running for status in EmbeddedServers(folder).status()] == [True, True]


def test_a_second_start_joins_the_servers_and_does_not_stop_them(running: tuple[Path, ServerUrls]) -> None:
    folder, urls = running
    before = pids(folder)

    with EmbeddedServers(folder) as joined:
        assert joined == urls

    assert pids(folder) == before
    assert find_running(folder) == urls


def test_postgres_keeps_checksums_scram_and_durable_commits(running: tuple[Path, ServerUrls]) -> None:
    _, urls = running

    settings: dict[object, object] = dict(
        sql(  # type: ignore[arg-type]
            urls,
            "SELECT name, setting FROM pg_settings WHERE name IN ('data_checksums', 'fsync', 'server_encoding',"
            " 'password_encryption', 'unix_socket_directories', 'listen_addresses', 'synchronous_commit')",
        )
    )

    assert settings == {
        "data_checksums": "on",
        "fsync": "on",
        "synchronous_commit": "on",
        "password_encryption": "scram-sha-256",
        "unix_socket_directories": "",
        "listen_addresses": "127.0.0.1",
        "server_encoding": "UTF8",
    }


def test_valkey_keeps_an_append_only_file_and_evicts_nothing(running: tuple[Path, ServerUrls]) -> None:
    _, urls = running

    with closing(broker(urls)) as client:
        told = client.config_get("*")

    assert told["appendonly"] == "yes"
    assert told["appendfsync"] == "everysec"
    assert told["maxmemory-policy"] == "noeviction"
    assert told["save"] == ""


def test_only_who_knows_the_password_gets_in_from_this_machine_alone(
    running: tuple[Path, ServerUrls],
) -> None:
    folder, urls = running

    for url in ("postgresql://farm@", "postgresql://farm:wrong@", "postgresql://postgres:wrong@"):
        address = urls.database_url.rsplit("@", 1)[1]
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(url + address)
    stranger = redis.Redis.from_url("redis://" + urls.redis_url.rsplit("@", 1)[1])
    with closing(stranger), pytest.raises(redis.AuthenticationError):
        stranger.ping()
    listening = [
        connection.laddr.ip
        for pid in pids(folder)
        for connection in psutil.Process(pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1", "127.0.0.1"]


def test_passwords_are_in_one_closed_file_and_on_no_command_line(running: tuple[Path, ServerUrls]) -> None:
    folder, urls = running
    record = ServersState(folder).load()

    assert (folder / "servers.json").stat().st_mode & 0o777 == 0o600
    for secret in (record.postgres.password, record.valkey.password):
        assert len(secret) > 20
        assert secret not in repr(urls)
        assert secret not in repr(record)
        for process in with_children(*pids(folder)):
            assert secret not in " ".join(process.cmdline())
            assert secret not in str(process.environ())


def test_what_was_committed_survives_kill_9_of_both_servers(folder: Path) -> None:
    urls = EmbeddedServers(folder).start()
    sql(urls, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here')")
    with closing(broker(urls)) as client:
        client.set("kept", "still here")
        assert wait_until(lambda: client.info("persistence")["aof_pending_bio_fsync"] == 0, 5)
        client.waitaof(1, 0, 5000)
    doomed = with_children(*pids(folder))
    for pid in pids(folder):
        os.kill(pid, signal.SIGKILL)
    assert all_gone(doomed)
    assert find_running(folder) is None

    again = EmbeddedServers(folder).start()

    assert again == urls
    assert sql(again, "SELECT word FROM kept") == [("still here",)]
    with closing(broker(again)) as client:
        assert client.get("kept") == b"still here"


def test_a_note_of_a_killed_postgres_whose_process_id_was_reused_is_cleared(folder: Path) -> None:
    EmbeddedServers(folder).start()
    postgres, _ = pids(folder)
    doomed = with_children(postgres)
    os.kill(postgres, signal.SIGKILL)
    assert all_gone(doomed)
    note = folder / "servers/postgres/postmaster.pid"
    lines = note.read_text().splitlines()
    note.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    urls = EmbeddedServers(folder).start()

    assert sql(urls, "SELECT 1") == [(1,)]


def test_a_damaged_append_only_file_is_laid_aside(folder: Path) -> None:
    servers = EmbeddedServers(folder)
    with closing(broker(servers.start())) as client:
        client.set("wake-up", "x" * 100)
    servers.stop()
    for part in (folder / "servers/valkey/appendonlydir").glob("*.incr.aof"):
        part.write_bytes(b"*3\r\n$3\r\nSET\r\nnonsense" + part.read_bytes())
    with pytest.raises(NotHere, match="Valkey does not start"):
        servers.start()

    urls = servers.start()

    with closing(broker(urls)) as client:
        assert client.ping()
    assert list((folder / "servers/valkey").glob("appendonlydir.damaged-*"))


def test_a_data_folder_that_lost_its_version_is_not_overwritten(folder: Path) -> None:
    servers = EmbeddedServers(folder)
    servers.start()
    servers.stop()
    (folder / "servers/postgres/PG_VERSION").unlink()

    with pytest.raises(NotHere, match="no PostgreSQL data folder"):
        servers.start()

    assert (folder / "servers/postgres/base").is_dir()


def test_stop_leaves_no_process_and_no_port(folder: Path) -> None:
    servers = EmbeddedServers(folder)
    servers.start()
    running = with_children(*pids(folder))
    record = ServersState(folder).load()

    servers.stop()

    assert all_gone(running, 0)
    for port in (record.postgres.port, record.valkey.port):
        with closing(socket.socket()) as caller:
            assert caller.connect_ex(("127.0.0.1", port)) != 0
    assert find_running(folder) is None
    servers.stop()


def test_servers_that_were_started_but_not_noted_are_ended_too(folder: Path) -> None:
    servers = EmbeddedServers(folder)
    servers.start()
    running = with_children(*pids(folder))
    state = ServersState(folder)
    forgetful = state.load()
    kept = {name: getattr(forgetful, name) for name in ("postgres", "valkey")}
    state.save(replace(forgetful, **{name: replace(each, mark=None) for name, each in kept.items()}))

    servers.stop()

    assert all_gone(running, 0)


def test_the_same_ports_are_used_again(folder: Path) -> None:
    servers = EmbeddedServers(folder)
    first = servers.start()
    servers.stop()

    assert servers.start() == first


def test_a_busy_port_that_was_asked_for_is_named(folder: Path) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(Unavailable, match=f"Port {port} for the embedded PostgreSQL is taken"):
            EmbeddedServers(folder, postgres_port=port).start()


def test_a_remembered_port_that_somebody_took_is_replaced(folder: Path) -> None:
    servers = EmbeddedServers(folder)
    servers.start()
    servers.stop()
    taken = ServersState(folder).load().valkey.port
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", taken))
        other.listen()

        urls = servers.start()

        assert f":{taken}/" not in urls.redis_url


def test_a_start_that_fails_half_way_leaves_nothing_running(folder: Path) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        servers = EmbeddedServers(folder, die_with_parent=True, valkey_port=other.getsockname()[1])

        with pytest.raises(Unavailable, match="embedded Valkey is taken"):
            servers.start()

    record = ServersState(folder).load()
    for mark in (record.postgres.mark, record.watchdog):
        assert mark is not None
        assert not mark.is_running()


def test_a_state_folder_that_cannot_be_made_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(NotHere, match="state folder") as caught:
        EmbeddedServers(tmp_path / "file" / "state").start()

    assert "FARM_STATE_DIR" in caught.value.hint


def test_missing_programs_are_said_in_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("pathlib.Path.glob", lambda self, pattern: iter(()))

    with pytest.raises(NotHere, match="no PostgreSQL on this machine") as caught:
        EmbeddedServers(folder).start()

    assert "embedded" in caught.value.hint


def test_servers_that_were_given_are_used_and_never_started_or_stopped(
    running: tuple[Path, ServerUrls], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, real = running
    monkeypatch.setenv("FARM_DATABASE_URL", real.database_url)
    monkeypatch.setenv("FARM_REDIS_URL", real.redis_url)

    with EmbeddedServers(tmp_path / "unused") as urls:
        assert urls == real

    assert not (tmp_path / "unused").exists()
    assert sql(real, "SELECT 1") == [(1,)]


def test_a_given_server_that_is_silent_is_named_without_its_password(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_REDIS_URL", "redis://:hush@127.0.0.1:1/4")

    with pytest.raises(Unavailable, match=r"FARM_REDIS_URL at 127\.0\.0\.1:1 does not answer") as caught:
        EmbeddedServers(folder).start()

    assert "hush" not in str(caught.value)


def test_one_given_server_and_one_of_our_own_work_together(
    running: tuple[Path, ServerUrls], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, real = running
    monkeypatch.setenv("FARM_DATABASE_URL", real.database_url)

    with EmbeddedServers(folder) as urls:
        assert urls.database_url == real.database_url
        assert urls.redis_url != real.redis_url
        assert not (folder / "servers/postgres").exists()


@as_root
def test_as_root_the_servers_run_unprivileged(running: tuple[Path, ServerUrls]) -> None:
    folder, _ = running

    assert {process.uids().effective for process in with_children(*pids(folder))} == {65534}


@as_root
def test_behind_a_closed_home_the_data_moves_and_no_parent_is_opened(folder: Path) -> None:
    closed = folder.parent / "home"
    closed.mkdir(mode=0o700)
    servers = EmbeddedServers(closed / "state", temporary=True)

    with servers as urls:
        assert sql(urls, "SELECT 1") == [(1,)]
        home = Path(ServersState(closed / "state").load().home)
        assert closed not in home.parents
        assert closed.stat().st_mode & 0o777 == 0o700

    assert not home.exists()


@as_root
def test_programs_behind_a_closed_home_are_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = folder.parent / "home"
    closed.mkdir(mode=0o700)
    postgres, (valkey, name) = programs.find_postgres(), programs.find_valkey()
    for original in (postgres, valkey):
        for part in original.parts:
            shutil.copytree(original.root / part, closed / part, symlinks=True)

    def moved(original: programs.Installation) -> programs.Installation:
        return replace(original, root=closed, folder=closed / original.folder.relative_to(original.root))

    monkeypatch.setattr(programs, "find_postgres", lambda: moved(postgres))
    monkeypatch.setattr(programs, "find_valkey", lambda: (moved(valkey), name))
    monkeypatch.setattr("farm.servers.privileges._OPEN_PARENTS", (folder.parent / "open",))

    urls = EmbeddedServers(folder).start()

    assert sql(urls, "SELECT 1") == [(1,)]
    assert closed.stat().st_mode & 0o777 == 0o700
    assert str(closed) not in psutil.Process(pids(folder)[0]).exe()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_test_run_that_is_cut_off_leaves_no_server_behind(tmp_path: Path, how: signal.Signals) -> None:
    (tmp_path / "test_waits.py").write_text(
        "import pathlib, time\n"
        "pytest_plugins = ['tests.servers_fixture']\n"
        "def test_waits(servers, tmp_path):\n"
        f"    pathlib.Path({str(tmp_path / 'ready')!r}).write_text(servers.database_url)\n"
        "    time.sleep(120)\n"
    )
    before = set(Path(tempfile.gettempdir()).glob("farm-test-*"))
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_waits.py")],
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert wait_until(lambda: (tmp_path / "ready").exists() or run.poll() is not None, 60)
    assert run.poll() is None
    mine = [
        path for path in set(Path(tempfile.gettempdir()).glob("farm-test-*")) - before if _is_of(path, run.pid)
    ]
    running = with_children(*pids(mine[0]))

    run.send_signal(how)
    run.wait(30)

    assert all_gone(running)
    assert wait_until(lambda: not mine[0].exists(), 15)


def _is_of(folder: Path, parent: int) -> bool:
    """Whether the run with this process id started the servers of `folder`; others may go on beside it."""
    watchdog = ServersState(folder).load().watchdog
    return watchdog is not None and str(parent) in psutil.Process(watchdog.pid).cmdline()
