"""Scores and gates are claimed like renders: the best due row, whatever the wake-up was sent for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from db import queue
from models.vocabulary import Step
from tests.support.queue_jobs import add_jobs, claim_after_render, execute, render_all, row_of

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Database

STEPS = [Step.SCORE, Step.GATE]
LEASE = timedelta(seconds=60)
ASKED = ("lpips-alex", "toon-id")


def wait_at(database: Database, step: Step, *, networks: tuple[str, ...] = ()) -> None:
    """Whatever waits for its render waits for `step` from now on."""
    render_all(database, networks=networks)
    execute(database, "UPDATE render_queue SET step = :step WHERE step = 'score'", step=step.value)


def enter(database: Database, *networks: str) -> str:
    """A live score worker with these networks."""
    name = f"h:score:{'+'.join(networks)}"
    execute(
        database,
        """INSERT INTO workers (id, host, pid, incarnation, queues, networks, status)
           VALUES (:name, 'h', 1, gen_random_uuid(), '{score}', :networks, 'ready')""",
        name=name,
        networks=list(networks),
    )
    return name


@pytest.fixture(autouse=True)
def no_workers(database: Database) -> None:
    execute(database, "DELETE FROM workers")


@pytest.mark.parametrize("step", STEPS)
def test_of_201_the_one_with_priority_10_is_first_and_then_age_decides(
    database: Database, project: UUID, step: Step
) -> None:
    old, *_ = add_jobs(database, project, 200)
    [urgent] = add_jobs(database, project, priority=10)
    wait_at(database, step)

    first, second = (claim_after_render(database, step) for _ in range(2))

    assert first is not None
    assert second is not None
    assert (first.job_id, second.job_id) == (urgent, old)
    assert (first.step, first.epoch) == (step, 1)


@pytest.mark.parametrize("step", STEPS)
def test_claims_side_by_side_never_share_a_row_and_the_last_sees_no_more(
    database: Database, project: UUID, step: Step
) -> None:
    jobs = add_jobs(database, project, 20)
    wait_at(database, step)

    with ThreadPoolExecutor(4) as threads:
        claims = list(threads.map(lambda _: claim_after_render(database, step), range(19)))
    last = claim_after_render(database, step)

    assert last is not None
    assert last.next_pool is None
    assert sorted(each.job_id for each in [*claims, last] if each) == sorted(jobs)
    assert claim_after_render(database, step) is None


@pytest.mark.parametrize("step", STEPS)
def test_a_claim_says_whether_more_is_due_at_its_step(database: Database, project: UUID, step: Step) -> None:
    add_jobs(database, project, 2)
    wait_at(database, step)
    add_jobs(database, project, 1)

    first, second = (claim_after_render(database, step) for _ in range(2))

    assert first is not None
    assert second is not None
    assert (first.next_pool, second.next_pool) == ("null", None)


def test_a_step_gives_out_no_row_of_another(database: Database, project: UUID) -> None:
    add_jobs(database, project)

    assert claim_after_render(database, Step.SCORE) is None
    render_all(database)
    assert claim_after_render(database, Step.GATE) is None
    assert claim_after_render(database, Step.SCORE) is not None


def test_a_score_is_left_to_a_live_worker_that_has_more_of_its_networks(
    database: Database, project: UUID
) -> None:
    [job] = add_jobs(database, project)
    wait_at(database, Step.SCORE, networks=ASKED)
    able = enter(database, *ASKED)

    assert claim_after_render(database, Step.SCORE, "bare", networks=("toon-id",)) is None
    claim = claim_after_render(database, Step.SCORE, able, networks=ASKED)

    assert claim is not None
    assert claim.job_id == job


def test_whose_networks_nobody_has_more_of_is_scored_by_anybody(database: Database, project: UUID) -> None:
    add_jobs(database, project)
    wait_at(database, Step.SCORE, networks=ASKED)
    enter(database, "toon-id")

    assert claim_after_render(database, Step.SCORE, "other", networks=("lpips-alex",)) is not None


def test_behind_scores_that_are_left_to_others_the_next_is_given_out(database: Database, project: UUID) -> None:
    add_jobs(database, project, 3, priority=9)
    wait_at(database, Step.SCORE, networks=ASKED)
    [plain] = add_jobs(database, project)
    wait_at(database, Step.SCORE)
    execute(database, "UPDATE render_queue SET networks = :asked WHERE priority = 9", asked=list(ASKED))
    enter(database, *ASKED)

    claim = claim_after_render(database, Step.SCORE, "bare")

    assert claim is not None
    assert (claim.job_id, claim.next_pool) == (plain, None)


def test_a_worker_that_is_left_nothing_hears_to_whom(database: Database, project: UUID) -> None:
    def other(lease: timedelta = LEASE) -> str | None:
        with database.transaction() as session:
            return queue.better_scorer(session, worker_id="bare", lease=lease, networks=(), queue="score")

    add_jobs(database, project)
    wait_at(database, Step.SCORE, networks=ASKED)
    some, able = enter(database, "toon-id"), enter(database, *ASKED)

    assert other() == able
    execute(database, "UPDATE workers SET last_seen_at = now() - interval '61 s' WHERE id = :id", id=able)
    assert other() == some
    execute(database, "UPDATE workers SET status = 'draining'")
    assert other() is None
    assert claim_after_render(database, Step.SCORE, "bare") is not None


def test_the_last_try_is_made_by_whoever_takes_it(database: Database, project: UUID) -> None:
    [job] = add_jobs(database, project)
    wait_at(database, Step.SCORE, networks=ASKED)
    enter(database, *ASKED)
    execute(database, "UPDATE render_queue SET retry_count = 2")
    assert claim_after_render(database, Step.SCORE, "bare") is None

    execute(database, "UPDATE render_queue SET retry_count = 3")

    assert claim_after_render(database, Step.SCORE, "bare") is not None
    assert row_of(database, job).worker_id == "bare"
