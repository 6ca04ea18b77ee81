"""What the catalogue answers with: frozen values without a session behind them, readable from every room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.fleet import WorkerView
from models.takes import ScoresView, TakeView

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from models.actors import Actor
    from models.fleet import HoldView, KnownServer
    from models.recipe import Recipe
    from models.reviews import ReviewView
    from models.vocabulary import (
        AttemptOutcome,
        ErrorKind,
        JobState,
        JobType,
        Phase,
        QueueStatus,
        Step,
        Verdict,
    )

#: how often a step is tried again after a failure, where the order does not say
DEFAULT_RETRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """Where a job stands in the queue."""

    step: Step
    status: QueueStatus
    pool: str
    priority: int
    epoch: int
    retry_count: int
    max_retries: int
    held_for: str | None
    available_at: datetime
    lease_until: datetime | None
    worker_id: str | None
    queued_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    error_kind: ErrorKind | None
    error_message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptView:
    """One worker's try at one step."""

    step: Step
    epoch: int
    worker_id: str
    started_at: datetime
    ended_at: datetime | None
    outcome: AttemptOutcome | None
    error_kind: ErrorKind | None
    error_message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One job as a list shows it."""

    id: UUID
    project_id: UUID
    project: str
    job_type: JobType
    phase: Phase
    cut: str | None
    state: JobState
    verdict: Verdict | None
    blocking: tuple[str, ...]
    root_job_id: UUID
    parent_job_id: UUID | None
    take_number: int
    pool: str
    priority: int
    current_frame: int
    total_frames: int
    #: sampler steps of the present render; 0 of 0 where its renderer tells none
    current_step: int
    total_steps: int
    #: the job whose take this one makes again; such a job never counts at a gate
    reproduces_job_id: UUID | None
    requested_by: Actor
    created_at: datetime
    completed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """One page of jobs, newest first; `next` asks for the page after it and is None at the end."""

    items: tuple[JobRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDetail:
    """One job in full, with every take of its root."""

    row: JobRow
    recipe: Recipe
    renderer_version: str | None
    environment: dict[str, Any]
    file_hashes: dict[str, Any]
    order_data: dict[str, Any]
    quality_thresholds: dict[str, float]
    retake_reason: dict[str, Any] | None
    max_retakes: int
    queue: QueueView
    attempts: tuple[AttemptView, ...]
    take: TakeView | None
    scores: ScoresView | None
    family: tuple[JobRow, ...]
    #: what was decided about its take in the gate's place, the oldest first; the last one decides
    reviews: tuple[ReviewView, ...]
    #: what a reproduction changes of the recipe it makes again: field -> [before, after]
    reproduction_changes: dict[str, Any] | None
    #: what comparing it with the take it makes again came to; None: it makes none again, or is not compared yet
    reproduction: dict[str, Any] | None
    fingerprint: str | None
    #: of the environment it was made in; None: not rendered yet, or before this was kept
    environment_sha256: str | None = None
    #: what was asked for and its renderer does not draw: `prompt`, `location: moon base`
    not_drawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyFacts:
    """What is known about why a job has not moved on; the front makes sentences of it."""

    row: JobRow
    queue: QueueView
    #: ready rows of the same pool that a worker would take first
    ahead_in_pool: int
    running_in_pool: int
    #: workers that serve the pool of the present step and were heard of lately
    workers: tuple[WorkerView, ...]
    #: by the database's clock; negative when it has passed
    seconds_until_due: float
    seconds_of_lease_left: float | None
    seconds_since_beat: float | None
    last_attempt: AttemptView | None
    #: the job whose take this one waits for
    equal_job_id: UUID | None = None
    #: it is being rendered just now
    equal_is_running: bool = True
    #: files and node types a worker must have
    needs: tuple[str, ...] = ()
    #: the servers of its renderer that workers told of, live ones first
    servers: tuple[KnownServer, ...] = ()
    #: in force for its farm, project or pool, and those of `workers`
    holds: tuple[HoldView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A job that is stored and waits, and where it can be followed."""

    job_id: UUID
    status: JobState
    #: what the take will be made with
    generation_params_id: UUID
    seed_used: int
    #: None: nothing like it was rendered yet
    estimated_time_seconds: float | None
    #: relative to the farm's address
    websocket_url: str
    pool: str
    not_drawn: tuple[str, ...]
    #: False: it had been ordered before under the same key
    is_new: bool
