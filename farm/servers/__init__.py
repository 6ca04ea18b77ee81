"""Embedded Postgres and Valkey under a supervisor of our own, for a machine where neither is installed.

`EmbeddedServers(state_dir)` starts, stops and recovers the two servers; `find_running(state_dir)` is how
every other command finds them. `ProcessGroup(state_dir)` runs the farm's own long-running processes, and `keep`
starts again what dies. When `FARM_DATABASE_URL` and `FARM_REDIS_URL` are set, those servers are used and the
farm starts none.
"""

from farm.servers.embedded import EmbeddedServers, ServerStatus, find_running
from farm.servers.keeper import keep, keep_in_background
from farm.servers.processes import ProcessGroup, ProcessStatus
from farm.servers.state import ServerUrls

__all__ = [
    "EmbeddedServers",
    "ProcessGroup",
    "ProcessStatus",
    "ServerStatus",
    "ServerUrls",
    "find_running",
    "keep",
    "keep_in_background",
]
