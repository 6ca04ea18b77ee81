"""What is said of a question that waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from farm.measuring.waiting import sentence
from models.actors import Actor
from models.fleet import WorkerView
from models.measuring import MeasurementView
from models.vocabulary import MeasureKind, QueueStatus, WorkerStatus

NOW = datetime(2026, 11, 30, tzinfo=UTC)
LEASE = timedelta(seconds=90)


def a_question(status: QueueStatus = QueueStatus.READY, **more: Any) -> MeasurementView:
    unsaid = dict.fromkeys(
        ("answer", "error", "error_kind", "error_message", "held_for", "worker_id", "completed_at")
    )
    known: dict[str, Any] = {
        "id": uuid4(),
        "kind": MeasureKind.REFERENCE,
        "subject": "reference of mio",
        "project": "paper-moon",
        "asked_by": Actor.read("Ada"),
        "status": status,
        "retry_count": 0,
        "asked_at": NOW,
    }
    return MeasurementView(**unsaid | known | more)


def a_worker(queue: str, *, silent: float = 1.0) -> WorkerView:
    return WorkerView(
        id="w",
        host="h",
        pid=1,
        pools=(),
        queues=(queue,),
        slots=1,
        status=WorkerStatus.READY,
        current_job_id=None,
        last_seen_at=NOW,
        seconds_silent=silent,
        capabilities={},
    )


@pytest.mark.parametrize("workers", [[], [a_worker("gate")], [a_worker("score", silent=100)]])
def test_a_question_that_nobody_can_answer_says_so(workers: list[WorkerView]) -> None:
    assert "no score worker is alive" in sentence(a_question(), workers, LEASE)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (a_question(), "The reference of mio waits for a score worker."),
        (
            a_question(error_message="The worker fell silent."),
            "The reference of mio waits after: The worker fell silent.",
        ),
        (
            a_question(QueueStatus.RUNNING, worker_id="atelier:score:0"),
            "The reference of mio is being measured at atelier:score:0.",
        ),
        (
            a_question(QueueStatus.HELD, held_for="Nobody has it."),
            "The reference of mio is held: Nobody has it.",
        ),
        (a_question(QueueStatus.COMPLETED, answer={}), "The reference of mio is answered."),
        (a_question(QueueStatus.COMPLETED, error={"message": "No face."}), "No face."),
        (
            a_question(QueueStatus.FAILED, error_message="It crashed."),
            "The reference of mio is failed: It crashed.",
        ),
    ],
)
def test_each_standing_has_its_sentence(question: MeasurementView, words: str) -> None:
    assert sentence(question, [a_worker("score")], LEASE) == words
