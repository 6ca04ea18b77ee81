"""The queue's SQL, part three: what brings jobs back or calls them off (expire, relay, cancel, hold)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from models.vocabulary import QueueStatus, Step

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from sqlalchemy.orm import Session

    from db.queue.settle import Backoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """One attempt whose lease ran out; whatever it left in the artifact store is to be discarded."""

    job_id: UUID
    step: Step
    #: the epoch that was lost, which is the name of its folder
    epoch: int
    status: QueueStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """How much one pool could start now."""

    pool: str
    #: GPU slots of its live workers
    slots: int
    #: due renders, counted no further than slots plus reserve
    due: int


# Work whose worker fell silent goes back with a pause, or fails after its last try; the raised epoch fences the
# worker should it wake again. SKIP LOCKED lets a settle that is committing just now win. Native code that hangs
# is killed at the hard limit together with the thread that kept its lease: that silence is told as a timeout.
_EXPIRE = text("""
WITH silent AS (
    SELECT id, job_id, epoch FROM render_queue WHERE status = 'running' AND lease_until < now()
    ORDER BY lease_until LIMIT :at_most FOR UPDATE SKIP LOCKED
), told AS (
    SELECT s.id,
           CASE WHEN a.started_at < now() - CAST(:time_limit AS interval) THEN 'timeout' ELSE 'worker_lost'
           END AS kind,
           CASE WHEN a.started_at < now() - CAST(:time_limit AS interval)
                THEN 'The step hung until its hard time limit ended it.'
                ELSE 'The worker fell silent; its lease ran out.' END AS message
    FROM silent s LEFT JOIN attempts a ON a.job_id = s.job_id AND a.epoch = s.epoch
), taken_back AS (
    UPDATE render_queue q
    SET status = CASE WHEN q.retry_count < q.max_retries THEN 'ready' ELSE 'failed' END,
        epoch = q.epoch + 1,
        retry_count = LEAST(q.retry_count + 1, q.max_retries),
        available_at = CASE WHEN q.retry_count < q.max_retries
            THEN now() + LEAST(CAST(:cap AS interval),
                               CAST(:base AS interval) * power(2, LEAST(q.retry_count, 20))) * (0.5 + random())
            ELSE q.available_at END,
        completed_at = CASE WHEN q.retry_count < q.max_retries THEN NULL ELSE now() END,
        worker_id = NULL, lease_until = NULL, dispatched_at = NULL,
        error_kind = told.kind, error_message = told.message
    FROM told WHERE q.id = told.id
    RETURNING q.job_id, q.step, q.epoch - 1 AS epoch, q.status, q.error_kind, q.error_message
), closed AS (
    UPDATE attempts a
    SET outcome = 'lost', ended_at = now(), error_kind = t.error_kind, error_message = t.error_message
    FROM taken_back t WHERE a.job_id = t.job_id AND a.epoch = t.epoch AND a.outcome IS NULL
)
SELECT job_id, step, epoch, status FROM taken_back
""")

# A worker's name changed hands, so whoever held these is gone; `expire` counts the lost try as usual.
_END_LEASES = text("""
UPDATE render_queue SET lease_until = LEAST(lease_until, now() - interval '1 microsecond')
WHERE status = 'running' AND worker_id = :worker_id
""")

# Per pool with live workers: how many renders one of them could start, counted only as far as messages could
# be wanted. A row that needs what none of them has wakes nobody. A show's thousand rows need the same few
# things, so each combination is held against the inventories once, not row by row.
_DEMAND = text("""
WITH live AS MATERIALIZED (
    SELECT listened.pool, w.slots, w.capabilities -> 'comfyui' ->> 'inventory' AS inventory
    FROM workers w CROSS JOIN LATERAL unnest(w.pools) AS listened(pool)
    WHERE w.status IN ('ready', 'busy') AND w.last_seen_at > now() - CAST(:silent_after AS interval)
), pools AS (
    SELECT pool, sum(slots) AS slots FROM live GROUP BY pool
), wanted AS MATERIALIZED (
    SELECT DISTINCT q.pool, q.needs
    FROM render_queue q JOIN (SELECT DISTINCT pool FROM live WHERE inventory IS NOT NULL) stocked USING (pool)
    WHERE q.step = 'render' AND q.status = 'ready' AND q.available_at <= now() AND q.needs <> '{}'
), doable AS MATERIALIZED (
    SELECT wanted.pool, wanted.needs FROM wanted
    WHERE EXISTS (SELECT 1 FROM live JOIN inventories i ON i.sha256 = live.inventory
                  WHERE live.pool = wanted.pool AND wanted.needs <@ i.has)
)
SELECT pools.pool, pools.slots, due.rows AS due
FROM pools CROSS JOIN LATERAL (
    SELECT count(*) AS rows FROM (
        SELECT 1 FROM render_queue q
        WHERE q.pool = pools.pool AND q.step = 'render' AND q.status = 'ready' AND q.available_at <= now()
          AND (q.needs = '{}' OR (q.pool, q.needs) IN (SELECT pool, needs FROM doable))
          AND (q.fingerprint IS NULL OR NOT EXISTS (
              SELECT 1 FROM render_queue r
              WHERE r.fingerprint = q.fingerprint AND r.status = 'running' AND r.step = 'render'))
        LIMIT pools.slots + :reserve
    ) counted
) due
ORDER BY pools.pool
""")

# Scores and gates whose message got lost: due, and sent longer ago than a message may take. Marked as sent in
# the same transaction that sends them, so that two relays do not both send.
_TAILS = text("""
WITH waiting AS (
    SELECT id FROM render_queue
    WHERE status = 'ready' AND step <> 'render' AND available_at <= now()
      AND (dispatched_at IS NULL OR dispatched_at < now() - CAST(:redispatch AS interval))
    ORDER BY dispatched_at NULLS FIRST LIMIT :at_most FOR UPDATE SKIP LOCKED
)
UPDATE render_queue q SET dispatched_at = now() FROM waiting WHERE q.id = waiting.id
RETURNING q.job_id, q.step
""")

# Locked first, in a statement of its own, so that the attempt a claim has just opened is seen and closed below.
_LOCK_ROWS = text("SELECT 1 FROM render_queue WHERE job_id = ANY(:job_ids) ORDER BY id FOR UPDATE")

# Calling a job off raises its epoch: whoever works on it finds out at its next look and can write nothing more.
_CANCEL = text("""
WITH cancelled AS (
    UPDATE render_queue q
    SET status = 'cancelled', epoch = q.epoch + 1, completed_at = now(), lease_until = NULL,
        dispatched_at = NULL, held_for = NULL, error_message = :reason
    WHERE q.job_id = ANY(:job_ids) AND q.status NOT IN ('completed', 'failed', 'cancelled')
    RETURNING q.job_id, q.epoch
), closed AS (
    UPDATE attempts a SET outcome = 'cancelled', ended_at = now()
    FROM cancelled c WHERE a.job_id = c.job_id AND a.epoch = c.epoch - 1 AND a.outcome IS NULL
)
SELECT job_id FROM cancelled
""")

# Only what nobody works on can be held.
_HOLD = text("""
UPDATE render_queue SET status = 'held', held_for = :reason
WHERE job_id = ANY(:job_ids) AND status = 'ready' RETURNING job_id
""")

# A released row is due at once and its next message has not been sent.
_UNHOLD = text("""
UPDATE render_queue SET status = 'ready', held_for = NULL, available_at = LEAST(available_at, now()),
                        dispatched_at = NULL
