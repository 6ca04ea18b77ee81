"""Much at once, wrong clocks and one worker alone: what a queue meets when nothing is killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.floor import CONTROL, RENDER, SCORE
from tests.support.queue_jobs import PLAIN, add_jobs, one
from tests.support.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from tests.support.floor import Floor, Hand

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

#: read by every Python that starts with its folder on the path
_WRONG_CLOCK = """
import time
_now, _now_ns = time.time, time.time_ns
time.time = lambda: _now() + {seconds}
time.time_ns = lambda: _now_ns() + {seconds} * 10**9
"""


def outcomes(floor: Floor, jobs: list[UUID]) -> dict[str, int]:
    """How many attempts at these jobs ended how."""
    sql = """SELECT COALESCE(jsonb_object_agg(outcome, n), '{}') AS them FROM (
                 SELECT outcome, count(*) AS n FROM attempts WHERE job_id = ANY(:jobs) GROUP BY outcome) x"""
    return dict(one(floor.database, sql, jobs=jobs).them)


def everybody(floor: Floor) -> list[Hand]:
    hands = [floor.worker(queue, ready=False) for queue in (RENDER, SCORE, CONTROL)]
    floor.beat()
    return hands


def test_five_hundred_jobs_that_fail_at_once_fail_once_each_and_hold_nobody_up(
    floor: Floor, project: UUID
) -> None:
    failing = add_jobs(floor.database, project, 500, model_name="null:fail=missing_checkpoint", profile=PLAIN)
    [good] = add_jobs(floor.database, project, priority=9, profile=PLAIN)
    everybody(floor)

    floor.wait_until_over([good], seconds=60)
    floor.wait_until_over(failing, seconds=200)

    assert outcomes(floor, failing) == {"failed": 500}
    assert outcomes(floor, [good]) == {"settled": 3}
    floor.settled()


def test_one_job_of_the_lowest_priority_waits_for_a_flood_and_no_longer(floor: Floor, project: UUID) -> None:
    [patient] = add_jobs(floor.database, project, priority=1, profile=PLAIN)
    flood = add_jobs(floor.database, project, 120, priority=9, profile=PLAIN)
    everybody(floor)

    floor.wait_until_over([patient, *flood], seconds=200)

    before = """SELECT count(*) FROM attempts WHERE job_id = ANY(:flood) AND step = 'render' AND started_at < (
                    SELECT started_at FROM attempts WHERE job_id = :job AND step = 'render')"""
    assert floor.scalar(before, flood=flood, job=patient) == len(flood)
    assert outcomes(floor, [patient]) == {"settled": 3}
    floor.settled()


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_workers_whose_clock_is_an_hour_wrong_lose_nothing(
    floor: Floor, project: UUID, tmp_path: Path, seconds: int
) -> None:
    (tmp_path / "sitecustomize.py").write_text(_WRONG_CLOCK.format(seconds=seconds))
    path = f"{tmp_path}:{floor.env['PYTHONPATH']}"
    floor.worker(RENDER, ready=False, PYTHONPATH=path)
    floor.worker(SCORE, CONTROL, ready=False)
    floor.worker(CONTROL, SCORE, ready=False, PYTHONPATH=path)
    floor.beat()
    jobs = add_jobs(floor.database, project, 10, model_name="null:seconds=0.3", profile=PLAIN)

    floor.wait_until_over(jobs, seconds=90)

    assert outcomes(floor, jobs) == {"settled": 30}
    floor.settled()


@pytest.mark.parametrize("how", ["cut", "silent"])
def test_a_worker_alone_cut_off_from_the_database_is_replaced_and_fenced_when_it_is_back(
    floor: Floor, project: UUID, how: str
) -> None:
    sign = floor.sign()
    [job] = add_jobs(floor.database, project, model_name=f"null:until={sign}", profile=PLAIN)
    with Wire(floor.database_url) as wire:
        alone = floor.worker(RENDER, FARM_DATABASE_URL=wire.url)
        floor.wait_for(job, step="render")
        with getattr(wire, how)():
            stand_in = floor.worker(RENDER)
            floor.worker(SCORE, CONTROL)
            floor.beat()
            twice = "SELECT count(*) FROM attempts WHERE job_id = :job AND step = 'render'"
            floor.wait(lambda: floor.scalar(twice, job=job) == 2, "the stand-in to begin")
            sign.touch()
            floor.wait_until_over([job])

        floor.wait(
            lambda: "the work is no longer ours" in alone.said().lower(), "the one cut off to notice", 60
        )
        stand_in.stop()
        [more] = add_jobs(floor.database, project, profile=PLAIN)
        floor.wait_until_over([more], seconds=60)

    assert outcomes(floor, [job]) == {"lost": 1, "settled": 3}
    floor.settled()
