"""Which worker is live: one answer in Postgres and Python, and everybody who asks gets it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from db import catalogue, queue
from db.fleet import workers
from db.fleet.workers import WorkerIdentity
from farm.ops.doctor import running
from farm.scheduling.failures import Backoff
from farm.scheduling.order import AFFINITY
from farm.servers import ServerUrls
from farm.settings import Settings
from models.vocabulary import ErrorKind, Step, WorkerStatus
from tasks.process import endings
from tests.support.queue_jobs import add_jobs, add_project, execute, one, render_all

if TYPE_CHECKING:
    from pathlib import Path

    from db.engine import Database

LEASE = timedelta(seconds=90)


@pytest.fixture(autouse=True)
def no_workers(database: Database) -> None:
    execute(database, "DELETE FROM workers")
    execute(database, "DELETE FROM projects")


def enter(database: Database, *, role: str = "render", queues: tuple[str, ...] = ("render_queue.null",)) -> str:
    pools = ("null",) if role == "render" else ()
    worker = WorkerIdentity(
        host="h", role=role, pid=1, incarnation=uuid4(), queues=queues, pools=pools, networks=("toon-id",)
    )
    with database.transaction() as session:
        return workers.register(session, worker, slot=0)


def fall_silent(database: Database, seconds: float) -> None:
    execute(database, "UPDATE workers SET last_seen_at = now() - make_interval(secs => :s)", s=seconds)


@pytest.mark.parametrize("status", list(WorkerStatus))
def test_postgres_and_python_agree_on_who_is_live(database: Database, status: WorkerStatus) -> None:
    enter(database)
    execute(database, "UPDATE workers SET status = :status", status=status.value)

    for seconds in (0, 60, 89.999999, 90, 90.000001, 3600):
        with database.transaction() as session:
            # Within one transaction the database's clock stands still.
            session.connection().exec_driver_sql(
                "UPDATE workers SET last_seen_at = now() - make_interval(secs => %s)", (seconds,)
            )
            in_sql = session.connection().exec_driver_sql("SELECT is_live(w, '90 s') FROM workers w").scalar()
            [view] = catalogue.workers(session)

            at_work = status in (WorkerStatus.READY, WorkerStatus.BUSY)
            assert view.is_live(LEASE) == in_sql == (at_work and seconds < 90), seconds


@pytest.mark.parametrize(("silent_s", "is_live"), [(60, True), (91, False)])
def test_everybody_who_asks_counts_the_same_worker_as_live(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    silent_s: float,
    is_live: bool,
) -> None:
    renderer = enter(database)
    scorer = enter(database, role="score", queues=("score",))
    project = add_project(database)
    add_jobs(database, project)
    render_all(database, networks=("toon-id",))
    [job] = add_jobs(database, project)
    fall_silent(database, silent_s)

    with database.transaction() as session:
        mine = queue.claim_render(session, pools=("null",), worker_id="other", lease=LEASE, affinity=AFFINITY)
        assert mine is not None
        backoff = Backoff(base=timedelta(0), cap=timedelta(0))
        facts = queue.failure_facts(session, mine, silent_after=LEASE)
        endings.fail(
            session, mine, error_kind=ErrorKind.BUG, message="No.", backoff=backoff, silent_after=LEASE
        )
        why = catalogue.why_facts(session, job, LEASE)
        wanted = queue.demand(session, reserve=4, silent_after=LEASE, queues={Step.SCORE: "score"})
        better = queue.better_scorer(session, worker_id="other", lease=LEASE, networks=(), queue="score")
        # What failed at `other` is left to a live worker of the pool.
        left_to_others = (
            queue.claim_render(session, pools=("null",), worker_id="other", lease=LEASE, affinity=AFFINITY)
            is None
        )
    urls = ServerUrls(database.engine.url.render_as_string(hide_password=False), "redis://nowhere")
    monkeypatch.setattr(running, "find_running", lambda *_: urls)
    settings = Settings(state_dir=tmp_path, lease=LEASE)
    findings = {each.name: each.message for each in running._schema_store_and_workers(settings)}

    assert facts is not None
    assert ("null" in facts.live_pools) == is_live
    assert [worker.id for worker in why.workers] == ([renderer] if is_live else [])
    listened = [(each.step, each.pool) for each in wanted]
    assert listened == ([(Step.RENDER, "null"), (Step.SCORE, "")] if is_live else [])
    assert better == (scorer if is_live else None)
    assert left_to_others == is_live
    assert findings["render worker"] == (renderer if is_live else "none is alive")


def test_networks_are_written_by_their_own_worker_only(database: Database) -> None:
    worker_id = enter(database, role="score", queues=("score",))
    incarnation = one(database, "SELECT incarnation FROM workers").incarnation

    with database.transaction() as session:
        workers.say_networks(session, worker_id, uuid4(), ("somebody-elses",))
        workers.say_networks(session, worker_id, incarnation, ("toon-id", "lpips-alex"))

    with database.transaction() as session:
        [view] = catalogue.workers(session)
    assert one(database, "SELECT networks FROM workers").networks == ["toon-id", "lpips-alex"]
    assert view.capabilities == {"networks": ["toon-id", "lpips-alex"]}
