"""What each kind of task comes to, by the verbs that everybody has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.client.characters import Characters
from farm.client.composing import Composing
from farm.client.connection import job_id_of
from farm.client.designing import Designing
from farm.client.events import Events
from farm.client.jobs import Jobs
from farm.client.judging import Judging
from farm.client.measuring import Measuring
from farm.client.ordering import Ordering
from farm.client.projects import Projects
from farm.client.shows import Shows
from farm.client.story import Story
from models.dispatch import TaskType
from models.events import EventType

if TYPE_CHECKING:
    from uuid import UUID

    from farm.dispatch.batches import Wait
    from farm.dispatch.form import Task

#: the job that a task ordered or is about, and what is answered at once
Done = tuple["UUID | None", dict[str, Any] | None]

#: what a callback address hears of the order
_HEARD = (
    EventType.JOB_COMPLETED,
    EventType.JOB_FAILED,
    EventType.JOB_CANCELLED,
    EventType.QUALITY_PASSED,
    EventType.QUALITY_FAILED,
)


class Doing(
    Designing, Composing, Ordering, Jobs, Judging, Shows, Projects, Characters, Story, Measuring, Events
):
    """One task at a time, within the transaction of `dispatch`."""

    def _done(self, task: Task, wait: Wait | None) -> Done:
        """Do it; a task that renders is held until what it waits for has come.

        What is done at once calls nobody back, because its answer is whole.
        """
        project = task.project_id or self.default_project()
        at_once = {
            TaskType.SCENE_COMPOSITION: self._composed,
            TaskType.CHARACTER_DESIGN: self._designed,
            TaskType.STORY_UPDATE: self._updated_story,
        }.get(task.task_type)
        if at_once is not None:
            return None, at_once(task, project)
        job_id = self._ordered(task, project) if task.task_type.is_render else self._asked_about(task)
        if wait is not None:
            self._let_wait(job_id, wait)
        if task.callback_url is not None:
            self._call_back(task, task.callback_url, job_id)
        return job_id, None

    def _call_back(self, task: Task, url: str, job_id: UUID) -> None:
        secret = self.settings.callback_secret
        self.add_endpoint(
            url,
            types=_HEARD,
            job=job_id,
            task_id=task.task_id,
            secret=secret.get_secret_value() if secret else None,
        )

    def _ordered(self, task: Task, project: str) -> UUID:
        from farm.dispatch.orders import order_of

        order = order_of(task, project) | {"requested_by": str(self.caller.actor)}
        return self.submit(order).job_id

    def _asked_about(self, task: Task) -> UUID:
        from db import catalogue
        from farm.dispatch import form

        review = form.read(form.Review, task.payload, "quality review")
        with self.database.transaction() as session:
            return catalogue.find_job(session, job_id_of(review.job_id)).id

    def _let_wait(self, job_id: UUID, wait: Wait) -> None:
        """Hold a job that was stored in this transaction: no worker ever saw it ready."""
        from db import catalogue, queue

        with self.database.transaction() as session:
            awaited = [catalogue.find_task(session, self.caller.identity, name) for name in wait.after]
            roots = [each.job_id for each in awaited if each is not None and each.job_id is not None]
            queue.hold(session, [job_id], reason=str(wait))
            queue.wait_for(session, job_id, roots, wait.condition)
