"""The faults that tests let happen: each by its name, to a process, a server, a line or a database."""

from __future__ import annotations

import os
import signal
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psutil
import psycopg2
import redis
from sqlalchemy import text

from farm.servers.supervisor import wait_until
from models.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.engine import Database
    from farm.servers import EmbeddedServers
    from tests.support.floor import Floor, Hand

_END_SESSIONS = text("""
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
""")


def put_to_sleep(hand: Hand) -> list[int]:
    """Stop a worker and its pool children where they stand; the process ids, for `wake_up`."""
    pids = [hand.pid]
    with suppress(psutil.NoSuchProcess):
        pids += [child.pid for child in hand.children()]
    _send(pids, signal.SIGSTOP)
    return pids


def wake_up(pids: list[int]) -> None:
    """Let stopped processes go on as if no time had passed; those that died meanwhile are left out."""
    _send(pids, signal.SIGCONT)


@contextmanager
def asleep(hand: Hand) -> Iterator[None]:
    """A worker that stands still, as a suspended or hopelessly overloaded machine would."""
    pids = put_to_sleep(hand)
    try:
        yield
    finally:
        wake_up(pids)


def kill_server(servers: EmbeddedServers, name: str) -> None:
    """Kill `postgres` or `valkey` with signal 9; it stays away until the servers are started again."""
    [server] = [status for status in servers.status() if name in status.name.lower()]
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)


@contextmanager
def server_away(servers: EmbeddedServers, name: str) -> Iterator[None]:
    """`postgres` or `valkey` killed, and started again at the end."""
    kill_server(servers, name)
    try:
        yield
    finally:
        servers.start()


def restart_server(servers: EmbeddedServers, name: str) -> None:
    """Kill a server and start it at once."""
    with server_away(servers, name):
        pass


def flush_everything(floor: Floor) -> None:
    """FLUSHALL: the broker forgets every message of every farm; nothing where it is away just now."""
    with suppress(redis.RedisError), redis.Redis.from_url(floor.redis_url) as client:
        client.flushall()


def end_every_session(database: Database) -> int:
    """Terminate every other session of this database, as a failover does; how many there were."""
    with database.transaction() as session:
        return int(session.execute(_END_SESSIONS).scalar_one())


@contextmanager
def every_connection_taken(url: str) -> Iterator[int]:
    """Nobody else finds a connection to the server free, as with more workers than it has connections."""
    taken: list[Any] = []
    try:
        with suppress(psycopg2.OperationalError):
            while True:
                taken.append(psycopg2.connect(url.replace("+psycopg2", "")))
        yield len(taken)
    finally:
        for connection in taken:
            connection.close()


@contextmanager
def open_transaction(url: str, statement: str) -> Iterator[None]:
    """Somebody ran `statement` and went to lunch: the snapshot and the locks stay."""
    with closing(psycopg2.connect(url.replace("+psycopg2", ""))) as connection:
        with connection.cursor() as cursor:
            cursor.execute(statement)
        yield
        connection.rollback()


def answers(database: Database) -> bool:
    """Whether the database answers now."""
    try:
        database.ping()
    except Unavailable:
        return False
    return True


def wait_for_answer(database: Database, seconds: float = 30) -> None:
    """Wait until a database that was away answers again."""
    assert wait_until(lambda: answers(database), seconds), "The database does not come back."


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
