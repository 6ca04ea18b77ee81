"""Tasks that another program handed to the farm, and which jobs wait for which orders."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.dispatch import Condition, TaskType
from models.rows import jobs  # noqa: F401 - importing maps the table that tasks point at
from models.rows.base import Base, CreatedAt, UuidKey, Word


class TaskRow(Base):
    """One task, which its caller sends again under the same id until it has the answer."""

    __tablename__ = "dispatched_tasks"
    __table_args__ = (
        UniqueConstraint("caller", "task_id"),
        #: without it, deleting a job would search all tasks
        Index("ix_dispatched_tasks_job_id", "job_id"),
    )

    id: Mapped[UuidKey]
    #: `models.access.Caller.identity`
    caller: Mapped[str] = mapped_column(String(300))
    task_id: Mapped[str] = mapped_column(String(255))
    task_type: Mapped[TaskType] = mapped_column(Word(TaskType))
    #: as it was sent: another one under the same id is refused
    request: Mapped[dict[str, Any]]
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    #: of what is done at once
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[CreatedAt]


class JobWaitRow(Base):
    """One order that a held job waits for; gone when the job is released or called off."""

    __tablename__ = "job_waits"
    __table_args__ = (Index("ix_job_waits_root_job_id", "root_job_id"),)

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    root_job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    condition: Mapped[Condition] = mapped_column(Word(Condition))
