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


def keepers(session: Session, job_ids: Iterable[UUID]) -> set[tuple[UUID, int]]:
    """(job id, epoch) of the attempts among `job_ids` whose files are a take or may become one."""
    return {(r.job_id, r.epoch) for r in session.execute(_KEEPERS, {"job_ids": list(job_ids)})}
