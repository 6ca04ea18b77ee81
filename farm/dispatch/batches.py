"""Who waits for whom in a batch: pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.dispatch import Condition, SequenceMode, TaskType
from models.errors import OrderRefused
from models.nearest import did_you_mean, listed

if TYPE_CHECKING:
    from farm.dispatch.form import Batch, BatchTask

_WORDS = {
    Condition.COMPLETED: "to be judged",
    Condition.PASSED: "to pass",
    Condition.FAILED: "to fail",
    Condition.OVER: "to be over",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """What one task of a batch waits for."""

    #: ids of tasks
    after: tuple[str, ...]
    condition: Condition

    def __str__(self) -> str:
        """As the job is held.

        >>> str(Wait(("shot-1",), Condition.PASSED))
        'it waits for shot-1 to pass'
        """
        return f"it waits for {listed(self.after)} {_WORDS[self.condition]}"


def waits_of(batch: Batch) -> dict[str, Wait]:
    """What each task that waits waits for, by its id.

    Every task waits only for those that stand before it, so that nobody waits in a circle.

    Raises:
        OrderRefused: an id stands twice, a task names one that does not stand before it, or waits or is waited
            for although it is done at once.
    """
    for task_id, count in Counter(task.task_id for task in batch.tasks).items():
        if count > 1:
            raise OrderRefused(f"The task id {task_id} stands twice in the batch.", hint="Give each its own.")
    for task in batch.tasks:
        if task.task_type is TaskType.BATCH_DISPATCH:
            raise OrderRefused(f"The task {task.task_id} is a batch in a batch.", hint="Send it by itself.")
    if batch.sequence_mode is SequenceMode.CONDITIONAL:
        return _conditional(batch)
    _refuse_conditions(batch)
    return _sequential(batch) if batch.sequence_mode is SequenceMode.SEQUENTIAL else {}


def _sequential(batch: Batch) -> dict[str, Wait]:
    """Each render after the one before; what is done at once comes before them all."""
    waits: dict[str, Wait] = {}
    last: BatchTask | None = None
    for task in batch.tasks:
        if last is not None:
            _refuse_at_once(task)
            waits[task.task_id] = Wait((last.task_id,), Condition.COMPLETED)
        if task.task_type.is_render:
            last = task
    return waits


def _conditional(batch: Batch) -> dict[str, Wait]:
    waits: dict[str, Wait] = {}
    before: dict[str, BatchTask] = {}
    for task in batch.tasks:
        for name in task.after:
            if name not in before:
                raise OrderRefused(
                    f"The task {task.task_id} waits for '{name}', which does not stand before it in the batch.",
                    hint=did_you_mean(name, before),
                )
            _refuse_at_once(before[name])
        if task.after:
            _refuse_at_once(task)
            waits[task.task_id] = Wait(tuple(dict.fromkeys(task.after)), task.condition)
        before[task.task_id] = task
    return waits


def _refuse_conditions(batch: Batch) -> None:
    for task in batch.tasks:
        if task.after or "condition" in task.model_fields_set:
            raise OrderRefused(
                f"The task {task.task_id} names a condition, and the batch is {batch.sequence_mode}.",
                hint=f"Say sequence_mode: {SequenceMode.CONDITIONAL}.",
            )


def _refuse_at_once(task: BatchTask) -> None:
    if not task.task_type.is_render:
        raise OrderRefused(
            f"The task {task.task_id} ({task.task_type}) is done at once: it cannot wait, nor be waited for.",
            hint="Let it stand before all renders, or send it by itself.",
        )
