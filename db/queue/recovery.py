"""Leases whose holder is known to be gone, and which attempts' files must stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta
    from uuid import UUID

    from sqlalchemy.orm import Session


# Whoever held these is known to be dead; the lost try is counted as usual.
_END_LEASES = text("""
UPDATE render_queue SET lease_until = LEAST(lease_until, now() - interval '1 microsecond')
WHERE status = 'running' AND incarnation = :incarnation
""")


# One heartbeat for whoever still had more than that when somebody last looked: all who beat as they should. Who
# was spared already, or had fallen silent before, gets no more of it.
_SPARE = text("""
UPDATE render_queue SET lease_until = now() + CAST(:heartbeat AS interval)
WHERE status = 'running' AND lease_until < now() + CAST(:heartbeat AS interval)
  AND lease_until > now() - CAST(:since AS interval) + CAST(:heartbeat AS interval)
""")


# Which attempts may have files: the one whose take stands, and one that is being rendered just now.
_KEEPERS = text("""
SELECT job_id, epoch FROM takes WHERE job_id = ANY(:job_ids)
UNION
SELECT job_id, epoch FROM render_queue WHERE job_id = ANY(:job_ids) AND status = 'running'
""")


def end_leases(session: Session, incarnation: UUID) -> None:
    """Let everything expire now that this start of a worker held, which is known to be dead."""
    session.execute(_END_LEASES, {"incarnation": incarnation})


def spare(session: Session, *, since: timedelta, heartbeat: timedelta) -> None:
    """Give those a heartbeat whose lease ran out in the time `since` somebody last looked."""
    session.execute(_SPARE, {"since": since, "heartbeat": heartbeat})


def keepers(session: Session, job_ids: Iterable[UUID]) -> set[tuple[UUID, int]]:
    """(job id, epoch) of the attempts among `job_ids` whose files are a take or may become one."""
    return {(r.job_id, r.epoch) for r in session.execute(_KEEPERS, {"job_ids": list(job_ids)})}
