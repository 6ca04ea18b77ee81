"""The doors between phases on a real database, also when everybody asks at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from db import catalogue, queue
from farm.judging import gate as gates
from farm.orders import submission
from models.actors import GATE
from models.errors import BadInput, Conflict, Forbidden, PhaseLocked
from models.rows.doors import PhaseDoor
from models.vocabulary import Phase, Verdict
from tests.support.factories import a_stored_show, each_cut, judged, whole
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Database, Session
    from farm.orders.form import Order
    from models.shows import StoredShow

GOOD = whole(EMBEDDED, Phase.STILL)
BAD = whole(EMBEDDED, Phase.STILL, identity=0.1)


@pytest.fixture
def show(database: Database) -> StoredShow:
    """A show of one's own with as many cuts as any test orders."""
    with database.transaction() as session:
        return a_stored_show(session, cuts=20)


def judged_stills(session: Session, show: StoredShow, passed: int, failed: int, after: int = 0) -> list[UUID]:
    """Finished stills of so many cuts; the failed ones have no retakes left."""
    good = each_cut(session, show, passed, after)
    bad = each_cut(session, show, failed, after + passed, max_retakes=0)
    for job_id in good:
        judged(session, job_id, *GOOD)
    for job_id in bad:
        judged(session, job_id, *BAD)
    return good + bad


def loop_order(show: StoredShow) -> Order:
    return submission.parse({"project": show.project, "cut": "1/10/10", "job_type": "animation_loop"})


