"""The embedded Valkey: loopback, a password, an append-only file, and no eviction."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from farm.servers import programs
from farm.servers.ports import LOOPBACK
from farm.servers.privileges import give, make_home, reachable
from farm.servers.server import Server

if TYPE_CHECKING:
    from pathlib import Path

    from farm.servers.privileges import Account
    from farm.servers.state import ServerRecord

#: databases 0 and 1 of an installation that was there before may hold somebody else's keys
_DATABASE = 4
_SETTINGS = """\
# Written anew by the farm at each start. In a file, because a command line is open for all to read.
bind {host}
port {port}
protected-mode yes
requirepass {password}
dir "{folder}"
daemonize no
appendonly yes
appendfsync everysec
aof-load-truncated yes
save ""
maxmemory-policy noeviction
databases 16
"""
_DAMAGED = (
    "Bad file format reading the append only file",
    "AOF loading failed",
    "Wrong signature trying to load",
)


class Valkey(Server):
    """One Valkey (or Redis) server on a data folder of its own."""

    name = "Valkey"
    programs = frozenset({"valkey-server", "redis-server"})
    stop_steps = ((signal.SIGTERM, 10.0),)

    def __init__(self, home: Path, logs: Path, account: Account | None) -> None:
        super().__init__(home, "valkey", logs, account)

    def url(self, record: ServerRecord) -> str:
        """In redis-py's and kombu's form."""
        return f"redis://:{record.password}@{LOOPBACK}:{record.port}/{_DATABASE}"

    def prepare(self, record: ServerRecord) -> list[str]:
        """Write the settings; lay a damaged append-only file aside."""
        make_home(self.folder, self.account)
        installation, name = programs.find_valkey()
        program = reachable(installation, self.account) / name
        self._lay_damage_aside()
        settings = self.folder / "valkey.conf"
        descriptor = os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(
                _SETTINGS.format(host=LOOPBACK, port=record.port, password=record.password, folder=self.folder)
            )
        give(settings, self.account)
        return [str(program), str(settings)]

    def answers(self, record: ServerRecord) -> bool:
        """Whether `PING` is answered."""
        client = redis.Redis(
            host=LOOPBACK,
            port=record.port,
            password=record.password,
            socket_timeout=2,
            socket_connect_timeout=2,
            # The client would otherwise ask a closed port four times, seconds apart.
            retry=Retry(NoBackoff(), 0),
        )
        try:
            return bool(client.ping())
        except (redis.RedisError, OSError) as error:
            # At its limit of connections it is busy, not dead.
            return "max number of clients" in str(error)
        finally:
            client.close()

    def _lay_damage_aside(self) -> None:
        """Begin with an empty broker when the last start ended over a damaged file.

        Nothing is lost: the broker holds wake-ups only, and the rows in Postgres are published again.
        """
        kept = self.folder / "appendonlydir"
        if not kept.exists() or not self.log.exists():
            return
        last = self.log.read_bytes()[-4096:].decode(errors="replace")
        if any(words in last for words in _DAMAGED):
            kept.rename(kept.with_name(f"appendonlydir.damaged-{time.time_ns()}"))
            with self.log.open("a") as log:
                log.write("The farm laid the damaged append-only file aside and begins with an empty broker.\n")
