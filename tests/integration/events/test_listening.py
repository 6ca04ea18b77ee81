"""Whoever listens hears of events once they are numbered, and of nothing before."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import text

from db.events import outbox
from db.events.listening import listening
from farm.servers.supervisor import wait_until
from models.errors import Unavailable
from models.events import EventType, NewEvent

if TYPE_CHECKING:
    from db.engine import Database


def put(database: Database) -> None:
    with database.transaction() as session:
        outbox.put(session, [NewEvent(type=EventType.PHASE_OPENED, project_id=uuid4())])


def number(database: Database) -> None:
    with database.transaction() as session:
        outbox.number(session)


def test_events_are_heard_of_when_they_are_numbered(database: Database) -> None:
    number(database)
    with listening(database) as heard:
        assert not heard(0)
        put(database)
        assert not heard(0)
        number(database)
        assert heard(10)
        assert not heard(0)


def test_a_connection_that_is_lost_is_said(database: Database) -> None:
    with listening(database) as heard:
        with database.transaction() as session:
            ended = session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
                )
            ).all()
        assert len(ended) == 1
        with pytest.raises(Unavailable, match="ended the connection"):
            # The server's last words come first, the end of the connection after them.
            wait_until(lambda: heard(10), 30)
