"""The clocks of the farm: beat jobs that may come twice, workers that come, fall silent and leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from db import queue
from db.fleet import workers
from db.fleet.workers import WorkerIdentity
from db.queue import Turn
from farm.scheduling.failures import Backoff
from farm.scheduling.names import free_slot
from farm.scheduling.order import AFFINITY
from models.vocabulary import Step
from tasks.process import endings
from tests.support.queue_jobs import add_jobs, add_project, execute, one, render_all, row_of

if TYPE_CHECKING:
    from db.engine import Database

SILENT_AFTER = timedelta(seconds=60)


@pytest.fixture(autouse=True)
def no_workers(database: Database) -> None:
    execute(database, "DELETE FROM workers")
    execute(database, "DELETE FROM projects")


def identity(**changes: object) -> WorkerIdentity:
    values = {
        "host": "atelier",
        "role": "render",
        "pid": 100,
        "incarnation": uuid4(),
        "queues": ("render_queue.null",),
        "pools": ("null",),
    }
    return WorkerIdentity(**{**values, **changes})


def register(database: Database, worker: WorkerIdentity, *, living: bool = True) -> str:
    with database.transaction() as session:
        known = [replace(each, is_running=living) for each in workers.holders(session, worker)]
        slot = free_slot(known, lease=SILENT_AFTER)
        assert slot is not None
        return workers.register(session, worker, slot)


def status_of(database: Database, worker_id: str) -> str:
    return one(database, "SELECT status FROM workers WHERE id = :id", id=worker_id).status


def age(database: Database, worker_id: str) -> None:
    execute(database, "UPDATE workers SET last_seen_at = now() - interval '2 min' WHERE id = :id", id=worker_id)


def test_a_tick_that_ran_just_now_is_not_run_again(database):
    name = f"relay-{uuid4()}"

    with database.transaction() as session:
        assert queue.take_turn(session, name, timedelta(seconds=2)) is Turn.MINE
    with database.transaction() as session:
        assert queue.take_turn(session, name, timedelta(seconds=2)) is Turn.TOO_EARLY
    execute(database, "UPDATE ticks SET ran_at = now() - interval '2 s' WHERE name = :name", name=name)
    with database.transaction() as session:
        assert queue.take_turn(session, name, timedelta(seconds=2)) is Turn.MINE


def test_a_database_clock_that_was_set_back_stops_no_tick_and_hides_no_silence(database):
    name = f"relay-{uuid4()}"
    execute(database, "INSERT INTO ticks VALUES (:name, now() + interval '1 h')", name=name)

    with database.transaction() as session:
        assert queue.take_turn(session, name, timedelta(seconds=2)) is Turn.MINE
    execute(database, "UPDATE ticks SET ran_at = now() + interval '1 h' WHERE name = :name", name=name)
    with database.transaction() as session:
        assert queue.silence_of(session, name) == timedelta(0)


def test_a_tick_that_somebody_is_at_is_left_to_them(database):
    name = f"retry-{uuid4()}"

    with database.transaction() as first, database.transaction() as second:
        assert queue.take_turn(first, name, timedelta(seconds=2)) is Turn.MINE
        assert queue.take_turn(second, name, timedelta(seconds=2)) is Turn.TAKEN


def test_silence_of_a_name_never_seen_counts_from_the_first_question(database):
    with database.transaction() as session:
        assert queue.silence_of(session, f"beat-{uuid4()}") < timedelta(seconds=1)


def test_a_slot_keeps_its_name_over_a_restart(database):
    first = register(database, identity(pid=100))
    again = register(database, identity(pid=200), living=False)

    assert first == again == "atelier:render:0"


def test_two_workers_of_one_host_get_two_slots(database):
    first = register(database, identity(pid=100))
    second = register(database, identity(pid=200))

    assert (first, second) == ("atelier:render:0", "atelier:render:1")


def test_a_successor_is_never_mistaken_for_its_predecessor(database):
    old, new = identity(pid=100), identity(pid=200)
    worker_id = register(database, old)
    register(database, new, living=False)

    with database.transaction() as session:
        assert not workers.beat(session, worker_id, old.incarnation)
        assert workers.beat(session, worker_id, new.incarnation)
        workers.leave(session, worker_id, old.incarnation)

    assert status_of(database, worker_id) == "ready"


def test_a_worker_is_busy_exactly_while_a_row_runs_under_its_name(database):
    worker = identity()
    worker_id = register(database, worker)
    [job] = add_jobs(database, add_project(database))
    with database.transaction() as session:
        claim = queue.claim_render(
            session,
            pools=("null",),
            worker_id=worker_id,
            incarnation=worker.incarnation,
            lease=SILENT_AFTER,
            affinity=AFFINITY,
        )
        workers.beat(session, worker_id, worker.incarnation)
    row = one(database, "SELECT status, current_job_id FROM workers WHERE id = :id", id=worker_id)
    assert (row.status, row.current_job_id) == ("busy", job)

    with database.transaction() as session:
        queue.release(session, claim)
        workers.beat(session, worker_id, worker.incarnation)

    assert status_of(database, worker_id) == "ready"


def test_a_silent_worker_is_lost_and_one_that_beats_again_is_back(database):
    worker = identity()
    worker_id = register(database, worker)
    age(database, worker_id)

    with database.transaction() as session:
        assert workers.mark_lost(session, silent_after=SILENT_AFTER) == [worker_id]
    assert status_of(database, worker_id) == "lost"
    with database.transaction() as session:
        workers.beat(session, worker_id, worker.incarnation)

    assert status_of(database, worker_id) == "ready"


def test_a_draining_worker_stays_draining_until_it_is_gone(database):
    worker = identity()
    worker_id = register(database, worker)

    with database.transaction() as session:
        workers.beat(session, worker_id, worker.incarnation, draining=True)
        workers.beat(session, worker_id, worker.incarnation)
    assert status_of(database, worker_id) == "draining"
    with database.transaction() as session:
        workers.leave(session, worker_id, worker.incarnation)

    assert status_of(database, worker_id) == "gone"


def test_demand_counts_no_further_than_messages_could_be_wanted(database):
    register(database, identity(slots=2))
    register(database, identity(pid=300, pools=("null", "toon")))
    add_jobs(database, add_project(database), 40)

    with database.transaction() as session:
        found = {d.pool: (d.slots, d.due) for d in queue.demand(session, reserve=4, silent_after=SILENT_AFTER)}

    assert found == {"null": (3, 7), "toon": (1, 0)}


def test_demand_of_the_later_steps_goes_by_who_listens_and_what_is_due(database):
    register(database, identity(role="score", queues=("score",), pools=(), slots=2))
    register(database, identity(role="gate", queues=("gate",), pools=(), slots=4))
    add_jobs(database, add_project(database), 40)
    render_all(database)

    with database.transaction() as session:
        wanted = queue.demand(
            session,
            reserve=4,
            silent_after=SILENT_AFTER,
            queues={Step.SCORE: "score", Step.GATE: "gate"},
        )

    assert [(each.step, each.slots, each.due) for each in wanted] == [(Step.GATE, 4, 0), (Step.SCORE, 2, 6)]


def test_workers_that_left_make_no_demand(database):
    worker_id = register(database, identity())
    age(database, worker_id)

    with database.transaction() as session:
        assert queue.demand(session, reserve=4, silent_after=SILENT_AFTER) == []


@pytest.mark.parametrize(
    ("left_s", "spared"),
    [
        (60, True),  # it beat as it should until nobody could any more
        (1, False),  # it had fallen silent before
        (300, False),  # it has more left than it would be given
    ],
)
def test_after_a_standstill_who_beat_until_then_gets_one_heartbeat(
    database: Database, left_s: int, spared: bool
) -> None:
    [job] = add_jobs(database, add_project(database))
    with database.transaction() as session:
        queue.claim_render(session, pools=("null",), worker_id="w", lease=SILENT_AFTER, affinity=AFFINITY)
    # Somebody looked 100 s ago, when so much was left of the lease.
    lease = "UPDATE render_queue SET lease_until = now() + make_interval(secs => :left - 100)"
    execute(database, lease, left=left_s)
    gap, heartbeat = timedelta(seconds=100), timedelta(seconds=15)

    assert spare(database, job, gap, heartbeat) is spared
    # The next look, after a gap as well: nobody is spared twice, or the dead would be spared for ever.
    execute(database, "UPDATE render_queue SET lease_until = lease_until - make_interval(secs => 100)")
    assert not spare(database, job, gap, heartbeat)


def spare(database: Database, job: UUID, gap: timedelta, heartbeat: timedelta) -> bool:
    """Whether the job's lease was extended."""
    before = row_of(database, job).lease_until
    with database.transaction() as session:
        queue.spare(session, since=gap, heartbeat=heartbeat)
    return bool(row_of(database, job).lease_until > before)


def test_what_a_dead_start_of_a_worker_held_is_taken_back_and_nothing_that_another_holds(database):
    dead, living = uuid4(), uuid4()
    [job, other] = add_jobs(database, add_project(database), 2)
    with database.transaction() as session:
        for incarnation in (dead, living):
            queue.claim_render(
                session,
                pools=("null",),
                worker_id="w",
                incarnation=incarnation,
                lease=SILENT_AFTER,
                affinity=AFFINITY,
            )

    with database.transaction() as session:
        queue.end_leases(session, dead)
        assert [claim.job_id for claim in queue.held_by(session, living)] == [other]
    with database.transaction() as session:
        expired = endings.take_back(
            session,
            backoff=Backoff(base=timedelta(seconds=1), cap=timedelta(seconds=1)),
            time_limit=timedelta(hours=1),
        )

    assert [attempt.job_id for attempt, _ in expired] == [job]
