"""Dispatched tasks: remembered once for each caller and id, with what was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from models.dispatch import StoredTask, TaskType
from models.rows.dispatch import TaskRow
from models.rows.jobs import Job

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session


def remember_task(
    session: Session, caller: str, task_id: str, task_type: TaskType, request: dict[str, Any]
) -> UUID | None:
    """Keep a task that came; its key, or None where the caller sent one under this id before.

    Whoever sends the same id at the same instant waits here until the other's transaction ends.
    """
    new = insert(TaskRow).values(caller=caller, task_id=task_id, task_type=task_type, request=request)
    unless_known = new.on_conflict_do_nothing(index_elements=["caller", "task_id"])
    return session.execute(unless_known.returning(TaskRow.id)).scalar_one_or_none()


def answer_task(
    session: Session, key: UUID, *, job_id: UUID | None = None, answer: dict[str, Any] | None = None
) -> None:
    """Keep what a task came to: the job it ordered or is about, what is answered at once, or both."""
    session.execute(update(TaskRow).where(TaskRow.id == key).values(job_id=job_id, answer=answer))


def find_task(session: Session, caller: str, task_id: str, *, lock: bool = False) -> StoredTask | None:
    """What a caller sent under this id; None: nothing. With `lock` nobody else changes it meanwhile."""
    query = select(TaskRow).filter_by(caller=caller, task_id=task_id)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return None
    return StoredTask(
        id=row.id,
        task_id=row.task_id,
        task_type=row.task_type,
        request=row.request,
        job_id=row.job_id,
        answer=row.answer,
        created_at=row.created_at,
    )


def best_of_order(session: Session, root_job_id: UUID) -> UUID | None:
    """The job of an order with the best judged take; None: none was judged."""
    judged = (Job.root_job_id == root_job_id) & Job.verdict.is_not(None)
    # As `farm.judging.best_take` has it; a reproduction has a root of its own.
    first = select(Job.id).where(judged).order_by(Job.place, Job.take_number, Job.id).limit(1)
    return session.scalars(first).one_or_none()
