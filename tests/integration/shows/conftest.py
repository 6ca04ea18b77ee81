"""A farm that edits shows in this module's database, with nobody to wake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from farm.client import Farm
from models.access import Caller, Door, Scope
from models.actors import Actor
from tests.support.factories import settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def somebody(name: str) -> Caller:
    """Somebody who calls over HTTP."""
    return Caller(actor=Actor.read(name), door=Door.HTTP, scopes=frozenset(Scope))


@pytest.fixture
def farm(database_url: str, tmp_path: Path) -> Iterator[Farm]:
    with Farm(settings_for(tmp_path, given_database_url=database_url), somebody("Ada")) as farm:
        yield farm


@pytest.fixture
def agent(farm: Farm) -> Farm:
    """The same farm in another hand."""
    return farm.on_behalf_of(somebody("agent:nightly"))


@pytest.fixture
def statements(farm: Farm) -> Iterator[list[str]]:
    """What the farm asks of the database, in order."""
    asked: list[str] = []

    def note(*call: Any) -> None:
        asked.append(call[2])

    event.listen(farm.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(farm.database.engine, "before_cursor_execute", note)
