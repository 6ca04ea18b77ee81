"""What Flower shows of a step while it runs: whose picture it is, for its message names a pool at most."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from farm import broker
from farm.settings import settings
from models.errors import Unavailable

if TYPE_CHECKING:
    from db.queue import Claim

_log = logging.getLogger(__name__)


def show(task: Any, claim: Claim) -> None:
    """Name the cut and the job of the running task to whoever watches events; it waits for nobody."""
    if not settings().send_task_events:
        return
    # In a thread of its own: a broker that is silent must not hold up the work.
    event = (task.request.id, task.request.hostname, f"{claim.subject} · {claim.job_id}")
    threading.Thread(target=_announce, args=event, name="event", daemon=True).start()


def _announce(task_id: str, hostname: str, subject: str) -> None:
    try:
        broker.announce(task_id, hostname, subject)
    except Unavailable as error:
        _log.info("Nobody was told that %s is at work. %s", subject, error.message)
