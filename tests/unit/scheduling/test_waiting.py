"""When a job that waits for other orders may begin."""

from __future__ import annotations

from uuid import uuid4

import pytest

from farm.scheduling.waiting import Outlook, of_all, outlook
from models.dispatch import Awaited, Condition
from models.vocabulary import Verdict

ORDER = uuid4()


def awaited(condition: Condition, *verdicts: Verdict, in_work: bool = False) -> Awaited:
    return Awaited(job_id=ORDER, condition=condition, in_work=in_work, verdicts=frozenset(verdicts))


@pytest.mark.parametrize("condition", list(Condition))
def test_nothing_is_decided_while_the_order_is_in_work(condition: Condition) -> None:
    assert outlook(awaited(condition, Verdict.PASS, in_work=True)) is Outlook.OPEN


@pytest.mark.parametrize(
    ("condition", "verdicts", "expected"),
    [
        (Condition.COMPLETED, [Verdict.REVIEW], Outlook.MET),
        (Condition.COMPLETED, [], Outlook.LOST),
        (Condition.PASSED, [Verdict.RETAKE, Verdict.PASS], Outlook.MET),
        (Condition.PASSED, [Verdict.APPROVED], Outlook.MET),
        (Condition.PASSED, [Verdict.REVIEW], Outlook.OPEN),
        (Condition.PASSED, [Verdict.REJECTED], Outlook.LOST),
        (Condition.PASSED, [], Outlook.LOST),
        (Condition.FAILED, [Verdict.PASS], Outlook.LOST),
        (Condition.FAILED, [Verdict.REVIEW], Outlook.OPEN),
        (Condition.FAILED, [], Outlook.MET),
        (Condition.OVER, [], Outlook.MET),
    ],
)
def test_what_became_of_the_order_decides(
    condition: Condition, verdicts: list[Verdict], expected: Outlook
) -> None:
    assert outlook(awaited(condition, *verdicts)) is expected


def test_one_order_that_is_lost_is_enough_and_all_must_have_come() -> None:
    met, still, lost = (
        awaited(Condition.PASSED, Verdict.PASS),
        awaited(Condition.PASSED, in_work=True),
        awaited(Condition.PASSED),
    )

    assert of_all([met, met]) is Outlook.MET
    assert of_all([met, still]) is Outlook.OPEN
    assert of_all([still, lost]) is Outlook.LOST
