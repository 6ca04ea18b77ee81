"""Who is let in to the tools, and what each may do there."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import requests
from mcp import Client, StdioServerParameters

from models.access import Scope
from tests.support import ROOT
from tests.support.factories import settings_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from farm.client import Farm
    from models.shows import StoredShow
    from tests.support.agent import Agent
    from tests.support.delivery_studio import Studio

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def ask(url: str, key: str | None = None, body: Any = LIST, **headers: str) -> requests.Response:
    """One call as a program without the client sends it."""
    headers |= {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    text = body if isinstance(body, str) else json.dumps(body)
    return requests.post(f"{url}/mcp", data=text, headers=headers, timeout=30)


def test_nobody_is_let_in_without_a_good_key(home: Farm, url: str) -> None:
    revoked = home.create_key("gone", scopes=[Scope.READ])
    home.revoke_key(revoked.view.prefix)

    refused = [ask(url, key) for key in (None, "farm_nonsense", revoked.text)]

    assert [answer.status_code for answer in refused] == [401, 401, 401]
    assert refused[0].headers["WWW-Authenticate"] == 'Bearer realm="farm"'
    assert all(revoked.text not in answer.text and "Traceback" not in answer.text for answer in refused)


def test_a_page_of_another_site_is_refused_and_there_is_nothing_to_listen_to(url: str, agent: Agent) -> None:
    key = agent.key

    assert ask(url, key, Origin="https://evil.example").status_code == 403
    assert requests.get(f"{url}/mcp", headers={"Authorization": f"Bearer {key}"}, timeout=30).status_code == 405


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000, '{"jsonrpc": "2.0"}', "null"])
def test_what_is_no_call_is_refused_without_a_traceback(url: str, agent: Agent, body: str) -> None:
    answer = ask(url, agent.key, body)

    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("scopes", "tool", "arguments"),
    [
        ([Scope.READ], "submit_order", {"order": {"project": "x"}}),
        ([Scope.READ], "plan_order", {"order": {"project": "x"}}),
        ([Scope.READ], "cancel_job", {"job_id": "x"}),
        ([Scope.READ], "reproduce_take", {"job_id": "x"}),
        ([Scope.READ, Scope.SUBMIT], "review_take", {"job_id": "x", "verdict": "approve"}),
        ([Scope.SUBMIT], "list_jobs", {}),
        ([Scope.SUBMIT], "explain_take", {"job_id": "x"}),
    ],
)
def test_a_key_opens_no_more_than_its_scopes(
    agent_for: Callable[..., Agent], scopes: list[Scope], tool: str, arguments: dict[str, Any]
) -> None:
    agent = agent_for(*scopes)

    words = agent.refusal(tool, **arguments)

    assert "may not do this: it needs the scope" in words
    assert agent.key not in words


def test_an_agent_decides_nothing_whatever_its_scopes(agent_for: Callable[..., Agent], studio: Studio) -> None:
    job_id = studio.take(good=False)
    agent = agent_for(Scope.READ, Scope.REVIEW, Scope.ADMIN)

    words = agent.refusal("review_take", job_id=str(job_id), verdict="approve")

    assert words.startswith("A person decides about a take, and agent:nightly is none.")
    assert studio.farm.job(job_id).reviews == ()


def test_an_agent_orders_in_nobody_elses_name(agent: Agent, show: StoredShow) -> None:
    words = agent.refusal("submit_order", order={"project": show.project, "requested_by": "Ada"})

    assert "may not act as Ada" in words


def test_an_agent_on_this_machine_speaks_over_its_pipes(
    database_url: str, tmp_path: Path, show: StoredShow
) -> None:
    environment = {
        **os.environ,
        "FARM_STATE_DIR": str(settings_for(tmp_path).state_dir),
        "FARM_DATABASE_URL": database_url,
        "FARM_REDIS_URL": "redis://127.0.0.1:1/0",
    }
    farm = StdioServerParameters(
        command=sys.executable, args=["-m", "farm", "mcp"], cwd=str(ROOT), env=environment
    )

    async def status() -> dict[str, Any]:
        async with Client(farm) as client:
            answer = await client.call_tool("farm_status", {})
        # Its pipes are closed by the loop, in its own time.
        await asyncio.sleep(0)
        assert answer.structured_content is not None
        return answer.structured_content

    stands = anyio.run(status)
    assert show.project in stands["shows"]
    assert "admin" in stands["caller"]["scopes"]
