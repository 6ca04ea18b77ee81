"""What both embedded servers share: one life from `prepare` to `stop`, told apart by a few methods."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil

from farm.servers.ports import choose
from farm.servers.state import with_password
from farm.servers.supervisor import end, mark_of, spawn, wait_until
from models.errors import NotHere, Unavailable

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from farm.servers.privileges import Account
    from farm.servers.state import ServerRecord
    from farm.servers.supervisor import ProcessMark

_START_TIMEOUT_S = 60.0
_RECOVERY_TIMEOUT_S = 15.0
#: a port that was free a moment ago may be gone when the server binds it
_PORT_TRIES = 3


class Server(ABC):
    """One kind of server, with a data folder and a log of its own."""

    #: what people call it
    name: str
    #: what its process may be called
    programs: frozenset[str]
    #: signals to stop it by, gentlest first, with the seconds each may take
    stop_steps: Sequence[tuple[signal.Signals, float]]

    def __init__(self, home: Path, folder: str, logs: Path, account: Account | None) -> None:
        """Its files lie in `folder` below `home`; it runs as `account`, or as this user."""
        self.home = home
        self.folder = home / folder
        self.log = logs / f"{folder}.log"
        self.account = account

    @abstractmethod
    def prepare(self, record: ServerRecord) -> list[str]:
        """Bring the data folder and the settings into being; the command to start with."""

    @abstractmethod
    def answers(self, record: ServerRecord) -> bool:
        """Whether it answers a question now; that, not a process id, is being alive."""

    @abstractmethod
    def url(self, record: ServerRecord) -> str:
        """Its address, with the password."""


def start(
    server: Server, record: ServerRecord, *, asked_port: int | None, note: Callable[[ServerRecord], None]
) -> ServerRecord:
    """Start the server and wait until it answers.

    `note` is told the record before anything is made with its password, so that a start that is killed can be
    repeated, and again as soon as there is a process.

    Raises:
        Unavailable: its port is taken, or it did not come up in time.
        NotHere: it cannot run here; the sentence says what it said last.
    """
    if record.mark is not None and record.mark.is_running() and is_well(server, record):
        return record
    stop(server, record)
    record = replace(with_password(record), mark=None)
    note(record)
    for _ in range(_PORT_TRIES):
        record = replace(record, port=choose(asked=asked_port, remembered=record.port, server=server.name))
        log_size = server.log.stat().st_size if server.log.exists() else 0
        mark = _launch(server, record)
        record = replace(record, mark=mark)
        note(record)
        if _comes_up(server, record, mark):
            return record
        last = _last_words(server.log, log_size)
        if asked_port or not _says_port_taken(last):
            raise _refused(server, last)
        record = replace(record, port=0)
    raise _refused(server, last)


def _launch(server: Server, record: ServerRecord) -> ProcessMark:
    argv = server.prepare(record)
    environment = {"PATH": os.defpath, "LC_ALL": "C", "LANG": "C"}
    return spawn(argv, log=server.log, env=environment, cwd=server.folder, account=server.account)


def _comes_up(server: Server, record: ServerRecord, mark: ProcessMark) -> bool:
    """Wait until it answers; False when it ended itself.

    Raises:
        Unavailable: it lives and says nothing; it is ended.
    """
    if wait_until(lambda: server.answers(record) or not mark.is_running(), _START_TIMEOUT_S):
        return mark.is_running()
    end(mark, server.stop_steps)
    raise Unavailable(
        f"The embedded {server.name} did not answer within {_START_TIMEOUT_S:.0f} seconds.",
        hint=f"Its log is {server.log}.",
    )


def is_well(server: Server, record: ServerRecord) -> bool:
    """Whether a living server answers, given the time to finish a recovery that somebody else began."""
    mark = record.mark
    if mark is None:
        return False
    wait_until(lambda: server.answers(record) or not mark.is_running(), _RECOVERY_TIMEOUT_S)
    return server.answers(record)


def stop(server: Server, record: ServerRecord) -> None:
    """End the server we started, and any that still works on our data folder; nothing else."""
    if record.mark is not None:
        end(record.mark, server.stop_steps)
    for pid in _working_on(server):
        with suppress(psutil.NoSuchProcess):
            end(mark_of(pid), server.stop_steps)


def _working_on(server: Server) -> list[int]:
    """Servers whose working folder is our data folder: a start that was killed before it took notes.

    The data folder is ours alone, and each server is started inside it; somebody's shell may stand there too,
    hence the names.
    """
    pids = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            if process.name() in server.programs and process.cwd() == str(server.folder):
                pids.append(process.pid)
    # The oldest is the server, the others are its children: it ends them itself, in order.
    return sorted(pids)


def _refused(server: Server, last: str) -> NotHere:
    if "no space left on device" in last.lower():
        return NotHere(
            f"The disk is full: the embedded {server.name} cannot write to {server.folder}.",
            hint="Free some space, or set FARM_STATE_DIR to a folder on another disk.",
        )
    if _says_port_taken(last):
        return Unavailable(
            f"The port of the embedded {server.name} was taken by another program while it started.",
            hint="Try again, or name another port.",
        )
    return NotHere(
        f"The embedded {server.name} does not start: {_gist(last)}", hint=f"Its log is {server.log}."
    )


def _says_port_taken(last: str) -> bool:
    return "address already in use" in last.lower()


def _gist(last: str) -> str:
    """The line that says why: a fatal one when there is one."""
    lines = [line.strip() for line in last.splitlines() if line.strip()]
    grave = [line for line in lines if "FATAL" in line or "rror" in line]
    return (grave or lines or ["it said nothing"])[-1].rstrip(".") + "."


def _last_words(log: Path, start_at: int) -> str:
    with suppress(OSError), log.open("rb") as file:
        file.seek(start_at)
        return file.read(64 * 1024).decode(errors="replace")
    return ""
