"""What happens to jobs and phases is written into the outbox by the very transaction that does it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from db import catalogue, queue
from db.events import outbox
from farm.judging import gate as gates
from farm.orders import submission
from farm.scheduling.failures import Backoff
from farm.scheduling.order import AFFINITY
from models.events import EventType, NewEvent
from models.vocabulary import ErrorKind, Phase
from tasks.process import endings
from tests.support.factories import a_stored_show, each_cut, finish, judged, ordered, whole
from tests.support.queue_jobs import add_jobs, add_project, execute
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from db.engine import Database, Session
    from models.events import EventView
    from models.shows import StoredShow

GOOD = whole(EMBEDDED, Phase.STILL)
BAD = whole(EMBEDDED, Phase.STILL, identity=0.1)
UNMEASURED = whole(EMBEDDED, Phase.STILL, identity=None)
LEASE = timedelta(seconds=60)
BACKOFF = Backoff(base=timedelta(seconds=10), cap=timedelta(seconds=60))


def happened(session: Session) -> list[EventView]:
    """Every event there is, in its order."""
    outbox.number(session)
    return list(catalogue.events_after(session, 0))


def words(session: Session) -> list[str]:
    return [each.type for each in happened(session)]


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that are sent to the database, one for each round trip."""
    sent: list[str] = []

    def note(*given: Any) -> None:
        sent.append(given[2])

    event.listen(database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.engine, "before_cursor_execute", note)


