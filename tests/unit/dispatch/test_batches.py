"""Who waits for whom in a batch."""

from __future__ import annotations

from typing import Any

from farm.dispatch import form
from farm.dispatch.batches import waits_of
from farm.dispatch.views import state_of_batch
from models.dispatch import Condition, TaskState


def batch(mode: str, *tasks: dict[str, Any]) -> form.Batch:
    listed = [{"task_id": f"t{n}", "task_type": "generate_image"} | each for n, each in enumerate(tasks)]
    return form.read(form.Batch, {"sequence_mode": mode, "tasks": listed}, "batch")


def test_nobody_waits_in_a_parallel_batch() -> None:
    assert waits_of(batch("parallel", {}, {})) == {}


def test_sequential_renders_wait_for_the_one_before() -> None:
    waits = waits_of(batch("sequential", {"task_type": "quality_review"}, {}, {}))

    assert {task: wait.after for task, wait in waits.items()} == {"t2": ("t1",)}
    assert waits["t2"].condition is Condition.COMPLETED


def test_a_conditional_task_waits_for_those_it_names() -> None:
    (wait,) = waits_of(batch("conditional", {}, {}, {"after": ["t0", "t1"], "condition": "over"})).values()

    assert str(wait) == "it waits for t0, t1 to be over"


def test_a_batch_stands_as_the_least_of_its_tasks() -> None:
    assert state_of_batch({TaskState.COMPLETED, TaskState.WAITING}) is TaskState.WAITING
    assert state_of_batch({TaskState.COMPLETED, TaskState.FAILED}) is TaskState.FAILED
    assert state_of_batch({TaskState.COMPLETED}) is TaskState.COMPLETED
