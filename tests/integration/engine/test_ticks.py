"""Ticks and the broker: a broker that is silent for one process stops nobody else's, and none pile up."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from db import queue
from db.queue import Turn
from farm import broker
from farm.broker import CONTROL_QUEUE, TaskName
from farm.settings import settings
from tasks.beat import upkeep
from tasks.beat.schedule import WAITING_AT_MOST
from tasks.process import runtime
from tests.support.queue_jobs import add_jobs, add_project, execute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.engine import Database
    from tests.support.floor import Floor

_LENGTH = f"from farm import broker; print(broker.queue_length({CONTROL_QUEUE!r}))"
_SILENT = """
from farm import broker
from models.errors import Unavailable
assert broker.app.conf.broker_transport_options["socket_timeout"] <= 5
broker.app.conf.broker_transport_options["socket_timeout"] = 0.2
for ask in (lambda: broker.queue_length("x"), lambda: broker.wake("null", 1), lambda: broker.pass_on("null")):
    try:
        ask()
    except Unavailable as error:
        print(error.message)
"""


@pytest.fixture
def here(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process's tasks work on the module's database."""
    monkeypatch.setattr(runtime, "database", lambda: database)
    execute(database, "DELETE FROM ticks")


def test_while_the_broker_is_silent_for_one_relay_the_next_has_its_turn(
    database: Database, here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_jobs(database, add_project(database))
    execute(
        database,
        """INSERT INTO workers (id, host, pid, incarnation, pools, status)
           VALUES ('h:render:0', 'h', 1, gen_random_uuid(), '{null}', 'ready')""",
    )
    asked, answered = threading.Event(), threading.Event()

    def silent(*_: object, **__: object) -> int:
        asked.set()
        assert answered.wait(30)
        return 1

    monkeypatch.setattr(broker, "wake", silent)
    with ThreadPoolExecutor(1) as aside:
        relaying = aside.submit(upkeep.relay_now)
        assert asked.wait(30)
        try:
            with database.transaction() as session:
                assert queue.take_turn(session, "relay", settings().relay_every) is Turn.TOO_EARLY
                idle = text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND state = 'idle in transaction' AND pid <> pg_backend_pid()"
                )
                assert session.scalar(idle) == 0
            execute(database, "UPDATE ticks SET ran_at = now() - interval '1 min'")
            with database.transaction() as session:
                assert queue.take_turn(session, "relay", settings().relay_every) is Turn.MINE
        finally:
            answered.set()
        assert "wake-ups" in relaying.result(30)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_broker_that_takes_connections_and_never_answers_is_given_up(floor: Floor, silent_port: int) -> None:
    floor.redis_url = f"redis://127.0.0.1:{silent_port}/4"

    told = floor.python(_SILENT).splitlines()

    assert len(told) == 3
    assert all(line.startswith("The broker does not answer: Timeout") for line in told)


def test_without_a_control_worker_ticks_do_not_pile_up(floor: Floor) -> None:
    floor.python(
        "from farm.broker import TaskName, app\n"
        f"for _ in range({WAITING_AT_MOST - 1}): app.send_task(TaskName.TIDY.value)"
    )
    beat = floor.beat()

    floor.wait(lambda: "is left out" in beat.said(), "the beat to leave ticks out")

    assert f"{WAITING_AT_MOST} messages wait in {TaskName.RELAY.queue}" in beat.said()
    assert int(floor.python(_LENGTH)) == WAITING_AT_MOST
