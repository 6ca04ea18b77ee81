"""One question an interval serves all who watch, and outlasts a database that is restarted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from farm.client import Farm
from farm.client.follower import Follower, with_retakes
from models.errors import Unavailable, UnknownName
from models.jobs import JobRow
from models.vocabulary import JobState, Verdict
from tests.support.views_by_hand import a_row

AT_ONCE = timedelta(milliseconds=1)
#: so long that a test which needs a second interval is stopped by its timeout
NEVER = timedelta(hours=1)
ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))
DONE = a_row(state=JobState.COMPLETED, verdict=Verdict.PASS)
GONE = Unavailable("The database does not answer.")


def a_farm(families: Callable[[Sequence[UUID]], tuple[JobRow, ...]]) -> Farm:
    """A farm without servers whose follower asks `families`."""
    farm = Farm.__new__(Farm)
    vars(farm)["_follower"] = Follower(families, patience=timedelta(0), again_after=AT_ONCE)
    return farm


def test_watching_outlasts_a_database_that_is_restarted() -> None:
    answers: list[tuple[JobRow, ...] | Unavailable] = [GONE, GONE, (DONE,)]

    def families(job_ids: Sequence[UUID]) -> tuple[JobRow, ...]:
        answer = answers.pop(0)
        if isinstance(answer, Unavailable):
            raise answer
        return answer

    farm = Farm.__new__(Farm)
    vars(farm)["_follower"] = Follower(families, again_after=AT_ONCE)

    assert list(farm.watch([ONE])) == [(DONE,)]
    assert answers == []


def test_a_database_that_stays_away_is_told_to_whoever_watches() -> None:
    def families(job_ids: Sequence[UUID]) -> tuple[JobRow, ...]:
        raise GONE

    with pytest.raises(Unavailable, match="does not answer"):
        list(a_farm(families).watch([ONE]))


def test_a_fault_of_our_own_is_raised_where_somebody_watches_and_not_in_the_dark() -> None:
    def families(job_ids: Sequence[UUID]) -> tuple[JobRow, ...]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(a_farm(families).watch([ONE]))


def test_a_job_that_nobody_knows_is_named_and_the_others_go_on_being_watched() -> None:
    farm = a_farm(lambda job_ids: (DONE,) if ONE in job_ids else ())

    with pytest.raises(UnknownName, match=str(TWO)):
        list(farm.watch([ONE, TWO]))

    assert list(farm.watch([ONE])) == [(DONE,)]


def test_somebody_new_need_not_wait_for_the_interval_of_the_others() -> None:
    going = replace(DONE, state=JobState.PROCESSING)
    other = replace(DONE, id=TWO, root_job_id=TWO)
    farm = a_farm(lambda job_ids: tuple(row for row in (going, other) if row.id in job_ids))
    patient = farm.watch([ONE], every=NEVER)

    assert next(patient) == (going,)
    assert list(farm.watch([TWO], every=NEVER)) == [(other,)]


def test_the_thread_ends_with_the_last_who_watches() -> None:
    farm = a_farm(lambda job_ids: (DONE,))
    before = set(threading.enumerate())

    list(farm.watch([ONE], every=NEVER))
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_closing_the_farm_ends_the_waiting_of_whoever_watches() -> None:
    farm = a_farm(lambda job_ids: (replace(DONE, state=JobState.PROCESSING),))
    watching = farm.watch([ONE], every=NEVER)
    next(watching)

    farm._follower.close()

    with pytest.raises(Unavailable, match="was closed"):
        next(watching)


def test_a_take_that_was_sent_back_brings_its_retakes_along_once_it_is_over() -> None:
    sent_back = replace(DONE, verdict=Verdict.RETAKE)
    retake = replace(DONE, id=THREE, take_number=2, state=JobState.QUEUED, verdict=None)
    stranger = replace(DONE, id=TWO, root_job_id=TWO)

    rows = (sent_back, retake, stranger)

    assert with_retakes([TWO, ONE], rows) == (stranger, sent_back, retake)
    assert with_retakes([ONE], [replace(sent_back, state=JobState.QUALITY_CHECK), retake])[1:] == ()
    assert with_retakes([ONE], [DONE, retake]) == (DONE,)
