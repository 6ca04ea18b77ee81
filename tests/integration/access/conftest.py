"""A farm whose workers nobody wakes, and keys for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from farm import broker
from farm.client import Farm
from models.access import Door
from tests.support.factories import settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.shows import StoredShow


@pytest.fixture
def farm(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    """Asked from this machine, by whoever holds the database's password."""
    monkeypatch.setattr(broker, "sender", lambda settings: None)
    monkeypatch.setattr(broker, "wake_pools", lambda names, sender: None)
    with Farm(settings_for(tmp_path, given_database_url=database_url)) as farm:
        yield farm


@pytest.fixture
def order(show: StoredShow) -> dict[str, Any]:
    return {"project": show.project, "cut": next(iter(show.cuts)), "renderer": "null"}


def with_key(farm: Farm, text: str) -> Farm:
    """The same farm as somebody with this key asks it."""
    return farm.on_behalf_of(farm.authenticate(text, address="192.0.2.7", door=Door.HTTP))
