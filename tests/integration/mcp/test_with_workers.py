"""An agent and real workers: it orders, waits for the end, and sees what is wrong with the take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from farm.client import Farm
from farm.settings import Settings
from models.access import Scope
from tests.support.agent import Agent
from tests.support.agent_tasks import KnowsTasks
from tests.support.queue_jobs import PLAIN, add_project, one
from tests.support.served import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.floor import Floor


@pytest.fixture
def key_and_url(floor: Floor) -> Iterator[tuple[str, str]]:
    """A served farm with one worker for every step."""
    settings = Settings(
        state_dir=floor.folder,
        given_database_url=floor.database_url,
        given_redis_url=floor.redis_url,
        queue_prefix=floor.prefix,
    )
    floor.worker("render_queue.toon", "score", "gate", "control")
    home = Farm(settings)
    key = home.create_key("an agent", actor="agent:nightly", scopes=[Scope.READ, Scope.SUBMIT]).text
    with served(home) as url:
        yield key, url


def test_an_agent_orders_waits_and_sees_the_worst_frame(floor: Floor, key_and_url: tuple[str, str]) -> None:
    key, url = key_and_url
    slug = one(floor.database, "SELECT slug FROM projects WHERE id = :id", id=add_project(floor.database)).slug
    order = {
        "project": slug,
        "renderer": "toon",
        "profile": PLAIN,
        "location": "park",
        "width": 256,
        "height": 144,
    }
    agent = Agent(url, key, extensions=(KnowsTasks(),))

    # The client follows the task to its end.
    over: dict[str, Any] = agent.value("submit_order", order=order | {"defect": "blank", "max_retakes": 0})

    assert (over["is_over"], over["waits_for_a_person"], over["verdict"]) == (True, True, "review")
    text, picture = agent.call("explain_take", job_id=over["job_id"]).content
    assert "blank: " in text.text
    assert (picture.type, picture.mime_type) == ("image", "image/jpeg")
