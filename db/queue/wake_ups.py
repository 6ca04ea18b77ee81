"""How many wake-ups each list of the broker should hold, and which tails of a chain are due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from db import order
from models.vocabulary import Step

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """How much one pool could start now."""

    pool: str
    #: GPU slots of its live workers
    slots: int
    #: due renders, counted no further than slots plus reserve
    due: int


# Per pool with live workers: how many renders one of them could start, counted only as far as messages could
# be wanted. A row that needs what none of them has wakes nobody.
_DEMAND = text(f"""
WITH {order.CAN_DO}, pools AS (
    SELECT pool, sum(slots) AS slots FROM live GROUP BY pool
)
SELECT pools.pool, pools.slots, due.rows AS due
FROM pools CROSS JOIN LATERAL (
    SELECT count(*) AS rows FROM (
        SELECT 1 FROM render_queue q
        WHERE q.pool = pools.pool AND {order.is_startable("q")} AND {order.is_doable("q")}
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


def demand(session: Session, *, reserve: int, silent_after: timedelta) -> list[Demand]:
    """What each pool with live workers could start now."""
    rows = session.execute(_DEMAND, {"reserve": reserve, "silent_after": silent_after})
    return [Demand(pool=r.pool, slots=r.slots, due=r.due) for r in rows]


def due_tails(session: Session, *, redispatch: timedelta, at_most: int = 1000) -> list[tuple[UUID, Step]]:
    """Jobs whose score or gate nobody was told of lately; they count as told when this transaction commits."""
    rows = session.execute(_TAILS, {"redispatch": redispatch, "at_most": at_most})
    return [(r.job_id, Step(r.step)) for r in rows]
