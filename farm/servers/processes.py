"""The farm's own long-running processes (workers, beat, Flower): started, kept alive, stopped as a group."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from filelock import FileLock
from pydantic import BeforeValidator

from farm.servers.state import ServersState, folder_errors_told, read_as, write_json
from farm.servers.supervisor import ProcessMark, ask_to_end, end_alone, end_family, family_of, spawn, wait_until
from models.errors import Busy, NotHere

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: how long a process that keeps dying is left alone: 1, 2, 4 ... 60 s; forgiven after it lived this long
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _FORGIVEN_AFTER_S = 1.0, 60.0, 60.0

_HANDING_BACK_S = 15.0
#: for so long a process that holds a server's old address may finish what it is at
_MOVING_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStatus:
    """How one process stands."""

    name: str
    running: bool
    pid: int
    started: float  #: seconds since 1970
    restarts: int  #: since it was last asked to start
    log: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """One process as it is kept in the file; `env` may hold passwords, hence 0600."""

    name: str
    argv: list[str]
    env: dict[str, str] = field(repr=False)
    cwd: str
    mark: ProcessMark
    restarts: int = 0
    pause_s: float = _FIRST_PAUSE_S
    due: float = 0.0  #: not restarted before this moment, seconds since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    keeper: ProcessMark | None = None
    #: by name, in the order they were started; a list in the file
    processes: Annotated[
        dict[str, _Record], BeforeValidator(lambda records: {each["name"]: each for each in records})
    ] = field(default_factory=dict)


class ProcessGroup:
    """The processes of one state folder, in the order they were started; any command may open the group.

    `start` records each process with its start time, so that a later `stop`, from another command too, ends
    exactly those. `tend` restarts the dead ones with a growing pause; `farm.servers.keeper` calls it again and
    again, in the foreground or in the background.
    """

    def __init__(self, state_dir: Path) -> None:
        self._state = ServersState(state_dir.absolute())
        self._file = self._state.folder / "processes.json"

    def start(
        self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None, *, cwd: Path | None = None
    ) -> ProcessStatus:
        """Start one process, `env` added to our environment; what it says goes to `logs/<name>.log`.

        Raises:
            Busy: a process of that name runs already.
            NotHere: the program does not exist, or the state folder cannot be written.
        """
        self._state.prepare()
        with self._locked():
            group = self._load()
            known = group.processes.get(name)
            if known is not None and known.mark.is_running():
                raise Busy(
                    f"{name} runs already as process {known.mark.pid}.", hint="Stop it first with `farm down`."
                )
            environment = {**os.environ, **(env or {})}
            folder = cwd or Path.cwd()
            mark = self._spawn(name, argv, environment, folder)
            record = _Record(name=name, argv=list(argv), env=environment, cwd=str(folder), mark=mark)
            self._save(replace(group, processes={**group.processes, name: record}))
            return self._status(record)

    def status(self) -> list[ProcessStatus]:
        """Every process that was started and not yet stopped, dead or alive."""
        return [self._status(record) for record in self._load().processes.values()]

    def tend(self) -> list[str]:
        """Restart those that died and are due; their names."""
        with self._locked():
            group = self._load()
            changed = {
                record.name: tended
                for record in group.processes.values()
                if (tended := self._tended(record)) is not record
            }
            if not changed:
                return []
            self._save(replace(group, processes=group.processes | changed))
            return [name for name in changed if changed[name].restarts > group.processes[name].restarts]

    def follow(self, addresses: Mapping[str, str]) -> list[str]:
        """Start again, with these, whoever was started with other addresses of the servers; their names.

        `addresses` are variables of the environment. Who holds an old one cannot write down what he does.
        """
        with self._locked():
            group = self._load()
            stale = [record for record in group.processes.values() if _is_stale(record, addresses)]
            if not stale:
                return []
            _end([record.mark for record in stale], grace_s=_MOVING_S)
            moved = {
                record.name: self._again(replace(record, env={**record.env, **addresses})) for record in stale
            }
            self._save(replace(group, processes=group.processes | moved))
            return list(moved)

    def stop(self, *, grace_s: float = 20.0) -> None:
        """Ask all to end (SIGTERM) and wait `grace_s` for all together.

        Who is not ready then is to hand its work back and go (SIGQUIT), and is killed when that takes too long.
        """
        if not self._file.exists():
            return
        with self._locked():
            group = self._load()
            # The keeper first, for it would start again what is being stopped; and alone, for what it
            # restarted are its children, and those are to drain.
            if group.keeper is not None and group.keeper.pid != os.getpid():
                end_alone(group.keeper, 2.0)
            _end([record.mark for record in group.processes.values()], grace_s=grace_s)
            self._file.unlink(missing_ok=True)

    def note_keeper(self, mark: ProcessMark) -> None:
        """Remember who tends the group.

        Raises:
            Busy: somebody does already.
        """
        self._state.prepare()
        with self._locked():
            group = self._load()
            if group.keeper is not None and group.keeper != mark and group.keeper.is_running():
                raise Busy(
                    f"The farm in {self._state.folder} is up already, kept by process {group.keeper.pid}.",
                    hint="Use it as it is, or stop it first with `farm down`.",
                )
            self._save(replace(group, keeper=mark))

    def _tended(self, record: _Record) -> _Record:
        """The record after one look: as it was, scheduled for a restart, restarted, or forgiven."""
        now = time.time()
        if record.mark.is_running():
            forgiven = record.pause_s > _FIRST_PAUSE_S and now - record.mark.started > _FORGIVEN_AFTER_S
            return replace(record, pause_s=_FIRST_PAUSE_S) if forgiven else record
        if not record.due:
            return replace(record, due=now + record.pause_s)
        if now < record.due:
            return record
        end_family(record.mark, family_of(record.mark))
        return self._again(replace(record, pause_s=min(record.pause_s * 2, _LONGEST_PAUSE_S)))

    def _again(self, record: _Record) -> _Record:
        mark = self._spawn(record.name, record.argv, record.env, Path(record.cwd))
        return replace(record, mark=mark, restarts=record.restarts + 1, due=0.0)

    def _spawn(self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> ProcessMark:
        try:
            return spawn(argv, log=self._log(name), env=env, cwd=cwd)
        except OSError as error:
            raise NotHere(
                f"{name} cannot be started: {argv[0]}: {error.strerror or error}.",
                hint="Install the farm again with `make install`.",
            ) from error

    def _log(self, name: str) -> Path:
        return self._state.logs / f"{name}.log"

    def _status(self, record: _Record) -> ProcessStatus:
        return ProcessStatus(
            name=record.name,
            running=record.mark.is_running(),
            pid=record.mark.pid,
            started=record.mark.started,
            restarts=record.restarts,
            log=self._log(record.name),
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with folder_errors_told(self._state.folder), FileLock(self._state.folder / "processes.lock"):
            yield

    def _load(self) -> _Group:
        return read_as(_Group, self._file)

    def _save(self, group: _Group) -> None:
        kept = asdict(group)
        write_json(self._file, kept | {"processes": list(kept["processes"].values())})


def _is_stale(record: _Record, addresses: Mapping[str, str]) -> bool:
    return any(record.env.get(variable, address) != address for variable, address in addresses.items())


def _end(marks: Sequence[ProcessMark], *, grace_s: float) -> None:
    """Ask all to end, the last that was started first; who is not ready is to hand back, and then killed."""
    families = [(mark, family_of(mark)) for mark in reversed(marks)]
    for mark in reversed(marks):
        ask_to_end(mark)
    for seconds, then in ((grace_s, signal.SIGQUIT), (_HANDING_BACK_S, signal.SIGKILL)):
        if wait_until(lambda: not any(mark.is_running() for mark in marks), seconds):
            break
        for mark in marks:
            ask_to_end(mark, then)
    for mark, family in families:
        end_family(mark, family)
