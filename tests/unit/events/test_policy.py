"""When an event is tried again, and what pauses an endpoint."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farm.events.policy import PAUSES, Answer, after_failure


@pytest.mark.parametrize(
    ("status", "taken"), [(200, True), (204, True), (299, True), (199, False), (302, False)]
)
def test_an_event_is_taken_by_any_answer_of_success_and_by_no_redirect(status: int, taken: bool) -> None:
    assert Answer(status).is_taken is taken


def test_the_pauses_grow_and_last_three_days_together() -> None:
    pauses = [after_failure(Answer(500), attempts, jitter=0).pause for attempts in range(len(PAUSES))]

    assert pauses == sorted(pauses) == list(PAUSES)
    assert timedelta(days=3) <= sum(pauses, timedelta()) <= timedelta(days=4)
    assert not any(after_failure(Answer(500), attempts, jitter=0).stop for attempts in range(len(PAUSES)))


def test_an_endpoint_that_did_not_take_an_event_for_three_days_is_paused_with_what_it_last_did() -> None:
    stop = after_failure(Answer(None, "It does not answer."), len(PAUSES), jitter=0).stop

    assert "three days" in stop
    assert "It does not answer." in stop


def test_an_endpoint_that_is_gone_is_paused_at_once() -> None:
    assert "410" in after_failure(Answer(410), 0, jitter=0).stop


def test_many_that_failed_together_are_not_tried_again_together() -> None:
    first, last = (after_failure(Answer(500), 2, jitter=jitter).pause for jitter in (0.0, 1.0))

    assert last == first * 1.1
