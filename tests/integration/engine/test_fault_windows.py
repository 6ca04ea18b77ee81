"""Processes die in each window between a commit and what follows it, and every job ends once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest

from models.failpoints import Window
from tests.chaos.crew import Crew
from tests.chaos.run import Plan, audited, worked_off
from tests.support.floor import CONTROL, RENDER, SCORE
from tests.support.queue_jobs import PLAIN, add_jobs, add_project, execute

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from db.engine import Database
    from tests.support.floor import Floor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PLAN = Plan(seed=3, jobs=8, roles=((RENDER,), (SCORE, CONTROL)), patience_s=150)
#: how it comes that a window is passed: work is only taken back where a worker died
_LEADS_TO = {Window.RETRY: f"{Window.CLAIM}:1:kill=1;"}
#: windows that workers never pass while they work
_OF_OTHERS = (
    Window.TIDY,
    Window.LEAVE,
    Window.ORDER,
    Window.CANCEL,
    Window.EVENTS,
    Window.CALLED,
    Window.DELIVER,
    Window.DELIVERED,
)
_LOST = """
INSERT INTO attempts (job_id, step, epoch, worker_id, outcome, ended_at)
VALUES (:job, 'render', :epoch, 'w', 'lost', now())
"""
_SUBMIT = """
from farm import Farm
with Farm() as farm:
    print(farm.submit(project={project!r}, prompt="a lantern", renderer="null", profile="plain"))
"""
_CANCEL = """
from farm import Farm
with Farm() as farm:
    farm.cancel([{job!r}])
"""


@pytest.fixture
def window(request: pytest.FixtureRequest) -> Window:
    return Window(request.param)


@pytest.fixture
def floor_settings(window: Window) -> dict[str, str]:
    return {**PLAN.settings, "FARM_FAILPOINTS": f"{_LEADS_TO.get(window, '')}{window}:1:kill=2"}


@pytest.fixture(autouse=True)
def nobody_died_yet(floor_folder: Path) -> None:
    """Notes of the tests before would use up what is limited."""
    shutil.rmtree(floor_folder / "failpoints", ignore_errors=True)


@pytest.mark.parametrize("window", [each for each in Window if each not in _OF_OTHERS], indirect=True)
def test_workers_that_die_in_a_window_lose_nothing_and_do_nothing_twice(floor: Floor, window: Window) -> None:
    crew = Crew(floor, None, Random(PLAN.seed), PLAN.roles)  # noqa: S311 - nothing is drawn
    jobs = work_that_passes(window, floor.database)

    seconds = worked_off(crew, PLAN, jobs, Counter(), {})
    result = audited(crew, jobs, seconds, Counter())

    assert result.faults[f"{window} kill"] >= 1
    assert result.broken == []
    assert result.stuck == 0
    assert (result.unreadable_takes, result.orphaned_files) == ([], [])


def work_that_passes(window: Window, database: Database) -> list[UUID]:
    """Jobs that lead through a window: failing ones, equal ones, or any."""
    project = add_project(database)
    how = {"profile": PLAIN, "max_retries": 50}
    if window in (Window.FAIL, Window.DISCARD):
        failing = add_jobs(database, project, 3, model_name="null:fail=unavailable", max_retries=2)
        return [*failing, *add_jobs(database, project, 3, **how)]
    if window is Window.EQUAL:
        return add_jobs(database, project, PLAN.jobs, seed=1, reuse=True, **how)
    return add_jobs(database, project, PLAN.jobs, **how)


@pytest.mark.parametrize("window", [Window.LEAVE], indirect=True)
def test_a_worker_that_dies_while_it_leaves_has_handed_everything_back(floor: Floor, window: Window) -> None:
    project = add_project(floor.database)
    sign = floor.sign()
    [job] = add_jobs(floor.database, project, model_name=f"null:until={sign}", max_retries=0, profile=PLAIN)
    leaving = floor.worker(
        RENDER,
        config=("worker.soft_shutdown_timeout=0.5",),
        FARM_FAILPOINTS="leave.after_commit:1",
    )
    floor.wait_for(job, step="render")

    os.kill(leaving.pid, signal.SIGQUIT)
    floor.wait(lambda: not leaving.mark.is_running(), "the worker to die")

    assert "leave.after_commit" in (floor.folder / "failpoints" / "hits").read_text()
    sign.touch()
    for queues in PLAN.roles:
        floor.worker(*queues, ready=False, FARM_FAILPOINTS="")
    floor.beat()
    floor.wait_until_over([job])
    floor.settled()
    assert floor.scalar("SELECT count(*) FROM attempts WHERE job_id = :job AND outcome = 'lost'", job=job) == 0


@pytest.mark.parametrize("window", [Window.ORDER], indirect=True)
def test_an_order_whose_script_died_before_it_woke_anybody_is_rendered(floor: Floor, window: Window) -> None:
    project = add_project(floor.database)
    slug = floor.scalar("SELECT slug FROM projects WHERE id = :id", id=project)

    died(floor, _SUBMIT.format(project=slug), window)

    [job] = floor.scalar("SELECT array_agg(id) FROM jobs WHERE project_id = :id", id=project)
    crew = Crew(floor, None, Random(1), PLAN.roles)  # noqa: S311 - nothing is drawn
    worked_off(crew, PLAN, [job], Counter(), {})
    floor.settled()


@pytest.mark.parametrize("window", [Window.CANCEL], indirect=True)
def test_a_cancel_whose_script_died_at_once_stands(floor: Floor, window: Window) -> None:
    project = add_project(floor.database)
    [job] = add_jobs(floor.database, project, model_name="null:hang", profile=PLAIN)
    floor.worker(RENDER, FARM_FAILPOINTS="")
    floor.beat()
    floor.wait_for(job, step="render")

    died(floor, _CANCEL.format(job=str(job)), window)

    [after] = add_jobs(floor.database, project, profile=PLAIN)
    # The worker is free again.
    rendered = "SELECT count(*) FROM attempts WHERE job_id = :job AND outcome = 'settled'"
    floor.wait(lambda: floor.scalar(rendered, job=after) == 1, "the next job to be rendered")
    assert floor.scalar("SELECT status FROM render_queue WHERE job_id = :job", job=job) == "cancelled"


@pytest.mark.parametrize("window", [Window.TIDY], indirect=True)
def test_what_a_tidy_that_died_left_lying_goes_with_the_next(floor: Floor, window: Window) -> None:
    [job] = add_jobs(floor.database, add_project(floor.database), profile=PLAIN)
    crew = Crew(floor, None, Random(1), PLAN.roles)  # noqa: S311 - nothing is drawn
    worked_off(crew, PLAN, [job], Counter(), {})
    orphan = floor.folder / "artifacts" / "takes" / str(job) / "77"
    orphan.mkdir()
    (orphan / "master.png").write_bytes(b"half")
    execute(floor.database, _LOST, job=job, epoch=77)
    # The crew's beat may have tidied just now, and then it would not be time yet.
    execute(floor.database, "DELETE FROM ticks")

    died(floor, "from tasks.beat.upkeep import tidy; tidy()", window)
    assert orphan.exists()
    result = audited(crew, [job], 0, Counter())

    assert not orphan.exists()
    assert result.orphaned_files == []


def died(floor: Floor, code: str, window: Window) -> None:
    """Run a piece of a script that is killed in the window."""
    env = {**floor.env, "FARM_FAILPOINTS": f"{window}:1"}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=floor.folder, check=False, capture_output=True, text=True
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
