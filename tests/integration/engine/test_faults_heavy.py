"""Minutes of faults at random under load: whatever dies, every job ends once. Slow; not part of `make test`."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from db import queue
from tests.support.floor import CONTROL, RENDER, SCORE
from tests.support.queue_jobs import add_jobs, add_project, one

if TYPE_CHECKING:
    from typing import Any

    from tests.support.floor import Floor, Hand

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_floor_under_random_faults_ends_every_job_once(floor, seed):
    chance = random.Random(seed)  # noqa: S311 - repeatable faults, no secrets
    queues = {"r1": RENDER, "r2": RENDER, "s": SCORE, "g": CONTROL}
    crew: dict[str, Hand] = {name: floor.worker(queue_name) for name, queue_name in queues.items()}
    beat = floor.beat()
    project = add_project(floor.database)
    jobs = add_jobs(floor.database, project, 120, model_name="null:seconds=0.3", max_retries=20)

    until = time.monotonic() + 60
    while time.monotonic() < until:
        hurt(floor, crew, beat, jobs, chance)
        time.sleep(chance.uniform(0.2, 1.5))
        for name, hand in crew.items():
            if not hand.mark.is_running():
                crew[name] = floor.worker(queues[name])
        if not beat.mark.is_running():
            beat = floor.beat()

    floor.wait_until_over(jobs, seconds=240)
    floor.settled()
    failed = "SELECT count(*) AS n FROM render_queue WHERE job_id = ANY(:jobs) AND status = 'failed'"
    assert one(floor.database, failed, jobs=jobs).n == 0


def hurt(floor: Floor, crew: dict[str, Hand], beat: Hand, jobs: list[Any], chance: random.Random) -> None:
    """One fault."""
    hand = crew[chance.choice(sorted(crew))]
    fault = chance.choice(["worker", "child", "child", "sleep", "flush", "beat", "cancel"])
    if fault == "worker":
        hand.kill()
    elif fault == "child":
        hand.kill_child()
    elif fault == "sleep":
        pids = [hand.pid, *(child.pid for child in hand.children())]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        # Past its lease, which is what the fault is.
        time.sleep(3.5)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    elif fault == "flush":
        floor.forget_messages()
    elif fault == "beat":
        beat.kill()
    else:
        with floor.database.transaction() as session:
            queue.cancel(session, [chance.choice(jobs)])
