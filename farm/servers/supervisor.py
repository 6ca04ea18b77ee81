"""One child process: started in a session of its own, recognised later, ended with all it started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from farm.servers.privileges import Account

#: start times come from the kernel in clock ticks; a reused process id differs by far more
_SAME_START_S = 0.05
#: a killed process is gone when the write that it was in is over
_LAST_WRITE_S = 10.0
#: a process that is being killed may have started another, and that one another
_GENERATIONS = 3
#: children of this process; kept so that they are reaped, and no zombie passes for a living server
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """What a process is recognised by: a process id alone may belong to somebody else by now."""

    pid: int
    started: float  #: seconds since 1970, as the kernel counted

    def is_running(self) -> bool:
        """Whether this very process still lives."""
        return self.process() is not None

    def process(self) -> psutil.Process | None:
        """The living process, or None."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) <= _SAME_START_S
            if same and process.status() != psutil.STATUS_ZOMBIE:
                return process
        _reap(self.pid)
        return None


def _reap(pid: int) -> None:
    """Let a child that has died go; the kernel keeps its number until somebody asks how it ended."""
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]


def mark_of(pid: int) -> ProcessMark:
    """The mark of a living process.

    Raises:
        psutil.NoSuchProcess: it is gone.
    """
    return ProcessMark(pid, psutil.Process(pid).create_time())


def spawn(
    argv: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path | None = None,
    account: Account | None = None,
) -> ProcessMark:
    """Start a program that outlives this one, in its own session, appending what it says to `log`.

    Raises:
        OSError: the program or the log cannot be opened.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    _children[child.pid] = child
    return mark_of(child.pid)


def end(mark: ProcessMark, steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn and wait its seconds; then kill the process and all it left behind.

    Does nothing to a process that is not the marked one.
    """
    family = family_of(mark)
    for number, seconds in steps:
        ask_to_end(mark, number)
        if wait_until(lambda: not mark.is_running(), seconds):
            break
    end_family(mark, family)


def end_alone(mark: ProcessMark, seconds: float) -> None:
    """End one process and none of its children: SIGTERM, and SIGKILL after `seconds`."""
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5.0)):
        ask_to_end(mark, number)
        if wait_until(lambda: not mark.is_running(), patience):
            return


def end_all_in(folder: Path) -> None:
    """Kill each process that works in `folder`, and those that they start meanwhile."""
    for _ in range(_GENERATIONS):
        family = [each for each in psutil.process_iter(["cwd"]) if each.info["cwd"] == str(folder.resolve())]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=_LAST_WRITE_S)


def ask_to_end(mark: ProcessMark, number: signal.Signals = signal.SIGTERM) -> None:
    """Send one signal to the marked process alone, if it lives."""
    process = mark.process()
    if process is not None:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def family_of(mark: ProcessMark) -> list[psutil.Process]:
    """The marked process, its descendants, and whatever else is in the session it leads.

    Of a process that is gone these are the children it left in its session; the kernel gives its id to nobody
    while they live.
    """
    process = mark.process()
    if process is None and psutil.pid_exists(mark.pid):
        return []
    members = {process.pid: process} if process else {}
    if process is not None:
        with suppress(psutil.NoSuchProcess):
            members |= {child.pid: child for child in process.children(recursive=True)}
    for other in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            if os.getsid(other.pid) == mark.pid:
                members.setdefault(other.pid, other)
    return list(members.values())


def end_family(mark: ProcessMark, family: Sequence[psutil.Process]) -> None:
    """Kill what still lives of a family that was told to end, and wait until it is gone."""
    survivors = [member for member in family if member.is_running()]
    for member in survivors:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs([member for member in survivors if member.pid != mark.pid], timeout=5)
    wait_until(lambda: not mark.is_running(), 5)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look again and again, for `seconds` at most; whether the condition came true."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return True


def python_environment() -> dict[str, str]:
    """This process's environment with our checkout on Python's path.

    It may be there only because somebody stands in it, and a background process stands elsewhere.
    """
    checkout = str(Path(__file__).resolve().parents[2])
    already = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [checkout, already]))}
