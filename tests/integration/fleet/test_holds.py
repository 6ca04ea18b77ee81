"""Holds in the database: the claim reads them, what a machine causes is handed back, why and doctor say so."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from db import catalogue, queue
from db.fleet import holds, workers
from db.fleet.workers import WorkerIdentity
from farm.explaining.why import explain
from farm.ops.doctor import running
from farm.scheduling.failures import Backoff
from farm.scheduling.order import AFFINITY
from farm.servers import ServerUrls
from farm.settings import Settings
from models.scheduling import NewHold
from models.vocabulary import ErrorKind, HoldScope, Step
from tasks.process import endings
from tests.support.queue_jobs import add_jobs, add_project, claim_after_render, execute, one, render_all, row_of

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from db.engine import Database
    from db.queue import Claim

LEASE = timedelta(seconds=90)
BACKOFF = Backoff(base=timedelta(seconds=10), cap=timedelta(seconds=60))
FULL = "The disk is full."


@pytest.fixture(autouse=True)
def nothing_there(database: Database) -> None:
    for statement in ("DELETE FROM holds", "DELETE FROM workers", "DELETE FROM projects"):
        execute(database, statement)


def enter(database: Database, slot: int) -> str:
    worker = WorkerIdentity(
        host="h", role="render", pid=1, incarnation=uuid4(), queues=("render_queue.null",), pools=("null",)
    )
    with database.transaction() as session:
        return workers.register(session, worker, slot)


def claim(database: Database, worker: str = "h:render:0") -> Claim | None:
    with database.transaction() as session:
        return queue.claim_render(session, pools=("null",), worker_id=worker, lease=LEASE, affinity=AFFINITY)


def handed_back(database: Database, worker: str) -> UUID:
    """The job that the worker claimed and could not do, because its disk is full."""
    mine = claim(database, worker)
    assert mine is not None
    with database.transaction() as session:
        endings.fail(
            session,
            mine,
            error_kind=ErrorKind.DISK_FULL,
            message=FULL,
            backoff=BACKOFF,
            silent_after=LEASE,
        )
    return mine.job_id


def hold(database: Database, scope: HoldScope, target: str) -> None:
    new = NewHold(scope=scope, target=target, reason="Lunch.", pause=timedelta(hours=1))
    with database.transaction() as session:
        holds.put(session, new, actor="aiko", cause=None)


def held(database: Database) -> set[tuple[str, str]]:
    with database.transaction() as session:
        return {(each.scope.value, each.target) for each in holds.all_holds(session) if each.in_force}


@pytest.mark.parametrize("scope", list(HoldScope))
def test_what_is_held_is_not_begun_and_everything_else_is(database: Database, scope: HoldScope) -> None:
    project, other = add_project(database), add_project(database)
    [job] = add_jobs(database, project)
    targets = {HoldScope.FARM: "", HoldScope.PROJECT: str(project), HoldScope.POOL: "null"}
    hold(database, scope, targets.get(scope, "h:render:0"))
    assert claim(database) is None

    execute(database, "UPDATE holds SET target = :t WHERE scope <> 'farm'", t=str(other))
    if scope is HoldScope.FARM:
        execute(database, "UPDATE holds SET until = now()")

    mine = claim(database)
    assert mine is not None
    assert mine.job_id == job


@pytest.mark.parametrize("scope", [HoldScope.FARM, HoldScope.PROJECT, HoldScope.POOL])
def test_a_score_waits_for_a_hold_as_well(database: Database, scope: HoldScope) -> None:
    project = add_project(database)
    add_jobs(database, project)
    render_all(database)
    targets = {HoldScope.FARM: "", HoldScope.PROJECT: str(project), HoldScope.POOL: "score"}
    hold(database, scope, targets[scope])

    assert claim_after_render(database, Step.SCORE) is None
    execute(database, "DELETE FROM holds")
    assert claim_after_render(database, Step.SCORE) is not None


def test_a_held_worker_is_no_slot_that_wants_waking(database: Database) -> None:
    worker = enter(database, 0)
    add_jobs(database, add_project(database))
    hold(database, HoldScope.WORKER, worker)

    with database.transaction() as session:
        assert queue.demand(session, reserve=4, silent_after=LEASE) == []


def test_a_job_handed_back_counts_no_try_and_its_worker_begins_nothing_until_it_looks_again(
    database: Database,
) -> None:
    sick, healthy = enter(database, 0), enter(database, 1)
    first, second = add_jobs(database, add_project(database), 2, max_retries=0)

    assert handed_back(database, sick) == first

    row = row_of(database, first)
    assert (row.status, row.retry_count, row.error_message, row.due) == ("ready", 0, FULL, False)
    attempt = one(database, "SELECT * FROM attempts WHERE job_id = :job", job=first)
    assert (attempt.outcome, attempt.error_kind) == ("released", "disk_full")
    assert claim(database, sick) is None
    assert claim(database, healthy).job_id == second  # type: ignore[union-attr]


def test_three_workers_with_one_cause_hold_their_pool_until_one_works_again(
    database: Database,
) -> None:
    names = [enter(database, slot) for slot in range(4)]
    add_jobs(database, add_project(database), 4)

    jobs = {handed_back(database, worker) for worker in names[:3]}

    assert len(jobs) == 3
    assert held(database) == {("worker", name) for name in names[:3]} | {("pool", "null")}
    assert claim(database, names[3]) is None
    with database.transaction() as session:
        holds.come_back(session, names[1], ["null"])
    assert held(database) == {("worker", names[0]), ("worker", names[2])}
    assert claim(database, names[3]) is not None


def test_a_job_that_three_workers_hand_back_is_held_and_says_why(database: Database) -> None:
    names = [enter(database, slot) for slot in range(3)]
    [job] = add_jobs(database, add_project(database))

    for worker in names:
        execute(database, "UPDATE render_queue SET available_at = now()")
        assert handed_back(database, worker) == job

    row = row_of(database, job)
    assert (row.status, row.retry_count) == ("held", 0)
    assert row.held_for == f"3 workers handed it back for one cause: {FULL}"
    assert ("pool", "null") not in held(database)


def why(database: Database, job: UUID) -> str:
    with database.transaction() as session:
        return " ".join(explain(catalogue.why_facts(session, job, LEASE)))


def test_why_says_what_holds_a_job(database: Database) -> None:
    worker = enter(database, 0)
    project = add_project(database)
    _, second = add_jobs(database, project, 2)
    handed_back(database, worker)

    assert why(database, second) == (
        f"Every worker that could do it stands aside, and looks again by itself. {worker}: {FULL}"
    )
    enter(database, 1)
    assert why(database, second).startswith("It is the next one")
    hold(database, HoldScope.PROJECT, str(project))
    assert why(database, second) == "Its project is held by aiko: Lunch."


def test_the_doctor_lists_every_hold(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    worker = enter(database, 0)
    add_jobs(database, add_project(database))
    handed_back(database, worker)
    urls = ServerUrls(database.engine.url.render_as_string(hide_password=False), "redis://nowhere")
    monkeypatch.setattr(running, "find_running", lambda *_: urls)

    findings = [
        each for each in running._schema_store_and_workers(Settings(state_dir=tmp_path)) if each.name == "hold"
    ]

    [finding] = findings
    assert finding.message.startswith(f"worker {worker} stands aside since ")
    assert finding.message.endswith(FULL)
