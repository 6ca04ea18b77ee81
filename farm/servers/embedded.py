"""Both embedded servers as one: started, found, asked and stopped together."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from farm.servers import external
from farm.servers import server as life
from farm.servers.postgres import Postgres
from farm.servers.privileges import home_of, server_account
from farm.servers.state import ServerRecord, ServersRecord, ServersState, ServerUrls, folder_errors_told
from farm.servers.supervisor import end_alone, mark_of, python_environment, spawn
from farm.servers.valkey import Valkey
from models.errors import NotHere

if TYPE_CHECKING:
    from collections.abc import Mapping

    from farm.servers.server import Server
    from farm.servers.supervisor import ProcessMark


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """How one server stands."""

    name: str
    #: False when an address was given and the farm starts nothing
    embedded: bool
    running: bool  #: it answered just now
    port: int | None
    pid: int | None
    log: Path | None


class EmbeddedServers:
    """Postgres and Valkey for one state folder.

    `FARM_DATABASE_URL` and `FARM_REDIS_URL` win, each for itself: a server that was given is checked, never
    started or stopped. With `die_with_parent` the servers, and the `ProcessGroup` of the folder, end when this
    process does, however it ends; without, they go on until somebody calls `stop`. As a context manager it
    stops what it started, and leaves alone what it found running. `temporary` servers delete their data when
    they stop, and do not wait for the disk.
    """

    def __init__(
        self,
        state_dir: Path,
        die_with_parent: bool = False,
        *,
        temporary: bool = False,
        postgres_port: int | None = None,
        valkey_port: int | None = None,
        given: Mapping[str, str | None] | None = None,
    ) -> None:
        """`given` are the addresses of servers that are not ours, by name; None: what the environment says."""
        self._state = ServersState(state_dir.absolute())
        self._die_with_parent = die_with_parent
        self._temporary = temporary
        self._ports = {"postgres": postgres_port, "valkey": valkey_port}
        self._given = dict(external.given_here() if given is None else given)
        self._started_here = False

    def start(self) -> ServerUrls:
        """Bring both servers up, or join those that already run; safe to call from several commands at once.

        Raises:
            NotHere: no programs, no place to write, a full disk; the hint says what to do.
            Unavailable: a port is taken, a given server does not answer, or one did not come up.
        """
        for name, url in self._given.items():
            if url:
                external.require_answer(name, url)
        if all(self._given.values()):
            if self._die_with_parent:
                self._watch_only()
            return self._urls(ServersRecord(), {})
        self._state.prepare()
        with self._state.locked():
            record = self._state.load()
            servers = self._servers(record)
            if not self._is_up(servers, record):
                record = self._start_all(servers, record)
            return self._urls(record, servers)

    def stop(self) -> None:
        """End both embedded servers and their watchdog; nothing when they do not run.

        Raises:
            Unavailable: another command holds the lock for too long.
        """
        if not self._state.folder.is_dir():
            return
        with self._state.locked():
            record = self._state.load()
            # The watchdog first, or it would begin a stop of its own beside this one.
            if record.watchdog is not None and record.watchdog.pid != os.getpid():
                end_alone(record.watchdog, 1.0)
            for name, server in reversed(self._servers(record).items()):
                kept: ServerRecord = getattr(record, name)
                life.stop(server, kept)
                record = _with(record, name, replace(kept, mark=None))
            if record != ServersRecord():
                # A full disk must not make a stop fail: marks of ended processes are recognised as such anyway.
                with suppress(NotHere):
                    self._state.save(replace(record, watchdog=None))
            if self._temporary:
                self._remove(record)
        self._started_here = False

    def status(self) -> tuple[ServerStatus, ...]:
        """How each server stands, asked now."""
        record = self._state.load()
        servers = self._servers(record)
        return (
            self._status(Postgres.name, "postgres", servers.get("postgres"), record.postgres),
            self._status(Valkey.name, "valkey", servers.get("valkey"), record.valkey),
        )

    def find(self) -> ServerUrls | None:
        """The addresses when every server answers now; None otherwise. Starts nothing."""
        if all(self._given.values()):
            return self._urls(ServersRecord(), {})
        record = self._state.load()
        servers = self._servers(record)
        return self._urls(record, servers) if self._is_up(servers, record) else None

    def __enter__(self) -> ServerUrls:
        return self.start()

    def __exit__(self, *ending: object) -> None:
        if self._started_here:
            self.stop()

    def _start_all(self, servers: dict[str, Server], record: ServersRecord) -> ServersRecord:
        account = server_account()
        home = home_of(self._state.folder, account)
        with folder_errors_told(home):
            _make_passable(home)
            record = replace(record, home=str(home))
            servers = self._servers(record)
            if self._die_with_parent:
                # Before any server: a parent killed in the middle of a start leaves nothing either.
                record = replace(record, watchdog=self._spawn_watchdog())
            before = record
            try:
                self._state.save(record)
                for name, server in servers.items():
                    record = self._start_one(name, server, record)
            except BaseException:
                self._undo(servers, before)
                raise
        self._started_here = True
        return record

    def _status(self, label: str, name: str, server: Server | None, kept: ServerRecord) -> ServerStatus:
        if server is None:
            running = external.answers(name, self._given[name] or "")
            return ServerStatus(name=label, embedded=False, running=running, port=None, pid=None, log=None)
        return ServerStatus(
            name=label,
            embedded=True,
            running=_is_alive(server, kept),
            port=kept.port or None,
            pid=kept.mark.pid if kept.mark else None,
            log=server.log,
        )

    def _remove(self, record: ServersRecord) -> None:
        if record.home:
            shutil.rmtree(record.home, ignore_errors=True)
        shutil.rmtree(self._state.folder, ignore_errors=True)

    def _watch_only(self) -> None:
        """The farm starts no server here, but the state folder's processes must still end with this one."""
        self._state.prepare()
        with self._state.locked():
            self._state.save(replace(self._state.load(), watchdog=self._spawn_watchdog()))
        self._started_here = True

    def _undo(self, servers: dict[str, Server], before: ServersRecord) -> None:
        """End what a start that failed half way had started, and nothing that ran before it."""
        now = self._state.load()
        for name, server in servers.items():
            kept: ServerRecord = getattr(now, name)
            if kept.mark != getattr(before, name).mark:
                life.stop(server, kept)
        if self._die_with_parent and before.watchdog is not None:
            end_alone(before.watchdog, 1.0)

    def _start_one(self, name: str, server: Server, record: ServersRecord) -> ServersRecord:
        def note(kept: ServerRecord) -> None:
            self._state.save(_with(record, name, kept))

        kept = life.start(server, getattr(record, name), asked_port=self._ports[name], note=note)
        return _with(record, name, kept)

    def _servers(self, record: ServersRecord) -> dict[str, Server]:
        """The servers that are ours to run; Postgres first, since it is the truth."""
        home = Path(record.home) if record.home else self._state.folder / "servers"
        account = server_account()
        logs = self._state.logs
        servers: dict[str, Server] = {
            "postgres": Postgres(home, logs, account, temporary=self._temporary),
            "valkey": Valkey(home, logs, account),
        }
        return {name: server for name, server in servers.items() if not self._given[name]}

    def _is_up(self, servers: dict[str, Server], record: ServersRecord) -> bool:
        return all(_is_alive(server, getattr(record, name)) for name, server in servers.items())

    def _urls(self, record: ServersRecord, servers: dict[str, Server]) -> ServerUrls:
        def url(name: str) -> str:
            return self._given[name] or servers[name].url(getattr(record, name))

        return ServerUrls(url("postgres"), url("valkey"))

    def _spawn_watchdog(self) -> ProcessMark:
        parent = mark_of(os.getpid())
        argv = [sys.executable, "-m", "farm.servers.watchdog", str(self._state.folder)]
        argv += [str(parent.pid), repr(parent.started), *(["--remove"] if self._temporary else [])]
        given = {variable: self._given[name] or "" for name, variable in external.VARIABLES.items()}
        return spawn(argv, log=self._state.logs / "watchdog.log", env=python_environment() | given)


def find_running(state_dir: Path, given: Mapping[str, str | None] | None = None) -> ServerUrls | None:
    """Where the farm's servers answer now, or None; how every command finds them. Starts nothing."""
    return EmbeddedServers(state_dir, given=given).find()


def _is_alive(server: Server, record: ServerRecord) -> bool:
    return record.mark is not None and server.answers(record)


def _with(record: ServersRecord, name: str, kept: ServerRecord) -> ServersRecord:
    return replace(record, postgres=kept) if name == "postgres" else replace(record, valkey=kept)


def _make_passable(home: Path) -> None:
    """The servers' folder: ours, so that they cannot change it; passable, so that they reach what is theirs."""
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)
