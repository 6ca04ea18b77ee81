"""A worker consumes the queues of the pools it serves at this moment, and no others."""

from __future__ import annotations

from typing import Any

from celery import Celery

from farm.broker import render_queue
from tasks.worker.listening import Listening


class _Consumer:
    """As much of Celery's consumer as changes queues: it does so in its own loop, which here is at once."""

    def __init__(self) -> None:
        self.task_consumer = object()
        self.changes: list[tuple[str, str]] = []

    def call_soon(self, change: Any) -> None:
        change()

    def add_task_queue(self, queue: str) -> None:
        self.changes.append(("joined", queue))

    def cancel_task_queue(self, queue: str) -> None:
        self.changes.append(("left", queue))


def _listening() -> tuple[Listening, Any]:
    queues = Celery(broker="memory://").amqp.queues
    queues.select([render_queue("toon"), render_queue("comfyui")])
    return Listening(queues), queues


def test_a_pool_that_may_change_is_left_before_the_worker_starts() -> None:
    listening, queues = _listening()

    listening.leave_to_change(["comfyui"])

    assert set(queues.consume_from) == {render_queue("toon")}


def test_a_pool_is_joined_when_it_can_be_served_and_left_when_it_cannot() -> None:
    listening, _ = _listening()
    consumer = _Consumer()
    listening.leave_to_change(["comfyui"])
    listening.ready(consumer)

    listening.serve(["comfyui", "comfyui-8g"])
    listening.serve(["comfyui"])

    assert consumer.changes == [
        ("joined", render_queue("comfyui")),
        ("joined", render_queue("comfyui-8g")),
        ("left", render_queue("comfyui-8g")),
    ]


def test_what_was_asked_for_before_the_consumer_ran_is_done_when_it_does() -> None:
    listening, _ = _listening()
    consumer = _Consumer()
    listening.leave_to_change(["comfyui"])
    listening.serve(["comfyui"])

    listening.ready(consumer)

    assert consumer.changes == [("joined", render_queue("comfyui"))]
