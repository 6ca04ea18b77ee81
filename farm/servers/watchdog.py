"""Ends the farm's processes and servers when the process they were started for is gone, however it went.

Run as `python -m farm.servers.watchdog STATE_DIR PID STARTED [--remove]` in a session of its own, so that a
Ctrl-C meant for the parent does not reach it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from farm.servers.embedded import EmbeddedServers
from farm.servers.processes import ProcessGroup
from farm.servers.supervisor import ProcessMark

_LOOK_EVERY_S = 0.25


def main(arguments: list[str]) -> int:
    """Wait for the parent, then stop what it started (and delete the servers' data, with `--remove`)."""
    state_dir, parent = Path(arguments[0]), ProcessMark(int(arguments[1]), float(arguments[2]))
    while parent.is_running():
        time.sleep(_LOOK_EVERY_S)
    # Workers before the servers they talk to; not for long, since nobody waits for their work any more.
    ProcessGroup(state_dir).stop(grace_s=5.0)
    EmbeddedServers(state_dir, temporary="--remove" in arguments[3:]).stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
