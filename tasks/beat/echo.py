"""The Echo heartbeat: every render worker's sign of life to Echo Brain; rendering never waits for it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from db import catalogue, queue
from db.events import marks
from db.fleet import workers
from db.queue import Turn
from farm.broker import TaskName, task
from farm.echo.client import EchoAnswer, EchoClient
from farm.echo.reviews import review_task
from farm.echo.workers import SILENT, UNREGISTERED, inform
from farm.settings import settings
from models.errors import Unavailable
from models.events import EventType
from models.vocabulary import Verdict
from tasks.process import runtime

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Session

_log = logging.getLogger(__name__)

_REVIEWS = "echo_reviews"
#: a heartbeat must not wait long for those
_REVIEWS_AT_ONCE = 20


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
    return f"{len(rounds)} workers, {silent} without an answer; {ask_for_reviews(client)} reviews asked for"


def ask_for_reviews(client: EchoClient) -> int:
    """Ask Echo about takes that began to wait for a person; how many. One that is not taken is asked again.

    An Echo without tasks (404) is asked about none of them later: it would be about takes long decided.
    """
    with runtime.database().transaction() as session:
        mark = marks.mark_of(session, _REVIEWS)
        waiting = catalogue.events(
            session, types=[EventType.TAKE_WAITS], after=str(mark), limit=_REVIEWS_AT_ONCE
        ).items
        bodies = [(each.id, _review_of(session, each.job_id)) for each in waiting]
    asked = 0
    for event_id, body in bodies:
        try:
            asked += body is not None and client.send_task(body) is EchoAnswer.OK
        except Unavailable as error:
            _log.warning("Echo was not asked for a review: %s", error.message)
            break
        with runtime.database().transaction() as session:
            marks.set_mark(session, _REVIEWS, event_id)
    return asked


def _review_of(session: Session, job_id: UUID | None) -> dict[str, Any] | None:
    """What to ask about a take; None: it was decided meanwhile, or its job is gone."""
    rows = catalogue.job_rows(session, [job_id]) if job_id else ()
    if not rows or rows[0].verdict is not Verdict.REVIEW:
        return None
    job = catalogue.job_detail(session, rows[0].id)
    master = runtime.store().path(job.take.master_path) if job.take else None
    return review_task(job, master, datetime.now(UTC))


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
