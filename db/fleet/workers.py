"""The workers table: who is there, what they can do, when they were last heard of, and how Echo knows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from models.fleet import Birth, EchoWorker, Holder
from models.vocabulary import WorkerStatus

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerIdentity:
    """What a worker process says of itself when it starts."""

    host: str
    #: `render`, `score`, `gate`, `control`, or several joined by `+`
    role: str
    pid: int
    #: new with every start
    incarnation: UUID
    queues: tuple[str, ...]
    pools: tuple[str, ...]
    slots: int = 1
    capabilities: dict[str, Any] = field(default_factory=dict)
    #: networks whose files lie on its machine
    networks: tuple[str, ...] = ()
    #: None: the kernel does not say
    birth: Birth | None = None
    #: asked for by whoever started it; None: the lowest number that nobody of this host and role holds
    slot: int | None = None

    @property
    def prefix(self) -> str:
        """What the ids of this host and role begin with."""
        return f"{self.host}:{self.role}:"


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a worker serves at this moment."""

    pools: tuple[str, ...]
    #: the name in `inventories` of what its renderer's server has; empty: nobody looked yet, or since `doubt`
    inventory: str


# Two workers that start at once on one host must not choose the same slot.
_LOCK_HOST = text("SELECT pg_advisory_xact_lock(hashtextextended('farm workers ' || :host, 0))")

# Everybody else whose name is of this host and role.
_HOLDERS = text("""
SELECT substr(id, length(:prefix) + 1) AS slot, pid, incarnation, boot_id, pid_namespace, start_ticks,
       status = 'gone' AS has_left, last_seen_at, now() - last_seen_at AS silent
FROM workers
WHERE host = :host AND starts_with(id, :prefix) AND incarnation <> :incarnation
  AND substr(id, length(:prefix) + 1) ~ '^[0-9]{1,9}$'
""")

# A worker that registers again, because the answer of the first time was lost, may come by another name.
_FORGET_ME = text("DELETE FROM workers WHERE incarnation = :incarnation AND id <> :id")

_REGISTER = text("""
INSERT INTO workers AS w (id, host, pid, boot_id, pid_namespace, start_ticks, incarnation, queues, pools, slots,
                          networks, capabilities, status)
VALUES (:id, :host, :pid, :boot_id, :pid_namespace, :start_ticks, :incarnation, CAST(:queues AS varchar[]),
        CAST(:pools AS varchar[]), :slots, CAST(:networks AS varchar[]), CAST(:capabilities AS jsonb), 'ready')
ON CONFLICT (id) DO UPDATE
SET host = EXCLUDED.host, pid = EXCLUDED.pid, boot_id = EXCLUDED.boot_id,
    pid_namespace = EXCLUDED.pid_namespace, start_ticks = EXCLUDED.start_ticks,
    incarnation = EXCLUDED.incarnation, queues = EXCLUDED.queues,
    pools = EXCLUDED.pools, slots = EXCLUDED.slots, networks = EXCLUDED.networks, is_doubted = false,
    capabilities = EXCLUDED.capabilities, status = 'ready', current_job_id = NULL, started_at = now(),
    last_seen_at = now(), echo_status = NULL, echo_error = NULL, echo_beat_at = NULL
""").bindparams(bindparam("capabilities", type_=JSONB))

# The name by which a process claims: asked at every claim, because a sleeper's name may have changed hands.
_NAME_OF = text("SELECT id FROM workers WHERE incarnation = :incarnation AND status <> 'gone'")

# Busy is not said but seen: it runs a row. A worker declared lost that beats is back.
_BEAT = text("""
UPDATE workers w
SET last_seen_at = now(),
    current_job_id = (SELECT q.job_id FROM render_queue q
                      WHERE q.status = 'running' AND q.incarnation = w.incarnation AND q.step <> 'measure'
                      ORDER BY q.started_at LIMIT 1),
    status = CASE WHEN :draining OR w.status = 'draining' THEN 'draining'
                  WHEN EXISTS (SELECT 1 FROM render_queue q
                               WHERE q.status = 'running' AND q.incarnation = w.incarnation)
                  THEN 'busy' ELSE 'ready' END
WHERE w.id = :id AND w.incarnation = :incarnation
RETURNING w.id
""")

