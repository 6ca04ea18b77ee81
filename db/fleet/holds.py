"""Holds: what keeps work from being begun, in the farm, a project, a pool or at one worker.

The claim reads them (`db.order`). Who pauses, drains or breaks a circuit only writes a row here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from db.order import in_force
from models.fleet import HoldView
from models.scheduling import Sickness
from models.vocabulary import ErrorKind, HoldScope

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta
    from uuid import UUID

    from sqlalchemy.orm import Session

    from models.scheduling import NewHold

FARM = "farm"
"""Who holds a pool when several of its workers have one cause."""

# One actor holds a target once; said again, the newer reason stands and the time goes on.
_PUT = text("""
INSERT INTO holds AS h (scope, target, actor, cause, reason, job_id, times, until)
VALUES (:scope, :target, :actor, :cause, :reason, :job_id, :times, now() + CAST(:pause AS interval))
ON CONFLICT (scope, target, actor) DO UPDATE
SET cause = EXCLUDED.cause, reason = EXCLUDED.reason, until = EXCLUDED.until,
    job_id = EXCLUDED.job_id, times = h.times + EXCLUDED.times
""")

_LIFT = text("DELETE FROM holds WHERE scope = :scope AND target = :target AND actor = :actor")

# What several workers said of a pool is over as soon as one of them works again.
_COME_BACK = text("""
WITH lifted AS (
    DELETE FROM holds WHERE scope = 'worker' AND target = :worker_id AND actor = :worker_id RETURNING cause
)
DELETE FROM holds h USING lifted
WHERE h.scope = 'pool' AND h.target = ANY(CAST(:lanes AS text[])) AND h.actor = 'farm'
  AND h.cause = lifted.cause
""")

# A worker that looks again now and then stands aside until it is seen to work.
_SICKNESS = text("""
SELECT (SELECT count(*) FROM holds h JOIN workers w ON w.id = h.target
        WHERE h.scope = 'worker' AND h.actor = h.target AND h.target <> :worker_id AND h.cause = :cause
          AND (:lane = ANY(w.pools) OR :lane = ANY(w.queues)) AND (h.job_id = :job_id) IS NOT TRUE
          AND h.until > now() - CAST(:silent_after AS interval)) AS others_aside,
       COALESCE((SELECT h.times FROM holds h
                 WHERE h.scope = 'worker' AND h.target = :worker_id AND h.actor = :worker_id), -1) AS times,
       count(DISTINCT a.worker_id) FILTER (
           WHERE a.error_kind = :cause AND a.worker_id <> :worker_id) AS handed_back_by,
       count(a.id) AS handed_back
FROM (SELECT 1) one LEFT JOIN attempts a
  ON a.job_id = :job_id AND a.step = :step AND a.outcome = 'released' AND a.error_kind IS NOT NULL
""")

_ALL = text(f"""
SELECT scope, target, actor, cause, reason, since, until, {in_force("h")} AS in_force
FROM holds h ORDER BY since, scope, target
""")

_IS_ASIDE = text(f"""
SELECT EXISTS (SELECT 1 FROM holds h WHERE h.scope = 'worker' AND h.target = :worker_id AND {in_force("h")})
""")

# A worker looks again within minutes; one that did not is gone, or has had nothing to do since.
_PRUNE = text("""
DELETE FROM holds h WHERE h.until < now() - interval '1 hour' OR (h.until < now() AND h.scope <> 'worker')
""")


def put(
    session: Session, new: NewHold, *, actor: str, cause: ErrorKind | None, job_id: UUID | None = None
) -> None:
    """Write a hold down; `job_id` is the job that was handed back because of it."""
    session.execute(
        _PUT,
        {
            "scope": new.scope.value,
            "target": new.target,
            "actor": actor,
            "cause": cause and cause.value,
            "reason": new.reason,
            "job_id": job_id,
            "times": int(job_id is not None),
            "pause": new.pause,
        },
    )


def lift(session: Session, scope: HoldScope, target: str, *, actor: str) -> None:
    """Take one actor's hold back; harmless when there is none."""
    session.execute(_LIFT, {"scope": scope.value, "target": target, "actor": actor})


def come_back(session: Session, worker_id: str, lanes: Iterable[str]) -> None:
    """The worker was seen to work: lift what it said of itself, and of its lanes with others."""
    session.execute(_COME_BACK, {"worker_id": worker_id, "lanes": list(lanes)})


def sickness(
    session: Session,
    worker_id: str,
    *,
    cause: ErrorKind,
    lane: str,
    silent_after: timedelta,
    step: str = "",
    job_id: UUID | None = None,
) -> Sickness:
    """What is known of others with this cause; of a job only where one is handed back because of it."""
    values = {"worker_id": worker_id, "cause": cause.value, "lane": lane, "step": step, "job_id": job_id}
    row = session.execute(_SICKNESS, {**values, "silent_after": silent_after}).one()
    return Sickness(
        others_aside=row.others_aside,
        times=max(row.times, 0),
        is_known=row.times >= 0,
        handed_back_by=row.handed_back_by,
        handed_back=row.handed_back,
    )


def all_holds(session: Session) -> list[HoldView]:
    """Every hold, oldest first, those also whose time is over."""
    return [
        HoldView(
            scope=HoldScope(row.scope),
            target=row.target,
            actor=row.actor,
            cause=row.cause and ErrorKind(row.cause),
            reason=row.reason,
            since=row.since,
            until=row.until,
            in_force=row.in_force,
        )
        for row in session.execute(_ALL)
    ]


def is_aside(session: Session, worker_id: str) -> bool:
    """Whether the worker begins nothing at this moment."""
    return bool(session.execute(_IS_ASIDE, {"worker_id": worker_id}).scalar_one())


def prune(session: Session) -> None:
    """Forget holds whose time is long over."""
    session.execute(_PRUNE)
