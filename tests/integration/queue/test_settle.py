"""How attempts end: settled once, failed by kind, released, or taken back when their worker fell silent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from db import queue
from db.queue import Settlement, Standing
from farm.scheduling.failures import Backoff
from farm.scheduling.order import AFFINITY
from models.vocabulary import ErrorKind, QueueStatus, Step
from tasks.process import endings
from tests.support.queue_jobs import TAKE, add_jobs, claim_after_render, execute, one, row_of

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Database
    from db.queue import Claim
    from models.scheduling import Decision

LEASE = timedelta(seconds=60)
TIME_LIMIT = timedelta(hours=1)
BACKOFF = Backoff(base=timedelta(seconds=10), cap=timedelta(seconds=60))


def claim(database: Database, worker: str = "w1") -> Claim:
    with database.transaction() as session:
        claimed = queue.claim_render(session, pools=("null",), worker_id=worker, lease=LEASE, affinity=AFFINITY)
    assert claimed is not None
    return claimed


def settle(database: Database, mine: Claim) -> Settlement:
    with database.transaction() as session:
        return queue.settle_render(session, mine, TAKE)


def fail(database: Database, mine: Claim, kind: ErrorKind) -> QueueStatus | None:
    with database.transaction() as session:
        return endings.fail(
            session, mine, error_kind=kind, message="It broke.", backoff=BACKOFF, silent_after=LEASE
        )


def expire_now(database: Database, job: UUID) -> list[tuple[queue.Expired, Decision]]:
    execute(
        database,
        "UPDATE render_queue SET lease_until = now() - interval '1 s' WHERE job_id = :job",
        job=job,
    )
    with database.transaction() as session:
        return endings.take_back(session, backoff=BACKOFF, time_limit=TIME_LIMIT)


def make_due(database: Database, job: UUID) -> None:
    execute(database, "UPDATE render_queue SET available_at = now() WHERE job_id = :job", job=job)


def outcomes(database: Database, job: UUID) -> list[str]:
    row = one(
        database, "SELECT array_agg(outcome ORDER BY epoch) AS all FROM attempts WHERE job_id = :job", job=job
    )
    return row.all


def test_a_settled_render_leaves_a_take_and_waits_for_its_score(database, project):
    [job] = add_jobs(database, project)
    mine = claim(database)

    assert settle(database, mine) is Settlement.WRITTEN

    row = row_of(database, job)
    assert (row.step, row.status, row.worker_id, row.lease_until) == ("score", "ready", None, None)
    assert one(database, "SELECT epoch FROM takes WHERE job_id = :job", job=job).epoch == mine.epoch
    params = one(database, "SELECT * FROM generation_params WHERE job_id = :job", job=job)
    assert (params.renderer_version, params.model_hash) == ("1", "1" * 64)
    assert params.environment == {"device": "cpu"}
    assert outcomes(database, job) == ["settled"]


def test_a_settle_whose_answer_was_lost_finds_that_it_stands(database, project):
    [job] = add_jobs(database, project)
    mine = claim(database)
    settle(database, mine)

    assert settle(database, mine) is Settlement.STANDS

    assert one(database, "SELECT count(*) AS n FROM takes WHERE job_id = :job", job=job).n == 1


def test_a_worker_that_fell_silent_cannot_overwrite_its_successor(database, project):
    [job] = add_jobs(database, project)
    silent = claim(database, "silent")
    [(lost, decision)] = expire_now(database, job)
    make_due(database, job)
    successor = claim(database, "successor")

    assert settle(database, silent) is Settlement.FENCED
    assert settle(database, successor) is Settlement.WRITTEN
    assert settle(database, silent) is Settlement.FENCED

    assert (lost.job_id, lost.epoch, decision.status) == (job, silent.epoch, QueueStatus.READY)
    assert one(database, "SELECT epoch FROM takes WHERE job_id = :job", job=job).epoch == successor.epoch
    assert outcomes(database, job) == ["lost", "settled"]


def test_a_silent_worker_that_wakes_before_anyone_took_over_is_fenced_too(database, project):
    [job] = add_jobs(database, project)
    silent = claim(database)
    expire_now(database, job)

    assert settle(database, silent) is Settlement.FENCED


def test_the_three_steps_settle_in_order_and_complete_the_job(database, project):
    [job] = add_jobs(database, project)
    settle(database, claim(database))

    for step, settle_step in ((Step.SCORE, queue.settle_score), (Step.GATE, queue.settle_gate)):
        mine = claim_after_render(database, step, "w2")
        with database.transaction() as session:
            assert settle_step(session, mine) is Settlement.WRITTEN

    row = row_of(database, job)
    assert (row.status, row.epoch, row.worker_id) == ("completed", 3, "w2")
    assert row.completed_at is not None
    assert outcomes(database, job) == ["settled"] * 3


def test_a_network_failure_is_tried_again_after_a_growing_pause(database, project):
    [job] = add_jobs(database, project)
    pauses = []

    for _ in range(3):
        assert fail(database, claim(database), ErrorKind.UNAVAILABLE) is QueueStatus.READY
        pauses.append(
            one(database, "SELECT available_at - now() AS p FROM render_queue WHERE job_id = :job", job=job).p
        )
        make_due(database, job)

    for pause, full in zip(pauses, (10, 20, 40), strict=True):
        assert full * 0.5 - 1 <= pause.total_seconds() <= full * 1.5
    assert fail(database, claim(database), ErrorKind.UNAVAILABLE) is QueueStatus.FAILED
    row = row_of(database, job)
    assert (row.status, row.retry_count, row.error_kind) == ("failed", 3, "unavailable")


@pytest.mark.parametrize("kind", [ErrorKind.MISSING_CHECKPOINT, ErrorKind.BAD_RECIPE])
def test_what_a_repeat_cannot_mend_fails_at_once(database, project, kind):
    [job] = add_jobs(database, project)

    assert fail(database, claim(database), kind) is QueueStatus.FAILED

    assert row_of(database, job).error_message == "It broke."


def test_an_error_with_text_that_postgres_cannot_keep_is_written_down_all_the_same(database, project):
    [job] = add_jobs(database, project)
    mine = claim(database)

    with database.transaction() as session:
        endings.fail(
            session,
            mine,
            error_kind=ErrorKind.BUG,
            message="a\x00b \udce9",
            backoff=BACKOFF,
            silent_after=LEASE,
        )

    row = row_of(database, job)
    assert (row.status, row.retry_count, row.error_message) == ("ready", 1, "a?b ?")


def test_memory_that_ran_out_is_tried_once_more_and_no_further(database, project):
    [job] = add_jobs(database, project)

    assert fail(database, claim(database), ErrorKind.OUT_OF_MEMORY) is QueueStatus.READY
    make_due(database, job)
    assert fail(database, claim(database), ErrorKind.OUT_OF_MEMORY) is QueueStatus.FAILED

    assert row_of(database, job).retry_count == 1


def test_the_next_step_has_its_own_tries(database, project):
    [job] = add_jobs(database, project)
    fail(database, claim(database), ErrorKind.BUG)
    make_due(database, job)

    settle(database, claim(database))

    row = row_of(database, job)
    assert (row.retry_count, row.error_kind, row.error_message) == (0, None, None)


def test_a_fenced_worker_cannot_fail_or_release_the_job_either(database, project):
    [job] = add_jobs(database, project)
    silent = claim(database)
    expire_now(database, job)

    assert fail(database, silent, ErrorKind.BUG) is None
    with database.transaction() as session:
        assert not queue.release(session, silent)


def test_released_work_is_due_at_once_and_costs_no_try(database, project):
    [job] = add_jobs(database, project)
    mine = claim(database)

    with database.transaction() as session:
        assert queue.release(session, mine)

    row = row_of(database, job)
    assert (row.status, row.retry_count, row.due) == ("ready", 0, True)
    assert outcomes(database, job) == ["released"]
    assert settle(database, mine) is Settlement.FENCED


def test_a_job_whose_workers_keep_dying_fails_in_the_end(database, project):
    [job] = add_jobs(database, project, max_retries=2)

    for expected in (QueueStatus.READY, QueueStatus.READY, QueueStatus.FAILED):
        make_due(database, job)
        claim(database)
        [(_, decision)] = expire_now(database, job)
        assert decision.status is expected

    row = row_of(database, job)
    assert (row.retry_count, row.error_kind) == (2, "worker_lost")
    assert outcomes(database, job) == ["lost"] * 3


def test_silence_after_the_hard_time_limit_is_told_as_a_timeout(database, project):
    [job] = add_jobs(database, project, max_retries=0)
    claim(database)
    execute(database, "UPDATE attempts SET started_at = now() - interval '61 min' WHERE job_id = :job", job=job)

    expire_now(database, job)

    row = row_of(database, job)
    assert (row.status, row.error_kind) == ("failed", "timeout")


def test_a_lease_that_still_runs_is_left_alone(database, project):
    add_jobs(database, project)
    mine = claim(database)

    with database.transaction() as session:
        assert endings.take_back(session, backoff=BACKOFF, time_limit=TIME_LIMIT) == []

    assert settle(database, mine) is Settlement.WRITTEN


def test_of_every_attempt_the_database_says_whether_its_files_may_go(database, project):
    [done, running, failed, never] = add_jobs(database, project, 4)
    claims = {mine.job_id: mine for mine in (claim(database), claim(database), claim(database))}
    settle(database, claims[done])
    execute(
        database, "UPDATE attempts SET outcome = 'failed', ended_at = now() WHERE job_id = :job", job=failed
    )

    with database.transaction() as session:
        asked = [(done, 1), (done, 2), (running, 1), (failed, 1), (never, 1)]
        standings = queue.standings(session, asked)

    assert [standings[attempt] for attempt in asked] == [
        Standing.SETTLED,
        Standing.UNKNOWN,
        Standing.OPEN,
        Standing.OVER,
        Standing.UNKNOWN,
    ]


def test_what_lost_attempts_left_is_listed_until_it_is_known_to_be_gone(database, project):
    over_for = timedelta(seconds=60)
    [lost, fresh] = add_jobs(database, project, 2)
    for _ in range(2):
        claim(database)
    execute(database, "UPDATE attempts SET outcome = 'lost', ended_at = now() WHERE job_id = :job", job=fresh)
    execute(
        database,
        "UPDATE attempts SET outcome = 'lost', ended_at = now() - interval '2 min' WHERE job_id = :job",
        job=lost,
    )

    with database.transaction() as session:
        before = queue.left_behind(session, over_for=over_for, at_most=10)
        queue.note_removed(session, before)
        after = queue.left_behind(session, over_for=over_for, at_most=10)

    assert (before, after) == ([(lost, 1)], [])