WHERE job_id = ANY(:job_ids) AND status = 'held' RETURNING job_id, pool
""")

# Which attempts may have files: the one whose take stands, and one that is being rendered just now.
_KEEPERS = text("""
SELECT job_id, epoch FROM takes WHERE job_id = ANY(:job_ids)
UNION
SELECT job_id, epoch FROM render_queue WHERE job_id = ANY(:job_ids) AND status = 'running'
""")


def expire(session: Session, *, backoff: Backoff, time_limit: timedelta, at_most: int = 1000) -> list[Expired]:
    """Take back what lies under an expired lease: due again after a pause, or failed after the last try.

    An attempt that went on for `time_limit` before it fell silent was ended by that limit.
    """
    values = {"base": backoff.base, "cap": backoff.cap, "time_limit": time_limit, "at_most": at_most}
    rows = session.execute(_EXPIRE, values)
    return [
        Expired(job_id=r.job_id, step=Step(r.step), epoch=r.epoch, status=QueueStatus(r.status)) for r in rows
    ]


def end_leases(session: Session, worker_id: str) -> None:
    """Let everything that runs under `worker_id` expire now: its holder is known to be gone."""
    session.execute(_END_LEASES, {"worker_id": worker_id})


def demand(session: Session, *, reserve: int, silent_after: timedelta) -> list[Demand]:
    """What each pool with live workers could start now."""
    rows = session.execute(_DEMAND, {"reserve": reserve, "silent_after": silent_after})
    return [Demand(pool=r.pool, slots=r.slots, due=r.due) for r in rows]


def due_tails(session: Session, *, redispatch: timedelta, at_most: int = 1000) -> list[tuple[UUID, Step]]:
    """Jobs whose score or gate nobody was told of lately; they count as told when this transaction commits."""
    rows = session.execute(_TAILS, {"redispatch": redispatch, "at_most": at_most})
    return [(r.job_id, Step(r.step)) for r in rows]


def cancel(session: Session, job_ids: Iterable[UUID], *, reason: str = "Cancelled.") -> list[UUID]:
    """Call jobs off wherever they stand; the ids of those that were not over yet."""
    wanted = list(job_ids)
    session.execute(_LOCK_ROWS, {"job_ids": wanted})
    return list(session.execute(_CANCEL, {"job_ids": wanted, "reason": reason}).scalars())


def hold(session: Session, job_ids: Iterable[UUID], *, reason: str) -> list[UUID]:
    """Pause jobs that wait; the ids of those that were paused (running or finished ones are not)."""
    return list(session.execute(_HOLD, {"job_ids": list(job_ids), "reason": reason}).scalars())


def unhold(session: Session, job_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Let paused jobs go on; job id -> pool of those that were paused."""
    rows = session.execute(_UNHOLD, {"job_ids": list(job_ids)})
    return {r.job_id: r.pool for r in rows}


def keepers(session: Session, job_ids: Iterable[UUID]) -> set[tuple[UUID, int]]:
    """(job id, epoch) of the attempts among `job_ids` whose files are a take or may become one."""
    return {(r.job_id, r.epoch) for r in session.execute(_KEEPERS, {"job_ids": list(job_ids)})}
