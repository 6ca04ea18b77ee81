"""Keeps a farm up: starts again the servers and the processes that died, and keeps their logs short.

In the background it is `python -m farm.servers STATE_DIR`; `ProcessGroup.stop` ends it first.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from farm.servers.embedded import EmbeddedServers
from farm.servers.logs import shorten_all
from farm.servers.processes import ProcessGroup
from farm.servers.state import ServersState, folder_errors_told
from farm.servers.supervisor import end_alone, mark_of, python_environment, spawn, wait_until
from models.errors import FarmError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from farm.servers.supervisor import ProcessMark

_log = logging.getLogger(__name__)


def keep(
    state_dir: Path,
    until: Callable[[], bool],
    *,
    every_s: float = 1.0,
    say: Callable[[str], None] = _log.warning,
) -> None:
    """Look after servers and processes every `every_s` seconds until `until()` is true.

    What goes wrong is told in a sentence and tried again at the next look: a disk that is full now may have
    room later.

    Raises:
        Busy: another keeper looks after this state folder already.
    """
    group = ProcessGroup(state_dir)
    group.note_keeper(mark_of(os.getpid()))
    servers = EmbeddedServers(state_dir)
    logs = ServersState(state_dir.absolute()).logs
    while not wait_until(until, every_s):
        try:
            urls = servers.find()
            if urls is None:
                say("A server does not answer; starting it again.")
                urls = servers.start()
            # Its port may have been taken while it was down.
            for name in group.follow(urls.environment):
                say(f"{name} was started again, because a server has another address now.")
            for name in group.tend():
                say(f"{name} had ended; it was started again.")
        except FarmError as error:
            say(str(error))
        # A disk that is full or a log that is gone is no reason to stop; the next look tries again.
        with suppress(OSError):
            shorten_all(logs)


def keep_in_background(state_dir: Path) -> ProcessMark:
    """Start a keeper that outlives this process; its log is `logs/keeper.log`.

    Raises:
        NotHere: the state folder cannot be written.
        Busy: a keeper runs already.
    """
    state = ServersState(state_dir.absolute())
    state.prepare()
    with folder_errors_told(state.folder):
        mark = spawn(
            [sys.executable, "-m", "farm.servers", str(state.folder)],
            log=state.logs / "keeper.log",
            env=python_environment(),
        )
    try:
        ProcessGroup(state_dir).note_keeper(mark)
    except FarmError:
        end_alone(mark, 1.0)
        raise
    return mark