def test_a_take_that_passes_is_complete_and_has_passed(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        judged(session, job_id, *GOOD)
        completed, passed = happened(session)

    assert (completed.type, passed.type) == (EventType.JOB_COMPLETED, EventType.QUALITY_PASSED)
    assert (completed.job_id, completed.root_job_id, completed.project) == (job_id, job_id, show.project)
    assert completed.facts == {
        "phase": "still",
        "take_number": 1,
        "verdict": "pass",
        "blocking": [],
        "not_measured": [],
    }


def test_a_take_that_fails_names_its_retake_whose_events_belong_to_the_same_order(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        retake = judged(session, job_id, *BAD).retake
        assert retake is not None
        judged(session, retake.job_id, *GOOD)
        events = happened(session)

    _, failed, again, completed, _ = events
    assert (failed.type, failed.facts["blocking"]) == (EventType.QUALITY_FAILED, ["identity"])
    assert failed.facts["retake_job_id"] == again.facts["retake_job_id"] == str(retake.job_id)
    assert (again.type, again.facts["take_number"], again.facts["by"]) == (EventType.JOB_RETAKEN, 2, "gate")
    assert (completed.job_id, completed.root_job_id) == (retake.job_id, job_id)


def test_what_could_not_be_measured_has_neither_passed_nor_failed_and_waits(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        judged(session, job_id, *UNMEASURED)
        _, waits = happened(session)

    assert (waits.type, waits.facts["not_measured"]) == (EventType.TAKE_WAITS, ["identity"])


@pytest.mark.parametrize(
    ("approve", "quality"), [(True, EventType.QUALITY_PASSED), (False, EventType.QUALITY_FAILED)]
)
def test_a_review_is_an_event_and_decides_about_the_quality(
    database: Database, show: StoredShow, approve: bool, quality: EventType
) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        judged(session, job_id, *UNMEASURED)
        gates.review(session, job_id, approve=approve, by="Ada", reasons=["anatomy"], note="n" * 900)
        decided, judged_again = happened(session)[2:]

    assert (decided.type, decided.facts["by"], decided.facts["instead_of"]) == (
        "review.decided",
        "Ada",
        "review",
    )
    assert (decided.facts["reasons"], len(decided.facts["note"])) == (["anatomy"], 500)
    assert judged_again.type == quality


def test_a_phase_that_opens_or_closes_is_an_event_of_its_project(database: Database) -> None:
    with database.transaction() as session:
        show = a_stored_show(session, cuts=5)
        for job_id in each_cut(session, show, 5):
            judged(session, job_id, *GOOD)
        gates.close_door(session, show.project_id, Phase.LOOP, by="Ada", reason="the script changed")
        opened, closed = (each for each in happened(session) if each.type.startswith("phase"))

    assert (opened.type, opened.job_id, opened.facts["by"]) == (EventType.PHASE_OPENED, None, "gate")
    assert (closed.type, closed.facts["reason"]) == (EventType.PHASE_CLOSED, "the script changed")
    assert (closed.facts["phase"], closed.project) == ("loop", show.project)


def test_a_person_who_orders_another_take_is_heard_of(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        judged(session, job_id, *GOOD)
        again = submission.retake(session, job_id, reason="warmer", requested_by="Ada", changes={"seed": 9})
        event = happened(session)[-1]

    assert (event.type, event.job_id) == (EventType.JOB_RETAKEN, job_id)
    assert event.facts == {
        "retake_job_id": str(again.job_id),
        "take_number": 2,
        "changed": {"seed": 9},
        "by": "Ada",
        "reason": "warmer",
    }


def test_jobs_that_are_called_off_are_one_event_each_without_a_statement_more(
    database: Database, statements: list[str]
) -> None:
    jobs = add_jobs(database, add_project(database), 3)
    statements.clear()
    with database.transaction() as session:
        queue.cancel(session, jobs, reason="Too late.")
    assert len(statements) == 2  # the rows are locked, then called off

    with database.transaction() as session:
        queue.cancel(session, jobs)
        events = happened(session)

    assert {each.job_id for each in events} == set(jobs)
    assert {(each.type, each.facts["reason"]) for each in events} == {("job.cancelled", "Too late.")}


@pytest.mark.parametrize(("max_retries", "heard"), [(0, ["job.failed"]), (1, [])])
def test_only_a_failure_that_ends_a_job_is_an_event(
    database: Database, max_retries: int, heard: list[str]
) -> None:
    execute(database, "DELETE FROM projects")
    add_jobs(database, add_project(database), max_retries=max_retries)
    with database.transaction() as session:
        claim = queue.claim_render(session, pools=("null",), worker_id="w", lease=LEASE, affinity=AFFINITY)
        assert claim is not None
        kind = {"error_kind": ErrorKind.BUG, "message": "It broke."}
        endings.fail(session, claim, **kind, backoff=BACKOFF, silent_after=LEASE)
        events = happened(session)

    assert [each.type for each in events] == heard
    for each in events:
        assert (each.facts["step"], each.facts["error_kind"]) == ("render", "bug")
        assert "It broke." in each.facts["message"]


def test_what_is_rolled_back_never_happened(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        judged(session, job_id, *GOOD)
        session.rollback()

    with database.transaction() as session:
        assert words(session) == []


def test_a_gate_writes_all_its_events_in_one_statement(
    database: Database, show: StoredShow, statements: list[str]
) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        finish(session, job_id, *BAD)
        statements.clear()
        gates.gate_job(session, job_id)

    assert [each for each in statements if "outbox" in each or "notify" in each.lower()] == [
        each for each in statements if "INSERT INTO outbox" in each
    ]
    assert sum("INSERT INTO outbox" in each for each in statements) == 1


def test_an_event_that_holds_what_postgres_cannot_keep_is_written_all_the_same(database: Database) -> None:
    project = add_project(database)
    with database.transaction() as session:
        broken = NewEvent(type=EventType.JOB_FAILED, project_id=project, facts={"message": "a\x00b"})
        outbox.put(session, [broken])
        (event,) = happened(session)

    assert event.facts == {"message": "a?b"}


def test_an_event_outlives_its_project(database: Database, project_of_its_own: UUID) -> None:
    with database.transaction() as session:
        outbox.put(session, [NewEvent(type=EventType.PHASE_OPENED, project_id=project_of_its_own)])
    execute(database, "DELETE FROM projects WHERE id = :id", id=project_of_its_own)

    with database.transaction() as session:
        (event,) = happened(session)

    assert (event.type, event.project) == (EventType.PHASE_OPENED, None)


@pytest.fixture
def project_of_its_own(database: Database) -> UUID:
    return add_project(database)
