"""Faults of workers and messages, with real processes: nothing is lost and nothing is done twice."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from db import catalogue, queue
from models.vocabulary import Phase
from tests.support.floor import RENDER, Floor
from tests.support.queue_jobs import add_jobs, execute, one

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from tests.support.floor import Cast

# Five of everything that could be sent, as if a broker had gone mad.
_STUTTER = """
from farm import broker
from models.vocabulary import CHAIN
for _ in range(5 * {jobs}):
    for step in CHAIN:
        broker.pass_on("null", step=step)
"""


@pytest.fixture(scope="module")
def floor(lasting_floor: Floor) -> Floor:
    """The workers of one test meet the next."""
    return lasting_floor


@pytest.fixture(scope="module")
def full_cast(floor: Floor) -> Cast:
    return floor.cast()


@pytest.fixture
def cast(full_cast: Cast) -> Cast:
    full_cast.revive()
    return full_cast


@contextmanager
def stuck_at(floor: Floor, step: str, project: UUID) -> Iterator[Path]:
    """While this lasts, work at `step` can begin but not end; what is yielded a render waits for."""
    sign = floor.sign()
    with floor.database.transaction() as session:
        if step == "score":
            session.execute(text("LOCK TABLE quality_scores IN SHARE ROW EXCLUSIVE MODE"))
        if step == "gate":
            catalogue.lock_gate(session, project, Phase.STILL)
        try:
            yield sign
        finally:
            sign.touch()


@pytest.mark.parametrize("step", ["render", "score", "gate"])
@pytest.mark.parametrize("victim", ["worker", "pool child"])
def test_a_kill_in_any_step_loses_nothing(floor, cast, project, step, victim):
    with stuck_at(floor, step, project) as sign:
        waits = f"null:until={sign}" if step == "render" else "null"
        [job] = add_jobs(floor.database, project, model_name=waits)
        floor.wait_for(job, step=step)
        worker = cast.at(step)

        if victim == "worker":
            worker.kill()
        else:
            worker.kill_child()
    cast.revive()

    floor.wait_until_over([job])
    floor.settled()
    attempts = one(
        floor.database,
        "SELECT array_agg(outcome ORDER BY epoch) AS all FROM attempts WHERE job_id = :job AND step = :step",
        job=job,
        step=step,
    ).all
    assert attempts == ["lost", "settled"]


def test_a_worker_stopped_past_its_lease_is_fenced_when_it_wakes(floor, cast, project):
    sign = floor.sign()
    [job] = add_jobs(floor.database, project, model_name=f"null:until={sign}")
    floor.wait_for(job, step="render")
    sleeper = [cast.render.pid, *(child.pid for child in cast.render.children())]
    for pid in sleeper:
        os.kill(pid, signal.SIGSTOP)
    sign.touch()
    stand_in = floor.worker(RENDER)

    try:
        floor.wait_until_over([job])
    finally:
        stand_in.stop()
        for pid in sleeper:
            os.kill(pid, signal.SIGCONT)
    more = add_jobs(floor.database, project, 2)

    floor.wait_until_over(more)
    # The sleeper goes on where it stopped, finds that the job is not its own and leaves no file behind.
    floor.wait(lambda: "the work is no longer ours" in cast.render.said().lower(), "the sleeper to notice")
    floor.settled()
    assert one(floor.database, "SELECT epoch FROM takes WHERE job_id = :job", job=job).epoch > 1


def test_messages_that_come_five_times_do_nothing_five_times(floor, cast, project):
    jobs = add_jobs(floor.database, project, 6, model_name="null:seconds=0.1")

    floor.python(_STUTTER.format(jobs=len(jobs)))

    floor.wait_until_over(jobs)
    floor.settled()
    attempts = one(floor.database, "SELECT count(*) AS n FROM attempts WHERE job_id = ANY(:jobs)", jobs=jobs).n
    assert attempts == 3 * len(jobs)


def test_a_cancelled_render_stops_and_leaves_no_file(floor, cast, project):
    [job] = add_jobs(floor.database, project, model_name="null:hang")
    floor.wait_for(job, step="render")

    with floor.database.transaction() as session:
        queue.cancel(session, [job])
    [after] = add_jobs(floor.database, project)

    # The worker is free again within a look, or this one would never be rendered.
    floor.wait_until_over([after], seconds=20)
    floor.settled()
    row = one(
        floor.database,
        "SELECT q.status, a.outcome FROM render_queue q JOIN attempts a USING (job_id) WHERE job_id = :job",
        job=job,
    )
    assert (row.status, row.outcome) == ("cancelled", "cancelled")


def test_progress_is_what_was_really_drawn(floor, cast, project):
    [job] = add_jobs(floor.database, project, model_name="null:seconds=3", frame_count=16)
    seen = "SELECT current_frame FROM jobs WHERE id = :job"

    floor.wait(lambda: 0 < floor.scalar(seen, job=job) < 16, "some frames to be done")
    floor.wait_until_over([job])

    assert floor.scalar(seen, job=job) == 16


def test_an_error_is_repeated_or_not_by_its_kind(floor, cast, project):
    [hopeless] = add_jobs(floor.database, project, model_name="null:fail=missing_checkpoint")
    [stubborn] = add_jobs(floor.database, project, model_name="null:fail=unavailable", max_retries=2)
    [hungry] = add_jobs(floor.database, project, model_name="null:fail=out_of_memory")

    floor.wait_until_over([hopeless, stubborn, hungry])

    tries = {
        job: one(floor.database, "SELECT count(*) AS n FROM attempts WHERE job_id = :job", job=job).n
        for job in (hopeless, stubborn, hungry)
    }
    assert tries == {hopeless: 1, stubborn: 3, hungry: 2}
    floor.settled()


def test_without_a_beat_the_workers_relay_and_retry_themselves(floor, cast, project):
    cast.beat.kill()
    sign = floor.sign()
    [doomed] = add_jobs(floor.database, project, model_name=f"null:until={sign}")
    floor.wait_for(doomed, step="render")
    cast.render.kill_child()
    sign.touch()
    more = add_jobs(floor.database, project, 4)

    floor.wait_until_over([doomed, *more])

    floor.settled()
    assert "the beat is silent" in cast.render.said().lower()


def test_two_beats_do_no_harm(floor, cast, project):
    second = floor.beat()
    jobs = add_jobs(floor.database, project, 8, model_name="null:seconds=0.1")

    floor.wait_until_over(jobs)

    floor.settled()
    assert one(floor.database, "SELECT max(epoch) AS e FROM render_queue WHERE job_id = ANY(:j)", j=jobs).e == 3
    second.stop()


def test_a_drained_worker_finishes_its_render_and_leaves(floor, cast, project):
    [job] = add_jobs(floor.database, project, model_name="null:seconds=1")
    floor.wait_for(job, step="render")

    cast.render.stop()

    rendered = "SELECT outcome FROM attempts WHERE job_id = :job AND step = 'render'"
    assert one(floor.database, rendered, job=job).outcome == "settled"
    left = one(floor.database, "SELECT status FROM workers WHERE pid = :pid", pid=cast.render.pid)
    assert left.status == "gone"
    floor.wait_until_over([job])
    floor.settled()


def test_a_worker_sent_away_at_once_hands_its_render_back_unharmed(floor, cast, project):
    cast.render.stop()
    hasty = floor.worker(RENDER, config=("worker.soft_shutdown_timeout=0.5",))
    sign = floor.sign()
    [job] = add_jobs(floor.database, project, model_name=f"null:until={sign}")
    floor.wait_for(job, step="render")

    os.kill(hasty.pid, signal.SIGQUIT)
    floor.wait(lambda: not hasty.mark.is_running(), "the worker to leave")

    # Handed back before its lease ran out, and no try is counted.
    row = one(floor.database, "SELECT status, retry_count FROM render_queue WHERE job_id = :job", job=job)
    assert (row.status, row.retry_count) == ("ready", 0)
    released = "SELECT outcome FROM attempts WHERE job_id = :job"
    assert one(floor.database, released, job=job).outcome == "released"
    sign.touch()
    cast.revive()
    floor.wait_until_over([job])
    floor.settled()


@pytest.mark.slow
def test_a_render_that_a_drain_did_not_end_is_handed_back_by_a_second_signal(floor, cast, project):
    cast.render.stop()
    leaving = floor.worker(RENDER, config=("worker.soft_shutdown_timeout=0.5",))
    sign = floor.sign()
    [job] = add_jobs(floor.database, project, model_name=f"null:until={sign}", max_retries=0)
    floor.wait_for(job, step="render")

    os.kill(leaving.pid, signal.SIGTERM)
    floor.wait(lambda: "Warm shutdown" in leaving.said(), "the worker to drain")
    os.kill(leaving.pid, signal.SIGQUIT)
    floor.wait(lambda: not leaving.mark.is_running(), "the worker to leave")

    released = "SELECT outcome FROM attempts WHERE job_id = :job"
    assert one(floor.database, released, job=job).outcome == "released"
    sign.touch()
    cast.revive()
    floor.wait_until_over([job])
    floor.settled()


@pytest.mark.slow
def test_a_dead_pool_child_is_noticed_by_its_parent_long_before_its_lease_ends(floor, cast, project):
    cast.render.stop()
    patient = floor.worker(RENDER, FARM_LEASE="60", FARM_HEARTBEAT="5")
    sign = floor.sign()
    [job] = add_jobs(floor.database, project, model_name=f"null:until={sign}")
    floor.wait_for(job, step="render")

    patient.kill_child()
    sign.touch()

    floor.wait_until_over([job], seconds=30)
    lost = (
        "SELECT outcome, error_kind, error_message FROM attempts WHERE job_id = :job AND outcome <> 'settled'"
    )
    attempt = one(floor.database, lost, job=job)
    assert (attempt.outcome, attempt.error_kind) == ("lost", "worker_lost")
    assert attempt.error_message == "The process that did it died."
    patient.stop()
    floor.settled()


@pytest.mark.slow
def test_a_gate_that_cannot_get_its_lock_goes_back_uncounted(floor, cast, project):
    with stuck_at(floor, "gate", project):
        [job] = add_jobs(floor.database, project, max_retries=0)
        back = (
            "SELECT count(*) FROM attempts WHERE job_id = :job AND outcome = 'released' AND error_kind = 'busy'"
        )
        floor.wait(lambda: floor.scalar(back, job=job) > 0, "the gate to be handed back")

    floor.wait_until_over([job])
    floor.settled()
    row = one(floor.database, "SELECT status, retry_count FROM render_queue WHERE job_id = :job", job=job)
    assert (row.status, row.retry_count) == ("completed", 0)


def test_a_render_that_hangs_is_ended_by_its_time_limit(floor, cast, project):
    cast.render.stop()
    strict = floor.worker(RENDER, FARM_SOFT_TIME_LIMIT="1", FARM_TIME_LIMIT="20")
    [job] = add_jobs(floor.database, project, model_name="null:hang", max_retries=0)

    floor.wait_until_over([job])

    row = one(floor.database, "SELECT status, error_kind FROM render_queue WHERE job_id = :job", job=job)
    assert (row.status, row.error_kind) == ("failed", "timeout")
    strict.stop()
    floor.settled()


def test_files_of_a_crash_before_its_row_are_tidied_away(floor, cast, project):
    [job] = add_jobs(floor.database, project)
    floor.wait_until_over([job])
    orphan = floor.folder / "artifacts" / "takes" / str(job) / "0"
    orphan.mkdir()
    (orphan / "master.png").write_bytes(b"half")
    execute(
        floor.database,
        """INSERT INTO attempts (job_id, step, epoch, worker_id, started_at, ended_at, outcome)
           VALUES (:job, 'render', 0, 'w', now() - interval '1 hour', now() - interval '1 hour', 'lost')""",
        job=job,
    )

    execute(floor.database, "DELETE FROM ticks WHERE name = 'tidy'")
    floor.python("from farm.broker import TaskName, app; app.send_task(TaskName.TIDY.value)")

    floor.wait(lambda: not orphan.exists(), "the orphan to be removed")
    # It never was: the job's epoch has no room for it.
    execute(floor.database, "DELETE FROM attempts WHERE job_id = :job AND epoch = 0", job=job)
    floor.settled()
