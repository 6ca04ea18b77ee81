"""The delivery of events: what happened is numbered and sent to whoever asked for it."""

from __future__ import annotations

import threading

from db import queue
from db.queue import Turn
from farm.broker import TaskName, task
from farm.events.courier import Courier
from farm.settings import settings
from tasks.process import runtime

#: a round that waits for a slow endpoint must not come to hold every thread of its worker
_AT_IT = threading.Lock()


@task(TaskName.EVENTS)
def events() -> str:
    """Number and deliver; safe to run twice: an event is numbered once, and an endpoint served by one."""
    return deliver_now()


def deliver_now() -> str:
    """One round of deliveries, unless this process is at one, or somebody began one just now."""
    with runtime.database().transaction() as session:
        turn = queue.take_turn(session, "events", settings().events_every)
    if turn is not Turn.MINE:
        return turn.value
    if not _AT_IT.acquire(blocking=False):
        return Turn.TAKEN.value
    try:
        taken = Courier(runtime.database(), settings()).round()
    finally:
        _AT_IT.release()
    return f"{taken} events delivered"
