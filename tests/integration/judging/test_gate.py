"""Verdicts, retakes and what people decide, on a real database, also when two decide at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text

from db import catalogue
from farm.judging import gate as gates
from farm.orders import submission
from models.errors import Conflict, Forbidden, OrderRefused, UnknownName
from models.metrics import Metric
from models.rows.jobs import Job
from models.vocabulary import JobState, Phase, Verdict
from tests.support.factories import a_stored_show, finish, judged, measured, ordered, whole
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Database
    from models.shows import StoredShow

GOOD = whole(EMBEDDED, Phase.STILL)
BAD = whole(EMBEDDED, Phase.STILL, identity=0.1)
#: whether somebody waits for a gate's lock in this database
WAITING = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()
"""


@pytest.fixture
def show(database: Database) -> StoredShow:
    """A show of one's own with as many cuts as any test orders."""
    with database.transaction() as session:
        return a_stored_show(session, cuts=20)


def test_a_take_on_every_mark_passes_and_its_scores_say_so(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        outcome = judged(session, job_id, *GOOD)

    assert outcome.verdict is Verdict.PASS
    with database.transaction() as session:
        job = catalogue.job_detail(session, job_id)
    assert (job.row.state, job.row.verdict) == (JobState.COMPLETED, Verdict.PASS)
    assert job.scores is not None
    mark = next(mark for mark in EMBEDDED.marks[Phase.STILL] if mark.metric is Metric.IDENTITY)
    assert job.scores.thresholds_used["identity"] == {
        "limit": mark.limit,
        "network": mark.network,
        "direction": "higher",
    }


def test_a_failed_take_is_retaken_with_a_new_seed_that_says_why(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show, defect="identity_drift", priority=9)
        outcome = judged(session, job_id, *BAD)

    assert outcome.verdict is Verdict.RETAKE
    assert outcome.retake is not None
    with database.transaction() as session:
        first = catalogue.job_detail(session, job_id)
        second = catalogue.job_detail(session, outcome.retake.job_id)
    assert first.row.blocking == ("identity",)
    assert second.recipe.defect is None
    assert second.recipe.seed != first.recipe.seed
    assert (second.row.root_job_id, second.row.parent_job_id, second.row.take_number) == (job_id, job_id, 2)
    assert (second.row.state, second.queue.priority) == (JobState.QUEUED, 9)
    assert second.retake_reason is not None
    assert second.retake_reason["blocking"] == ["identity"]
    assert set(second.retake_reason["changed"]) == {"seed", "defect"}
    assert [row.id for row in first.family] == [job_id, outcome.retake.job_id]


def test_a_retake_is_as_old_as_its_root_and_so_comes_before_what_was_ordered_since(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
    with database.transaction() as session:
        (later,) = ordered(session, show)

    with database.transaction() as session:
        outcome = judged(session, job_id, *BAD)

    assert outcome.retake is not None
    with database.transaction() as session:
        first, second, third = (
            catalogue.job_detail(session, each) for each in (job_id, outcome.retake.job_id, later)
        )
    assert first.queue.queued_at == second.queue.queued_at < third.queue.queued_at < second.row.created_at


def test_the_gate_may_run_twice_and_a_retake_exists_once(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        finish(session, job_id, *BAD)

    def gate() -> gates.GateOutcome:
        with database.transaction() as session:
            return gates.gate_job(session, job_id)

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(lambda _: gate(), range(4)))

    assert {outcome.verdict for outcome in outcomes} == {Verdict.RETAKE}
    assert sum(outcome.retake is not None for outcome in outcomes) == 1
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Job).filter_by(root_job_id=job_id)) == 2


def test_the_ladder_ends_with_a_person(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show, max_retakes=10)
        verdicts = []
        waiting: UUID | None = job_id
        while waiting:
            outcome = judged(session, waiting, *BAD)
            verdicts.append(outcome.verdict)
            waiting = outcome.retake.job_id if outcome.retake else None

    assert verdicts == [Verdict.RETAKE] * 3 + [Verdict.REVIEW]


