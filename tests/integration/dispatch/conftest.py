"""A farm that tasks are handed to, over HTTP and at home."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from farm.api import app
from models.access import Scope
from tests.integration.api.conftest import home, http, key_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from farm.client import Farm

__all__ = ["home", "http", "key_for"]


@pytest.fixture
def echo(home: Farm, key_for: Callable[..., str]) -> Iterator[TestClient]:
    """Somebody with Echo's key."""
    with TestClient(app.create(home), raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {key_for(Scope.ECHO)}"
        yield client
