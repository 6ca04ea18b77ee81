"""What a task that renders orders: its payload has the fields of an order, by the names of `/generate` too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.dispatch import TaskType
from models.errors import OrderRefused
from models.nearest import listed
from models.vocabulary import JobType

if TYPE_CHECKING:
    from farm.dispatch.form import Task

#: the first is what is made where the payload does not say
_KINDS = {
    TaskType.GENERATE_IMAGE: (JobType.STILL_IMAGE, JobType.CHARACTER_SHEET),
    TaskType.GENERATE_LOOP: (JobType.ANIMATION_LOOP,),
    TaskType.GENERATE_VIDEO: (JobType.FULL_VIDEO,),
}
#: how others call fields of an order
_NAMES = {"character_ids": "characters", "cut_id": "cut"}
#: what the task itself says
_OF_THE_TASK = ("project", "priority", "requested_by", "idempotency_key")


def order_of(task: Task, project: str) -> dict[str, Any]:
    """The order that a task of a render stands for, in a project; raises `OrderRefused`."""
    fields = {_NAMES.get(name, name): value for name, value in task.payload.items()}
    if twice := fields.keys() & set(_OF_THE_TASK):
        raise OrderRefused(
            f"The payload of the task {task.task_id} names its {min(twice)}, which the task itself says.",
            hint="Leave it out of the payload.",
        )
    kinds = [kind.value for kind in _KINDS[task.task_type]]
    kind = fields.setdefault("job_type", kinds[0])
    if kind not in kinds:
        raise OrderRefused(
            f"A task {task.task_type} makes no {kind!s:.60}.", hint=f"It makes: {listed(kinds)}."
        )
    return {**fields, "project": project, "priority": task.priority}
