"""The outbox: an event is written by the transaction of what it tells of, and numbered after its commit.

Numbers that transactions drew themselves would appear out of order: the one that drew first may commit last,
and whoever read on from the higher number would never see the lower. So the rows of committed transactions are
moved from `outbox` to `events` by one hand at a time, which holds its lock until its own commit: what has a
lower number is there before what has a higher one, and a reader that goes on from the last misses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, text

from models.plain import storable
from models.rows.events import OutboxRow
from models.vocabulary import Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from models.events import EventType, NewEvent

CHANNEL = "farm_events"
"""What `LISTEN` hears of when events were numbered."""

# Held until the commit. Whoever finds it taken has nothing to do: what it sees is being moved, or will be.
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('farm events', 0))")


def wants(endpoint: str, event: str) -> str:
    """SQL: whether the row `endpoint` asks for the row `event`, of whatever job."""
    return (
        f"(cardinality({endpoint}.types) = 0 OR {event}.type = ANY({endpoint}.types))"
        f" AND ({endpoint}.project_id IS NULL OR {endpoint}.project_id = {event}.project_id)"
    )


# Endpoints that are paused are given theirs as well: it waits until they are resumed. The orders that have an
# endpoint of their own are looked up by their key, however many there are.
_NUMBER = text(f"""
WITH taken AS (
    DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT :at_most)
    RETURNING id, type, project_id, job_id, at, facts
), numbered AS (
    INSERT INTO events (type, project_id, job_id, root_job_id, at, facts)
    SELECT t.type, t.project_id, t.job_id, COALESCE(j.root_job_id, t.job_id), t.at, t.facts
    FROM taken t LEFT JOIN jobs j ON j.id = t.job_id ORDER BY t.id
    RETURNING id, type, project_id, job_id, root_job_id
), spread AS (
    INSERT INTO deliveries (endpoint_id, event_id, subject)
    SELECT p.id, e.id, COALESCE(e.job_id, e.project_id)
    FROM numbered e JOIN endpoints p ON p.job_id IS NULL AND {wants("p", "e")}
    UNION ALL
    SELECT p.id, e.id, e.job_id
    FROM numbered e JOIN endpoints p ON p.job_id = e.root_job_id AND {wants("p", "e")}
), heard AS (
    SELECT pg_notify('{CHANNEL}', max(id)::text) FROM numbered HAVING count(*) > 0
)
SELECT (SELECT count(*) FROM numbered) AS moved, (SELECT count(*) FROM heard) AS heard
""")

_SILENCE = text("SELECT COALESCE(EXTRACT(EPOCH FROM clock_timestamp() - min(at)), 0) FROM outbox")


OF_A_JOB = f"e.step <> '{Step.MEASURE.value}'"
"""SQL for `noted`: a question to the score workers is no job, and nobody is sent word of it."""


def noted(rows: str, kind: EventType, facts: str, *, where: str = "true") -> str:
    """The CTE `noted`: one event for each row `e` (job_id, project_id) of the CTE named `rows`.

    `facts` is SQL for them, an object; `where` chooses among the rows. No round trip of its own.
    """
    return f"""noted AS (
    INSERT INTO outbox (type, project_id, job_id, facts)
    SELECT '{kind.value}', e.project_id, e.job_id, {facts} FROM {rows} e WHERE {where}
)"""


def put(session: Session, events: Iterable[NewEvent]) -> None:
    """Write events down in this transaction, in one statement; nothing when there are none."""
    values = [
        {
            "type": each.type,
            "project_id": each.project_id,
            "job_id": each.job_id,
            "facts": storable(each.facts),
        }
        for each in events
    ]
    if values:
        session.execute(insert(OutboxRow).values(values))


def number(session: Session, *, at_most: int = 5000) -> int:
    """Number what was committed, the oldest first, and give each endpoint its share; how many those were.

    Nothing when somebody else is at it. Rows of a transaction that is still open are left for the next time.
    """
    if not session.execute(_LOCK).scalar_one():
        return 0
    moved: int = session.execute(_NUMBER, {"at_most": at_most}).one().moved
    return moved


def waiting_for(session: Session) -> float:
    """Seconds since the oldest event happened that has no number yet; 0 when all have."""
    return float(session.execute(_SILENCE).scalar_one())
