"""What a key may spend in a day, and in whose name it orders and decides."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from models.access import Caps, Scope, Spent
from models.actors import Actor
from models.errors import Forbidden, TooMuch, UnknownName
from models.metrics import Measurement, Metric
from models.vocabulary import Phase
from tests.integration.access.conftest import with_key
from tests.support.factories import judged, whole
from tests.support.queue_jobs import execute, one
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from db.engine import Database
    from farm.client import Farm
    from models.shows import StoredShow

WORK = (Scope.SUBMIT, Scope.READ, Scope.REVIEW)


def an_agent(farm: Farm, **caps: int) -> Farm:
    return with_key(farm, farm.create_key("a", scopes=WORK, actor="agent:a", caps=Caps(**caps)).text)


def prefix_of(agent: Farm) -> str:
    assert agent.caller.key_prefix
    return agent.caller.key_prefix


def test_a_key_orders_as_many_jobs_a_day_as_it_may(farm: Farm, order: dict[str, Any]) -> None:
    agent = an_agent(farm, jobs_per_day=2)
    agent.submit(order | {"seed": 1, "idempotency_key": "one"})

    with pytest.raises(TooMuch, match="2 jobs a day: 1 were ordered, these are 2 more") as refusal:
        agent.submit_many(order | {"seed": seed} for seed in (2, 3))

    assert refusal.value.retry_after is not None
    agent.submit(order | {"seed": 4})
    with pytest.raises(TooMuch, match="this is one more"), agent.as_one(keep=False) as rehearsal:
        rehearsal.submit(order | {"seed": 5})
    assert not agent.submit(order | {"seed": 1, "idempotency_key": "one"}).is_new
    assert agent.spent_today(prefix_of(agent)).jobs == 2
    farm.submit(order | {"seed": 6})


def test_two_orders_at_once_do_not_both_get_the_last_job(farm: Farm, order: dict[str, Any]) -> None:
    agent = an_agent(farm, jobs_per_day=3)

    def try_one(seed: int) -> bool:
        try:
            agent.submit(order | {"seed": seed})
        except TooMuch:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        ordered = list(threads.map(try_one, range(6)))

    assert sum(ordered) == agent.spent_today(prefix_of(agent)).jobs == 3


def test_what_was_spent_with_a_key_is_for_itself_and_for_administrators_to_know(farm: Farm) -> None:
    mine, anothers = an_agent(farm), an_agent(farm)

    assert (
        farm.spent_today(prefix_of(mine)) == mine.spent_today(prefix_of(mine)) == Spent(jobs=0, gpu_seconds=0.0)
    )
    with pytest.raises(Forbidden, match="needs the scope 'admin'"):
        anothers.spent_today(prefix_of(mine))
    with pytest.raises(UnknownName, match="no key 'farm_nobodys0'"):
        farm.spent_today("farm_nobodys0")


def test_a_day_is_over_at_midnight(farm: Farm, order: dict[str, Any], database: Database) -> None:
    agent = an_agent(farm, jobs_per_day=1)
    job = agent.submit(order)
    yesterday = (
        "UPDATE jobs SET created_at = date_trunc('day', now(), 'UTC') - interval '1 second' WHERE id = :id"
    )
    execute(database, yesterday, id=job.job_id)

    assert agent.submit(order | {"seed": 2}).is_new


def test_gpu_seconds_are_those_that_workers_spend_on_its_jobs_today(
    farm: Farm, order: dict[str, Any], database: Database
) -> None:
    agent = an_agent(farm, gpu_seconds_per_day=100)
    job, others = agent.submit(order), farm.submit(order | {"seed": 9})
    tries = [
        # From before midnight until 40 s after it, a second of scoring; a gate is free, yesterday is over.
        ("render", 1, -10, 40, job.job_id),
        ("score", 2, 50, 51, job.job_id),
        ("gate", 3, 0, 3600, job.job_id),
        ("render", 4, -7200, -3600, job.job_id),
        ("render", 1, 0, 3600, others.job_id),
    ]
    for step, epoch, began, ended, job_id in tries:
        execute(
            database,
            "INSERT INTO attempts (job_id, step, epoch, worker_id, started_at, ended_at)"
            " SELECT :job, :step, :epoch, 'w', day + make_interval(secs => :began),"
            " day + make_interval(secs => :ended)"
            " FROM date_trunc('day', now(), 'UTC') AS day",
            job=job_id,
            step=step,
            epoch=epoch,
            began=began,
            ended=ended,
        )

    assert agent.spent_today(prefix_of(agent)).gpu_seconds == pytest.approx(41)
    agent.submit(order | {"seed": 2})
    execute(database, "UPDATE attempts SET ended_at = ended_at + interval '59 seconds' WHERE step = 'score'")
    with pytest.raises(TooMuch, match="100 GPU seconds a day: 100 are used"):
        agent.submit(order | {"seed": 3})
    with pytest.raises(TooMuch):
        agent.reproduce(_rendered(database, job.job_id))


def _rendered(database: Database, job_id: Any) -> Any:
    with database.transaction() as session:
        judged(session, job_id, *whole(EMBEDDED, Phase.STILL))
    return job_id


def test_what_the_gate_orders_again_costs_the_key_time_and_no_order(
    farm: Farm, order: dict[str, Any], database: Database
) -> None:
    agent = an_agent(farm, jobs_per_day=1)
    job = agent.submit(order | {"quality_thresholds": {}, "max_retakes": 2})
    failed = [
        Measurement(metric=each.metric, value=0.0, network=each.network)
        if each.metric is Metric.IDENTITY
        else each
        for each in whole(EMBEDDED, Phase.STILL)
    ]
    with database.transaction() as session:
        outcome = judged(session, job.job_id, *failed)

    assert outcome.retake is not None
    retake = one(database, "SELECT key_prefix FROM jobs WHERE id = :id", id=outcome.retake.job_id)
    assert retake.key_prefix == prefix_of(agent)
    assert agent.spent_today(prefix_of(agent)).jobs == 1


def test_a_retake_and_a_reproduction_count_as_orders(
    farm: Farm, order: dict[str, Any], database: Database
) -> None:
    agent = an_agent(farm, jobs_per_day=2)
    job = farm.submit(order)
    _rendered(database, job.job_id)

    agent.reproduce(job.job_id)
    agent.retake(job.job_id, reason="softer light", requested_by="agent:a")

    assert agent.spent_today(prefix_of(agent)).jobs == 2
    with pytest.raises(TooMuch):
        agent.reproduce(job.job_id)


def test_a_key_orders_and_decides_in_its_own_name_alone(
    farm: Farm, show: StoredShow, order: dict[str, Any], database: Database
) -> None:
    agent = an_agent(farm)
    job = agent.submit(order)
    assert agent.job(job.job_id).row.requested_by == Actor.read("agent:a")
    _rendered(database, job.job_id)

    for refused in (
        lambda: agent.submit(order | {"requested_by": "Ada"}),
        lambda: agent.retake(job.job_id, reason="x", requested_by="Ada"),
        lambda: agent.reproduce(job.job_id, requested_by="Ada"),
        lambda: agent.review(job.job_id, approve=True, by="Ada"),
        lambda: agent.open_phase(show.project, Phase.LOOP, by="Ada", reason="x"),
        lambda: agent.choose_profile(show.project, "spec", by="Ada"),
    ):
        with pytest.raises(Forbidden, match="acts as agent:a, and may not act as Ada"):
            refused()
    agent.review(job.job_id, approve=True, by="agent:a")

    admin = with_key(farm, farm.create_key("boss", scopes=[Scope.ADMIN]).text)
    admin.review(job.job_id, approve=False, by="Ada")
    assert farm.job(job.job_id).reviews[-1].by == Actor.read("Ada")