_LEAVE = text("""
UPDATE workers SET status = 'gone', current_job_id = NULL, last_seen_at = now()
WHERE id = :id AND incarnation = :incarnation
""")

# What a worker may serve changes while it lives. Echo is told of another card by registering the worker again.
_EQUIP = text("""
UPDATE workers
SET pools = CAST(:pools AS varchar[]), capabilities = CAST(:capabilities AS jsonb), is_doubted = false,
    echo_status = CASE WHEN gpu_info = CAST(:gpu_info AS jsonb) THEN echo_status END
WHERE id = :id AND incarnation = :incarnation
""").bindparams(bindparam("capabilities", type_=JSONB), bindparam("gpu_info", type_=JSONB))

_SAY_NETWORKS = text("""
UPDATE workers SET networks = CAST(:networks AS varchar[]) WHERE id = :id AND incarnation = :incarnation
""")

_EQUIPMENT = text("""
SELECT pools, CASE WHEN is_doubted THEN '' ELSE COALESCE(comfyui_inventory, '') END AS inventory
FROM workers WHERE id = :id
""")

# The mark goes with the next `equip`. The inventory stays named: admission reads there what the server had.
_DOUBT = text("UPDATE workers SET is_doubted = has_comfyui WHERE id = :id")

# Silence is measured from the last beat; a worker that beats again is ready again.
_MARK_LOST = text("""
UPDATE workers SET status = 'lost', current_job_id = NULL
WHERE status IN ('ready', 'busy', 'draining') AND last_seen_at < now() - CAST(:silent_after AS interval)
RETURNING id
""")

# Echo is told of a departure before the row goes, so a row it still knows stays a while longer.
_PRUNE = text("""
DELETE FROM workers
WHERE status IN ('gone', 'lost') AND last_seen_at < now() - CAST(:older_than AS interval) RETURNING id
""")

# Everyone who renders, also while their ComfyUI is away, and everyone Echo may still believe in.
_FOR_ECHO = text("""
SELECT id, incarnation, status, slots, capabilities, echo_status, now() - echo_beat_at AS echo_silence
FROM workers
WHERE (cardinality(pools) > 0 OR has_comfyui)
  AND (status IN ('ready', 'busy') OR echo_status IN ('registered', 'silent'))
ORDER BY id
""")

_NOTE_ECHO = text("""
UPDATE workers SET echo_status = :status, echo_error = :error, echo_beat_at = now()
WHERE id = :id AND incarnation = :incarnation
""")


def holders(session: Session, worker: WorkerIdentity) -> list[Holder]:
    """Everybody else of this worker's host and role; until the commit nobody else may choose a name."""
    session.execute(_LOCK_HOST, {"host": worker.host})
    values = {"host": worker.host, "prefix": worker.prefix, "incarnation": worker.incarnation}
    return [
        Holder(
            slot=int(row.slot),
            pid=row.pid,
            incarnation=row.incarnation,
            birth=Birth(row.boot_id, row.pid_namespace, row.start_ticks) if row.boot_id else None,
            has_left=row.has_left,
            last_seen_at=row.last_seen_at,
            silent=row.silent,
        )
        for row in session.execute(_HOLDERS, values)
    ]


def register(session: Session, worker: WorkerIdentity, slot: int) -> str:
    """Enter a worker in place of whoever had this slot; its id `host:role:slot`, the same at every start."""
    worker_id = f"{worker.prefix}{slot}"
    session.execute(_FORGET_ME, {"incarnation": worker.incarnation, "id": worker_id})
    birth = worker.birth
    session.execute(
        _REGISTER,
        {
            "id": worker_id,
            "host": worker.host,
            "pid": worker.pid,
            "boot_id": birth and birth.boot_id,
            "pid_namespace": birth and birth.pid_namespace,
            "start_ticks": birth and birth.start_ticks,
            "incarnation": worker.incarnation,
            "queues": list(worker.queues),
            "pools": list(worker.pools),
            "slots": worker.slots,
            "networks": list(worker.networks),
            "capabilities": worker.capabilities,
        },
    )
    return worker_id


