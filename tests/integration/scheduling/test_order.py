"""The claim and `farm why` go by the order that `farm.scheduling.order` says without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text

from db import catalogue, queue
from db.fleet import inventories
from farm.scheduling.order import AFFINITY, Claimer, Situation, Waiting, ahead_of, may_take, next_row
from farm.scheduling.scorers import WaitingScore, next_score
from models.rows.fleet import Hold, Worker
from models.rows.jobs import Attempt, Job, QueueRow
from models.scheduling import Affinity
from models.vocabulary import AttemptOutcome, HoldScope, Step, WorkerStatus
from tests.support.queue_jobs import add_jobs, add_project

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from db.engine import Database, Session

LEASE = timedelta(seconds=90)
MOST = 24
WORKERS, POOLS, WORDS, MODELS = ("w1", "w2"), ("a", "b"), ("x", "y"), ("m1", "m2")
Claimed = tuple[Claimer, Affinity]


def some(words: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(words))


# Few values of each kind, so that rows meet; seconds ago around, and exactly on, the lease and the jump.
rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.uuids(),
            "pool": st.sampled_from(POOLS),
            "priority": st.integers(5, 6),
            "queued": st.sampled_from([0, 60, 300, 301]),
            "due": st.sampled_from([-1, 0, 89, 90]),
            "passed_over": st.sampled_from([None, 0, 299, 300]),
            "model_name": st.sampled_from(MODELS),
            "fingerprint": st.sampled_from([None, "f1", "f2"]),
            "waits_for_equal": st.sampled_from([False, False, True]),
            "needs": some(WORDS),
            "failed_at": st.sampled_from([None, *WORKERS]),
        }
    ),
    min_size=8,
    max_size=MOST,
    unique_by=lambda row: row["id"],
)
claims = st.lists(
    st.tuples(
        st.builds(
            Claimer,
            id=st.sampled_from(WORKERS),
            pools=st.sampled_from([frozenset(POOLS), frozenset(POOLS[:1])]),
            has=st.sampled_from([frozenset(WORDS), frozenset(WORDS[:1]), frozenset()]),
            warm=some(MODELS),
        ),
        st.builds(
            Affinity, among=st.integers(1, 8), jump=st.sampled_from([timedelta(0), timedelta(seconds=300)])
        ),
    ),
    min_size=1,
    max_size=4,
)
live_workers = st.dictionaries(st.sampled_from(WORKERS), some(POOLS))


scores = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.uuids(),
            "priority": st.integers(5, 6),
            "queued": st.sampled_from([0, 60]),
            "due": st.sampled_from([-1, 0]),
            "networks": some(WORDS),
            "is_last_try": st.booleans(),
        }
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row["id"],
)
live_workers_networks = st.dictionaries(st.sampled_from(WORKERS), some(WORDS))


@pytest.fixture(scope="module")
def jobs(database: Database) -> list[UUID]:
    return add_jobs(database, add_project(database), MOST)


def fill(session: Session, drawn: list[dict[str, Any]], jobs: list[UUID]) -> dict[UUID, Waiting]:
    """The rows in `render_queue`, by job; every age is by the clock of this transaction."""
    now: datetime = session.scalar(select(func.now()))
    project_id = session.get_one(Job, jobs[0]).project_id
    session.execute(text("DELETE FROM render_queue"))
    waiting = {}
    for values, job_id in zip(drawn, jobs, strict=False):
        facts = {name: value for name, value in values.items() if name not in ("queued", "due", "passed_over")}
        ago = {name: now - timedelta(seconds=values[name] or 0) for name in ("queued", "due", "passed_over")}
        waiting[job_id] = Waiting(
            **facts,
            queued_at=ago["queued"],
            available_at=ago["due"],
            passed_over_since=None if values["passed_over"] is None else ago["passed_over"],
        )
    session.execute(
        insert(QueueRow),
        [
            {
                "id": row.id,
                "job_id": job_id,
                "project_id": project_id,
                "pool": row.pool,
                "priority": row.priority,
                "queued_at": row.queued_at,
                "available_at": row.available_at,
                "passed_over_since": row.passed_over_since,
                "model_name": row.model_name,
                "fingerprint": row.fingerprint,
                "waits_for_equal": row.waits_for_equal,
                "needs": sorted(row.needs),
                "retry_count": int(row.failed_at is not None),
                "epoch": 1,
            }
            for job_id, row in waiting.items()
        ],
    )
    for job_id, row in waiting.items():
        if row.failed_at is not None:
            session.add(
                Attempt(
                    job_id=job_id,
                    step=Step.RENDER,
                    epoch=1,
                    worker_id=row.failed_at,
                    outcome=AttemptOutcome.FAILED,
                )
            )
    session.flush()
    return waiting


def fill_scores(session: Session, drawn: list[dict[str, Any]], jobs: list[UUID]) -> dict[UUID, WaitingScore]:
    """The same for rows that wait for their score."""
    now: datetime = session.scalar(select(func.now()))
    project_id = session.get_one(Job, jobs[0]).project_id
    session.execute(text("DELETE FROM render_queue"))
    waiting = {}
    for values, job_id in zip(drawn, jobs, strict=False):
        facts = {name: values[name] for name in ("id", "priority", "networks", "is_last_try")}
        queued_at, available_at = (now - timedelta(seconds=values[name]) for name in ("queued", "due"))
        waiting[job_id] = WaitingScore(**facts, queued_at=queued_at, available_at=available_at)
    session.execute(
        insert(QueueRow),
        [
            {
                "id": row.id,
                "job_id": job_id,
                "project_id": project_id,
                "pool": "a",
                "step": Step.SCORE,
                "priority": row.priority,
                "queued_at": row.queued_at,
                "available_at": row.available_at,
                "networks": sorted(row.networks),
                "max_retries": 3,
                "retry_count": 3 * row.is_last_try,
            }
            for job_id, row in waiting.items()
        ],
    )
    return waiting


def enter(session: Session, worker_id: str, **facts: Any) -> None:
    """A live worker."""
    told = {"host": "h", "pid": 1, "incarnation": uuid4(), "status": WorkerStatus.READY}
    session.add(Worker(id=worker_id, **told, **facts))
    session.flush()


def remember(waiting: dict[UUID, Waiting], passed_over: Waiting | None, now: datetime) -> None:
    """The row that was passed over knows since when."""
    for job_id, row in waiting.items():
        if row is passed_over and row.passed_over_since is None:
            waiting[job_id] = replace(row, passed_over_since=now)


def passed_over(session: Session) -> set[UUID]:
    return set(session.scalars(select(QueueRow.id).where(QueueRow.passed_over_since.is_not(None))))


@given(rows, claims, live_workers)
@settings(max_examples=50, deadline=None)
def test_claim_after_claim_postgres_gives_out_what_the_policy_says(
    database: Database,
    jobs: list[UUID],
    drawn: list[dict[str, Any]],
    claims: list[Claimed],
    live: dict[str, frozenset[str]],
) -> None:
    with database.transaction() as session:
        waiting = fill(session, drawn, jobs)
        for worker_id, pools in live.items():
            enter(session, worker_id, pools=sorted(pools))
        situation = Situation(now=session.scalar(select(func.now())), lease=LEASE, live=live)

        for claimer, affinity in islice(cycle(claims), len(drawn)):
            expected = next_row(waiting.values(), claimer, situation, affinity)
            claim = queue.claim_render(
                session,
                pools=claimer.pools,
                worker_id=claimer.id,
                lease=LEASE,
                affinity=affinity,
                warm=claimer.warm,
                has=claimer.has,
            )

            assert (claim and waiting[claim.job_id]) == (expected and expected.row)
            if expected is not None:
                running = {waiting.pop(claim.job_id).fingerprint} - {None}
                situation = replace(situation, running=situation.running | running)
                remember(waiting, expected.passed_over, situation.now)
            assert passed_over(session) == {row.id for row in waiting.values() if row.passed_over_since}
        session.rollback()


@given(scores, some(WORDS), live_workers_networks)
@settings(max_examples=50, deadline=None)
def test_score_after_score_postgres_gives_out_what_the_policy_says(
    database: Database,
    jobs: list[UUID],
    drawn: list[dict[str, Any]],
    here: frozenset[str],
    live: dict[str, frozenset[str]],
) -> None:
    with database.transaction() as session:
        waiting = fill_scores(session, drawn, jobs)
        for worker_id, networks in live.items():
            enter(session, worker_id, queues=["score"], networks=sorted(networks))
        now = session.scalar(select(func.now()))
        others = [networks for worker_id, networks in live.items() if worker_id != WORKERS[0]]

        for _ in drawn:
            expected = next_score(waiting.values(), here, others, now)
            claim = queue.claim_score(session, worker_id=WORKERS[0], lease=LEASE, networks=here, queue="score")

            assert (claim and waiting.pop(claim.job_id)) == expected
        left = [row for row in waiting.values() if row.available_at <= now]
        told = queue.better_scorer(session, worker_id=WORKERS[0], lease=LEASE, networks=here, queue="score")
        assert bool(left) == (told in live)
        session.rollback()


@given(rows, st.dictionaries(st.sampled_from(WORKERS), st.tuples(some(POOLS), some(WORDS))))
@settings(max_examples=20, deadline=None)
def test_why_counts_those_ahead_that_the_policy_puts_ahead(
    database: Database,
    jobs: list[UUID],
    drawn: list[dict[str, Any]],
    live: dict[str, tuple[frozenset[str], frozenset[str]]],
) -> None:
    with database.transaction() as session:
        waiting = fill(session, drawn, jobs)
        for worker_id, (pools, has) in live.items():
            inventory = inventories.store(session, {"has": sorted(has)}, has=has)
            enter(
                session,
                worker_id,
                pools=sorted(pools),
                capabilities={"comfyui": {"inventory": inventory}},
            )
        situation = Situation(now=session.scalar(select(func.now())), lease=LEASE)

        for job_id, row in waiting.items():
            serving = [has for pools, has in live.values() if row.pool in pools]
            expected = ahead_of(row, waiting.values(), situation, serving)
            assert catalogue.why_facts(session, job_id, LEASE).ahead_in_pool == expected
        session.rollback()


@given(rows, claims, st.frozensets(st.sampled_from(HoldScope)))
@settings(max_examples=20, deadline=None)
def test_what_is_held_is_claimed_by_nobody_whom_the_hold_concerns(
    database: Database,
    jobs: list[UUID],
    drawn: list[dict[str, Any]],
    claims: list[Claimed],
    scopes: frozenset[HoldScope],
) -> None:
    with database.transaction() as session:
        project = str(session.scalar(select(Job.project_id).where(Job.id == jobs[0])))
        targets = {HoldScope.FARM: "", HoldScope.PROJECT: project, HoldScope.POOL: "a", HoldScope.WORKER: "w1"}
        held = frozenset((scope, targets[scope]) for scope in scopes)
        for scope, target in held:
            session.add(Hold(scope=scope, target=target, actor="aiko", reason="Lunch."))
        session.add(Hold(scope=HoldScope.FARM, actor="ben", reason="Over.", until=func.now()))
        waiting = {job: replace(row, project=project) for job, row in fill(session, drawn, jobs).items()}
        situation = Situation(now=session.scalar(select(func.now())), lease=LEASE, held=held)

        for claimer, _ in claims:
            takeable = {job_id for job_id, row in waiting.items() if may_take(row, claimer, situation)}
            claim = queue.claim_render(
                session,
                pools=claimer.pools,
                worker_id=claimer.id,
                lease=LEASE,
                affinity=AFFINITY,
                has=claimer.has,
            )

            assert claim.job_id in takeable if claim else takeable == set()
            if claim is not None:
                running = {waiting.pop(claim.job_id).fingerprint} - {None}
                situation = replace(situation, running=situation.running | running)
        session.rollback()
