"""The beat's scheduler: a tick is not sent while nobody takes those that were sent before."""

from __future__ import annotations

import logging
from typing import Any

from celery import beat

from farm import broker
from farm.broker import TaskName
from models.errors import Unavailable

_log = logging.getLogger(__name__)

#: more than workers that keep up ever leave waiting in a list that ticks and wake-ups share
WAITING_AT_MOST = 32


class Scheduler(beat.Scheduler):  # type: ignore[misc]
    """Celery's own, but without a worker ticks do not pile up.

    Not `expires`: that trusts the clocks of two machines, and an hour's difference would drop every tick.
    """

    def __init__(self, app: Any, *args: Any, **kwargs: Any) -> None:
        # Ticks are no news: among thousands of them nobody finds the work in Flower.
        app.conf.task_send_sent_event = False
        super().__init__(app, *args, **kwargs)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send one due tick, unless so many messages wait in its list that nobody can be taking them."""
        queue = TaskName(entry.task).queue
        try:
            waiting = broker.queue_length(queue) if queue else 0
        except Unavailable as error:
            _log.warning("The tick %s is left out. %s", entry.name, error.message)
            return
        if waiting < WAITING_AT_MOST:
            super().apply_entry(entry, producer)
        else:
            _log.warning("The tick %s is left out: %d messages wait in %s.", entry.name, waiting, queue)