def name_of(session: Session, incarnation: UUID) -> str | None:
    """The id under which a worker works now; None: it has none, for its row is gone or another's."""
    name: str | None = session.execute(_NAME_OF, {"incarnation": incarnation}).scalar_one_or_none()
    return name


def beat(session: Session, worker_id: str, incarnation: UUID, *, draining: bool = False) -> bool:
    """Say that the worker lives; False: its row is gone or belongs to a successor."""
    values = {"id": worker_id, "incarnation": incarnation, "draining": draining}
    return session.execute(_BEAT, values).scalar_one_or_none() is not None


def equip(
    session: Session, worker_id: str, incarnation: UUID, *, pools: tuple[str, ...], capabilities: dict[str, Any]
) -> None:
    """Say anew what the worker serves and what it has; a successor's row is left alone."""
    values = {"id": worker_id, "incarnation": incarnation, "pools": list(pools), "capabilities": capabilities}
    session.execute(_EQUIP, {**values, "gpu_info": capabilities.get("gpu_info")})


def say_networks(session: Session, worker_id: str, incarnation: UUID, networks: tuple[str, ...]) -> None:
    """Say anew which networks the worker can measure with; a successor's row is left alone."""
    values = {"id": worker_id, "incarnation": incarnation, "networks": list(networks)}
    session.execute(_SAY_NETWORKS, values)


def equipment(session: Session, worker_id: str) -> Equipment:
    """What the worker's own row says that it serves, and the inventory of its ComfyUI."""
    row = session.execute(_EQUIPMENT, {"id": worker_id}).one_or_none()
    return Equipment((), "") if row is None else Equipment(tuple(row.pools), row.inventory)


def doubt(session: Session, worker_id: str) -> None:
    """Say that the worker's ComfyUI lacks what it was listed with; it has nothing until the next `equip`."""
    session.execute(_DOUBT, {"id": worker_id})


def leave(session: Session, worker_id: str, incarnation: UUID) -> None:
    """Say that the worker is gone; a successor's row is left alone."""
    session.execute(_LEAVE, {"id": worker_id, "incarnation": incarnation})


def mark_lost(session: Session, *, silent_after: timedelta) -> list[str]:
    """Declare those lost that fell silent; their ids."""
    return list(session.execute(_MARK_LOST, {"silent_after": silent_after}).scalars())


def prune(session: Session, *, older_than: timedelta) -> list[str]:
    """Forget workers that left or were lost long ago; their ids."""
    return list(session.execute(_PRUNE, {"older_than": older_than}).scalars())


_LAST_ECHO = text(
    "SELECT echo_error AS error FROM workers WHERE echo_beat_at IS NOT NULL ORDER BY echo_beat_at DESC LIMIT 1"
)


def for_echo(session: Session) -> list[EchoWorker]:
    """Render workers that live, and those that left while Echo still counts on them."""
    return [
        EchoWorker(
            id=row.id,
            incarnation=row.incarnation,
            status=WorkerStatus(row.status),
            slots=row.slots,
            capabilities=row.capabilities,
            echo_status=row.echo_status,
            echo_silence=row.echo_silence,
        )
        for row in session.execute(_FOR_ECHO)
    ]


def note_echo(session: Session, worker_id: str, incarnation: UUID, *, status: str, error: str | None) -> None:
    """Write down how Echo answered, for everyone who asks whether Echo is well."""
    values = {"id": worker_id, "incarnation": incarnation, "status": status, "error": error}
    session.execute(_NOTE_ECHO, values)


def echo_trouble(session: Session) -> str | None:
    """Why Echo did not answer when it was last spoken to; None: it did, or is off."""
    last = session.execute(_LAST_ECHO).first()
    return None if last is None or last.error is None else str(last.error)
