"""The queue's SQL under one name; the truth is `render_queue`, and every time is the database's own `now()`.

`queue_claim` says who may work on what, `queue_settle` how an attempt ends, `queue_recovery` brings back or
calls off. A claim raises the row's `epoch`; everything its holder writes later says
`WHERE epoch = mine AND status = 'running'`, so a worker taken for dead finds nothing to overwrite.
"""

from db.queue.claim import Claim, Collision, claim_render, claim_step, heartbeat, is_mine, left_behind
from db.queue.control import cancel, hold, unhold
from db.queue.recovery import Expired, end_leases, expire, keepers
from db.queue.settle import (
    Backoff,
    Settlement,
    TakeRecord,
    fail,
    has_take,
    release,
    settle_gate,
    settle_render,
    settle_score,
)
from db.queue.wake_ups import Demand, demand, due_tails

__all__ = [
    "Backoff",
    "Claim",
    "Collision",
    "Demand",
    "Expired",
    "Settlement",
    "TakeRecord",
    "cancel",
    "claim_render",
    "claim_step",
    "demand",
    "due_tails",
    "end_leases",
    "expire",
    "fail",
    "has_take",
    "heartbeat",
    "hold",
    "is_mine",
    "keepers",
    "left_behind",
    "release",
    "settle_gate",
    "settle_render",
    "settle_score",
    "unhold",
]
