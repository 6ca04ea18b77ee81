"""What a person does to a waiting or running row: call it off, hold it, let it go on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from db.events.outbox import OF_A_JOB, noted
from db.queue.attempts import closed
from models.events import EventType
from models.vocabulary import AttemptOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session


# Locked first, in a statement of its own, so that the attempt a claim has just opened is seen and closed below.
_LOCK_ROWS = text("SELECT 1 FROM render_queue WHERE job_id = ANY(:job_ids) ORDER BY id FOR UPDATE")


# Calling a job off raises its epoch: whoever works on it finds out at its next look and can write nothing more.
_CANCEL = text(f"""
WITH cancelled AS (
    UPDATE render_queue q
    SET status = 'cancelled', epoch = q.epoch + 1, completed_at = now(), lease_until = NULL,
        held_for = NULL, error_message = :reason
    WHERE q.job_id = ANY(:job_ids) AND q.status NOT IN ('completed', 'failed', 'cancelled')
    RETURNING q.job_id, q.epoch - 1 AS epoch, q.project_id, q.error_message, q.step
), {closed("cancelled", AttemptOutcome.CANCELLED)},
{noted("cancelled", EventType.JOB_CANCELLED, "jsonb_build_object('reason', e.error_message)", where=OF_A_JOB)}
SELECT job_id FROM cancelled
""")


# Only what nobody works on can be held.
_HOLD = text("""
UPDATE render_queue SET status = 'held', held_for = :reason
WHERE job_id = ANY(:job_ids) AND status = 'ready' RETURNING job_id
""")


# A released row is due at once.
_UNHOLD = text("""
UPDATE render_queue SET status = 'ready', held_for = NULL, available_at = LEAST(available_at, now())
WHERE job_id = ANY(:job_ids) AND status = 'held' RETURNING job_id, pool
""")


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
