"""Orders and what became of them: jobs, recipes, the queue, attempts, takes, scores, doors and workers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.recipe import SEED_LIMIT
from models.rows.base import Base, CreatedAt, Seed, UuidKey, Word, empty
from models.vocabulary import (
    AttemptOutcome,
    ErrorKind,
    JobType,
    Phase,
    QueueStatus,
    Step,
    Verdict,
    WorkerStatus,
)


class Job(Base):
    """One order to make one take; a retake is a job of its own under the same root."""

    __tablename__ = "jobs"
    __table_args__ = (
        #: a retake exists once per root and take number, however often the gate runs
        UniqueConstraint("root_job_id", "take_number"),
        UniqueConstraint("project_id", "idempotency_key"),
        Index("ix_jobs_project_id_phase", "project_id", "phase"),
        Index("ix_jobs_cut_id", "cut_id"),
        #: without it, deleting a project would search all jobs once for each of its jobs
        Index("ix_jobs_parent_job_id", "parent_job_id", postgresql_where=text("parent_job_id IS NOT NULL")),
        Index("ix_jobs_created_at_id", "created_at", "id"),
        Index(
            "ix_jobs_reproduces_job_id",
            "reproduces_job_id",
            postgresql_where=text("reproduces_job_id IS NOT NULL"),
        ),
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
    parent_job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    take_number: Mapped[int] = mapped_column(server_default=text("1"))
    #: what the ladder or a person changed against the parent, and which metrics blocked it
    retake_reason: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    max_retakes: Mapped[int] = mapped_column(server_default=text("3"))
    #: the order as it was given, and the profile and marks it is judged by
    order_data: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    profile: Mapped[str] = mapped_column(String(100))
    quality_thresholds: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    verdict: Mapped[Verdict | None] = mapped_column(Word(Verdict))
    #: the job whose take this one makes again; it never counts at a gate
    reproduces_job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    #: what comparing the two takes came to; see `farm.reproduction.ordering`
    reproduction: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    total_frames: Mapped[int] = mapped_column(server_default=text("1"))
    current_frame: Mapped[int] = mapped_column(server_default=text("0"))
    #: sampler steps of the present render, where its renderer tells them; 0 of 0 otherwise
    current_step: Mapped[int] = mapped_column(server_default=text("0"))
    total_steps: Mapped[int] = mapped_column(server_default=text("0"))
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    requested_by: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[CreatedAt]

    params: Mapped[GenerationParams] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    queue: Mapped[QueueRow] = relationship(
        back_populates="job", cascade="all, delete-orphan", passive_deletes=True
    )
    take: Mapped[Take | None] = relationship(
        foreign_keys="Take.job_id", cascade="all, delete-orphan", passive_deletes=True
    )
    scores: Mapped[QualityScores | None] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    attempts: Mapped[list[Attempt]] = relationship(
        order_by="Attempt.started_at", cascade="all, delete-orphan", passive_deletes=True
    )


class GenerationParams(Base):
    """Everything needed to make a take again: the ordered recipe and, once rendered, what it resolved to."""

    __tablename__ = "generation_params"
    __table_args__ = (
        CheckConstraint(f"seed >= 0 AND seed < {SEED_LIMIT}", name="seed_range"),
        CheckConstraint(f"subseed IS NULL OR (subseed >= 0 AND subseed < {SEED_LIMIT})", name="subseed_range"),
        Index("ix_generation_params_fingerprint", "fingerprint"),
    )

    id: Mapped[UuidKey]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), unique=True)
    positive_prompt: Mapped[str] = mapped_column(Text)
    negative_prompt: Mapped[str | None] = mapped_column(Text)
    seed: Mapped[int] = mapped_column(Seed())
    subseed: Mapped[int | None] = mapped_column(Seed())
    model_name: Mapped[str] = mapped_column(String(255))
    model_hash: Mapped[str | None] = mapped_column(String(64))
    vae_name: Mapped[str | None] = mapped_column(String(255))
    sampler_name: Mapped[str | None] = mapped_column(String(100))
    scheduler: Mapped[str | None] = mapped_column(String(100))
    steps: Mapped[int | None]
    cfg_scale: Mapped[float | None]
    width: Mapped[int]
    height: Mapped[int]
    frame_count: Mapped[int] = mapped_column(server_default=text("1"))
    fps: Mapped[int] = mapped_column(server_default=text("24"))
    lora_models: Mapped[list[dict[str, Any]]] = mapped_column(server_default=empty("list"))
    controlnet_models: Mapped[list[dict[str, Any]]] = mapped_column(server_default=empty("list"))
    ipadapter_refs: Mapped[list[dict[str, Any]]] = mapped_column(server_default=empty("list"))
    comfyui_workflow: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]
    renderer: Mapped[str] = mapped_column(String(100))
    renderer_version: Mapped[str | None] = mapped_column(String(100))
    #: `models.recipe.Recipe.to_json()`: the columns above are its searchable face
    recipe: Mapped[dict[str, Any]]
    #: written when the render settles: file hashes of checkpoint, LoRA and VAE; library versions, device
    file_hashes: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    environment: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    #: `models.environment.environment_sha256`: takes made in the same environment share it
    environment_sha256: Mapped[str | None] = mapped_column(String(64))
    #: `Recipe.fingerprint()`: equal recipes make equal takes; None in rows older than this column
    fingerprint: Mapped[str | None] = mapped_column(String(64))


class QueueRow(Base):
    """The truth about one job's progress; Redis carries only wake-ups for it."""

    __tablename__ = "render_queue"
    __table_args__ = (
        Index("ix_render_queue_status_priority", "status", text("priority DESC")),
        #: what a claim walks: only rows that wait, so that history never slows it down
        Index(
            "ix_render_queue_claim",
            "pool",
            text("priority DESC"),
            "available_at",
            "id",
            postgresql_where=text("status = 'ready' AND step = 'render'"),
        ),
        Index(
            "ix_render_queue_dispatch",
            "step",
            "dispatched_at",
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
        #: whoever waited for its equal is found and woken at once
        Index(
            "ix_render_queue_fingerprint",
            "fingerprint",
            postgresql_where=text("status = 'ready' AND step = 'render'"),
        ),
        CheckConstraint("priority BETWEEN 1 AND 10", name="priority"),
    )

    id: Mapped[UuidKey]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), unique=True)
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
    max_retries: Mapped[int] = mapped_column(server_default=text("3"))
    available_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_until: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    worker_id: Mapped[str | None] = mapped_column(String(255))
    #: `checkpoint` affinity: a worker that has it loaded may take the row a little early
    model_name: Mapped[str] = mapped_column(String(255), server_default=text("''"))
    #: the recipe's fingerprint where the order may be served by an equal take; None: it is rendered anew
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    #: files and node types a worker must have to render it; empty: whatever the pool has
    needs: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    queued_at: Mapped[CreatedAt]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    error_kind: Mapped[ErrorKind | None] = mapped_column(Word(ErrorKind))
    error_message: Mapped[str | None] = mapped_column(Text)

    job: Mapped[Job] = relationship(back_populates="queue")


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
    )

    id: Mapped[UuidKey]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    step: Mapped[Step] = mapped_column(Word(Step))
    epoch: Mapped[int]
    worker_id: Mapped[str] = mapped_column(String(255))
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    outcome: Mapped[AttemptOutcome | None] = mapped_column(Word(AttemptOutcome))
    error_kind: Mapped[ErrorKind | None] = mapped_column(Word(ErrorKind))
    error_message: Mapped[str | None] = mapped_column(Text)


