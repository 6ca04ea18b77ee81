"""Jobs that wait for what becomes of other orders: held rows, and the conditions that release them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, text

from models.dispatch import Awaited, Condition
from models.rows.dispatch import JobWaitRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session


# As a rule there are none. Whoever is held no longer was called off, and waits for nothing.
_AWAITED = text("""
WITH over AS (
    DELETE FROM job_waits w USING render_queue q WHERE q.job_id = w.job_id AND q.status <> 'held'
)
SELECT w.job_id, w.condition,
       EXISTS (SELECT 1 FROM jobs j JOIN render_queue o ON o.job_id = j.id
               WHERE j.root_job_id = w.root_job_id AND o.status IN ('held', 'ready', 'running')) AS in_work,
       ARRAY(SELECT j.verdict FROM jobs j
             WHERE j.root_job_id = w.root_job_id AND j.verdict IS NOT NULL) AS verdicts
FROM job_waits w JOIN render_queue q ON q.job_id = w.job_id
WHERE q.status = 'held'
ORDER BY w.job_id
""")

_WAIT_NO_MORE = text("DELETE FROM job_waits WHERE job_id = ANY(:job_ids)")


def wait_for(session: Session, job_id: UUID, root_job_ids: Iterable[UUID], condition: Condition) -> None:
    """Let a job, which the caller holds, wait until each of these orders came to the condition."""
    rows = [
        {"job_id": job_id, "root_job_id": root_job_id, "condition": condition} for root_job_id in root_job_ids
    ]
    session.execute(insert(JobWaitRow).values(rows))


def awaited(session: Session) -> list[Awaited]:
    """What became of every order that somebody waits for."""
    return [
        Awaited(
            job_id=row.job_id,
            condition=Condition(row.condition),
            in_work=row.in_work,
            verdicts=frozenset(row.verdicts),
        )
        for row in session.execute(_AWAITED)
    ]


def wait_no_more(session: Session, job_ids: Sequence[UUID]) -> None:
    """Forget what these jobs waited for."""
    session.execute(_WAIT_NO_MORE, {"job_ids": list(job_ids)})
