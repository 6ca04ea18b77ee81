"""A farm behind its HTTP API, and callers with keys of every scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from farm import broker
from farm.api import app
from farm.client import Farm
from models.access import Scope
from tests.support.factories import settings_for
from tests.support.served import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def home(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    """The farm itself; nobody is woken, because nobody works here."""
    monkeypatch.setattr(broker, "sender", lambda settings: None)
    monkeypatch.setattr(broker, "wake_pools", lambda names, sender: None)
    monkeypatch.setattr(broker, "wake_scorers", lambda sender: None)
    # Tests ask faster than anybody may.
    hurried = {"api_calls_per_second": 1e6, "api_burst": 10**6}
    with Farm(settings_for(tmp_path, given_database_url=database_url, **hurried)) as farm:
        yield farm


@pytest.fixture
def key_for(home: Farm) -> Callable[..., str]:
    """A new key with these scopes."""

    def make(*scopes: Scope) -> str:
        return home.create_key("a test", actor="Ada", scopes=scopes).text

    return make


@pytest.fixture
def http(home: Farm, key_for: Callable[..., str]) -> Iterator[TestClient]:
    """Somebody with a key for everything."""
    with TestClient(app.create(home), raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {key_for(Scope.ADMIN)}"
        yield client


@pytest.fixture
def statements(home: Farm) -> list[str]:
    """What the farm asks its database, in order."""
    asked: list[str] = []

    @event.listens_for(home.database.engine, "before_cursor_execute")
    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        asked.append(statement)

    return asked


@pytest.fixture
def far(home: Farm, key_for: Callable[..., str]) -> Iterator[Farm]:
    with served(home) as url, Farm.connect(url, key_for(Scope.ADMIN)) as farm:
        yield farm


@pytest.fixture(params=["at home", "far away"])
def farm(request: pytest.FixtureRequest) -> Farm:
    wanted: Farm = request.getfixturevalue("home" if request.param == "at home" else "far")
    return wanted
