"""The embedded servers are private, survive a kill -9, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from farm.servers import EmbeddedServers, ServerUrls, find_running
from farm.servers.ports import ephemeral_ports
from farm.servers.state import ServersState
from farm.servers.supervisor import wait_until
from models.errors import NotHere
from tests.support import ROOT
from tests.support.state_folders import all_gone, broker, pids, sql, with_children

#: these tests are about our own servers, also in a run against real ones
pytestmark = pytest.mark.usefixtures("nothing_given")


def test_both_servers_answer_and_are_found_by_every_other_command(state_folder: Path) -> None:
    assert find_running(state_folder) is None

    urls = EmbeddedServers(state_folder).start()

    assert sql(urls, "SELECT 1") == [(1,)]
    assert urls.redis_url.endswith("/4")
    with closing(broker(urls)) as client:
        assert client.ping()
    assert find_running(state_folder) == urls
    assert [status.running for status in EmbeddedServers(state_folder).status()] == [True, True]


def test_a_second_start_joins_the_servers_and_does_not_stop_them(
    running_servers: tuple[Path, ServerUrls],
) -> None:
    folder, urls = running_servers
    before = pids(folder)

    with EmbeddedServers(folder) as joined:
        assert joined == urls

    assert pids(folder) == before
    assert find_running(folder) == urls


def test_postgres_keeps_checksums_scram_and_durable_commits(running_servers: tuple[Path, ServerUrls]) -> None:
    _, urls = running_servers

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


def test_valkey_keeps_an_append_only_file_and_evicts_nothing(running_servers: tuple[Path, ServerUrls]) -> None:
    _, urls = running_servers

    with closing(broker(urls)) as client:
        told = client.config_get("*")

    assert told["appendonly"] == "yes"
    assert told["appendfsync"] == "everysec"
    assert told["maxmemory-policy"] == "noeviction"
    assert told["save"] == ""


def test_only_who_knows_the_password_gets_in_from_this_machine_alone(
    running_servers: tuple[Path, ServerUrls],
) -> None:
    folder, urls = running_servers

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


def test_passwords_are_in_one_closed_file_and_on_no_command_line(
    running_servers: tuple[Path, ServerUrls],
) -> None:
    folder, urls = running_servers
    record = ServersState(folder).load()

    assert (folder / "servers.json").stat().st_mode & 0o777 == 0o600
    for secret in (record.postgres.password, record.valkey.password):
        assert len(secret) > 20
        assert secret not in repr(urls)
        assert secret not in repr(record)
        for process in with_children(*pids(folder)):
            assert secret not in " ".join(process.cmdline())
            assert secret not in str(process.environ())


def test_what_was_committed_survives_kill_9_of_both_servers(state_folder: Path) -> None:
    urls = EmbeddedServers(state_folder).start()
    sql(urls, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here')")
    with closing(broker(urls)) as client:
        client.set("kept", "still here")
        assert wait_until(lambda: client.info("persistence")["aof_pending_bio_fsync"] == 0, 5)
        client.waitaof(1, 0, 5000)
    doomed = with_children(*pids(state_folder))
    for pid in pids(state_folder):
        os.kill(pid, signal.SIGKILL)
    assert all_gone(doomed)
    assert find_running(state_folder) is None

    again = EmbeddedServers(state_folder).start()

    assert again == urls
    assert sql(again, "SELECT word FROM kept") == [("still here",)]
    with closing(broker(again)) as client:
        assert client.get("kept") == b"still here"


def test_a_note_of_a_killed_postgres_whose_process_id_was_reused_is_cleared(state_folder: Path) -> None:
    EmbeddedServers(state_folder).start()
    postgres, _ = pids(state_folder)
    doomed = with_children(postgres)
    os.kill(postgres, signal.SIGKILL)
    assert all_gone(doomed)
    note = state_folder / "servers/postgres/postmaster.pid"
    lines = note.read_text().splitlines()
    note.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    urls = EmbeddedServers(state_folder).start()

    assert sql(urls, "SELECT 1") == [(1,)]


def test_a_damaged_append_only_file_is_laid_aside(state_folder: Path) -> None:
    servers = EmbeddedServers(state_folder)
    with closing(broker(servers.start())) as client:
        client.set("wake-up", "x" * 100)
    servers.stop()
    for part in (state_folder / "servers/valkey/appendonlydir").glob("*.incr.aof"):
        part.write_bytes(b"*3\r\n$3\r\nSET\r\nnonsense" + part.read_bytes())
    with pytest.raises(NotHere, match="Valkey does not start"):
        servers.start()

    urls = servers.start()

    with closing(broker(urls)) as client:
        assert client.ping()
    assert list((state_folder / "servers/valkey").glob("appendonlydir.damaged-*"))


def test_a_data_folder_that_lost_its_version_is_not_overwritten(state_folder: Path) -> None:
    servers = EmbeddedServers(state_folder)
    servers.start()
    servers.stop()
    (state_folder / "servers/postgres/PG_VERSION").unlink()

    with pytest.raises(NotHere, match="no PostgreSQL data folder"):
        servers.start()

    assert (state_folder / "servers/postgres/base").is_dir()


def test_stop_leaves_no_process_and_no_port(state_folder: Path) -> None:
    servers = EmbeddedServers(state_folder)
    servers.start()
    running = with_children(*pids(state_folder))
    record = ServersState(state_folder).load()

    servers.stop()

    assert all_gone(running, 0)
    for port in (record.postgres.port, record.valkey.port):
        with closing(socket.socket()) as caller:
            assert caller.connect_ex(("127.0.0.1", port)) != 0
    assert find_running(state_folder) is None
    servers.stop()


def test_servers_that_were_started_but_not_noted_are_ended_too(state_folder: Path) -> None:
    servers = EmbeddedServers(state_folder)
    servers.start()
    running = with_children(*pids(state_folder))
    state = ServersState(state_folder)
    forgetful = state.load()
    kept = {name: getattr(forgetful, name) for name in ("postgres", "valkey")}
    state.save(replace(forgetful, **{name: replace(each, mark=None) for name, each in kept.items()}))

    servers.stop()

    assert all_gone(running, 0)


def test_the_same_ports_are_used_again(state_folder: Path) -> None:
    servers = EmbeddedServers(state_folder)
    first = servers.start()
    servers.stop()

    assert servers.start() == first


@pytest.mark.parametrize("stage", ["postgres.new*/base", "postgres/PG_VERSION", "postgres/postmaster.pid"])
def test_a_first_start_that_is_killed_can_be_repeated(state_folder: Path, stage: str) -> None:
    start = "import sys, pathlib, farm.servers as s; s.EmbeddedServers(pathlib.Path(sys.argv[1])).start()"
    first = subprocess.Popen([sys.executable, "-c", start, str(state_folder)], cwd=ROOT)
    home = state_folder / "servers"
    while not list(home.glob(stage)) and first.poll() is None:
        time.sleep(0.001)
    first.kill()
    first.wait()

    urls = EmbeddedServers(state_folder).start()

    assert sql(urls, "SELECT 1") == [(1,)]
    assert not list(home.glob("postgres.new*"))


def test_ports_lie_where_no_outgoing_connection_is_given_one(running_servers: tuple[Path, ServerUrls]) -> None:
    folder, _ = running_servers

    ports = [status.port for status in EmbeddedServers(folder).status()]

    assert not set(ports) & set(ephemeral_ports())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_test_run_that_is_cut_off_leaves_no_server_behind(tmp_path: Path, how: signal.Signals) -> None:
    (tmp_path / "test_waits.py").write_text(
        "import pathlib, time\n"
        "pytest_plugins = ['tests.support.servers_fixture']\n"
        "def test_waits(servers, tmp_path):\n"
        f"    pathlib.Path({str(tmp_path / 'ready')!r}).write_text(servers.database_url)\n"
        "    time.sleep(120)\n"
    )
    before = set(Path(tempfile.gettempdir()).glob("farm-test-*"))
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_waits.py")],
        cwd=ROOT,
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


def _is_of(state_folder: Path, parent: int) -> bool:
    """Whether the run with this process id started these servers; others may go on beside it."""
    watchdog = ServersState(state_folder).load().watchdog
    return watchdog is not None and str(parent) in psutil.Process(watchdog.pid).cmdline()
