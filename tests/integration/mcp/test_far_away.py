"""An agent on a laptop: the tools over its pipes, the farm far away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from mcp import Client

from farm.client import Farm
from farm.mcp.server import create
from models.access import Scope
from tests.integration.mcp.test_tools import keep_worst_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.agent import Agent
    from tests.support.delivery_studio import Studio


def test_a_laptops_agent_finds_the_same_tools_and_the_same_walls(
    agent_for: Callable[..., Agent], studio: Studio
) -> None:
    person = agent_for(Scope.READ, Scope.REVIEW, actor="Ada")
    job_id = str(studio.take(good=False))
    keep_worst_picture(studio.farm, studio.farm.job(job_id).row.id, b"a small picture")
    order = {"project": studio.show.project, "cut": "1/10/10"}

    async def ask(farm: Farm) -> list[Any]:
        async with Client(create(farm)) as client:
            return [
                await client.call_tool("plan_order", {"order": order}),
                await client.call_tool("explain_take", {"job_id": job_id}),
                await client.call_tool("review_take", {"job_id": job_id, "verdict": "approve"}),
                await client.call_tool("farm_status", {}),
            ]

    with Farm.connect(person.url, person.key) as far:
        planned, explained, reviewed, status = anyio.run(ask, far)

    assert "it needs the scope 'submit'" in planned.content[0].text
    assert explained.content[1].mime_type == "image/jpeg"
    assert reviewed.structured_content["by"] == "Ada"
    assert status.structured_content["caller"]["scopes"] == ["read", "review"]


def test_a_laptops_agent_plans_and_orders(agent: Agent, studio: Studio) -> None:
    order = {"project": studio.show.project, "cut": "1/10/10", "seed": 7}

    async def ask(farm: Farm) -> list[Any]:
        async with Client(create(farm)) as client:
            return [
                (await client.call_tool(tool, {"order": order})).structured_content
                for tool in ("plan_order", "submit_order")
            ]

    with Farm.connect(agent.url, agent.key) as far:
        planned, ordered = anyio.run(ask, far)

    assert (planned["accepted"], planned["seed_text"], ordered["seed_text"]) == (True, "7", "7")
    (row,) = studio.farm.jobs(project=studio.show.project).items
    assert str(row.requested_by) == "agent:nightly"
