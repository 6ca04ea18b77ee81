"""Echo is asked about takes that wait for a person, once each, and again where it did not answer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from db.engine import Database
from db.events import marks, outbox
from db.files.artifacts import ArtifactStore
from farm.echo import reviews
from farm.echo.client import EchoClient
from models.metrics import Metric
from tasks.beat import echo as beat
from tests.support.echo_server import Echo, running_echo
from tests.support.factories import judged, measured, ordered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.shows import StoredShow

SOON = timedelta(seconds=2)


@pytest.fixture
def echo(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Echo]:
    """An Echo that is asked by a beat over this database, from now on."""
    monkeypatch.setattr(beat.runtime, "database", lambda: database)
    monkeypatch.setattr(beat.runtime, "store", lambda: ArtifactStore(tmp_path))
    with database.transaction() as session:
        outbox.number(session)
        marks.set_mark(session, "echo_reviews", 0)
    with running_echo() as echo:
        beat.ask_for_reviews(EchoClient(echo.url, SOON))
        echo.tasks.clear()
        yield echo
    assert echo.mistakes == []


@pytest.fixture
def waiting(echo: Echo, database: Database, show: StoredShow) -> UUID:
    """A take that waits for a person: half of it could not be measured."""
    with database.transaction() as session:
        (job_id,) = ordered(session, show, max_retakes=0)
        assert judged(session, job_id, measured(Metric.IDENTITY, 0.9)).verdict == "review"
    with database.transaction() as session:
        outbox.number(session)
    return job_id


def test_a_take_that_waits_is_asked_about_once(echo: Echo, waiting: UUID) -> None:
    client = EchoClient(echo.url, SOON)

    assert (beat.ask_for_reviews(client), beat.ask_for_reviews(client)) == (1, 0)

    (task,) = echo.tasks
    assert (task["task_id"], task["payload"]["job_id"]) == (f"review-{waiting}", str(waiting))
    assert task["submitted_by"] == reviews._SENDER


def test_an_echo_that_was_away_is_asked_when_it_is_back(echo: Echo, waiting: UUID) -> None:
    client = EchoClient(echo.url, SOON)
    echo.status = 500
    assert beat.ask_for_reviews(client) == 0

    echo.status = None
    assert beat.ask_for_reviews(client) == 1


def test_an_echo_without_tasks_is_left_in_peace(echo: Echo, waiting: UUID) -> None:
    client = EchoClient(echo.url, SOON)
    echo.supported = False
    assert beat.ask_for_reviews(client) == 0

    echo.supported = True
    assert beat.ask_for_reviews(client) == 0
    assert echo.tasks == []
