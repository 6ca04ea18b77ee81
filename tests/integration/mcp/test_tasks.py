"""Orders as tasks, for clients that know the extension."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from mcp.shared.exceptions import MCPError

from tests.support.agent_tasks import KnowsTasks, Task, TaskSeen, about_task

if TYPE_CHECKING:
    from farm.client import Farm
    from models.shows import StoredShow
    from tests.support.agent import Agent
    from tests.support.delivery_studio import Studio


@pytest.fixture
def knowing(agent: Agent) -> Agent:
    return replace(agent, extensions=(KnowsTasks(),))


@pytest.fixture
def order(show: StoredShow) -> dict[str, Any]:
    return {"project": show.project, "cut": next(iter(show.cuts))}


def asked(agent: Agent, method: str, task_id: str) -> TaskSeen:
    answer: TaskSeen = agent.run(lambda client: about_task(client.session, method, task_id))
    return answer


def test_an_order_is_a_task_whose_id_is_the_jobs(home: Farm, knowing: Agent, order: dict[str, Any]) -> None:
    task: Task = knowing.run(
        lambda client: client.session.call_tool("submit_order", {"order": order}, allow_claimed=True)
    )

    assert (task.status, task.ttl_ms) == ("working", None)
    assert home.job(task.task_id).row.project == order["project"]
    now = asked(knowing, "tasks/get", task.task_id)
    assert (now.status, "No worker serves" in now.statusMessage) == ("working", True)

    asked(knowing, "tasks/cancel", task.task_id)
    assert asked(knowing, "tasks/get", task.task_id).status == "cancelled"


def test_a_task_that_is_over_says_that_a_person_must_decide(knowing: Agent, studio: Studio) -> None:
    over = asked(knowing, "tasks/get", str(studio.take(good=False)))

    assert over.status == "completed"
    assert over.result["structuredContent"]["waits_for_a_person"]
    assert over.statusMessage.startswith("It waits for a person")


def test_what_is_no_task_is_refused_in_a_sentence(knowing: Agent, order: dict[str, Any]) -> None:
    with pytest.raises(MCPError, match="'x' is not a job's id"):
        asked(knowing, "tasks/get", "x")
    with pytest.raises(MCPError, match="asks for nothing"):
        asked(knowing, "tasks/update", "x")
    assert "There is no cut" in knowing.refusal("submit_order", order=order | {"cut": "1/10/77"})


def test_a_client_that_knows_no_tasks_is_answered_at_once(agent: Agent, order: dict[str, Any]) -> None:
    assert agent.value("submit_order", order=order)["next_step"].startswith("get_job")
