"""Identical work is done once: equal orders share a take, in real worker processes and through their deaths."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from db import queue
from tests.support.floor import RENDER, Floor
from tests.support.queue_jobs import add_jobs, add_project, execute, one

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any
    from uuid import UUID

    from tests.support.floor import Cast, Hand

_SEEDS = count(1000)

_TAKES = """
SELECT t.job_id, t.reused_from_job_id, t.master_path, t.proxy_path, t.file_sha256, t.pixel_sha256,
       t.render_seconds, p.environment, p.renderer_version
FROM takes t JOIN generation_params p USING (job_id)
WHERE t.job_id = ANY(:jobs) ORDER BY t.created_at
"""


@pytest.fixture(scope="module")
def floor(lasting_floor: Floor) -> Floor:
    """The workers of one test meet the next."""
    return lasting_floor


@pytest.fixture(scope="module")
def full_cast(floor: Floor) -> Cast:
    return floor.cast()


@pytest.fixture(scope="module")
def doubles() -> list[Hand]:
    """Who has been the second render worker; the last one may live."""
    return []


@pytest.fixture
def cast(floor: Floor, full_cast: Cast, doubles: list[Hand]) -> Cast:
    """A full shift and a second render worker, whoever of them the test before killed."""
    full_cast.revive()
    if not (doubles and doubles[-1].mark.is_running()):
        doubles.append(floor.worker(RENDER, ready=False))
    for hand in (full_cast.render, doubles[-1]):
        floor.wait_ready(hand)
    return full_cast


@pytest.fixture
def seed() -> int:
    """A seed of one's own, so that no test finds another's takes."""
    return next(_SEEDS)


def order(floor: Floor, project: UUID, seed: int, amount: int = 1, **said: Any) -> list[UUID]:
    return add_jobs(floor.database, project, amount, **({"reuse": True} | said), seed=seed)


def takes(floor: Floor, jobs: Sequence[UUID]) -> list[Any]:
    with floor.database.transaction() as session:
        return list(session.execute(text(_TAKES), {"jobs": list(jobs)}).all())


def drawn(floor: Floor, jobs: Sequence[UUID]) -> list[UUID]:
    """Those of `jobs` that were really rendered."""
    return [take.job_id for take in takes(floor, jobs) if take.reused_from_job_id is None]


def finished(floor: Floor, jobs: Sequence[UUID]) -> None:
    floor.wait_until_over(jobs)
    completed = "SELECT count(*) FROM render_queue WHERE job_id = ANY(:jobs) AND status = 'completed'"
    assert floor.scalar(completed, jobs=list(jobs)) == len(jobs), floor.rows()


def master(floor: Floor, job: UUID) -> Path:
    return floor.folder / "artifacts" / takes(floor, [job])[0].master_path


def test_two_equal_orders_at_once_are_rendered_once(floor, cast, project, seed):
    jobs = order(floor, project, seed, 2, model_name="null:seconds=1")

    finished(floor, jobs)

    first, second = takes(floor, jobs)
    assert (first.reused_from_job_id, second.reused_from_job_id) == (None, first.job_id)
    assert first.render_seconds >= 1 > second.render_seconds
    floor.settled()


def test_the_sidecar_says_what_of_the_order_is_not_drawn(floor, cast, project, seed):
    [job] = order(floor, project, seed, not_drawn=("prompt",))
    finished(floor, [job])

    assert json.loads(master(floor, job).with_name("take.json").read_text())["take"]["not_drawn"] == ["prompt"]


def test_a_reused_take_is_a_take_of_its_own_with_the_facts_of_the_one_that_drew_it(floor, cast, project, seed):
    [job] = order(floor, project, seed)
    finished(floor, [job])
    [again] = order(floor, add_project(floor.database), seed)
    finished(floor, [again])

    first, second = takes(floor, [job, again])
    assert second.reused_from_job_id == job
    assert first.pixel_sha256 == second.pixel_sha256
    assert first.environment == second.environment
    assert second.renderer_version == "1"
    assert master(floor, job).samefile(master(floor, again))
    told = json.loads(master(floor, again).with_name("take.json").read_text())["take"]
    assert (told["job_id"], told["reused_from"]) == (str(again), str(job))
    # The job that drew it goes with its files, and the other keeps its own.
    floor.settled()
    execute(floor.database, "DELETE FROM jobs WHERE id = :job", job=job)
    for file in master(floor, again).parents[2].joinpath(str(job), "1").iterdir():
        file.unlink()
    floor.settled()
    [third] = order(floor, project, seed)
    finished(floor, [third])
    assert takes(floor, [third])[0].reused_from_job_id == again


def test_of_ten_equal_orders_one_is_rendered(floor, cast, project, seed):
    jobs = order(floor, project, seed, 10, model_name="null:seconds=0.5")

    finished(floor, jobs)

    assert len(drawn(floor, jobs)) == 1
    assert {take.reused_from_job_id for take in takes(floor, jobs)} == {None, *drawn(floor, jobs)}
    floor.settled()


def test_when_the_first_dies_another_renders_and_the_rest_reuse(floor, cast, project, seed):
    sign = floor.sign()
    jobs = order(floor, project, seed, 4, model_name=f"null:until={sign}")
    at_it = """SELECT max(w.pid) FROM render_queue q JOIN workers w ON w.id = q.worker_id
               WHERE q.job_id = ANY(:jobs) AND q.step = 'render' AND q.status = 'running'"""
    floor.wait(lambda: floor.scalar(at_it, jobs=jobs) is not None, "one of the equals to be rendered")
    pid = floor.scalar(at_it, jobs=jobs)

    next(hand for hand in floor.hands if hand.pid == pid).kill()
    sign.touch()
    cast.revive()

    finished(floor, jobs)
    lost = "SELECT count(*) FROM attempts WHERE job_id = ANY(:jobs) AND outcome = 'lost'"
    assert floor.scalar(lost, jobs=jobs) == 1
    assert len(drawn(floor, jobs)) == 1
    floor.settled()


def test_when_the_first_is_cancelled_another_renders(floor, cast, project, seed):
    sign = floor.sign()
    first, second = order(floor, project, seed, 2, model_name=f"null:until={sign}")
    floor.wait_for(first, step="render")

    with floor.database.transaction() as session:
        queue.cancel(session, [first])
    sign.touch()

    finished(floor, [second])
    assert drawn(floor, [second]) == [second]
    floor.settled()


def test_when_the_first_fails_those_that_waited_try_themselves(floor, cast, project, seed):
    jobs = order(floor, project, seed, 3, model_name="null:fail=bad_recipe")

    floor.wait_until_over(jobs)

    failed = "SELECT count(*) FROM render_queue WHERE job_id = ANY(:jobs) AND status = 'failed'"
    assert floor.scalar(failed, jobs=jobs) == 3
    floor.settled()


@pytest.mark.parametrize("changed", ["it is ordered without reuse", "its seed is another", "it reproduces"])
def test_a_take_exists_and_it_is_rendered_all_the_same_because(floor, cast, project, seed, changed):
    [job] = order(floor, project, seed)
    finished(floor, [job])

    said: dict[str, Any] = {
        "it is ordered without reuse": {"reuse": False},
        "its seed is another": {"seed": next(_SEEDS)},
        "it reproduces": {"reproduces_job_id": job},
    }[changed]
    [again] = order(floor, project, said.pop("seed", seed), **said)

    finished(floor, [again])
    assert drawn(floor, [again]) == [again]
    floor.settled()


def test_orders_without_reuse_do_not_wait_for_their_equals(floor, cast, project, seed):
    sign = floor.sign()
    jobs = order(floor, project, seed, 2, model_name=f"null:until={sign}", reuse=False)
    running = "SELECT count(*) FROM render_queue WHERE job_id = ANY(:jobs) AND status = 'running'"

    floor.wait(lambda: floor.scalar(running, jobs=jobs) == 2, "both to be rendered side by side")
    sign.touch()

    finished(floor, jobs)
    # What they made may be used by those who do not mind.
    [third] = order(floor, project, seed, model_name=f"null:until={sign}")
    finished(floor, [third])
    assert drawn(floor, [*jobs, third]) == drawn(floor, jobs)
    floor.settled()


@pytest.mark.parametrize("trouble", ["another renderer version", "a missing master", "a damaged master"])
def test_a_take_that_cannot_stand_in_is_rendered_anew_and_says_why(floor, cast, project, seed, trouble):
    [job] = order(floor, project, seed)
    finished(floor, [job])
    floor.settled()
    whole = master(floor, job)
    data = whole.read_bytes()
    if trouble == "another renderer version":
        told = """UPDATE generation_params SET environment = environment || '{"renderer_version": "0"}'
                  WHERE job_id = :job"""
        execute(floor.database, told, job=job)
    elif trouble == "a missing master":
        whole.unlink()
    else:
        # Another file under the same name: a disk that lies.
        whole.unlink()
        whole.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    [again] = order(floor, project, seed)

    finished(floor, [again])
    assert drawn(floor, [again]) == [again]
    sidecar = master(floor, again).with_name("take.json").read_text()
    why = json.loads(sidecar)["take"]["not_reused"]
    assert str(whole.parent) not in sidecar
    assert {
        "another renderer version": "renderer_version was 0 and is 1 here",
        "a missing master": "the files cannot be read",
        "a damaged master": "the master is damaged",
    }[trouble] in why
    whole.unlink(missing_ok=True)
    whole.write_bytes(data)
    # The whole one is found behind the damaged.
    [third] = order(floor, project, seed)
    finished(floor, [third])
    assert drawn(floor, [third]) == []
    floor.settled()


def test_a_reproduction_that_came_out_different_stands_in_for_nothing(floor, cast, project, seed):
    [job] = order(floor, project, seed)
    [copy] = order(floor, project, seed, reproduces_job_id=job)
    finished(floor, [job, copy])
    execute(
        floor.database,
        """UPDATE jobs SET reproduction = '{"equality": "different"}' WHERE id = :copy""",
        copy=copy,
    )

    [again] = order(floor, project, seed)

    finished(floor, [again])
    assert takes(floor, [again])[0].reused_from_job_id == job
    assert one(floor.database, "SELECT fingerprint FROM render_queue WHERE job_id = :j", j=copy)[0] is None
    floor.settled()
