"""Why a question has no answer yet, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.vocabulary import QueueStatus, Step

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from models.fleet import WorkerView
    from models.measuring import MeasurementView


def sentence(view: MeasurementView, workers: Iterable[WorkerView], silent_after: timedelta) -> str:
    """Where the question stands, and what it waits for; a worker silent for longer does not count."""
    if view.status is QueueStatus.RUNNING:
        return f"The {view.subject} is being measured at {view.worker_id}."
    if view.status is QueueStatus.HELD:
        return f"The {view.subject} is held: {view.held_for}"
    if view.is_over:
        return _ended(view)
    if not any(worker.is_live(silent_after) and Step.SCORE.value in worker.queues for worker in workers):
        return f"The {view.subject} waits: no score worker is alive, and nobody else measures."
    again = f" after: {view.error_message}" if view.error_message else " for a score worker."
    return f"The {view.subject} waits{again}"


def _ended(view: MeasurementView) -> str:
    if view.error is not None:
        return view.error["message"]
    if view.status is QueueStatus.COMPLETED:
        return f"The {view.subject} is answered."
    return f"The {view.subject} is {view.status.value}: {view.error_message}"
