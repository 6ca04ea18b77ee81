"""A machine that cannot do its work, as real processes: its worker steps aside and no job pays for it."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from db.files import ownership
from farm.ops.store import adopt
from tests.support import ROOT
from tests.support.floor import RENDER
from tests.support.queue_jobs import add_jobs, execute, one

if TYPE_CHECKING:
    from uuid import UUID

    from tests.support.floor import Floor, Hand

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def nothing_there(floor: Floor) -> None:
    execute(floor.database, "DELETE FROM holds")
    execute(floor.database, "DELETE FROM projects")


def name_of(floor: Floor, hand: Hand) -> str:
    return str(one(floor.database, "SELECT id FROM workers WHERE pid = :pid", pid=hand.pid).id)


def give_disk(hand: Hand, size_bytes: int) -> None:
    """No file of its pool children may grow further, which they see as a full disk."""
    for child in hand.children():
        child.rlimit(resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))


def holds(floor: Floor) -> dict[str, str]:
    sql = "SELECT COALESCE(jsonb_object_agg(target, reason), '{}') AS them FROM holds WHERE scope = 'worker'"
    return dict(one(floor.database, sql).them)


def tries(floor: Floor, jobs: list[UUID]) -> Any:
    """How the tries at these renders ended, the rows' worst count of tries, and who settled any."""
    return one(
        floor.database,
        """SELECT array_agg(DISTINCT a.outcome) AS outcomes, max(q.retry_count) AS retries,
                  count(*) FILTER (WHERE a.outcome = 'settled') AS settled,
                  count(*) FILTER (WHERE a.outcome = 'released') AS released,
                  COALESCE(array_agg(DISTINCT a.worker_id) FILTER (WHERE a.outcome = 'settled'), '{}') AS by
           FROM render_queue q LEFT JOIN attempts a ON a.job_id = q.job_id AND a.ended_at IS NOT NULL
           WHERE q.job_id = ANY(:jobs)""",
        jobs=jobs,
    )


def test_a_full_disk_beside_a_healthy_worker_fails_no_job_and_heals_by_itself(
    floor: Floor, project: UUID
) -> None:
    sick, healthy = floor.worker(RENDER, ready=False), floor.worker(RENDER, ready=False)
    for hand in (sick, healthy):
        floor.wait_ready(hand)
    name = name_of(floor, sick)
    give_disk(sick, 200)

    jobs = add_jobs(floor.database, project, 60, model_name="null:seconds=0.1", max_retries=0)
    floor.wait(lambda: tries(floor, jobs).settled == 60, "all to be rendered", 60)

    ended = tries(floor, jobs)
    assert set(ended.outcomes) <= {"settled", "released"}
    assert (ended.retries, ended.by) == (0, [name_of(floor, healthy)])
    assert 1 <= ended.released <= 3
    assert list(holds(floor)) == [name]
    assert "The disk is full" in holds(floor)[name]

    give_disk(sick, resource.RLIM_INFINITY)
    more = add_jobs(floor.database, project, 20, model_name="null:seconds=1")
    floor.wait(lambda: name in tries(floor, more).by, "the sick worker to work again")
    floor.wait(lambda: holds(floor) == {}, "its hold to be lifted")


def test_a_renderer_that_cannot_be_imported_costs_no_job_even_one_try(floor: Floor, project: UUID) -> None:
    broken = floor.folder / "broken"
    broken.mkdir()
    skia = broken / "skia.py"
    skia.write_text("raise ImportError('libEGL.so.1 is not there')")
    worker = floor.worker("render_queue.toon", PYTHONPATH=os.pathsep.join([str(broken), str(ROOT)]))
    jobs = add_jobs(floor.database, project, 3, renderer="toon", model_name="toon")

    floor.wait(lambda: holds(floor) != {}, "the worker to step aside")

    [reason] = holds(floor).values()
    assert reason.startswith("The renderer 'toon' cannot be loaded here: libEGL.so.1 is not there.")
    assert tries(floor, jobs).outcomes == [None]
    skia.unlink()
    claimed = "SELECT count(*) FROM attempts WHERE job_id = ANY(:jobs)"
    floor.wait(lambda: floor.scalar(claimed, jobs=jobs) > 0, "the worker to begin")
    assert worker.mark.is_running()


def test_a_store_that_is_not_there_costs_no_job_a_try_and_heals_by_itself(floor: Floor, project: UUID) -> None:
    mounted = floor.folder / "mounted"
    (floor.folder / "elsewhere").write_text("not a folder")
    mounted.symlink_to("elsewhere")
    worker = floor.worker(RENDER, FARM_ARTIFACTS=str(mounted))
    jobs = add_jobs(floor.database, project, 3, max_retries=0)

    floor.wait(lambda: name_of(floor, worker) in holds(floor), "the worker to step aside")

    assert "cannot be written" in holds(floor)[name_of(floor, worker)]
    assert tries(floor, jobs).outcomes == [None]
    (floor.folder / "shelf").mkdir()
    mounted.unlink()
    mounted.symlink_to("shelf")
    floor.wait(lambda: tries(floor, jobs).settled == 3, "all to be rendered")


def test_another_farms_store_costs_no_job_a_try_until_a_person_adopts_it(floor: Floor, project: UUID) -> None:
    theirs = floor.folder / "theirs"
    ownership.sign(theirs, uuid4())
    worker = floor.worker(RENDER, FARM_ARTIFACTS=str(theirs))
    jobs = add_jobs(floor.database, project, 3, max_retries=0)

    floor.wait(lambda: name_of(floor, worker) in holds(floor), "the worker to step aside")

    assert "belongs to another farm" in holds(floor)[name_of(floor, worker)]
    assert tries(floor, jobs).outcomes == [None]
    adopt(theirs, floor.database)
    floor.wait(lambda: tries(floor, jobs).settled == 3, "all to be rendered")
