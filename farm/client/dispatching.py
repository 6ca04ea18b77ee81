"""Verbs for whoever hands tasks to the farm: each is done once, and tells what came of it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Self

from farm.client.doing import Doing
from models.access import Change
from models.dispatch import TaskState, TaskType, TaskView
from models.errors import Conflict, UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from uuid import UUID

    from farm.dispatch.batches import Wait
    from farm.dispatch.form import Task
    from models.dispatch import StoredTask


class Dispatching(Doing):
    """Tasks in the words of Echo Brain, for whichever program sends them."""

    def dispatch(
        self,
        task_id: str,
        task_type: str,
        *,
        project_id: str | None = None,
        priority: int = 5,
        payload: Mapping[str, Any] | None = None,
        callback_url: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> TaskView:
        """Do what a task asks for, and say how it stands; the same task again changes nothing.

        `task_id` is the sender's, `project_id` a slug or an id, and without it the farm's default project.
        `payload` of a render has the fields of an order. `callback_url` hears of the order's events under the
        task's id, signed where FARM_CALLBACK_SECRET is set. `context` is kept.

        Raises:
            Refused: it cannot be done; nothing is stored, and the corrected task may come under the same id.
            Conflict: another task was sent under this id.
            Forbidden: FARM_CALLBACK_HOSTS does not allow the callback's address.
            TooMuch: the caller's key has spent what it may spend today.
        """
        from farm.dispatch import form

        fields: dict[str, Any] = {
            "task_id": task_id,
            "task_type": task_type,
            "project_id": project_id,
            "priority": priority,
            "payload": dict(payload or {}),
            "callback_url": callback_url,
            "context": None if context is None else dict(context),
        }
        task = form.read(form.Task, fields, "task")
        with self._whole() as farm:
            farm._take(task)
            return farm.dispatched_task(task.task_id)

    def dispatched_task(self, task_id: str) -> TaskView:
        """How a task stands that the caller dispatched; raises `UnknownName`."""
        from db import catalogue

        with self.database.transaction() as session:
            task = catalogue.find_task(session, self.caller.identity, task_id)
        if task is None:
            raise UnknownName(
                f"This caller dispatched no task {task_id[:80]}.",
                hint="Ask with the key that it was sent with.",
            )
        return self._view(task)

    def _whole(self) -> AbstractContextManager[Self]:
        """A farm whose changes are one: this one where that is so already."""
        return self.as_one() if self._waiting is None else nullcontext(self)

    def _take(self, task: Task, wait: Wait | None = None) -> StoredTask:
        """Do a task that is new; one that was sent before must be the same."""
        from db import catalogue

        request = task.model_dump(mode="json", exclude_defaults=True)
        whose = self.caller.identity
        with self.database.transaction() as session:
            key = catalogue.remember_task(session, whose, task.task_id, task.task_type, request)
            known = catalogue.find_task(session, whose, task.task_id)
        if key is None:
            _refuse_other(known, request)
        else:
            self._do(key, task, wait)
            with self.database.transaction() as session:
                known = catalogue.find_task(session, whose, task.task_id)
        if known is None:
            raise LookupError(f"the task {task.task_id} was stored just now")
        return known

    def _do(self, key: UUID, task: Task, wait: Wait | None) -> None:
        """Do a new task, and keep with it what it came to."""
        from db import catalogue

        is_batch = task.task_type is TaskType.BATCH_DISPATCH
        job_id, answer = (None, {"tasks": self._take_all(task)}) if is_batch else self._done(task, wait)
        with self.database.transaction() as session:
            catalogue.answer_task(session, key, job_id=job_id, answer=answer)
            after = {"task_type": task.task_type.value, "job": str(job_id) if job_id else None}
            self._note(session, Change(action="task.dispatch", subject=f"task {task.task_id}", after=after))

    def _take_all(self, task: Task) -> list[str]:
        """Do the tasks of a batch in their order; their ids. Those that must wait are stored held."""
        from farm.dispatch import batches, form

        batch = form.read(form.Batch, task.payload, "batch")
        waits = batches.waits_of(batch)
        around = {name: getattr(task, name) for name in ("project_id", "callback_url") if getattr(task, name)}
        for each in batch.tasks:
            missing = {name: value for name, value in around.items() if getattr(each, name) is None}
            self._take(each.model_copy(update=missing), waits.get(each.task_id))
        return [each.task_id for each in batch.tasks]

    def _view(self, task: StoredTask) -> TaskView:
        if task.task_type is TaskType.BATCH_DISPATCH:
            return self._view_of_batch(task)
        if task.job_id is not None:
            return self._view_of_job(task, task.job_id)
        return TaskView(
            task_id=task.task_id,
            task_type=task.task_type,
            job_id=None,
            status=TaskState.COMPLETED,
            created_at=task.created_at,
            result=task.answer,
        )

    def _view_of_batch(self, task: StoredTask) -> TaskView:
        from farm.dispatch import views

        tasks = [self.dispatched_task(task_id) for task_id in (task.answer or {}).get("tasks", ())]
        listed = [
            {
                "task_id": each.task_id,
                "job_id": str(each.job_id) if each.job_id else None,
                "status": each.status.value,
                "error": each.error,
            }
            for each in tasks
        ]
        return TaskView(
            task_id=task.task_id,
            task_type=task.task_type,
            job_id=None,
            status=views.state_of_batch({each.status for each in tasks}),
            created_at=task.created_at,
            result={"tasks": listed},
        )

    def _view_of_job(self, task: StoredTask, job_id: UUID) -> TaskView:
        """How the order of a job stands; of a review, the job alone."""
        from db import catalogue
        from farm.dispatch import views

        is_one = task.task_type is TaskType.QUALITY_REVIEW
        with self.database.transaction() as session:
            family = catalogue.family_rows(session, [job_id])
            takes = [row for row in family if row.id == job_id] if is_one else family
            state = views.state_of(takes)
            best = None
            if state is TaskState.COMPLETED:
                best = job_id if is_one else catalogue.best_of_order(session, takes[0].root_job_id)
            detail = catalogue.job_detail(session, best or takes[-1].id)
        is_done = best is not None
        return TaskView(
            task_id=task.task_id,
            task_type=task.task_type,
            job_id=job_id,
            status=state,
            created_at=task.created_at,
            result=views.result_of(detail) if is_done else None,
            quality_scores=views.scores_of(detail.scores) if is_done else None,
            output_paths=(str(self.store.path(detail.take.master_path)),) if is_done and detail.take else (),
            error=views.error_of(detail, state),
        )


def _refuse_other(known: StoredTask | None, request: dict[str, Any]) -> None:
    if known is not None and known.request != request:
        raise Conflict(
            f"The task id '{known.task_id}' was used for another task.", hint="Use a new id for a new task."
        )
