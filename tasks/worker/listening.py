"""Which render queues a worker consumes at this moment: those of the pools it serves, no others.

A wake-up taken by a worker that cannot serve its pool would be lost to the one that can, so a queue is left
while its pool cannot be served here and joined again when it can.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from farm.broker import pool_of, render_queue

if TYPE_CHECKING:
    from collections.abc import Iterable

_log = logging.getLogger(__name__)


class Listening:
    """The changing part of one Celery worker's queues."""

    def __init__(self, queues: Any) -> None:
        """`queues` is the app's `amqp.queues`, from which a consumer reads what to consume when it starts."""
        self._queues = queues
        self._consumer: Any = None
        self._wanted: set[str] = set()
        self._changing: set[str] = set()
        self._lock = threading.Lock()

    def leave_to_change(self, pools: Iterable[str]) -> None:
        """These pools' queues come and go from now on; before the consumer starts, they go."""
        self._changing = {render_queue(pool) for pool in pools}
        self._queues.deselect(list(self._changing))

    def ready(self, consumer: Any) -> None:
        """The consumer runs, for the first time or after the broker came back."""
        with self._lock:
            self._consumer = consumer
        self._ask()

    def serve(self, pools: Iterable[str]) -> None:
        """From now on the changing queues are those of `pools`; harmless when they are already."""
        wanted = {render_queue(pool) for pool in pools}
        with self._lock:
            self._changing |= wanted
            self._wanted = wanted
        self._ask()

    def _ask(self) -> None:
        """Queues may be changed only in the consumer's own loop."""
        if self._consumer is not None:
            self._consumer.call_soon(self._change)

    def _change(self) -> None:
        consumer = self._consumer
        with self._lock:
            wanted, unwanted = set(self._wanted), self._changing - self._wanted
        consuming = set(self._queues.consume_from)
        for queue in sorted(wanted - consuming):
            # Looked up first, so that it is declared just as the sender declares it.
            self._queues.select_add(self._queues[queue])
            if consumer.task_consumer is not None:
                consumer.add_task_queue(queue)
        for queue in sorted(unwanted & consuming):
            if consumer.task_consumer is not None:
                consumer.cancel_task_queue(queue)
            self._queues.deselect(queue)
        if wanted - consuming or unwanted & consuming:
            told = ", ".join(sorted(filter(None, map(pool_of, wanted)))) or "none"
            _log.warning("ComfyUI's pools served here: %s.", told)