def test_four_of_five_open_the_next_phase_and_leave_their_evidence(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        jobs = each_cut(session, show, 5, max_retakes=0)
        outcomes = [judged(session, jobs[0], *BAD)]
        outcomes += [judged(session, job_id, *GOOD) for job_id in jobs[1:]]

    assert [outcome.door_opened for outcome in outcomes] == [None, None, None, None, Phase.LOOP]
    with database.transaction() as session:
        door = catalogue.doors(session, show.project_id)[Phase.LOOP]
        assert (door.is_open, door.decided_by) == (True, GATE)
        assert (door.evidence["ordered"], door.evidence["passed"]) == (5, 4)
        assert submission.submit(session, [loop_order(show)])


def test_three_of_five_open_nothing(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        judged_stills(session, show, passed=3, failed=2)

    with pytest.raises(PhaseLocked, match="identity failed 2 times"), database.transaction() as session:
        submission.submit(session, [loop_order(show)])


def test_four_that_pass_are_too_few(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        judged_stills(session, show, passed=4, failed=0)
        report = gates.project_report(session, show.project_id, Phase.STILL)

    assert not report.can_open
    assert report.missing == ("5 cuts must be ordered, 4 are.",)


def test_a_passing_retake_counts_for_its_root(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        judged_stills(session, show, passed=3, failed=1)
        (job_id,) = each_cut(session, show, 1, after=4)
        first = judged(session, job_id, *BAD)
        assert first.retake is not None
        second = judged(session, first.retake.job_id, *GOOD)
        report = gates.project_report(session, show.project_id, Phase.STILL)

    assert second.door_opened is Phase.LOOP
    assert (report.ordered, report.passed) == (5, 4)


def test_doors_open_strictly_one_after_the_other(database: Database, show: StoredShow) -> None:
    video = submission.parse({"project": show.project, "cut": "1/10/10", "job_type": "full_video"})
    with database.transaction() as session:
        judged_stills(session, show, passed=5, failed=0)

    with pytest.raises(PhaseLocked, match="until the loop gate opens"), database.transaction() as session:
        submission.submit(session, [video])

    with database.transaction() as session:
        loops = each_cut(session, show, 5, job_type="animation_loop")
        opened = [judged(session, each, *whole(EMBEDDED, Phase.LOOP)).door_opened for each in loops]
    # Four of the five ordered are 80 %: the fifth cannot change that any more.
    assert opened == [None, None, None, Phase.VIDEO, None]
    with database.transaction() as session:
        (job,) = submission.submit(session, [video])
        assert judged(session, job.job_id, *whole(EMBEDDED, Phase.VIDEO)).verdict is Verdict.PASS


def test_a_door_that_opened_stays_open_when_later_takes_fail(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        judged_stills(session, show, passed=5, failed=0)
        judged_stills(session, show, passed=0, failed=10, after=5)

        assert not gates.project_report(session, show.project_id, Phase.STILL).can_open
        assert submission.submit(session, [loop_order(show)])


def test_a_person_may_close_a_door_and_the_gate_does_not_open_it_again(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        judged_stills(session, show, passed=5, failed=0)
        gates.close_door(session, show.project_id, Phase.LOOP, by="Ada", reason="the faces drift")
        judged_stills(session, show, passed=5, failed=0, after=5)

    with pytest.raises(PhaseLocked, match="closed by Ada"), database.transaction() as session:
        submission.submit(session, [loop_order(show)])
    with database.transaction() as session:
        evidence = catalogue.doors(session, show.project_id)[Phase.LOOP].evidence
    assert evidence["override"] == {"by": "Ada", "reason": "the faces drift", "is_open": False}
    assert evidence["report"]["passed"] == 5


def test_an_override_needs_a_name_and_keeps_the_order_of_phases(database: Database, show: StoredShow) -> None:
    with pytest.raises(Forbidden, match="needs a name"), database.transaction() as session:
        gates.open_door(session, show.project_id, Phase.LOOP, by=" ", reason="hurry")
    with pytest.raises(Conflict, match="before the loop phase"), database.transaction() as session:
        gates.open_door(session, show.project_id, Phase.VIDEO, by="Ada", reason="hurry")
    for reason in ("a\0b", "\ud83d"):
        with pytest.raises(BadInput, match="The reason holds"), database.transaction() as session:
            gates.open_door(session, show.project_id, Phase.LOOP, by="Ada", reason=reason)


def test_a_cancelled_job_leaves_the_count_and_the_door_can_then_be_asked_again(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        judged_stills(session, show, passed=5, failed=1)
    with database.transaction() as session:
        jobs = each_cut(session, show, 1, after=6)
        assert gates.project_report(session, show.project_id, Phase.STILL).ordered == 7
        session.execute(PhaseDoor.__table__.delete().where(PhaseDoor.project_id == show.project_id))  # type: ignore[attr-defined]

    with database.transaction() as session:
        called_off = catalogue.job_rows(session, queue.cancel(session, jobs))
        opened = gates.called_off(session, called_off)
        report = gates.project_report(session, show.project_id, Phase.STILL)

    assert opened == [Phase.LOOP]
    assert (report.ordered, report.cancelled) == (6, ("ep001/sc010/c0070",))


def test_the_last_verdict_opens_the_door_even_when_all_come_at_once(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        jobs = each_cut(session, show, 8)

    def run(job_id: UUID) -> Phase | None:
        with database.transaction() as session:
            return judged(session, job_id, *GOOD).door_opened

    with ThreadPoolExecutor(4) as threads:
        opened = [phase for phase in threads.map(run, jobs) if phase]

    assert opened == [Phase.LOOP]


def test_a_person_may_approve_what_waits_and_that_opens_the_door(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        judged_stills(session, show, passed=3, failed=1)
        (job_id,) = each_cut(session, show, 1, after=4)
        judged(session, job_id, *whole(EMBEDDED, Phase.STILL, identity=None))

        outcome = gates.review(session, job_id, approve=True, by="Ada", note="it is her")

        assert (outcome.verdict, outcome.door_opened) == (Verdict.APPROVED, Phase.LOOP)
        assert gates.gate_job(session, job_id).verdict is Verdict.APPROVED
        detail = catalogue.job_detail(session, job_id)
    (review,) = detail.reviews
    assert (str(review.by), review.verdict, review.note) == ("Ada", "approved", "it is her")
    assert (review.instead_of, review.at.year // 100) == ("review", 20)