class Take(Base):
    """What a finished render made; immutable, and visible only through this row."""

    __tablename__ = "takes"
    __table_args__ = (
        #: without it, deleting a project would search all takes once for each of its jobs
        Index(
            "ix_takes_reused_from_job_id",
            "reused_from_job_id",
            postgresql_where=text("reused_from_job_id IS NOT NULL"),
        ),
    )

    id: Mapped[UuidKey]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), unique=True)
    epoch: Mapped[int]
    #: paths relative to the artifact store
    master_path: Mapped[str] = mapped_column(Text)
    proxy_path: Mapped[str | None] = mapped_column(Text)
    pixel_sha256: Mapped[str] = mapped_column(String(64))
    file_sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    frames: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    fps: Mapped[int]
    render_seconds: Mapped[float]
    #: the job whose equal take this is, where nothing had to be rendered
    reused_from_job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    created_at: Mapped[CreatedAt]


class QualityScores(Base):
    """What was measured of one take, the marks it was held against and the verdict."""

    __tablename__ = "quality_scores"

    id: Mapped[UuidKey]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), unique=True)
    face_similarity: Mapped[float | None]
    aesthetic_score: Mapped[float | None]
    temporal_lpips: Mapped[float | None]
    motion_smoothness: Mapped[float | None]
    subject_consistency: Mapped[float | None]
    style_adherence: Mapped[float | None]
    scene_continuity: Mapped[float | None]
    identity: Mapped[float | None]
    passes_threshold: Mapped[bool | None]
    phase: Mapped[Phase] = mapped_column(Word(Phase))
    profile: Mapped[str] = mapped_column(String(100))
    verdict: Mapped[Verdict | None] = mapped_column(Word(Verdict))
    blocking: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    not_measured: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    #: metric -> {limit, network}: the marks in force when it was judged
    thresholds_used: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    #: every `models.metrics.Measurement` in full: network, hash, formula, distribution
    measurements: Mapped[list[dict[str, Any]]] = mapped_column(server_default=empty("list"))
    evaluated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PhaseDoor(Base):
    """The door to a phase; once open it stays open, with its evidence, until a named person closes it."""

    __tablename__ = "phase_doors"
    __table_args__ = (UniqueConstraint("project_id", "phase"),)

    id: Mapped[UuidKey]
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    #: the phase this door lets into
    phase: Mapped[Phase] = mapped_column(Word(Phase))
    is_open: Mapped[bool]
    #: the gate's report at the moment it opened or was overridden
    evidence: Mapped[dict[str, Any]]
    decided_by: Mapped[str] = mapped_column(String(255))
    decided_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Worker(Base):
    """One worker process: what it can do, when it was last heard of, and how Echo knows it."""

    __tablename__ = "workers"

    #: stable per host and slot, e.g. `atelier-1:render:0`
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    #: changes with every start, so that a successor is never mistaken for its predecessor
    incarnation: Mapped[UUID]
    queues: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    pools: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    slots: Mapped[int] = mapped_column(server_default=text("1"))
    #: renderers, job types, networks, GPU, memory
    capabilities: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    status: Mapped[WorkerStatus] = mapped_column(Word(WorkerStatus))
    current_job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    echo_status: Mapped[str | None] = mapped_column(String(100))
    echo_error: Mapped[str | None] = mapped_column(Text)
    echo_beat_at: Mapped[datetime | None]


class Inventory(Base):
    """What a renderer's server has, nodes and files of weights; workers with the same share one row."""

    __tablename__ = "inventories"

    #: of the content as canonical JSON
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[dict[str, Any]]
    #: the words of `render_queue.needs` that it can meet
    has: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Tick(Base):
    """When each beat job last ran, by the database's clock: two beats or a late one cause no double work."""

    __tablename__ = "ticks"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    ran_at: Mapped[datetime] = mapped_column(server_default=func.now())
