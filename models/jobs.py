"""What the catalogue answers with: frozen values without a session behind them, readable from every room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from models.metrics import Measurement
    from models.recipe import Recipe
    from models.servers import KnownServer
    from models.vocabulary import (
        AttemptOutcome,
        ErrorKind,
        JobState,
        JobType,
        Phase,
        QueueStatus,
        Step,
        Verdict,
        WorkerStatus,
    )


def cut_path(episode: int, scene: int, cut: int) -> str:
    """How a cut is named everywhere: `ep001/sc010/c0010`."""
    return f"ep{episode:03d}/sc{scene:03d}/c{cut:04d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectView:
    """One show and what its orders start from."""

    id: UUID
    slug: str
    name: str
    description: str
    defaults: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutView:
    """One cut with the words of its scene."""

    id: UUID
    scene_id: UUID
    path: str
    description: str
    characters: tuple[str, ...]
    location: str
    time_of_day: str
    dialogue: str
    duration_frames: int | None
    #: the folder that was delivered last; None: nothing was
    output_path: str | None


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
class TakeFiles:
    """The files of a take and what they show; paths are relative to the artifact store."""

    master_path: str
    proxy_path: str | None
    pixel_sha256: str
    file_sha256: str
    size_bytes: int
    frames: int
    width: int
    height: int
    fps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeView(TakeFiles):
    """What a finished render made."""

    render_seconds: float
    #: the job whose equal take this is, where nothing had to be rendered
    reused_from_job_id: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoresView:
    """What was measured of a take and what the gate said of it."""

    profile: str
    phase: Phase
    verdict: Verdict | None
    blocking: tuple[str, ...]
    not_measured: tuple[str, ...]
    #: metric -> {limit, network, direction}: the marks in force when it was judged
    thresholds_used: dict[str, dict[str, Any]]
    measurements: tuple[Measurement, ...]
    evaluated_at: datetime


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
    requested_by: str
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
    #: what comparing it with the take it makes again came to; None: it makes none again, or is not compared yet
    reproduction: dict[str, Any] | None
    fingerprint: str | None
    #: of the environment it was made in; None: not rendered yet, or before this was kept
    environment_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorView:
    """The door to a phase as it stands, and who decided so."""

    phase: Phase
    is_open: bool
    evidence: dict[str, Any]
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerView:
    """One worker as last heard of."""

    id: str
    host: str
    pid: int
    pools: tuple[str, ...]
    queues: tuple[str, ...]
    slots: int
    status: WorkerStatus
    current_job_id: UUID | None
    last_seen_at: datetime
    seconds_silent: float
    capabilities: dict[str, Any]


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
    #: the job that is being rendered just now and whose take this one waits for
    equal_job_id: UUID | None = None
    #: files and node types a worker must have
    needs: tuple[str, ...] = ()
    #: the servers of its renderer that workers told of, live ones first
    servers: tuple[KnownServer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReference:
    """A character's embedding by one network."""

    character: str  #: slug
    network: str
    network_sha256: str
    embedding: bytes  #: little-endian float32


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeExpectations:
    """What the scorer holds one take against; paths are relative to the artifact store."""

    job_id: UUID
    project: str
    phase: Phase
    job_type: JobType
    profile: str
    #: the project's own profiles by name, as stored in its defaults
    project_profiles: dict[str, Any]
    frame_count: int
    width: int
    height: int
    fps: int
    master_path: str
    #: slugs of everybody who must be seen, with or without a reference
    characters: tuple[str, ...]
    references: tuple[StoredReference, ...]
    #: calibrations by network, as `workers.scoring` wrote them
    styles: dict[str, dict[str, Any]]
    #: masters of the previous and the next cut of the scene, where they have a take
    neighbours: tuple[str, ...] = ()
    #: slug -> attribute -> word, as this take was ordered: variations are applied
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    #: metric -> limit: the order's own, in place of the profile's
    quality_thresholds: dict[str, float] = field(default_factory=dict)
    #: how many of them come before this cut: 0 or 1
    neighbours_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeResult:
    """One take of a root job as the gate weighs it."""

    job_id: UUID
    take_number: int
    verdict: Verdict | None
    blocking: tuple[str, ...] = ()
    not_measured: tuple[str, ...] = ()
    #: metric -> measured number, only what was measured
    values: dict[str, float] = field(default_factory=dict)
    #: metric -> the limit it was held against
    limits: dict[str, float] = field(default_factory=dict)
    #: None where nothing was rendered for it: it has no take, or reuses another's
    render_seconds: float | None = None
    #: see `models.pace`
    is_slow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RootResult:
    """One ordered take with all its retakes."""

    job_id: UUID
    cut: str | None
    #: the root itself was called off: it does not count
    cancelled: bool
    #: nothing of it waits or runs any more
    finished: bool
    takes: tuple[TakeResult, ...]
    #: why its last job failed, where one did
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredShow:
    """What loading a show came to."""

    project_id: UUID
    project: str
    story_bible_version: str
    #: slug -> id
    characters: dict[str, UUID]
    #: path -> id, in story order
    cuts: dict[str, UUID]
    #: what the database has and the file has not; left alone, because takes hang on it
    left_behind: tuple[str, ...]
    #: slug -> approved pictures the file names; none: loading draws a sheet
    character_references: dict[str, tuple[str, ...]]
    style_references: tuple[str, ...]
