"""The gate step: the verdict, a retake if it failed, and the door to the next phase, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db import queue
from db.queue import Settlement
from farm import broker
from farm.broker import TaskName, task
from farm.judging import gate as gates
from models import failpoints
from models.errors import LeaseLost
from tasks.process import runtime
from tasks.steps import wake_ups, watchers
from tasks.steps.work import Work

if TYPE_CHECKING:
    from db.engine import Session
    from db.queue import Claim
    from farm.judging.gate import GateOutcome


@task(TaskName.GATE, bind=True)
def gate(self: Any, _hint: str = "") -> str:
    """Judge the best scored take. Safe to run twice: the second run claims another one or nothing.

    `_hint` is the job that was scored before, for whoever watches the chain.
    """
    claim = runtime.claim_gate()
    if claim is None:
        return runtime.end_chain(self, "nothing to judge")
    with wake_ups.left_behind(claim), Work(claim, self) as work:
        watchers.show(self, claim)
        outcome = runtime.in_transaction(lambda session: _judge(session, claim))
    if work.why_lost:
        return work.why_lost
    failpoints.hit(failpoints.Window.GATE)
    if outcome is None:
        return Settlement.STANDS.value
    if outcome.retake is not None:
        broker.wake_pools([outcome.retake.pool])
    return str(outcome.verdict.value)


def _judge(session: Session, claim: Claim) -> GateOutcome | None:
    """What the gate did; None: an earlier call of this attempt judged already."""
    # Settled first: the row is then locked, so that nobody can take the job away while its door is decided, and
    # the report of the phase already counts it as finished.
    settlement = queue.settle_gate(session, claim)
    if settlement is Settlement.FENCED:
        raise LeaseLost
    return gates.gate_job(session, claim.job_id) if settlement is Settlement.WRITTEN else None
