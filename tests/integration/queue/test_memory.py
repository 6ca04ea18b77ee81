"""Memory that ran out: once more where it was, then on a bigger card, else a sentence that says which."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from db import queue
from db.fleet import workers
from db.fleet.workers import WorkerIdentity
from farm.scheduling.failures import Backoff
from farm.scheduling.order import AFFINITY
from models.pools import served_by
from models.vocabulary import ErrorKind, QueueStatus
from tasks.process import endings
from tests.support.queue_jobs import add_jobs, execute, one, row_of

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Database

LEASE = timedelta(seconds=60)
BACKOFF = Backoff(base=timedelta(microseconds=1), cap=timedelta(microseconds=1))
SMALL, MIDDLE, LARGE = 12_282, 16_376, 24_564


@pytest.fixture
def project(database: Database, project: UUID) -> UUID:
    """The only project, and no worker from another test."""
    execute(database, "DELETE FROM workers")
    return project


def enter(database: Database, host: str, vram_mib: int) -> str:
    """A worker whose ComfyUI has such a card."""
    pools = served_by("comfyui", vram_mib)
    worker = WorkerIdentity(
        host=host,
        role="render",
        pid=1,
        incarnation=uuid4(),
        queues=("render_queue.comfyui",),
        pools=pools,
        capabilities={"comfyui": {"vram_mib": vram_mib}},
        slot=0,
    )
    with database.transaction() as session:
        return workers.register(session, worker, slot=0)


def runs_out(database: Database, worker: str, vram_mib: int) -> QueueStatus | None:
    """The worker claims what its card fits, and its memory runs out."""
    with database.transaction() as session:
        mine = queue.claim_render(
            session,
            pools=served_by("comfyui", vram_mib),
            worker_id=worker,
            lease=timedelta(0),
            affinity=AFFINITY,
        )
        assert mine is not None
    with database.transaction() as session:
        return endings.fail(
            session,
            mine,
            error_kind=ErrorKind.OUT_OF_MEMORY,
            message="ComfyUI ran out of memory.",
            backoff=BACKOFF,
            silent_after=LEASE,
        )


def may_claim(database: Database, worker: str, vram_mib: int) -> bool:
    with database.transaction() as session:
        pools = served_by("comfyui", vram_mib)
        return (
            queue.claim_render(session, pools=pools, worker_id=worker, lease=LEASE, affinity=AFFINITY)
            is not None
        )


def order(database: Database, project: UUID, pool: str) -> UUID:
    [job] = add_jobs(database, project, renderer="comfyui", pool=pool)
    return job


def test_the_first_time_it_is_tried_once_more_in_its_pool(database, project):
    small = enter(database, "a", SMALL)
    job = order(database, project, "comfyui-12g")

    assert runs_out(database, small, SMALL) is QueueStatus.READY

    row = row_of(database, job)
    assert (row.pool, row.retry_count, row.error_message) == ("comfyui-12g", 1, "ComfyUI ran out of memory.")


def test_the_second_time_it_moves_to_the_next_bigger_card_alive(database, project):
    small, _, large = enter(database, "a", SMALL), enter(database, "b", MIDDLE), enter(database, "c", LARGE)
    job = order(database, project, "comfyui-12g")

    runs_out(database, small, SMALL)
    assert runs_out(database, small, SMALL) is QueueStatus.READY

    row = row_of(database, job)
    assert (row.pool, row.retry_count, row.due) == ("comfyui-16g", 0, True)
    assert row.error_message == (
        "ComfyUI ran out of memory. It ran out of memory twice on a card of 12 GiB; moved to comfyui-16g."
    )
    assert not may_claim(database, small, SMALL)
    assert may_claim(database, large, LARGE)


def test_work_of_no_class_moves_beyond_every_card_it_ran_out_on(database, project):
    """The bare pool is served by all; a card of 16 GiB failed after one of 12, so only 24 is bigger."""
    small, middle = enter(database, "a", SMALL), enter(database, "b", MIDDLE)
    enter(database, "c", LARGE)
    job = order(database, project, "comfyui")

    runs_out(database, middle, MIDDLE)
    runs_out(database, small, SMALL)

    row = row_of(database, job)
    assert (row.status, row.pool) == ("ready", "comfyui-24g")
    assert "twice on a card of 16 GiB" in row.error_message


def test_in_its_new_pool_it_again_has_two_tries_and_then_moves_on(database, project):
    small, middle = enter(database, "a", SMALL), enter(database, "b", MIDDLE)
    enter(database, "c", LARGE)
    job = order(database, project, "comfyui-12g")
    for _ in range(2):
        runs_out(database, small, SMALL)

    runs_out(database, middle, MIDDLE)
    assert row_of(database, job).pool == "comfyui-16g"
    runs_out(database, middle, MIDDLE)

    assert row_of(database, job).pool == "comfyui-24g"


def test_without_a_bigger_card_alive_it_fails_and_says_which_it_would_need(database, project):
    small = enter(database, "a", SMALL)
    enter(database, "c", LARGE)
    execute(database, "UPDATE workers SET last_seen_at = now() - interval '1 hour' WHERE host = 'c'")
    job = order(database, project, "comfyui-12g")

    runs_out(database, small, SMALL)
    assert runs_out(database, small, SMALL) is QueueStatus.FAILED

    row = row_of(database, job)
    assert (row.status, row.pool, row.worker_id) == ("failed", "comfyui-12g", small)
    assert row.error_message == (
        "ComfyUI ran out of memory. It ran out of memory twice on a card of 12 GiB; "
        "it would need one of 16 GiB or more, and no live worker has it."
    )


def test_a_comfyui_that_died_of_it_is_remembered_by_its_card(database, project):
    """Its worker serves nothing any more, yet the job must not come back to it under another pool's name."""
    large = enter(database, "c", LARGE)
    enter(database, "d", LARGE)
    job = order(database, project, "comfyui-12g")
    runs_out(database, large, LARGE)
    execute(database, "UPDATE workers SET pools = '{}' WHERE host = 'c'")

    assert runs_out(database, large, LARGE) is QueueStatus.FAILED

    assert "32 GiB or more" in row_of(database, job).error_message


def test_each_try_keeps_its_own_reason(database, project):
    small = enter(database, "a", SMALL)
    enter(database, "c", LARGE)
    job = order(database, project, "comfyui-12g")

    runs_out(database, small, SMALL)
    runs_out(database, small, SMALL)

    kept = one(
        database,
        "SELECT array_agg(error_message ORDER BY epoch) AS told, array_agg(outcome) AS outcomes "
        "FROM attempts WHERE job_id = :job",
        job=job,
    )
    assert (kept.outcomes, kept.told[0]) == (["failed", "failed"], "ComfyUI ran out of memory.")
    assert kept.told[1].endswith("moved to comfyui-16g.")


def test_a_fenced_worker_moves_nothing(database, project):
    small = enter(database, "a", SMALL)
    enter(database, "c", LARGE)
    job = order(database, project, "comfyui-12g")
    runs_out(database, small, SMALL)
    with database.transaction() as session:
        pools = served_by("comfyui", SMALL)
        stale = queue.claim_render(session, pools=pools, worker_id=small, lease=timedelta(0), affinity=AFFINITY)
    assert stale is not None
    with database.transaction() as session:
        queue.cancel(session, [job])

    with database.transaction() as session:
        ended = endings.fail(
            session,
            stale,
            error_kind=ErrorKind.OUT_OF_MEMORY,
            message="No memory.",
            backoff=BACKOFF,
            silent_after=LEASE,
        )

    assert ended is None
    assert row_of(database, job).pool == "comfyui-12g"
