"""The chain end to end in real worker processes: render, score, gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.floor import CONTROL, RENDER, SCORE, Floor
from tests.integration.queue_jobs import add_jobs, add_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from db.engine import Database


@pytest.fixture(scope="module")
def floor(
    servers: Any, database: Database, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Floor]:
    folder: Path = tmp_path_factory.mktemp("floor")
    floor = Floor(database, folder, database_url, servers.redis_url)
    floor.worker(RENDER)
    floor.worker(SCORE)
    floor.worker(CONTROL, pool="threads", concurrency=2)
    floor.beat()
    yield floor
    floor.clear()


def test_jobs_are_rendered_scored_and_judged(floor):
    jobs = add_jobs(floor.database, add_project(floor.database), 12)

    floor.wait_until_over(jobs)

    floor.settled()
    assert floor.scalar("SELECT count(*) FROM render_queue WHERE status = 'completed'") == 12
