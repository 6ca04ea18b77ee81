"""What happened, and who is to hear of it, as the tests of events make it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db import catalogue
from db.events import outbox
from farm.events import signing
from models.actors import Actor
from models.events import EventType, NewEndpoint, NewEvent
from tests.support.queue_jobs import execute

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Database
    from models.events import EndpointView

COMPLETED, PASSED, OPENED = EventType.JOB_COMPLETED, EventType.QUALITY_PASSED, EventType.PHASE_OPENED
SECRET = signing.new_secret()


def add(database: Database, url: str, **more: Any) -> EndpointView:
    with database.transaction() as session:
        endpoint = NewEndpoint(url=url, **{"secret": SECRET, **more})
        return catalogue.add_endpoint(session, endpoint, Actor.read("Ada"))


def happens(database: Database, project: UUID, *events: tuple[EventType, UUID | None]) -> None:
    with database.transaction() as session:
        outbox.put(
            session, [NewEvent(type=kind, project_id=project, job_id=job, facts={}) for kind, job in events]
        )


def seen(database: Database, endpoint: EndpointView) -> EndpointView:
    with database.transaction() as session:
        return catalogue.endpoint(session, endpoint.id)


def time_passes(database: Database) -> None:
    """Leases run out and what is to be tried again is due."""
    execute(database, "UPDATE endpoints SET next_at = now()")
    execute(database, "UPDATE deliveries SET next_at = now() WHERE delivered_at IS NULL")
