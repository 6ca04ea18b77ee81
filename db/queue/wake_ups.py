"""How many wake-ups each list of the broker should hold, and which tails of a chain are due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

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


def demand(session: Session, *, reserve: int, silent_after: timedelta) -> list[Demand]:
    """What each pool with live workers could start now."""
    rows = session.execute(_DEMAND, {"reserve": reserve, "silent_after": silent_after})
    return [Demand(pool=r.pool, slots=r.slots, due=r.due) for r in rows]


def due_tails(session: Session, *, redispatch: timedelta, at_most: int = 1000) -> list[tuple[UUID, Step]]:
    """Jobs whose score or gate nobody was told of lately; they count as told when this transaction commits."""
    rows = session.execute(_TAILS, {"redispatch": redispatch, "at_most": at_most})
    return [(r.job_id, Step(r.step)) for r in rows]
