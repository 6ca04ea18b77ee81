"""What the SDK answers without changing anything: a plan, and who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from farm import broker
from farm.client import Farm
from models.access import Door
from models.errors import UnknownName
from tests.support.factories import settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.shows import StoredShow


@pytest.fixture
def farm(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    monkeypatch.setattr(broker, "wake_pools", lambda names, sender: pytest.fail("somebody was woken"))
    with Farm(settings_for(tmp_path, given_database_url=database_url)) as farm:
        yield farm


@pytest.fixture
def order(show: StoredShow) -> dict[str, Any]:
    return {"project": show.project, "cut": next(iter(show.cuts)), "seed": 7}


def test_a_plan_answers_as_an_order_does_and_stores_nothing(farm: Farm, order: dict[str, Any]) -> None:
    planned = farm.plan(order)

    assert (planned.seed_used, planned.pool, planned.is_new) == (7, "toon", True)
    assert farm.jobs(project=order["project"]).items == ()


def test_a_plan_is_refused_as_an_order_is(farm: Farm, order: dict[str, Any]) -> None:
    with pytest.raises(UnknownName, match="There is no cut"):
        farm.plan(order | {"cut": "1/10/77"})


def test_whoever_runs_a_script_asks_in_their_own_name(farm: Farm) -> None:
    assert farm.whoami().door is Door.SQL
