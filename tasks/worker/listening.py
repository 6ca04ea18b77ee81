"""Which queues of work a worker consumes at this moment: those it serves, and none while it stands aside.

A wake-up taken by a worker that cannot use it would be lost to the one that can, so a queue is left while it
cannot be served here and joined again when it can.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from farm.broker import render_queue

if TYPE_CHECKING:
    from collections.abc import Iterable

_log = logging.getLogger(__name__)


class Listening:
    """The changing part of one Celery worker's queues."""

    def __init__(self, queues: Any) -> None:
        """`queues` is the app's `amqp.queues`, from which a consumer reads what to consume when it starts."""
        self._queues = queues
        self._consumer: Any = None
        self._always: set[str] = set()
        self._wanted: set[str] = set()
        self._changing: set[str] = set()
        self._aside = False
        self._lock = threading.Lock()

    def always(self, queues: Iterable[str]) -> None:
        """These are consumed from the start, and left only while the worker stands aside."""
        self._always = set(queues)
        self._changing |= self._always

    def stand_aside(self, aside: bool) -> None:
        """Whether all these queues are left for now; harmless when they are already."""
        with self._lock:
            changes, self._aside = aside != self._aside, aside
        if changes:
            _log.warning("This worker takes no work for now." if aside else "This worker looks for work again.")
            self._ask()

    def leave_to_change(self, pools: Iterable[str]) -> None:
        """These pools' queues come and go from now on; before the consumer starts, they go."""
        leaving = {render_queue(pool) for pool in pools}
        self._changing |= leaving
        self._queues.deselect(list(leaving))

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
            wanted = set() if self._aside else self._wanted | self._always
            unwanted = self._changing - wanted
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
            _log.warning("Queues of work served here: %s.", ", ".join(sorted(wanted)) or "none")