def test_the_budget_may_end_before_the_ladder(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show, max_retakes=1)
        first = judged(session, job_id, *BAD)
        assert first.retake is not None
        second = judged(session, first.retake.job_id, *BAD)

    assert second.verdict is Verdict.REVIEW
    assert second.retake is None
    assert second.judgement.blocking == (Metric.IDENTITY,)


def test_what_was_not_measured_waits_for_a_person(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        outcome = judged(session, job_id, *whole(EMBEDDED, Phase.STILL, identity=None))

    assert outcome.verdict is Verdict.REVIEW
    assert outcome.retake is None


def test_an_orders_own_limit_is_what_its_take_is_held_to(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show, quality_thresholds={"style_adherence": 0.99})
        outcome = judged(session, job_id, *GOOD)

    assert outcome.judgement.blocking == (Metric.STYLE_ADHERENCE,)


def test_only_a_judged_job_can_be_reviewed_and_only_by_somebody(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)

    with pytest.raises(Conflict, match="not been judged"), database.transaction() as session:
        gates.review(session, job_id, approve=True, by="Ada")
    with pytest.raises(Forbidden, match="no reviewer"), database.transaction() as session:
        gates.review(session, job_id, approve=True, by="")
    with pytest.raises(UnknownName), database.transaction() as session:
        gates.review(session, uuid4(), approve=True, by="Ada")


def test_of_two_people_who_decide_at_once_the_later_knows_what_the_earlier_said(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        judged(session, job_id, *GOOD)

    def reject() -> None:
        with database.transaction() as session:
            gates.review(session, job_id, approve=False, by="Ben")

    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as session:
            gates.review(session, job_id, approve=True, by="Ada")
            later = threads.submit(reject)
            # Ben has read the take and waits for the lock that Ada's transaction still holds.
            while not later.done() and not session.scalar(text(WAITING)):
                continue
        later.result(timeout=30)

    with database.transaction() as session:
        detail = catalogue.job_detail(session, job_id)
    assert detail.row.verdict is Verdict.REJECTED
    first, last = detail.reviews
    assert (str(first.by), first.verdict) == ("Ada", Verdict.APPROVED)
    assert (str(last.by), last.instead_of) == ("Ben", Verdict.APPROVED)


def test_a_person_may_order_another_take_with_changes(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show, max_retakes=0, defect="blank", idempotency_key=f"take-{uuid4()}")
        judged(session, job_id, *BAD)

    with database.transaction() as session:
        again = submission.retake(
            session, job_id, reason="closer", requested_by="Ada", changes={"camera_angle": "close_up"}
        )
        detail = catalogue.job_detail(session, again.job_id)
        first = catalogue.job_detail(session, job_id)

    assert (detail.row.take_number, detail.row.root_job_id) == (2, job_id)
    assert detail.recipe.scene.camera_angle == "close_up"
    assert detail.recipe.seed == first.recipe.seed
    assert detail.recipe.defect is None
    assert detail.retake_reason is not None
    assert detail.retake_reason["reason"] == "closer"


@pytest.mark.parametrize("changes", [{"job_type": "full_video"}, {"cut": "1/10/20"}, {"project": "other"}])
def test_a_retake_cannot_become_another_take(
    database: Database, show: StoredShow, changes: dict[str, str]
) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show, max_retakes=0)
        judged(session, job_id, *BAD)

    with pytest.raises(OrderRefused, match="A retake keeps its"), database.transaction() as session:
        submission.retake(session, job_id, reason="other", requested_by="Ada", changes=changes)


def test_no_second_take_is_ordered_while_one_is_in_work(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)

    with pytest.raises(Conflict, match="still in work"), database.transaction() as session:
        submission.retake(session, job_id, reason="again", requested_by="Ada")


def test_a_metric_by_another_network_never_passes_the_gate(database: Database, show: StoredShow) -> None:
    stranger = [m for m in GOOD if m.metric is not Metric.IDENTITY] + [measured(Metric.IDENTITY, 1.0, "ccip")]
    with database.transaction() as session:
        (job_id,) = ordered(session, show)

        assert judged(session, job_id, *stranger).verdict is Verdict.REVIEW
