"""The fleet: workers as last heard of, and the renderers' servers they render at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from models.vocabulary import ErrorKind, HoldScope, WorkerStatus

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID


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

    def is_live(self, silent_after: timedelta) -> bool:
        """Whether it takes work and was heard of lately; Postgres says the same with its function `is_live`."""
        at_work = self.status in (WorkerStatus.READY, WorkerStatus.BUSY)
        return at_work and self.seconds_silent < silent_after.total_seconds()


@dataclass(frozen=True, slots=True)
class Birth:
    """Where and when a process began, as its kernel counts; with its id this names one process for good."""

    #: of the machine's present run
    boot_id: str
    #: process ids are counted anew in each
    pid_namespace: str
    #: clock ticks since the machine started, which no change of its clock moves
    start_ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whoever a worker's name stands for now."""

    slot: int
    pid: int
    incarnation: UUID
    birth: Birth | None
    has_left: bool
    last_seen_at: datetime
    #: since then, by the database's clock
    silent: timedelta
    #: whether its process runs; None: that cannot be seen from here
    is_running: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldView:
    """What keeps work from being begun."""

    scope: HoldScope
    #: a project's or worker's id, a pool's name; empty for the farm
    target: str
    #: who said so: a person, the worker itself, or the farm
    actor: str
    #: None: a person's reason
    cause: ErrorKind | None
    reason: str
    since: datetime
    #: when it ends, or its cause is looked for again; None: when somebody lifts it
    until: datetime | None
    in_force: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownServer:
    """The server one worker renders at, as it was last heard of."""

    worker_id: str
    host: str
    #: what its worker serves now; for one that does not answer, what it served
    pools: tuple[str, ...]
    version: str
    device: str
    #: of its card; 0 where nobody knows
    vram_mib: int
    #: its worker beats and the server answers
    is_live: bool
    #: of its worker
    seconds_silent: float
    #: `{"nodes": ..., "models": ...}` as `preflight.Inventory.to_json` writes them; shared, never to be changed
    content: dict[str, Any] = field(repr=False)
    #: the words of `render_queue.needs` it can meet
    has: tuple[str, ...] = field(default=(), repr=False)
    url: str = ""
    #: why it does not answer, in one sentence; None: it does
    error: str | None = None
    #: since when it does not; ISO 8601
    error_since: str | None = None
    #: where its worker reads its weights, for their hashes; None: it cannot
    models_dir: str | None = None
    custom_packages: tuple[str, ...] = ()
    #: of `content`; empty before the first inventory was taken
    inventory: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoWorker:
    """A render worker as the Echo heartbeat sees it."""

    id: str
    incarnation: UUID
    status: WorkerStatus
    slots: int
    capabilities: dict[str, Any]
    echo_status: str | None
    #: how long ago Echo was last spoken to about it; None: never
    echo_silence: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a farm stands, for whoever probes it."""

    #: `ok`, `degraded` (it works, and `reasons` say what does not), `down`
    status: str
    reasons: tuple[str, ...] = ()
    #: that live
    workers: int = 0
