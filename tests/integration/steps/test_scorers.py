"""A score goes to the worker that has the networks its profile asks for, and to anybody when none has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.floor import CONTROL, RENDER, SCORE, Floor
from tests.support.queue_jobs import add_jobs, add_project, execute, one
from workers.scoring import weights

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

_SCORED_BY = """SELECT array_agg(DISTINCT worker_id) AS workers FROM attempts
                WHERE step = 'score' AND outcome = 'settled' AND job_id = ANY(:jobs)"""


@pytest.fixture(scope="module")
def equipped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a worker whose folder holds the network under toon-id; the others have nothing."""
    networks = tmp_path_factory.mktemp("networks")
    # That it is there is what workers tell one another; that it is damaged is found out when it is loaded.
    (networks / weights.entry("efficientnet-lite0").file).write_bytes(b"not weights")
    return {"FARM_NETWORKS_DIR": str(networks)}


def id_of(floor: Floor, pid: int) -> str:
    return str(one(floor.database, "SELECT id FROM workers WHERE pid = :pid", pid=pid).id)


def networks_of(floor: Floor, pid: int) -> list[str]:
    told = "SELECT networks FROM workers WHERE pid = :pid"
    return list(one(floor.database, told, pid=pid).networks)


def scored_by(floor: Floor, jobs: list[UUID]) -> list[str]:
    return list(one(floor.database, _SCORED_BY, jobs=jobs).workers)


def test_a_worker_without_the_networks_leaves_every_score_to_the_one_that_has_them(
    floor: Floor, equipped: dict[str, str]
) -> None:
    bare = floor.worker(SCORE, ready=False)
    able = floor.worker(SCORE, ready=False, **equipped)
    others = [
        floor.worker(RENDER, ready=False),
        floor.worker(CONTROL, pool="threads", concurrency=2, ready=False),
    ]
    floor.beat()
    for hand in (bare, able, *others):
        floor.wait_ready(hand)
    assert "toon-id" in networks_of(floor, able.pid)

    jobs = add_jobs(floor.database, add_project(floor.database), 10)

    floor.wait_until_over(jobs, seconds=90)
    floor.settled()
    assert scored_by(floor, jobs) == [id_of(floor, able.pid)]
    assert "has networks that are missing here" in bare.said()


def test_networks_pulled_or_removed_while_a_worker_runs_are_told_with_its_next_beat(
    floor: Floor, tmp_path: Path
) -> None:
    hand = floor.worker(SCORE, FARM_NETWORKS_DIR=str(tmp_path))
    before = networks_of(floor, hand.pid)
    file = tmp_path / weights.entry("efficientnet-lite0").file

    file.write_bytes(b"not weights")
    floor.wait(lambda: "toon-id" in networks_of(floor, hand.pid), "the network to be told")
    file.unlink()
    floor.wait(lambda: networks_of(floor, hand.pid) == before, "its removal to be told")

    assert "toon-id" not in before


def test_a_score_does_not_wait_for_networks_whose_only_worker_died(
    floor: Floor, equipped: dict[str, str]
) -> None:
    cast = floor.cast()
    able = floor.worker(SCORE, **equipped)
    dead = id_of(floor, able.pid)
    able.kill()
    # However slow this machine is, the first scores find a worker that seems to live.
    execute(floor.database, "UPDATE workers SET last_seen_at = now() + interval '10 s' WHERE id = :id", id=dead)

    jobs = add_jobs(floor.database, add_project(floor.database), 4)

    floor.wait_until_over(jobs, seconds=90)
    floor.settled()
    assert scored_by(floor, jobs) == [id_of(floor, cast.score.pid)]
    assert f"left to {dead}" in cast.score.said()
