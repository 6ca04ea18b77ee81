"""Equal orders in the queue: one is given out at a time, whoever else asks gets other work, and why says so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import text

from db import catalogue, queue
from db.fleet.workers import WorkerIdentity, register
from farm.explaining.why import explain
from farm.scheduling.failures import Backoff
from farm.scheduling.order import AFFINITY
from models.vocabulary import ErrorKind
from tasks.process import endings
from tests.support.queue_jobs import TAKE, add_jobs, execute, one

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from typing import Any
    from uuid import UUID

    from db.engine import Database, Session
    from db.queue import Claim

LEASE = timedelta(seconds=60)
BACKOFF = Backoff(base=timedelta(0), cap=timedelta(0))
_SEEDS = count(1)
INCARNATION = uuid4()


def equals(database: Database, project: UUID, amount: int, **said: Any) -> list[UUID]:
    return add_jobs(database, project, amount, seed=next(_SEEDS), reuse=True, **said)


def claim(session: Session, worker: str = "w", pool: str = "null") -> Claim | None:
    return queue.claim_render(
        session, pools=(pool,), worker_id=worker, incarnation=INCARNATION, lease=LEASE, affinity=AFFINITY
    )


def claimed(database: Database, worker: str = "w", pool: str = "null") -> Claim | None:
    with database.transaction() as session:
        return claim(session, worker, pool)


def relay(database: Database) -> None:
    with database.transaction() as session:
        queue.let_equals_start(session)


def test_an_equal_is_not_given_out_while_the_first_is_rendered(database, project):
    first, _ = equals(database, project, 2)
    [other] = equals(database, project, 1)

    assert [each and each.job_id for each in (claimed(database), claimed(database), claimed(database))] == [
        first,
        other,
        None,
    ]


@pytest.mark.parametrize("end", ["settled", "failed", "released", "cancelled", "expired"])
def test_however_the_first_ends_one_of_them_is_given_out(database, project, end):
    first, second = equals(database, project, 2, max_retries=0)
    running = claimed(database)

    with database.transaction() as session:
        if end == "settled":
            _settle(session, running)
        elif end == "failed":
            endings.fail(
                session,
                running,
                error_kind=ErrorKind.BAD_RECIPE,
                message="no",
                backoff=BACKOFF,
                silent_after=LEASE,
            )
        elif end == "released":
            queue.release(session, running)
        elif end == "cancelled":
            queue.cancel(session, [first])
        else:
            queue.end_leases(session, INCARNATION)
            endings.take_back(session, backoff=BACKOFF, time_limit=timedelta(hours=1))

    relay(database)

    # Handed back it keeps its age and goes first again; both are never out at once.
    assert claimed(database).job_id == (first if end == "released" else second)
    assert claimed(database) is None


def test_a_claim_looks_at_the_first_of_many_equals_only(database, project):
    first, *_ = equals(database, project, 100)
    last, *_ = equals(database, project, 1)
    # Ordered later, they wait for the same one, but for one of higher priority.
    seed = one(database, "SELECT seed FROM generation_params WHERE job_id = :job", job=first).seed
    add_jobs(database, project, 10, seed=int(seed), reuse=True)
    [urgent] = add_jobs(database, project, seed=int(seed), reuse=True, priority=6)
    looked_at = "SELECT array_agg(job_id) AS jobs FROM render_queue WHERE NOT waits_for_equal"

    assert set(one(database, looked_at).jobs) == {first, last, urgent}
    assert [claimed(database).job_id, claimed(database).job_id] == [urgent, last]


def test_equals_that_wait_follow_one_another_whatever_becomes_of_the_first(database, project):
    first, second, third, fourth = equals(database, project, 4)

    with database.transaction() as session:
        queue.hold(session, [first], reason="Waits.")
    relay(database)
    with database.transaction() as session:
        queue.cancel(session, [second])
    relay(database)
    running = claimed(database)
    assert running.job_id == third
    relay(database)
    assert claimed(database) is None
    with database.transaction() as session:
        pause = Backoff(base=timedelta(hours=1), cap=timedelta(hours=1))
        endings.fail(
            session, running, error_kind=ErrorKind.BUG, message="no", backoff=pause, silent_after=LEASE
        )
    relay(database)

    assert claimed(database).job_id == fourth


def test_two_claims_at_the_same_instant_go_to_different_work(database, project):
    first, _ = equals(database, project, 2)
    [other] = equals(database, project, 1)

    with database.transaction() as one_session, database.transaction() as another:
        pair = claim(one_session, "w1").job_id, claim(another, "w2").job_id

    assert pair == (first, other)


@contextmanager
def claims_of_equals(database: Database, project: UUID) -> Iterator[tuple[Session, Future[Claim | None]]]:
    """Two equals in two pools, one claimed in the open session; the claim of the other waits for its end."""
    seed = next(_SEEDS)
    for pool in ("null", "null.8"):
        add_jobs(database, project, seed=seed, reuse=True, pool=pool)
    with ThreadPoolExecutor(1) as aside, database.transaction() as session:
        assert claim(session, "w1", "null") is not None
        late = aside.submit(claimed, database, "w2", "null.8")
        _wait_for_a_blocked_backend(database)
        yield session, late


def test_of_two_equals_in_two_pools_the_later_claim_is_refused_and_sees_why_next_time(database, project):
    with claims_of_equals(database, project) as (session, late):
        session.commit()

        with pytest.raises(queue.Collision):
            late.result(10)
    assert claimed(database, "w2", "null.8") is None


def test_a_claim_that_rolls_back_leaves_its_equal_to_the_other(database, project):
    with claims_of_equals(database, project) as (session, late):
        session.rollback()

        assert late.result(10) is not None


def test_no_wake_up_is_left_behind_for_equals_only(database, project):
    equals(database, project, 2)
    assert claimed(database).next_pool is None

    equals(database, project, 1)
    equals(database, project, 1)
    assert claimed(database).next_pool == "null"


def test_equals_that_wait_are_no_demand_and_are_found_when_the_first_is_over(database, project):
    execute(database, "DELETE FROM workers")
    with database.transaction() as session:
        register(
            session,
            WorkerIdentity(
                host="h",
                role="render",
                pid=1,
                incarnation=uuid4(),
                queues=("render_queue.null",),
                pools=("null",),
            ),
            slot=0,
        )
    _, second = equals(database, project, 2)
    running = claimed(database)

    def due() -> int:
        with database.transaction() as session:
            (demand,) = queue.demand(session, reserve=4, silent_after=LEASE)
            return demand.due

    assert due() == 0
    with database.transaction() as session:
        _settle(session, running)
        queue.let_equals_start(session, running.fingerprint)
        assert queue.pool_of_an_equal(session, running) == "null"
    assert due() == 1
    with database.transaction() as session:
        queue.cancel(session, [second])
        assert queue.pool_of_an_equal(session, running) is None


def test_why_names_the_equal_that_comes_first_or_is_being_rendered(database, project):
    first, second = equals(database, project, 2)

    def why() -> list[str]:
        with database.transaction() as session:
            return explain(catalogue.why_facts(session, second, LEASE))

    assert why() == [f"An equal order (job {first}) comes first; its take will be used."]
    claimed(database)
    assert why() == [f"An equal order (job {first}) is being rendered; its take will be used."]


def test_a_reproduction_never_waits_and_never_stands_in_the_way(database, project):
    seed = next(_SEEDS)
    [first] = add_jobs(database, project, seed=seed, reuse=True)
    [copy] = add_jobs(database, project, seed=seed, reuse=True, reproduces_job_id=first)

    assert {claimed(database).job_id, claimed(database).job_id} == {first, copy}
    prints = one(database, "SELECT count(DISTINCT fingerprint) AS n FROM generation_params")
    assert prints.n == 1


def _settle(session: Session, running: Claim) -> None:
    assert queue.settle_render(session, running, TAKE).counts


def _wait_for_a_blocked_backend(database: Database) -> None:
    blocked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND cardinality(pg_blocking_pids(pid)) > 0"
    )
    with database.transaction() as session:
        for _ in range(10_000):
            if session.execute(blocked).scalar_one():
                return
            session.execute(text("SELECT pg_stat_clear_snapshot(), pg_sleep(0.001)"))
    raise AssertionError("Nobody waits.")
