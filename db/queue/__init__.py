"""The queue's SQL under one name; the truth is `render_queue`, and every time is the database's own `now()`.

A claim raises the row's `epoch`; everything its holder writes later says `WHERE epoch = mine AND status =
'running'`, so a worker taken for dead finds nothing to overwrite. Facts go up from here and decisions come
down: what happens after a failure is decided in `farm.scheduling`.
"""

from db.queue.claim import (
    Claim,
    Collision,
    better_scorer,
    claim_gate,
    claim_render,
    claim_score,
    heartbeat,
    held_by,
    is_mine,
)
from db.queue.control import cancel, hold, unhold
from db.queue.failures import Expired, expired, fail, failure_facts, orphaned, take_back
from db.queue.recovery import Standing, end_leases, has_takes, left_behind, note_removed, spare, standings
from db.queue.reuse import EqualTake, equal_takes, has_equal_take, let_equals_start, pool_of_an_equal
from db.queue.settle import (
    Settlement,
    TakeRecord,
    has_take,
    release,
    settle_gate,
    settle_measure,
    settle_render,
    settle_score,
)
from db.queue.ticks import Turn, mark_tick, silence_of, since, take_turn
from db.queue.waits import awaited, wait_for, wait_no_more
from db.queue.wake_ups import Demand, demand

__all__ = [
    "Claim",
    "Collision",
    "Demand",
    "EqualTake",
    "Expired",
    "Settlement",
    "Standing",
    "TakeRecord",
    "Turn",
    "awaited",
    "better_scorer",
    "cancel",
    "claim_gate",
    "claim_render",
    "claim_score",
    "demand",
    "end_leases",
    "equal_takes",
    "expired",
    "fail",
    "failure_facts",
    "has_equal_take",
    "has_take",
    "has_takes",
    "heartbeat",
    "held_by",
    "hold",
    "is_mine",
    "left_behind",
    "let_equals_start",
    "mark_tick",
    "note_removed",
    "orphaned",
    "pool_of_an_equal",
    "release",
    "settle_gate",
    "settle_measure",
    "settle_render",
    "settle_score",
    "silence_of",
    "since",
    "spare",
    "standings",
    "take_back",
    "take_turn",
    "unhold",
    "wait_for",
    "wait_no_more",
]
