"""Orders and what became of them: jobs, recipes, the queue, attempts, takes, scores, doors and workers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.actors import Actor
from models.jobs import DEFAULT_RETRIES
from models.rows import units  # noqa: F401 - importing maps the table that jobs point at
from models.rows.base import Base, CreatedAt, UuidKey, Who, Word, empty
from models.rows.takes import GenerationParams, QualityScores, Take
from models.vocabulary import (
    AttemptOutcome,
    ErrorKind,
    JobType,
    Phase,
    QueueStatus,
    Step,
    Verdict,
)

#: the state people see, as the index has it: `JobState.of` in SQL, a test holds the two equal
STATE = """CASE WHEN {0}status = 'held' THEN 'pending'
    WHEN {0}status = 'failed' AND {0}error_kind = 'timeout' THEN 'timeout'
    WHEN {0}status NOT IN ('ready', 'running') THEN {0}status
    WHEN {0}step <> 'render' THEN 'quality_check'
    WHEN {0}status = 'running' THEN 'processing' ELSE 'queued' END"""


class Job(Base):
    """One order to make one take; a retake is a job of its own under the same root."""

    __tablename__ = "jobs"
    __table_args__ = (
        #: a retake exists once per root and take number, however often the gate runs
        UniqueConstraint("root_job_id", "take_number"),
        UniqueConstraint("project_id", "idempotency_key"),
        #: pages of a project, of a phase, of both, and of everything
        Index("ix_jobs_project_id_created_at_id", "project_id", "created_at", "id"),
        Index("ix_jobs_project_id_phase_created_at_id", "project_id", "phase", "created_at", "id"),
        Index("ix_jobs_phase_created_at_id", "phase", "created_at", "id"),
        Index("ix_jobs_cut_id", "cut_id"),
        #: without it, deleting a project would search all jobs once for each of its jobs
        Index("ix_jobs_parent_job_id", "parent_job_id", postgresql_where=text("parent_job_id IS NOT NULL")),
        Index("ix_jobs_created_at_id", "created_at", "id"),
        Index(
            "ix_jobs_reproduces_job_id",
            "reproduces_job_id",
            postgresql_where=text("reproduces_job_id IS NOT NULL"),
        ),
        #: what was ordered with a key in a day
        Index(
            "ix_jobs_key_prefix_created_at",
            "key_prefix",
            "created_at",
            postgresql_where=text("key_prefix IS NOT NULL"),
        ),
        #: the best take of a unit is the first one here, however many there are
        Index("ix_jobs_unit_id_place", "unit_id", "place", "take_number", "id"),
        CheckConstraint("take_number >= 1", name="take_number"),
    )

    id: Mapped[UuidKey]
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    job_type: Mapped[JobType] = mapped_column(Word(JobType))
    phase: Mapped[Phase] = mapped_column(Word(Phase))
    scene_id: Mapped[UUID | None] = mapped_column(ForeignKey("scenes.id", ondelete="SET NULL"))
    cut_id: Mapped[UUID | None] = mapped_column(ForeignKey("cuts.id", ondelete="SET NULL"))
    #: the first job of this order; its own id for a root
    root_job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    #: what it counts as at its phase's gate; a retake counts as its root does
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("gate_units.id", ondelete="CASCADE"))
    parent_job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    take_number: Mapped[int] = mapped_column(server_default=text("1"))
    #: what the ladder or a person changed against the parent, and which metrics blocked it
    retake_reason: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    max_retakes: Mapped[int] = mapped_column(server_default=text("3"))
    #: the order as it was given, and the profile and marks it is judged by
    order_data: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    #: fields and words of order and show that its renderer does not draw
    not_drawn: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    profile: Mapped[str] = mapped_column(String(100))
    quality_thresholds: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    verdict: Mapped[Verdict | None] = mapped_column(Word(Verdict))
    #: among the takes of its unit, the lowest is the best: `farm.judging.best_take.place_of`
    place: Mapped[list[float] | None] = mapped_column(ARRAY(Double))
    #: the job whose take this one makes again; it never counts at a gate
    reproduces_job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    #: what is changed of that job's recipe: field -> [before, after]; NULL: this makes no other's take again
    reproduction_changes: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: what comparing the two takes came to; see `farm.reproduction.ordering`
    reproduction: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    total_frames: Mapped[int] = mapped_column(server_default=text("1"))
    current_frame: Mapped[int] = mapped_column(server_default=text("0"))
    #: sampler steps of the present render, where its renderer tells them; 0 of 0 otherwise
    current_step: Mapped[int] = mapped_column(server_default=text("0"))
    total_steps: Mapped[int] = mapped_column(server_default=text("0"))
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    requested_by: Mapped[Actor] = mapped_column(Who)
    #: the key it was ordered with, whose caps it counts against; a retake of the gate has that of its parent
    key_prefix: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[CreatedAt]

    params: Mapped[GenerationParams] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    queue: Mapped[QueueRow] = relationship(
        primaryjoin="Job.id == foreign(QueueRow.job_id)",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )
    take: Mapped[Take | None] = relationship(
        foreign_keys="Take.job_id", cascade="all, delete-orphan", passive_deletes=True
    )
    scores: Mapped[QualityScores | None] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    attempts: Mapped[list[Attempt]] = relationship(
        primaryjoin="Job.id == foreign(Attempt.job_id)",
        order_by="Attempt.started_at",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )


class QueueRow(Base):
    """The truth about the progress of one job, or of one measurement; Redis carries only wake-ups for it."""

    __tablename__ = "render_queue"
    __table_args__ = (
        Index("ix_render_queue_status_priority", "status", text("priority DESC")),
        #: what a claim walks: only rows that wait, so that history never slows it down
        Index(
            "ix_render_queue_claim",
            "pool",
            text("priority DESC"),
            "queued_at",
            "id",
            postgresql_where=text("status = 'ready' AND step = 'render' AND NOT waits_for_equal"),
        ),
        #: the same for the later steps
        Index(
            "ix_render_queue_after_render",
            "step",
            text("priority DESC"),
            "queued_at",
            "id",
            postgresql_where=text("status = 'ready' AND step <> 'render'"),
        ),
        Index("ix_render_queue_lease", "lease_until", postgresql_where=text("status = 'running'")),
        #: identical work is rendered by one worker at a time; whoever waited then reuses its take
        Index(
            "uq_render_queue_rendering",
            "fingerprint",
            unique=True,
            postgresql_where=text("status = 'running' AND step = 'render'"),
        ),
        #: whoever waits for its equal is found and woken at once
        Index(
            "ix_render_queue_waits_for_equal",
            "fingerprint",
            text("priority DESC"),
            "queued_at",
            "id",
            postgresql_where=text("status = 'ready' AND step = 'render' AND waits_for_equal"),
        ),
        #: and whom it waits for
        Index(
            "ix_render_queue_first_of_equals",
            "fingerprint",
            postgresql_where=text("step = 'render' AND status IN ('ready', 'running') AND NOT waits_for_equal"),
        ),
        #: a page of one state, newest first, of all projects or of one
        Index("ix_render_queue_state", text(f"({STATE.format('')})"), "created_at", "job_id"),
        Index(
            "ix_render_queue_project_id_state",
            "project_id",
            text(f"({STATE.format('')})"),
            "created_at",
            "job_id",
        ),
        #: whether anything of a unit is under way
        Index(
            "ix_render_queue_unit_in_work",
            "unit_id",
            postgresql_where=text("status IN ('held', 'ready', 'running')"),
        ),
        CheckConstraint("priority BETWEEN 1 AND 10", name="priority"),
    )

    id: Mapped[UuidKey]
    #: the job's, with which a trigger lets it go, or the measurement's
    job_id: Mapped[UUID] = mapped_column(unique=True)
    #: its job's, beside the state, for the indexes; None: a measurement of no project
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    #: no key, because the row goes with its job
    unit_id: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    step: Mapped[Step] = mapped_column(Word(Step), server_default=text("'render'"))
    status: Mapped[QueueStatus] = mapped_column(Word(QueueStatus), server_default=text("'ready'"))
    #: one sentence: what a held row waits for
    held_for: Mapped[str | None] = mapped_column(Text)
    pool: Mapped[str] = mapped_column(String(100))
    priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("5"))
    #: fencing number, raised by every claim, cancel and expiry; a writer with an older one is refused
    epoch: Mapped[int] = mapped_column(server_default=text("0"))
    #: tries of the present step after the first
    retry_count: Mapped[int] = mapped_column(server_default=text("0"))
    max_retries: Mapped[int] = mapped_column(server_default=text(str(DEFAULT_RETRIES)))
    #: when it may start: later than now after a failure; its age is `queued_at`
    available_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_until: Mapped[datetime | None]
    worker_id: Mapped[str | None] = mapped_column(String(255))
    #: of that worker when it claimed the row: names change hands, incarnations never
    incarnation: Mapped[UUID | None]
    #: `checkpoint` affinity: a worker that has it loaded may take the row a little early
    model_name: Mapped[str] = mapped_column(String(255), server_default=text("''"))
    #: the recipe's fingerprint where the order may be served by an equal take; None: it is rendered anew
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    #: an equal order comes before it, so no claim looks at it until that one is over
    waits_for_equal: Mapped[bool] = mapped_column(server_default=text("false"))
    #: files and node types a worker must have to render it; empty: whatever the pool has
    needs: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    #: what the take's profile asks for, once it is rendered: its score is left to a worker with more of them
    networks: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    #: its age, by which it is claimed: when its order came; a retake has that of its root
    queued_at: Mapped[CreatedAt]
    #: since when rows with a loaded checkpoint are claimed before it although it is the first
    passed_over_since: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    error_kind: Mapped[ErrorKind | None] = mapped_column(Word(ErrorKind))
    error_message: Mapped[str | None] = mapped_column(Text)


class Attempt(Base):
    """One worker's try at one step; at most one of a (job, step) has the outcome `settled`."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("job_id", "epoch"),
        Index(
            "uq_attempts_settled",
            "job_id",
            "step",
            unique=True,
            postgresql_where=text("outcome = 'settled'"),
        ),
        #: whose files are still to be removed: empty as a rule, however long the history
        Index(
            "ix_attempts_left_behind",
            "ended_at",
            postgresql_where=text("step = 'render' AND outcome <> 'settled' AND files_removed_at IS NULL"),
        ),
        #: a day's attempts lie side by side, as they were begun
        Index("ix_attempts_started_at", "started_at", postgresql_using="brin"),
    )

    id: Mapped[UuidKey]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("render_queue.job_id", ondelete="CASCADE"))
    step: Mapped[Step] = mapped_column(Word(Step))
    epoch: Mapped[int]
    worker_id: Mapped[str] = mapped_column(String(255))
    incarnation: Mapped[UUID | None]
    #: the process of that worker which did it
    pid: Mapped[int | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    outcome: Mapped[AttemptOutcome | None] = mapped_column(Word(AttemptOutcome))
    error_kind: Mapped[ErrorKind | None] = mapped_column(Word(ErrorKind))
    error_message: Mapped[str | None] = mapped_column(Text)
    #: of an attempt that made no take: since when nothing of it lies in the store
    files_removed_at: Mapped[datetime | None]
