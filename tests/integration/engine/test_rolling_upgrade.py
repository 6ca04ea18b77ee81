"""Workers of one release beside the schema of a later one, as real processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.schema import HEAD
from tests.support.floor import RENDER
from tests.support.queue_jobs import add_jobs, execute, one

if TYPE_CHECKING:
    from tests.support.floor import Floor

LATER = "9999_of_a_later_release"


def migrate_to_a_later_release(floor: Floor, *, oldest_code: str) -> None:
    execute(floor.database, "UPDATE alembic_version SET version_num = :later", later=LATER)
    execute(floor.database, "UPDATE farm_identity SET oldest_code = :oldest", oldest=oldest_code)


def test_a_worker_works_on_for_as_long_as_the_schema_says_that_it_may(floor, project):
    migrate_to_a_later_release(floor, oldest_code=HEAD)
    hand = floor.worker(RENDER)
    (job,) = add_jobs(floor.database, project, 1)
    rendered = "SELECT EXISTS (SELECT 1 FROM takes WHERE job_id = :job) AS is_there"
    floor.wait(lambda: one(floor.database, rendered, job=job).is_there, "the render")

    migrate_to_a_later_release(floor, oldest_code=LATER)

    floor.wait(lambda: not hand.mark.is_running(), "the worker to leave")
    assert "newer than this farm" in hand.said()
    refused = floor.worker(RENDER, ready=False)
    floor.wait(lambda: not refused.mark.is_running(), "the worker to be refused")
    assert f"This worker cannot start: The database's schema is {LATER}" in refused.said()
    assert "Install the newer farm on this machine too." in refused.said()
