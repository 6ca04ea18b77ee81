"""Leaves a score to a live worker that has more of the networks its profile asks for than this one.

Whoever takes the message looks once: a better worker is sent the rest of the chain on its own queue, and what
comes on that queue is always worked on, so nothing is handed on twice. Should that worker die, `relay` sends
the message to everybody again, until it counts as dead: a score never waits for a network that nobody has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db import catalogue
from db.fleet import workers
from farm import broker
from farm.broker import SCORE_QUEUE
from farm.judging import profiles
from farm.scheduling.scorers import best_of
from farm.settings import settings
from models.errors import FarmError
from tasks.process import runtime
from workers.scoring.network_files import NETWORK_FILES
from workers.scoring.network_table import asked_by, installed, lacking

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Session
    from db.fleet.workers import Scorer


def networks_here() -> list[str]:
    """The networks whose files lie on this machine now."""
    return list(installed(settings().networks_dir, {item.name: item.file for item in NETWORK_FILES}))


def left_to(job_id: UUID, request: Any) -> str | None:
    """The worker this score was handed to, because it has networks that are missing here; None: do it here.

    `request` is the Celery task's: what was addressed to this worker alone is never handed on. Without the
    broker the score is left all the same, and `relay` sends its message when the broker is back.
    """
    if broker.is_direct(str((request.delivery_info or {}).get("routing_key", ""))):
        return None
    better = runtime.in_transaction(lambda session: _better_worker(session, job_id), patience=settings().lease)
    if better is None:
        return None
    with broker.best_effort():
        broker.hand_on(job_id, _own_queues(better)[0])
    return better.id


def _better_worker(session: Session, job_id: UUID) -> Scorer | None:
    judged = catalogue.judged_by(session, job_id)
    if judged is None or not judged.waits_to_be_scored or judged.is_last_try:
        # What failed wherever it was sent is better measured in part, for a person to see, than not at all.
        return None
    try:
        marks = profiles.named(judged.own, judged.profile).marks.get(judged.phase, ())
    except FarmError:
        # The score itself fails by it, and writes down why.
        return None
    wanted = asked_by(marks)
    missing = lacking(wanted, networks_here())
    if not missing:
        return None
    others = workers.scorers(
        session, queue=SCORE_QUEUE, besides=runtime.worker_id(), silent_after=settings().lease
    )
    addressable = [other for other in others if _own_queues(other)]
    return best_of(addressable, wanted, fewer_than=len(missing), turn=job_id.int)


def _own_queues(scorer: Scorer) -> list[str]:
    """The queues on which it alone listens."""
    return [queue for queue in scorer.queues if broker.is_direct(queue)]
