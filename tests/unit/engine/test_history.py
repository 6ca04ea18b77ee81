"""The history checker sees every broken rule in histories built by hand, and none where there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.vocabulary import AttemptOutcome, QueueStatus, Step, Verdict
from tests.support.history import (
    History,
    Try,
    assert_histories_hold,
    is_lost,
    percentile,
    recoveries,
    told,
    violations,
)

BEGIN = datetime(2026, 11, 30, 6, tzinfo=UTC)
JOB = UUID("00000000-0000-0000-0000-00000000cafe")


def a_try(step: Step, epoch: int, outcome: str | None, begins: float, ends: float | None, **more: Any) -> Try:
    """A try from second `begins` to second `ends`."""
    return Try(
        step=step,
        epoch=epoch,
        worker=f"w{epoch}",
        started_at=BEGIN + timedelta(seconds=begins),
        ended_at=None if ends is None else BEGIN + timedelta(seconds=ends),
        outcome=AttemptOutcome(outcome) if outcome else None,
        **more,
    )


LOST = a_try(Step.RENDER, 1, "lost", 0, 4, error="worker_lost")
RENDERED = a_try(Step.RENDER, 3, "settled", 5, 6)
SCORED = a_try(Step.SCORE, 4, "settled", 7, 8)
GATED = a_try(Step.GATE, 5, "settled", 9, 10)

#: a job whose first worker died
DONE = History(
    job_id=JOB,
    step=Step.GATE,
    status=QueueStatus.COMPLETED,
    epoch=5,
    tries=(LOST, RENDERED, SCORED, GATED),
    completed_at=BEGIN + timedelta(seconds=10),
    take_epoch=3,
    has_scores=True,
    verdict=Verdict.PASS,
)
RUNS = replace(
    DONE,
    step=Step.SCORE,
    status=QueueStatus.RUNNING,
    epoch=4,
    tries=(LOST, RENDERED, a_try(Step.SCORE, 4, None, 7, None)),
    completed_at=None,
    has_scores=False,
    verdict=None,
)


def test_a_history_with_a_lost_try_breaks_no_rule_and_is_told_in_one_line() -> None:
    assert violations(DONE) == []
    assert violations(RUNS) == []
    assert_histories_hold([DONE, RUNS])
    assert told(DONE) == (
        f"{JOB}: render at w1 lost (worker_lost) after 4.0 s, render at w3 settled after 1.0 s,"
        " score at w4 settled after 1.0 s, gate at w5 settled after 1.0 s;"
        " completed with the verdict pass, epoch 5"
    )


def test_what_was_cancelled_or_failed_breaks_no_rule() -> None:
    waiting = replace(
        DONE, status=QueueStatus.CANCELLED, step=Step.RENDER, epoch=1, tries=(), take_epoch=None, verdict=None
    )
    failed = replace(waiting, status=QueueStatus.FAILED, tries=(a_try(Step.RENDER, 1, "failed", 0, 1),))
    given_up = replace(waiting, status=QueueStatus.FAILED, tries=(LOST,), epoch=2)

    assert [violations(each) for each in (waiting, failed, given_up)] == [[], [], []]


def test_nothing_follows_from_the_verdict_of_a_reproduction() -> None:
    assert violations(replace(DONE, reproduces=True, was_compared=True, verdict=Verdict.RETAKE)) == []


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (
            replace(DONE, epoch=6, tries=(*DONE.tries, a_try(Step.GATE, 6, "settled", 10, 10))),
            "The step gate was settled 2 times.",
        ),
        (
            replace(DONE, tries=(LOST, RENDERED, a_try(Step.SCORE, 4, "settled", 5.5, 8), GATED)),
            "Attempts 3 and 4 ran at once.",
        ),
        (
            replace(RUNS, tries=(a_try(Step.RENDER, 1, None, 0, None), *RUNS.tries[1:])),
            "Attempts 1 and 3 ran at once.",
        ),
        (
            replace(
                DONE,
                tries=(
                    LOST,
                    RENDERED,
                    a_try(Step.GATE, 4, "settled", 7, 8),
                    a_try(Step.SCORE, 5, "settled", 9, 10),
                ),
            ),
            "Its steps were settled out of their order.",
        ),
        (
            replace(DONE, tries=(a_try(Step.SCORE, 1, "lost", 0, 4), *DONE.tries[1:])),
            "Attempt 1 was a score before the render was settled.",
        ),
        (
            replace(DONE, tries=(*DONE.tries[:3], a_try(Step.GATE, 5, None, 9, None))),
            "It is completed, and attempt 5 has no end.",
        ),
        (
            replace(RUNS, tries=RUNS.tries[:2]),
            "It is running, and not by the one open attempt of its epoch.",
        ),
        (replace(RUNS, is_overdue=True), "It is running under a lease that ran out."),
        (
            replace(DONE, completed_at=BEGIN + timedelta(seconds=8.5)),
            "It was claimed after its end.",
        ),
        (replace(DONE, epoch=7), "Its epoch is 7, and its attempts explain 5."),
        (replace(DONE, take_epoch=1), "Its take is of attempt 1, which settled no render."),
        (replace(RUNS, take_epoch=None), "Its render was settled, and there is no take."),
        (
            replace(RUNS, tries=(LOST, a_try(Step.SCORE, 4, None, 7, None)), take_epoch=None),
            "It stands at score without a settled render.",
        ),
        (replace(DONE, tries=DONE.tries[:3], epoch=4), "It is completed without a settled gate."),
        (replace(DONE, take_epoch=None), "It is completed without a take."),
        (replace(DONE, has_scores=False), "It is completed without scores."),
        (replace(DONE, verdict=None), "It is completed without a verdict."),
        (replace(DONE, verdict=Verdict.RETAKE), "It is completed without the retake it asks for."),
        (replace(DONE, reproduces=True), "It is completed without the comparison it was made for."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_rule_is_seen(broken: History, rule: str) -> None:
    assert rule in violations(broken)
    with pytest.raises(AssertionError, match=str(JOB)):
        assert_histories_hold([DONE, broken])


def test_a_job_is_lost_that_is_not_over_or_is_over_without_its_take() -> None:
    assert [is_lost(each) for each in (DONE, RUNS, replace(DONE, take_epoch=None))] == [False, True, True]
    assert not is_lost(replace(DONE, status=QueueStatus.CANCELLED, take_epoch=None))


def test_a_recovery_lasts_from_the_end_of_a_lost_try_to_the_next_start() -> None:
    assert recoveries([DONE, RUNS]) == [timedelta(seconds=1), timedelta(seconds=1)]


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([3.0, 1.0, 2.0, 4.0], share) for share in (0.5, 0.75, 0.95, 1.0)] == [2.0, 3.0, 4.0, 4.0]
    assert percentile([], 0.95) == 0.0
