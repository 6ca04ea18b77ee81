"""Leases whose holder is known to be gone, and what is remembered of attempts whose files lie about."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence
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


# Ended without a take, and not known to be gone from the store. A worker that sleeps may wake and publish once
# more before it finds out that its work is not its own: for so long its files are looked for again.
_LEFT_BEHIND = text("""
SELECT job_id, epoch FROM attempts a
WHERE step = 'render' AND outcome <> 'settled' AND files_removed_at IS NULL
  AND ended_at < now() - CAST(:over_for AS interval)
  AND NOT EXISTS (SELECT 1 FROM takes t WHERE t.job_id = a.job_id AND t.epoch = a.epoch)
ORDER BY ended_at LIMIT :at_most
""")

_NOTE_REMOVED = text("""
UPDATE attempts a SET files_removed_at = now()
FROM unnest(CAST(:job_ids AS uuid[]), CAST(:epochs AS integer[])) AS gone (job_id, epoch)
WHERE a.job_id = gone.job_id AND a.epoch = gone.epoch
""")

_STANDINGS = text("""
SELECT asked.job_id, asked.epoch,
       CASE WHEN a.outcome = 'settled'
                 OR EXISTS (SELECT 1 FROM takes t WHERE t.job_id = asked.job_id AND t.epoch = asked.epoch)
            THEN 'settled'
            WHEN a.id IS NULL THEN 'unknown'
            WHEN a.outcome IS NULL THEN 'open'
            ELSE 'over' END AS standing
FROM unnest(CAST(:job_ids AS uuid[]), CAST(:epochs AS integer[])) AS asked (job_id, epoch)
LEFT JOIN attempts a ON a.job_id = asked.job_id AND a.epoch = asked.epoch
""")


class Standing(StrEnum):
    """What the database remembers of an attempt whose files lie in the store."""

    SETTLED = "settled"  #: its take stands: its files are never touched
    OPEN = "open"  #: somebody is at it
    OVER = "over"  #: it ended without a take: its files may go
    UNKNOWN = "unknown"  #: nothing


_HAS_TAKES = text("SELECT EXISTS (SELECT 1 FROM attempts WHERE step = 'render' AND outcome = 'settled')")


def end_leases(session: Session, incarnation: UUID) -> None:
    """Let everything expire now that this start of a worker held, which is known to be dead."""
    session.execute(_END_LEASES, {"incarnation": incarnation})


def spare(session: Session, *, since: timedelta, heartbeat: timedelta) -> None:
    """Give those a heartbeat whose lease ran out in the time `since` somebody last looked."""
    session.execute(_SPARE, {"since": since, "heartbeat": heartbeat})


def left_behind(session: Session, *, over_for: timedelta, at_most: int) -> list[tuple[UUID, int]]:
    """(job id, epoch) of attempts over for so long whose files are still to be removed, the oldest first."""
    rows = session.execute(_LEFT_BEHIND, {"over_for": over_for, "at_most": at_most})
    return [(row.job_id, row.epoch) for row in rows]


def note_removed(session: Session, attempts: Sequence[tuple[UUID, int]]) -> None:
    """Nothing of these attempts lies in the store any more."""
    session.execute(_NOTE_REMOVED, _columns(attempts))


def standings(session: Session, attempts: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], Standing]:
    """What is remembered of each of these attempts (job id, epoch)."""
    rows = session.execute(_STANDINGS, _columns(attempts))
    return {(row.job_id, row.epoch): Standing(row.standing) for row in rows}


def has_takes(session: Session) -> bool:
    """Whether this farm ever rendered anything."""
    return bool(session.execute(_HAS_TAKES).scalar_one())


def _columns(attempts: Sequence[tuple[UUID, int]]) -> dict[str, list[object]]:
    return {"job_ids": [job_id for job_id, _ in attempts], "epochs": [epoch for _, epoch in attempts]}
