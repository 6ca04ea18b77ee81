"""How many wake-ups each list of the broker should hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from db import order
from models.vocabulary import Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """How much of one step could start now; of renders, how much in one pool."""

    step: Step
    #: empty for steps that any worker of the step can do
    pool: str
    #: slots of the live workers that listen
    slots: int
    #: due rows, counted no further than slots plus reserve
    due: int


# Per list with live listeners: how many rows one of them could start, counted only as far as messages could be
# wanted. A row that needs what none of them has wakes nobody.
_DEMAND = text(f"""
WITH {order.CAN_DO}, pools AS (
    SELECT pool, sum(slots) AS slots FROM live GROUP BY pool
), steps AS (
    SELECT s.step, sum(w.slots) AS slots
    FROM unnest(CAST(:steps AS text[]), CAST(:queues AS text[])) AS s (step, queue)
    JOIN workers w ON s.queue = ANY(w.queues) AND is_live(w, CAST(:silent_after AS interval))
    GROUP BY s.step
)
SELECT 'render' AS step, pools.pool, pools.slots, due.rows AS due
FROM pools CROSS JOIN LATERAL (
    SELECT count(*) AS rows FROM (
        SELECT 1 FROM render_queue q
        WHERE q.pool = pools.pool AND {order.is_startable("q")} AND {order.is_doable("q")}
        LIMIT pools.slots + :reserve
    ) counted
) due
UNION ALL
SELECT steps.step, '', steps.slots, due.rows
FROM steps CROSS JOIN LATERAL (
    SELECT count(*) AS rows FROM (
        SELECT 1 FROM render_queue q
        WHERE q.step = steps.step AND q.step <> 'render' AND q.status = 'ready' AND q.available_at <= now()
        LIMIT steps.slots + :reserve
    ) counted
) due
ORDER BY step, pool
""")


def demand(
    session: Session, *, reserve: int, silent_after: timedelta, queues: Mapping[Step, str] | None = None
) -> list[Demand]:
    """What could start now: in each pool with live workers, and of each step that live workers listen for.

    `queues` are the Celery queues of the steps after the render.
    """
    listened = queues or {}
    values = {
        "steps": [step.value for step in listened],
        "queues": list(listened.values()),
        "reserve": reserve,
        "silent_after": silent_after,
    }
    rows = session.execute(_DEMAND, values)
    return [Demand(step=Step(r.step), pool=r.pool, slots=r.slots, due=r.due) for r in rows]
