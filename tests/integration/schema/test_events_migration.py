"""The tables of events come and go with rows in them, and leave everything else as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import inspect

from db import catalogue
from db.events import deliveries, outbox
from models.actors import Actor
from models.events import EventType, NewEndpoint, NewEvent
from tests.support.queue_jobs import add_jobs, add_project, one

if TYPE_CHECKING:
    from db.engine import Database

BEFORE, EVENTS = "0013_audit", "0015_events"
TABLES = {"outbox", "events", "endpoints", "deliveries"}


def test_rows_of_events_go_with_their_tables_and_jobs_stay(fresh_database: Database) -> None:
    project = add_project(fresh_database)
    (job,) = add_jobs(fresh_database, project)
    with fresh_database.transaction() as session:
        catalogue.add_endpoint(
            session, NewEndpoint(url="https://a.example.com/", job_id=job), Actor.read("echo")
        )
        happened = NewEvent(type=EventType.JOB_COMPLETED, project_id=project, job_id=job)
        outbox.put(session, [happened])
        assert outbox.number(session) == 1
        outbox.put(session, [happened])

    fresh_database.downgrade(BEFORE)
    assert not TABLES & set(inspect(fresh_database.engine).get_table_names())
    assert one(fresh_database, "SELECT count(*) AS n FROM jobs").n == 1

    fresh_database.migrate(EVENTS)
    with fresh_database.transaction() as session:
        assert catalogue.newest_event_id(session) == 0
        assert catalogue.endpoints(session, job) == ()
        assert deliveries.lease(session, lease=timedelta(0), at_most=1) == []
