"""Many who watch many jobs ask the database once an interval, not once each."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from farm.client import Farm
from tests.support.factories import a_stored_show, ordered, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from db.engine import Database

WATCHERS = 50
LOOKS = 5
INTERVAL = timedelta(milliseconds=50)


@pytest.fixture
def farm(database_url: str, tmp_path: Path) -> Iterator[Farm]:
    with Farm(settings_for(tmp_path, given_database_url=database_url)) as farm:
        yield farm


@pytest.fixture
def jobs(database: Database) -> list[UUID]:
    """As many jobs as there are watchers, waiting."""
    with database.transaction() as session:
        show = a_stored_show(session)
        return [ordered(session, show, cut=f"1/10/{10 + 10 * (place % 3)}")[0] for place in range(WATCHERS)]


def test_fifty_who_watch_cost_one_statement_an_interval(farm: Farm, jobs: list[UUID]) -> None:
    questions: list[float] = []
    everybody_is_here = Barrier(WATCHERS)

    @event.listens_for(farm.database.engine, "before_cursor_execute")
    def count(*_: Any) -> None:
        questions.append(time.monotonic())

    def watch(job_id: UUID) -> tuple[float, float]:
        """From when until when this one watched, beside all others."""
        looks = farm.watch([job_id], every=INTERVAL)
        next(looks)
        everybody_is_here.wait(timeout=60)
        began = time.monotonic()
        for rows in islice(looks, LOOKS):
            assert [row.id for row in rows] == [job_id]
        return began, time.monotonic()

    with ThreadPoolExecutor(WATCHERS) as threads:
        times = list(threads.map(watch, jobs))

    began, ended = max(began for began, _ in times), max(ended for _, ended in times)
    asked = sum(began <= moment <= ended for moment in questions)
    assert asked <= (ended - began) / INTERVAL.total_seconds() + 2
    assert asked < WATCHERS * LOOKS


def test_a_watcher_goes_on_after_the_servers_connections_were_cut(
    farm: Farm, database: Database, jobs: list[UUID]
) -> None:
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    watching = farm.watch(jobs[:1], every=timedelta(milliseconds=10))
    next(watching)
    with database.transaction() as session:
        session.execute(text(cut))

    with database.transaction() as session:
        session.execute(text("UPDATE render_queue SET status = 'cancelled' WHERE job_id = :j"), {"j": jobs[0]})

    assert [row.state.value for row in list(watching)[-1]] == ["cancelled"]


def test_whoever_watches_all_that_is_under_way_watches_more_than_a_page(farm: Farm, database: Database) -> None:
    with database.transaction() as session:
        show = a_stored_show(session)
        jobs = ordered(session, show, count=1201, renderer="null")

    watched = farm.under_way(project=show.project)

    assert set(watched) == set(jobs)
    assert len(next(farm.watch(watched))) == 1201
    assert len(farm.under_way(project=show.project, limit=7)) == 7
