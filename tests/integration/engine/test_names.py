"""Workers that would take one name, as real processes: never two under one, and no work lost by it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.floor import RENDER, Floor
from tests.support.queue_jobs import add_jobs, execute, one

if TYPE_CHECKING:
    from uuid import UUID

    from tests.support.floor import Hand


def renders(floor: Floor, jobs: list[UUID]) -> list[tuple[str, str]]:
    """(worker, outcome) of every try at rendering these jobs that has ended, sorted."""
    sql = """SELECT COALESCE(array_agg(worker_id || ' ' || outcome), '{}') AS ended FROM attempts
             WHERE step = 'render' AND outcome IS NOT NULL AND job_id = ANY(:jobs)"""
    return sorted(tuple(each.split(" ")) for each in one(floor.database, sql, jobs=jobs).ended)


def wait_until_rendered(floor: Floor, jobs: list[UUID], seconds: float = 40) -> None:
    """Nobody scores on these floors, and without a beat the workers relay and retry themselves."""
    settled = "SELECT count(*) FROM attempts WHERE outcome = 'settled' AND job_id = ANY(:jobs)"
    floor.wait(lambda: floor.scalar(settled, jobs=jobs) == len(jobs), "all to be rendered", seconds)


def name_of(floor: Floor, hand: Hand) -> str:
    return str(one(floor.database, "SELECT id FROM workers WHERE pid = :pid", pid=hand.pid).id)


def test_a_second_worker_for_the_same_card_refuses_to_start_and_harms_nobody(
    floor: Floor, project: UUID
) -> None:
    first = floor.worker(RENDER, CUDA_VISIBLE_DEVICES="0")
    jobs = add_jobs(floor.database, project, 3, model_name="null:seconds=1")
    floor.wait_for(jobs[0], step="render")

    second = floor.worker(RENDER, ready=False, CUDA_VISIBLE_DEVICES="0")
    floor.wait(lambda: not second.mark.is_running(), "the second worker to refuse")

    assert "This worker cannot start: The name" in second.said()
    assert "is in use" in second.said()
    wait_until_rendered(floor, jobs)
    assert renders(floor, jobs) == [(name_of(floor, first), "settled")] * 3


@pytest.mark.slow
def test_two_workers_that_ask_for_no_slot_have_two_names_and_lose_nothing(floor: Floor, project: UUID) -> None:
    hands = [floor.worker(RENDER, ready=False) for _ in range(2)]
    for hand in hands:
        floor.wait_ready(hand)
    jobs = add_jobs(floor.database, project, 8, model_name="null:seconds=0.5")

    wait_until_rendered(floor, jobs)

    names = {name_of(floor, hand) for hand in hands}
    assert len(names) == 2
    assert set(renders(floor, jobs)) == {(name, "settled") for name in names}


@pytest.mark.slow
def test_after_a_kill_the_successor_has_the_name_and_the_work_without_waiting_for_a_lease(
    floor: Floor, project: UUID
) -> None:
    patient = {"CUDA_VISIBLE_DEVICES": "1", "FARM_LEASE": "60", "FARM_HEARTBEAT": "5"}
    sign = floor.sign()
    killed = floor.worker(RENDER, **patient)
    [job] = add_jobs(floor.database, project, model_name=f"null:until={sign}")
    floor.wait_for(job, step="render")
    name = name_of(floor, killed)
    killed.kill()

    successor = floor.worker(RENDER, **patient)
    sign.touch()

    assert name_of(floor, successor) == name
    # Its lease of a minute would not have run out by then.
    wait_until_rendered(floor, [job], seconds=30)
    assert renders(floor, [job]) == [(name, "lost"), (name, "settled")]


@pytest.mark.slow
def test_a_sleeper_whose_name_was_taken_works_on_under_another_one(floor: Floor, project: UUID) -> None:
    sleeper = floor.worker(RENDER)
    name = name_of(floor, sleeper)
    os.kill(sleeper.pid, signal.SIGSTOP)
    # As a worker of another machine of the same name does, which cannot see that the sleeper lives.
    taken = "UPDATE workers SET incarnation = gen_random_uuid(), pid = 1, boot_id = NULL WHERE id = :id"
    execute(floor.database, taken, id=name)
    os.kill(sleeper.pid, signal.SIGCONT)
    floor.wait(lambda: "registering again" in sleeper.said(), "the sleeper to notice")
    floor.wait(
        lambda: floor.scalar("SELECT count(*) FROM workers WHERE pid = :pid", pid=sleeper.pid) == 1,
        "the sleeper to have a name again",
    )
    [job] = add_jobs(floor.database, project)

    wait_until_rendered(floor, [job])

    another = name_of(floor, sleeper)
    assert another != name
    assert renders(floor, [job]) == [(another, "settled")]
