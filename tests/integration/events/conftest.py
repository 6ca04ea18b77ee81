"""What the tests of events share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.queue_jobs import execute

if TYPE_CHECKING:
    from db.engine import Database


@pytest.fixture(autouse=True)
def nothing_happened_yet(database: Database) -> None:
    """Without events, endpoints or deliveries of the tests before."""
    execute(database, "TRUNCATE outbox, events, endpoints, deliveries")
