"""The doctor says when nobody sends what happened, and who does not take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import catalogue
from db.events import outbox
from farm.ops.doctor.events import events
from farm.ops.doctor.findings import Health
from models.actors import Actor
from models.events import EventType, NewEndpoint, NewEvent
from tests.support.factories import settings_for
from tests.support.queue_jobs import add_project, execute

if TYPE_CHECKING:
    from pathlib import Path

    from db.engine import Database


def test_the_doctor_names_late_events_paused_and_failing_endpoints_and_a_broken_list(
    database: Database, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, callback_hosts=("hooks.example.com",))
    assert [each.health for each in events(settings, database)] == [Health.OK]

    with database.transaction() as session:
        for url in ("https://a.example.com/?key=1", "https://b.example.com/"):
            catalogue.add_endpoint(session, NewEndpoint(url=url), Actor.read("Ada"))
        outbox.put(session, [NewEvent(type=EventType.PHASE_OPENED, project_id=add_project(database))])
    execute(database, "UPDATE outbox SET at = now() - interval '2 min'")
    gone = "UPDATE endpoints SET paused_at = now(), paused_reason = 'It answered 410.' WHERE url LIKE '%key=1'"
    execute(database, gone)
    execute(database, "UPDATE endpoints SET failing_since = created_at WHERE paused_at IS NULL")
    execute(database, "UPDATE endpoints SET last_error = 'It answered 503.' WHERE paused_at IS NULL")

    broken = settings_for(tmp_path, callback_hosts=("https://hooks.example.com",))
    callbacks, late, paused, failing = events(broken, database)

    assert (callbacks.health, callbacks.name) == (Health.FAIL, "callbacks")
    assert "queue `events`" in late.hint
    assert "410" in paused.message
    assert "key=1" not in paused.message
    assert "farm endpoints resume" in paused.hint
    assert "503" in failing.message
