"""The chain end to end in real worker processes, and how wake-ups reach them."""

from __future__ import annotations

import pytest

from farm.broker import RESERVE
from tests.support.floor import CONTROL, RENDER, SCORE
from tests.support.queue_jobs import add_jobs, add_project, execute, one, render_all

_WAKE = """
from farm import broker
print(broker.wake("null", {count}, slots={slots}), broker.queue_length("render_queue.null"))
"""


_WAITING_SCORES = "from farm import broker; print(broker.queue_length('score'))"


def test_jobs_are_rendered_scored_and_judged(floor):
    hands = [floor.worker(RENDER, ready=False), floor.worker(SCORE, ready=False)]
    hands.append(floor.worker(CONTROL, pool="threads", concurrency=2, ready=False))
    floor.beat()
    for hand in hands:
        floor.wait_ready(hand)
    jobs = add_jobs(floor.database, add_project(floor.database), 12)

    floor.wait_until_over(jobs)

    floor.settled()
    completed = "SELECT count(*) FROM render_queue WHERE job_id = ANY(:jobs) AND status = 'completed'"
    assert floor.scalar(completed, jobs=jobs) == 12
    # The null renderer's picture is too soft and nobody may retake it, so a person is asked.
    verdicts = one(
        floor.database, "SELECT array_agg(DISTINCT verdict) AS v FROM jobs WHERE id = ANY(:j)", j=jobs
    ).v
    assert verdicts == ["review"]


def test_a_worker_started_by_hand_is_a_whole_farm(floor):
    floor.worker()
    jobs = add_jobs(floor.database, add_project(floor.database), 3)

    floor.wait_until_over(jobs)

    floor.settled()
    row = one(floor.database, "SELECT * FROM workers")
    assert row.id.endswith(":render+score+gate+control+echo+events:0")
    assert "null" in row.pools
    assert set(row.capabilities["job_types"]) == {
        "still_image",
        "character_sheet",
        "animation_loop",
        "full_video",
    }


def test_ten_thousand_waiting_jobs_are_a_handful_of_messages(floor):
    assert floor.python(_WAKE.format(count=10_000, slots=2)).split() == [str(2 + RESERVE)] * 2

    # They are topped up, not sent again.
    assert floor.python(_WAKE.format(count=10_000, slots=2)).split() == ["0", str(2 + RESERVE)]
    assert floor.python(_WAKE.format(count=10_000, slots=3)).split() == ["1", str(3 + RESERVE)]


_RELAY = """
from db.engine import Database
from farm import broker
from farm.settings import settings
from sqlalchemy import text
from tasks.beat.upkeep import relay_now
for _ in range(3):
    with Database(settings().database_url).transaction() as session:
        session.execute(text("DELETE FROM ticks"))
    print(relay_now(), broker.queue_length("score"))
"""


@pytest.fixture
def crowd(floor):
    """Two thousand jobs that no other test meets."""
    jobs = add_jobs(floor.database, add_project(floor.database), 2_000)
    yield jobs
    execute(floor.database, "DELETE FROM jobs WHERE id = ANY(:jobs)", jobs=jobs)


def test_two_thousand_takes_without_a_score_worker_keep_the_list_short(floor, crowd):
    render_all(floor.database)
    assert floor.python(_RELAY).splitlines() == ["0 wake-ups 0"] * 3

    execute(
        floor.database,
        # Heard of for a while to come: on a busy machine the relay's process starts later than a lease lasts.
        """INSERT INTO workers (id, host, pid, incarnation, queues, slots, status, last_seen_at)
           VALUES ('h:score:0', 'h', 1, gen_random_uuid(), '{score}', 2, 'ready', now() + interval '1 hour')""",
    )

    assert floor.python(_RELAY).splitlines() == ["6 wake-ups 6", "0 wake-ups 6", "0 wake-ups 6"]


def test_renders_that_nobody_scores_keep_the_list_short_and_are_scored_when_somebody_comes(floor):
    hands = [floor.worker(RENDER, ready=False), floor.worker(CONTROL, ready=False)]
    floor.beat()
    for hand in hands:
        floor.wait_ready(hand)
    jobs = add_jobs(floor.database, add_project(floor.database), 12)
    rendered = "SELECT count(*) FROM render_queue WHERE job_id = ANY(:jobs) AND step = 'score'"
    floor.wait(lambda: floor.scalar(rendered, jobs=jobs) == 12, "twelve takes to be rendered")

    # The last chain may still be on its way.
    assert RESERVE <= int(floor.python(_WAITING_SCORES)) <= RESERVE + 1
    floor.forget_messages()
    floor.worker(SCORE)

    floor.wait_until_over(jobs)
    floor.settled()


def test_a_gate_without_work_wakes_nobody(floor):
    assert floor.python(_WAKE.format(count=0, slots=2)).split() == ["0", "0"]


def test_a_broker_that_does_not_answer_is_told_in_one_sentence(floor):
    floor.redis_url = "redis://127.0.0.1:1/4"
    code = """
from farm import broker
from models.errors import Unavailable
try:
    broker.wake("null", 1)
except Unavailable as error:
    print(error.message)
"""
    assert floor.python(code).startswith("The broker does not answer")
