"""The release of jobs that wait for other orders."""

from __future__ import annotations

import logging

from db import queue
from db.queue import Turn
from farm.dispatch.releasing import release_due
from farm.settings import settings
from tasks.process import runtime

_log = logging.getLogger(__name__)


def release_now() -> str:
    """Release or call off who waited, unless somebody did so just now; workers are woken by the relay."""
    with runtime.database().transaction() as session:
        turn = queue.take_turn(session, "waiting", settings().relay_every)
        if turn is not Turn.MINE:
            return turn.value
        done = release_due(session)
    if done.called_off:
        _log.warning("%d jobs are called off: what they waited for cannot come.", len(done.called_off))
    return f"{len(done.released)} released, {len(done.called_off)} called off"
