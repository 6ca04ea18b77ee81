"""What the tests of events share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from farm.events.courier import Courier
from tests.support.factories import settings_for
from tests.support.hook_receiver import Receiver, running_receiver
from tests.support.queue_jobs import add_project, execute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from uuid import UUID

    from db.engine import Database


@pytest.fixture(autouse=True)
def nothing_happened_yet(database: Database) -> None:
    """Without events, endpoints or deliveries of the tests before."""
    execute(database, "TRUNCATE outbox, events, endpoints, deliveries")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def project(database: Database) -> UUID:
    return add_project(database)


@pytest.fixture
def send(database: Database, tmp_path: Path, receiver: Receiver) -> Callable[..., int]:
    """A round of a courier who may call the receiver; how many events were taken."""

    def round_of(*hosts: str, timeout: float = 5.0) -> int:
        patience = timedelta(seconds=timeout)
        settings = settings_for(tmp_path, callback_hosts=hosts or (receiver.host,), callback_timeout=patience)
        return Courier(database, settings).round()

    return round_of
