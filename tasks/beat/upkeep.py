"""The beat's jobs: relay lost messages, retry lost work, tidy up; each may run twice, late, or anywhere."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from db import catalogue, queue
from db.events import deliveries
from db.fleet import holds, inventories, workers
from db.queue import Turn
from farm import broker
from farm.broker import QUEUE_AFTER_RENDER, RESERVE, TaskName, task
from farm.ops import tidying
from farm.ops.store import require_ours
from farm.scheduling import leases
from farm.settings import settings
from models import failpoints
from models.errors import StepFailed
from tasks.beat.waiting import release_now
from tasks.process import endings, runtime

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from db.queue import Expired
    from models.scheduling import Decision

_log = logging.getLogger(__name__)

BEAT = "beat"
"""The tick that only a living beat writes, so that workers notice when there is none."""

_FORGET_WORKERS_AFTER = timedelta(days=1)
_KEEP_EVENTS = timedelta(days=14)
_FORGET_MEASUREMENTS_AFTER = timedelta(days=7)
_TIDY_EVERY = timedelta(minutes=5)
#: callers are promised a day in which the same request gets the same answer
_FORGET_ANSWERS_AFTER = timedelta(days=2)


@task(TaskName.RELAY)
def relay() -> str:
    """Send wake-ups for what is due."""
    with runtime.database().transaction() as session:
        queue.mark_tick(session, BEAT)
    return relay_now()


@task(TaskName.RETRY)
def retry() -> str:
    """Take back what silent workers hold."""
    return retry_now()


@task(TaskName.TIDY)
def tidy() -> str:
    """Remove what nobody needs any more: what lost attempts and workers left, and what was said long ago.

    What lies in the store and is unknown here is somebody's all the same: it is moved aside, at most.
    """
    return tidy_now()


def relay_now() -> str:
    """Release who waited, then top up the wake-ups of every step and pool, unless somebody did so just now."""
    release_now()
    with runtime.database().transaction() as session:
        turn = queue.take_turn(session, "relay", settings().relay_every)
        if turn is not Turn.MINE:
            return turn.value
        queue.let_equals_start(session)
        wanted = queue.demand(
            session, reserve=RESERVE, silent_after=settings().lease, queues=QUEUE_AFTER_RENDER
        )
    failpoints.hit(failpoints.Window.RELAY)
    # After the commit: a broker that is silent for this process alone holds up nobody else's turn.
    woken = sum(broker.wake(each.pool, each.due, slots=each.slots, step=each.step) for each in wanted)
    return f"{woken} wake-ups"


def retry_now() -> str:
    """Take back expired leases, see who fell silent, and remove what the lost attempts left behind."""
    every, heartbeat = settings().retry_every, settings().heartbeat
    with runtime.database().transaction() as session:
        gap = queue.since(session, "retry") or timedelta(0)
        turn = queue.take_turn(session, "retry", every)
        if turn is not Turn.MINE:
            return turn.value
        if leases.stood_still(gap, every=every, heartbeat=heartbeat):
            _log.warning("Nobody looked after leases for %.0f s; they get a heartbeat.", gap.total_seconds())
            queue.spare(session, since=gap, heartbeat=heartbeat)
            lost = []
        else:
            lost = workers.mark_lost(session, silent_after=settings().lease)
        taken_back = endings.take_back(session, backoff=runtime.backoff(), time_limit=settings().time_limit)
    _remove_what_they_left(taken_back)
    for worker_id in lost:
        _log.warning("Worker %s fell silent.", worker_id)
    return f"{len(taken_back)} leases expired, {len(lost)} workers lost"


def tidy_now() -> str:
    """Forget what is over in the database, then tidy the store, unless somebody did so just now."""
    with runtime.database().transaction() as session:
        turn = queue.take_turn(session, "tidy", _TIDY_EVERY)
        if turn is not Turn.MINE:
            return turn.value
        forgotten = workers.prune(session, older_than=_FORGET_WORKERS_AFTER)
        # After the workers, whose rows are what keeps an inventory.
        inventories.prune(session)
        holds.prune(session)
        catalogue.forget_sessions(session)
        catalogue.forget_answers(session, older_than=_FORGET_ANSWERS_AFTER)
        deliveries.tidy(session, keep=_KEEP_EVENTS)
        catalogue.forget_measurements(session, older_than=_FORGET_MEASUREMENTS_AFTER)
    failpoints.hit(failpoints.Window.TIDY)
    return f"{len(forgotten)} workers forgotten, {_tidy_store()}"


def take_back_orphans(incarnation: UUID, living: Iterable[int]) -> None:
    """Take back what processes of a worker held that are none of the `living` any more.

    Raises:
        Unavailable: the database does not answer.
    """
    with runtime.database().transaction() as session:
        taken_back = endings.take_back_orphans(
            session,
            incarnation,
            living,
            backoff=runtime.backoff(),
            soft_time_limit=settings().soft_time_limit,
        )
    _remove_what_they_left(taken_back)


def _remove_what_they_left(taken_back: list[tuple[Expired, Decision]]) -> None:
    if taken_back:
        failpoints.hit(failpoints.Window.RETRY)
    for attempt, decision in taken_back:
        _log.warning(
            "Job %s: %s It was at step %s and is %s now.",
            attempt.job_id,
            decision.message,
            attempt.facts.step,
            decision.status,
        )
        runtime.store().discard(attempt.job_id, attempt.epoch)


def _tidy_store() -> str:
    """Remove what lost attempts left, and look over a part of the rest; not in a store of somebody else's."""
    database, store = runtime.database(), runtime.store()
    if not store.root.is_dir():
        return "no store yet"
    try:
        require_ours(store.root, runtime.farm_id(), database)
        removed = tidying.remove_left_behind(database, store, over_for=settings().lease)
        tidying.walk_on(database, store)
    except StepFailed as error:
        _log.error("The store is not tidied. %s", error)
        return f"the store is not tidied: {error.message}"
    return f"{removed} lost attempts removed"
