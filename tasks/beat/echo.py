"""The Echo heartbeat: every render worker's sign of life to Echo Brain; rendering never waits for it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from db import queue
from db.fleet import workers
from db.queue import Turn
from farm.broker import TaskName, task
from farm.echo.client import EchoClient
from farm.echo.workers import SILENT, UNREGISTERED, inform
from farm.settings import settings
from models.errors import Unavailable
from tasks.process import runtime

if TYPE_CHECKING:
    from uuid import UUID

_log = logging.getLogger(__name__)


@task(TaskName.ECHO_HEARTBEAT)
def echo_heartbeat() -> str:
    """Tell Echo of every render worker that lives, and of those that left; safe to run twice."""
    client = _client()
    if client is None:
        return "Echo is off"
    with runtime.database().transaction() as session:
        turn = queue.take_turn(session, "echo_heartbeat", settings().echo_every)
        if turn is not Turn.MINE:
            return turn.value
        known = workers.for_echo(session)
    # Outside any transaction: a slow Echo holds nothing of ours.
    rounds = inform(client, known, settings().callback_url)
    with runtime.database().transaction() as session:
        for answer in rounds:
            workers.note_echo(
                session, answer.worker.id, answer.worker.incarnation, status=answer.status, error=answer.error
            )
    silent = sum(answer.status == SILENT for answer in rounds)
    return f"{len(rounds)} workers, {silent} without an answer"


def say_goodbye(worker_id: str, incarnation: UUID) -> None:
    """Unregister one worker that leaves; when Echo is silent the next heartbeat round tries again."""
    client = _client()
    if client is None:
        return
    try:
        client.unregister(worker_id)
        with runtime.database().transaction() as session:
            workers.note_echo(session, worker_id, incarnation, status=UNREGISTERED, error=None)
    except Unavailable as error:
        _log.warning("Echo was not told that worker %s leaves: %s", worker_id, error.message)


def _client() -> EchoClient | None:
    url = settings().echo_url
    return EchoClient(url, settings().echo_timeout) if url else None
