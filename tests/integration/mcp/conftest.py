"""A farm that is served to the tests of a module, and agents with keys of every scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from farm import broker
from farm.client import Farm
from models.access import Scope
from tests.support.agent import Agent
from tests.support.delivery_studio import Studio
from tests.support.factories import settings_for
from tests.support.served import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from models.shows import StoredShow


@pytest.fixture(scope="module")
def home(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """The farm itself; nobody is woken, because nobody works here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(broker, "sender", lambda settings: None)
        patch.setattr(broker, "wake_pools", lambda names, sender: None)
        with Farm(settings_for(tmp_path_factory.mktemp("mcp"), given_database_url=database_url)) as farm:
            yield farm


@pytest.fixture(scope="module")
def url(home: Farm) -> Iterator[str]:
    with served(home) as url:
        yield url


@pytest.fixture
def agent_for(home: Farm, url: str) -> Callable[..., Agent]:
    """An agent with a new key of these scopes, by default an agent's own."""

    def make(*scopes: Scope, actor: str = "agent:nightly", mode: str = "auto", **key: Any) -> Agent:
        return Agent(url, home.create_key("an agent", actor=actor, scopes=scopes, **key).text, mode)

    return make


@pytest.fixture
def agent(agent_for: Callable[..., Agent]) -> Agent:
    """One that may look and order."""
    return agent_for(Scope.READ, Scope.SUBMIT)


@pytest.fixture
def studio(home: Farm, show: StoredShow, tmp_path: Path) -> Studio:
    """Takes made by hand, but with real files."""
    return Studio(home, show, tmp_path)
