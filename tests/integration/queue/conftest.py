"""What the queue's tests share: a project that is alone in its database, so that nothing else is claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.queue_jobs import add_project, execute

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Database


@pytest.fixture
def project(database: Database) -> UUID:
    """The only project, without a job."""
    execute(database, "DELETE FROM projects")
    return add_project(database)
