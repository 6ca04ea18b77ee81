"""Echo hears of every render worker, and the farm works on when Echo does not answer."""

from __future__ import annotations

import socket
import time
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from farm.echo import workers as echo_workers
from farm.echo.client import EchoClient
from models.fleet import EchoWorker
from models.vocabulary import WorkerStatus
from tests.support.echo_server import Echo, running_echo
from tests.support.floor import CONTROL, RENDER, SCORE
from tests.support.queue_jobs import add_jobs, add_project, one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farm.echo.workers import EchoRound

CALLBACK = "http://127.0.0.1:8329/api/anime/echo/tasks"


@pytest.fixture
def echo() -> Iterator[Echo]:
    with running_echo() as echo:
        yield echo
    assert echo.mistakes == []


def worker(name: str = "atelier:render:0", **changes: object) -> EchoWorker:
    values = {
        "id": name,
        "incarnation": uuid4(),
        "status": WorkerStatus.READY,
        "slots": 1,
        "capabilities": {"job_types": ["still_image", "animation_loop"], "gpu_info": None},
        "echo_status": None,
        "echo_silence": None,
    }
    return EchoWorker(**{**values, **changes})


def inform(echo: Echo, *workers: EchoWorker, timeout: float = 2.0) -> list[EchoRound]:
    client = EchoClient(echo.url, timedelta(seconds=timeout))
    return echo_workers.inform(client, workers, CALLBACK)


def test_a_new_worker_registers_with_what_it_can_do(echo):
    [told] = inform(echo, worker())

    assert (told.status, told.error) == ("registered", None)
    [body] = echo.registered.values()
    assert body["capabilities"] == ["still_image", "animation_loop", "consistency_check"]
    assert body["max_concurrent_jobs"] == 1


def test_a_known_worker_beats_and_says_whether_it_is_busy(echo):
    inform(echo, worker())

    [told] = inform(echo, worker(echo_status="registered", status=WorkerStatus.BUSY))

    assert told.status == "registered"
    assert echo.verbs() == ["register", "heartbeat"]
    assert echo.calls[-1][2]["status"] == "busy"


def test_a_worker_that_echo_forgot_registers_again(echo):
    inform(echo, worker())
    echo.forget()

    [told] = inform(echo, worker(echo_status="registered"))

    assert told.status == "registered"
    assert echo.verbs() == ["register", "heartbeat", "register"]


def test_an_echo_without_the_protocol_is_shown_and_left_in_peace_for_a_while(echo):
    echo.supported = False

    [told] = inform(echo, worker())
    soon = inform(echo, worker(echo_status="unsupported", echo_silence=timedelta(minutes=1)))
    later = inform(echo, worker(echo_status="unsupported", echo_silence=timedelta(minutes=11)))

    assert told.status == "unsupported"
    assert "404" in told.error
    assert soon == []
    assert [each.status for each in later] == ["unsupported"]
    assert len(echo.calls) == 2


def test_a_worker_that_left_is_unregistered_even_when_echo_forgot_it(echo):
    inform(echo, worker())
    gone = worker(status=WorkerStatus.GONE, echo_status="registered")

    assert [told.status for told in inform(echo, gone)] == ["unregistered"]
    assert [told.status for told in inform(echo, gone)] == ["unregistered"]

    assert echo.registered == {}


def test_an_error_of_echo_is_told_and_raises_nothing(echo):
    echo.status = 503

    [told] = inform(echo, worker())

    assert told.status == "silent"
    assert "503" in told.error


def test_an_echo_that_is_not_there_is_told_and_raises_nothing():
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        nobody = Echo(url=f"http://127.0.0.1:{port.getsockname()[1]}")

        [told] = inform(nobody, worker())

    assert told.status == "silent"


def test_a_slow_echo_costs_one_timeout_not_one_for_each_worker(echo):
    echo.awake.clear()
    started = time.monotonic()

    told = inform(echo, *(worker(f"atelier:render:{slot}") for slot in range(8)), timeout=0.5)

    assert time.monotonic() - started < 2.5
    assert {each.status for each in told} == {"silent"}


@pytest.fixture
def floor_settings(echo: Echo) -> dict[str, str]:
    return {"FARM_ECHO_URL": echo.url, "FARM_ECHO_EVERY": "0.5", "FARM_ECHO_TIMEOUT": "0.5"}


def test_the_beat_keeps_echo_informed_and_a_drained_worker_says_goodbye(floor, echo):
    hands = [floor.worker(RENDER, ready=False), floor.worker(SCORE, CONTROL, "echo", ready=False)]
    floor.beat()
    for hand in hands:
        floor.wait_ready(hand)

    # Given a worker that registered and beats,
    floor.wait(lambda: echo.verbs().count("heartbeat") >= 2, "Echo to hear heartbeats")
    [name] = echo.registered
    assert name.endswith(":render:0")

    # when Echo falls silent, the farm renders on and shows it,
    echo.status = 500
    jobs = add_jobs(floor.database, add_project(floor.database), 3)
    floor.wait_until_over(jobs)
    floor.settled()
    status = "SELECT echo_status FROM workers WHERE id = :id"
    floor.wait(lambda: floor.scalar(status, id=name) == "silent", "the silence to be shown")
    assert one(floor.database, "SELECT echo_error FROM workers WHERE id = :id", id=name).echo_error

    # when it is back, so are the heartbeats,
    echo.status = None
    floor.wait(lambda: floor.scalar(status, id=name) == "registered", "Echo to be back")

    # and a worker that drains is unregistered.
    hands[0].stop()
    floor.wait(lambda: name not in echo.registered, "the goodbye")
    assert floor.scalar(status, id=name) == "unregistered"
