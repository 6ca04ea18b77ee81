"""Faults of the servers: a flushed or killed broker, a killed database; nothing lost, nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import redis

from db.engine import Database
from tests.support.faults import answers, kill_server
from tests.support.floor import RENDER, Floor
from tests.support.queue_jobs import add_jobs
from tests.support.servers_fixture import servers_of_their_own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farm.servers import EmbeddedServers
    from tests.support.floor import Cast


@pytest.fixture(scope="module")
def own_servers() -> Iterator[EmbeddedServers]:
    """Servers that nobody else minds losing."""
    with servers_of_their_own() as servers:
        yield servers


@pytest.fixture(scope="module")
def cast(own_servers: EmbeddedServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    urls = own_servers.start()
    database = Database(urls.database_url)
    database.migrate()
    floor = Floor(database, tmp_path_factory.mktemp("floor"), urls.database_url, urls.redis_url)
    yield floor.cast()
    floor.clear()
    database.close()


@pytest.fixture
def floor(cast: Cast) -> Floor:
    cast.revive()
    return cast.floor


def test_a_flushed_broker_loses_no_job(floor, project):
    jobs = add_jobs(floor.database, project, 10, model_name="null:seconds=0.3")
    settled = "SELECT count(*) FROM attempts WHERE job_id = ANY(:jobs) AND outcome = 'settled'"
    floor.wait(lambda: floor.scalar(settled, jobs=jobs) > 3, "some steps to be done")

    redis.Redis.from_url(floor.redis_url).flushall()

    floor.wait_until_over(jobs)
    floor.settled()


def test_a_broker_killed_and_started_again_loses_no_job(floor, project, own_servers):
    jobs = add_jobs(floor.database, project, 8, model_name="null:seconds=0.3")
    floor.wait_for(jobs[0], step="render")

    kill_server(own_servers, "valkey")
    own_servers.start()

    floor.wait_until_over(jobs)
    floor.settled()


def test_a_take_that_was_finished_without_a_broker_is_scored_when_it_is_back(floor, project, own_servers):
    sign = floor.sign()
    [job] = add_jobs(floor.database, project, model_name=f"null:until={sign}")
    floor.wait_for(job, step="render")
    kill_server(own_servers, "valkey")
    sign.touch()
    floor.wait_for(job, step="score", status="ready")

    own_servers.start()

    # By the relay: a worker comes back to its broker within seconds.
    floor.wait_until_over([job], seconds=40)
    floor.settled()


def test_a_render_outlives_a_killed_database(floor, project, own_servers):
    sign = floor.sign()
    [job] = add_jobs(floor.database, project, model_name=f"null:until={sign}")
    floor.wait_for(job, step="render")

    kill_server(own_servers, "postgres")
    own_servers.start()
    floor.wait(lambda: answers(floor.database), "the database to answer")
    sign.touch()

    floor.wait_until_over([job])
    floor.settled()
    # The outage was shorter than the lease: the render that was under way is the one that counts.
    assert floor.scalar("SELECT count(*) FROM attempts WHERE job_id = :job AND step = 'render'", job=job) == 1


@pytest.mark.slow
def test_renders_outlive_an_outage_of_the_database_that_is_longer_than_their_lease(floor, project, own_servers):
    sign = floor.sign()
    second = floor.worker(RENDER)
    jobs = add_jobs(floor.database, project, 2, model_name=f"null:until={sign}")
    for job in jobs:
        floor.wait_for(job, step="render")
    lease_until = floor.scalar("SELECT max(lease_until) FROM render_queue WHERE job_id = ANY(:jobs)", jobs=jobs)

    kill_server(own_servers, "postgres")
    floor.wait(lambda: datetime.now(UTC) > lease_until + timedelta(seconds=2), "every lease to run out")
    own_servers.start()
    floor.wait(lambda: answers(floor.database), "the database to answer")
    looked = "SELECT count(*) FROM ticks WHERE name = 'retry' AND ran_at > now() - interval '1 s'"
    floor.wait(lambda: floor.scalar(looked) == 1, "somebody to look after leases")
    sign.touch()

    floor.wait_until_over(jobs)
    floor.settled()
    ended = "SELECT array_agg(outcome) FROM attempts WHERE job_id = ANY(:jobs) AND step = 'render'"
    assert floor.scalar(ended, jobs=jobs) == ["settled", "settled"]
    second.stop()


def test_a_database_killed_under_a_full_load_loses_nothing(floor, project, own_servers):
    jobs = add_jobs(floor.database, project, 20, model_name="null:seconds=0.1")
    settled = "SELECT count(*) FROM attempts WHERE job_id = ANY(:jobs) AND outcome = 'settled'"
    floor.wait(lambda: floor.scalar(settled, jobs=jobs) > 5, "some steps to be done")

    kill_server(own_servers, "postgres")
    own_servers.start()
    floor.wait(lambda: answers(floor.database), "the database to answer")

    floor.wait_until_over(jobs)
    floor.settled()
