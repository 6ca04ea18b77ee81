"""What follows when a machine cannot do its work, decided without a database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from farm.scheduling.failures import Backoff, after
from models.scheduling import Decision, FailureFacts, Sickness
from models.vocabulary import AttemptOutcome, ErrorKind, HoldScope, QueueStatus, Step

BACKOFF = Backoff(base=timedelta(seconds=10), cap=timedelta(seconds=60))
OF_THE_MACHINE = [kind for kind in ErrorKind if kind.is_of_the_machine]


def decided(kind: ErrorKind = ErrorKind.DISK_FULL, step: Step = Step.RENDER, **known: Any) -> Decision:
    facts = FailureFacts(
        step=step, pool="toon", retry_count=3, max_retries=3, worker_id="w", sickness=Sickness(**known)
    )
    return after(facts, kind, "The disk is full.", backoff=BACKOFF, jitter=0.5)


def held(decision: Decision) -> list[tuple[HoldScope, str]]:
    return [(hold.scope, hold.target) for hold in decision.holds]


@pytest.mark.parametrize("kind", OF_THE_MACHINE)
def test_what_the_machine_causes_never_ends_a_job_and_sets_the_worker_aside(kind: ErrorKind) -> None:
    decision = decided(kind)

    assert (decision.status, decision.outcome) == (QueueStatus.READY, AttemptOutcome.RELEASED)
    # Its tries were used up already, and none is counted.
    assert decision.retry_count == 3
    assert held(decision) == [(HoldScope.WORKER, "w")]
    assert decision.holds[0].reason == "The disk is full."


def test_a_lock_that_is_not_free_hands_the_job_back_and_holds_nobody() -> None:
    decision = decided(ErrorKind.BUSY)

    assert (decision.status, decision.outcome, decision.holds) == (
        QueueStatus.READY,
        AttemptOutcome.RELEASED,
        (),
    )


@pytest.mark.parametrize(("step", "lane"), [(Step.RENDER, "toon"), (Step.SCORE, "score")])
def test_the_third_worker_with_one_cause_holds_the_pool_for_a_while(step: Step, lane: str) -> None:
    assert held(decided(step=step, others_aside=1)) == [(HoldScope.WORKER, "w")]
    third = decided(step=step, others_aside=2)

    assert held(third) == [(HoldScope.WORKER, "w"), (HoldScope.POOL, lane)]
    assert third.holds[1].reason == "3 of its workers have the same cause: The disk is full."


def test_a_worker_that_stood_aside_already_does_not_hold_its_pool_again() -> None:
    assert held(decided(others_aside=5, is_known=True)) == [(HoldScope.WORKER, "w")]


def test_a_job_that_three_workers_handed_back_is_held_itself_unless_the_machines_are_to_blame() -> None:
    second, third = decided(handed_back_by=1), decided(handed_back_by=2)
    of_the_pool = decided(handed_back_by=2, others_aside=2)

    assert (second.status, third.status) == (QueueStatus.READY, QueueStatus.HELD)
    assert third.message == "3 workers handed it back for one cause: The disk is full."
    assert of_the_pool.status is QueueStatus.READY


def test_pauses_of_worker_and_job_double_each_by_its_own_count() -> None:
    decision = decided(times=2, handed_back=1)

    assert (decision.holds[0].pause, decision.pause) == (timedelta(seconds=40), timedelta(seconds=20))
