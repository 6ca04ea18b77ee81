"""Who may work on what: the order of claims, and the fence that keeps everyone else out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from db import queue
from db.fleet.workers import WorkerIdentity, register
from farm.scheduling.failures import Backoff
from farm.scheduling.order import AFFINITY
from models.vocabulary import ErrorKind, Step
from tasks.process import endings
from tests.support.queue_jobs import add_jobs, execute, one, row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from db.engine import Database
    from db.queue import Claim

LEASE = timedelta(seconds=60)
NO_PAUSE = Backoff(base=timedelta(0), cap=timedelta(0))


@pytest.fixture
def claim(database: Database) -> Callable[..., Claim | None]:
    def claim_as(worker: str = "w1", *pools: str, warm: tuple[str, ...] = ()) -> Claim | None:
        with database.transaction() as session:
            return queue.claim_render(
                session, pools=pools or ("null",), worker_id=worker, lease=LEASE, affinity=AFFINITY, warm=warm
            )

    return claim_as


def make_older(database: Database, job: UUID, seconds: int) -> None:
    execute(
        database,
        "UPDATE render_queue SET available_at = available_at - make_interval(secs => :s),"
        " queued_at = queued_at - make_interval(secs => :s) WHERE job_id = :job",
        s=seconds,
        job=job,
    )


def test_priority_decides_and_then_age(database, project, claim):
    [young] = add_jobs(database, project)
    [old] = add_jobs(database, project)
    [urgent] = add_jobs(database, project, priority=9)
    make_older(database, old, 60)

    order = [claim().job_id, claim().job_id, claim().job_id]

    assert order == [urgent, old, young]


def test_a_claim_opens_an_attempt_and_leases_the_row(database, project, claim):
    [job] = add_jobs(database, project)

    claimed = claim("w7")

    assert (claimed.epoch, claimed.step, claimed.worker_id) == (1, Step.RENDER, "w7")
    assert claimed.recipe["renderer"] == "null"
    row = row_of(database, job)
    assert (row.status, row.epoch, row.worker_id) == ("running", 1, "w7")
    attempt = one(database, "SELECT * FROM attempts WHERE job_id = :job", job=job)
    assert (attempt.epoch, attempt.step, attempt.outcome) == (1, "render", None)


def test_nothing_due_is_an_answer_and_no_error(database, project, claim):
    add_jobs(database, project, pool="another")
    [later] = add_jobs(database, project)
    make_older(database, later, -3600)

    assert claim() is None


def test_one_claim_looks_over_all_pools_of_its_worker(database, project, claim):
    add_jobs(database, project, pool="a")
    [urgent] = add_jobs(database, project, pool="b", priority=8)

    claimed = claim("w1", "a", "b")

    assert claimed.job_id == urgent
    assert claimed.next_pool == "a"


def test_a_loaded_checkpoint_may_overtake_by_five_minutes(database, project, claim):
    [cold] = add_jobs(database, project, model_name="cold")
    [warm] = add_jobs(database, project, model_name="warm")
    make_older(database, cold, 290)

    assert claim("w1", warm=("warm",)).job_id == warm


def test_a_loaded_checkpoint_may_not_overtake_by_more_than_five_minutes(database, project, claim):
    [cold] = add_jobs(database, project, model_name="cold")
    add_jobs(database, project, model_name="warm")
    make_older(database, cold, 310)

    assert claim("w1", warm=("warm",)).job_id == cold


def test_a_row_is_passed_over_for_a_loaded_checkpoint_for_five_minutes_at_most(database, project, claim):
    [cold] = add_jobs(database, project, model_name="cold")
    add_jobs(database, project, 300, model_name="warm")

    def claim_warm() -> UUID:
        return claim("w1", warm=("warm",)).job_id

    assert cold not in {claim_warm() for _ in range(3)}
    since = row_of(database, cold).passed_over_since
    assert since is not None
    claim_warm()
    assert row_of(database, cold).passed_over_since == since
    execute(
        database,
        "UPDATE render_queue SET passed_over_since = now() - interval '5 min' WHERE job_id = :job",
        job=cold,
    )

    assert claim_warm() == cold
    assert row_of(database, cold).passed_over_since is None


def test_a_row_that_somebody_claims_just_now_is_not_waited_for_when_it_is_passed_over(database, project, claim):
    [cold] = add_jobs(database, project, model_name="cold")
    [warm] = add_jobs(database, project, model_name="warm")

    with database.transaction() as other:
        taken = queue.claim_render(other, pools=("null",), worker_id="slow", lease=LEASE, affinity=AFFINITY)
        mine = claim("w1", warm=("warm",))

    assert (taken.job_id, mine.job_id) == (cold, warm)


@pytest.mark.parametrize("end", ["expired", "handed back", "failed"])
def test_the_first_of_many_is_still_the_first_when_its_worker_gave_it_up(database, project, claim, end):
    first, *_ = add_jobs(database, project, 501)
    mine = claim()
    assert mine.job_id == first

    if end == "failed":
        fail_once(database, mine)
    else:
        execute(
            database, "UPDATE render_queue SET lease_until = now() - interval '1 s' WHERE status = 'running'"
        )
        with database.transaction() as session:
            if end == "handed back":
                queue.release(session, mine)
            else:
                endings.take_back(session, backoff=NO_PAUSE, time_limit=timedelta(hours=1))

    assert claim().job_id == first


def test_a_loaded_checkpoint_never_overtakes_a_higher_priority(database, project, claim):
    [urgent] = add_jobs(database, project, model_name="cold", priority=6)
    add_jobs(database, project, model_name="warm")

    assert claim("w1", warm=("warm",)).job_id == urgent


def test_a_loaded_checkpoint_counts_only_among_the_first_64(database, project, claim):
    cold = add_jobs(database, project, 64, model_name="cold")
    for job in cold:
        make_older(database, job, 10)
    add_jobs(database, project, model_name="warm")

    assert claim("w1", warm=("warm",)).job_id in cold


def test_claims_side_by_side_never_share_a_job(database, project, claim):
    jobs = add_jobs(database, project, 40)

    with ThreadPoolExecutor(8) as workers:
        claimed = list(workers.map(lambda number: claim(f"w{number % 8}"), range(40)))

    assert sorted(c.job_id for c in claimed if c) == sorted(jobs)
    assert claim() is None


def test_a_row_being_claimed_by_another_is_passed_over_not_waited_for(database, project, claim):
    [first] = add_jobs(database, project, priority=9)
    [second] = add_jobs(database, project)

    with database.transaction() as other:
        taken = queue.claim_render(other, pools=("null",), worker_id="slow", lease=LEASE, affinity=AFFINITY)
        mine = claim()

    assert (taken.job_id, mine.job_id) == (first, second)


def fail_once(database: Database, mine: Claim) -> None:
    with database.transaction() as session:
        endings.fail(
            session, mine, error_kind=ErrorKind.BUG, message="It broke.", backoff=NO_PAUSE, silent_after=LEASE
        )


@pytest.fixture
def second_worker(database: Database) -> Iterator[str]:
    """Another live worker of the same pool."""
    identity = WorkerIdentity(
        host="h", role="render", pid=1, incarnation=uuid4(), queues=("render_queue.null",), pools=("null",)
    )
    with database.transaction() as session:
        name = register(session, identity, slot=0)
    yield name
    execute(database, "DELETE FROM workers WHERE id = :id", id=name)


def test_what_failed_here_is_left_to_another_live_worker(database, project, claim, second_worker):
    [job] = add_jobs(database, project)
    fail_once(database, claim("w1"))

    assert claim("w1") is None
    assert claim(second_worker).job_id == job


def test_what_failed_here_is_tried_here_again_when_nobody_else_took_it(database, project, claim, second_worker):
    [job] = add_jobs(database, project)
    fail_once(database, claim("w1"))

    make_older(database, job, LEASE.seconds + 1)

    assert claim("w1").job_id == job


def test_the_only_worker_tries_its_own_failures_again(database, project, claim):
    [job] = add_jobs(database, project)
    fail_once(database, claim("w1"))

    assert claim("w1").job_id == job


def test_a_heartbeat_extends_the_lease_and_tells_the_frame(database, project, claim):
    [job] = add_jobs(database, project, frame_count=16)
    mine = claim()
    execute(database, "UPDATE render_queue SET lease_until = now() WHERE job_id = :job", job=job)

    with database.transaction() as session:
        assert queue.heartbeat(session, mine, lease=LEASE, frame=7)

    left = one(
        database, "SELECT lease_until - now() AS left FROM render_queue WHERE job_id = :job", job=job
    ).left
    assert left > timedelta(seconds=50)
    assert one(database, "SELECT current_frame FROM jobs WHERE id = :job", job=job).current_frame == 7


def test_a_cancelled_job_answers_no_heartbeat(database, project, claim):
    [job] = add_jobs(database, project)
    mine = claim()

    with database.transaction() as session:
        assert queue.cancel(session, [job]) == [job]

    with database.transaction() as session:
        assert not queue.heartbeat(session, mine, lease=LEASE)
        assert not queue.is_mine(session, mine)
    attempt = one(database, "SELECT outcome, ended_at FROM attempts WHERE job_id = :job", job=job)
    assert attempt.outcome == "cancelled"
    assert attempt.ended_at is not None


def test_a_job_that_is_over_cannot_be_cancelled(database, project, claim):
    [job] = add_jobs(database, project)
    with database.transaction() as session:
        queue.cancel(session, [job])

    with database.transaction() as session:
        assert queue.cancel(session, [job]) == []


def test_a_held_job_waits_until_it_is_released(database, project, claim):
    [job] = add_jobs(database, project)

    with database.transaction() as session:
        assert queue.hold(session, [job], reason="Waits for the key frame.") == [job]
    assert claim() is None
    with database.transaction() as session:
        assert queue.unhold(session, [job]) == {job: "null"}

    assert claim().job_id == job
