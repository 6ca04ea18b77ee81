"""A client that knows tasks: it follows an order to its end by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import anyio
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp_types import CallToolResult, Request, RequestParams, Result
from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcp.client.session import ClientSession

IDENTIFIER = "io.modelcontextprotocol/tasks"


class Task(Result):
    """What the extension says of a task that was begun."""

    result_type: Literal["task"] = Field("task", alias="resultType")
    task_id: str = Field(alias="taskId")
    status: str
    ttl_ms: int | None = Field(alias="ttlMs")


class Which(RequestParams):
    """Which task is meant."""

    task_id: str = Field(alias="taskId")


class TaskSeen(Result, extra="allow"):
    """How a task stands."""

    status: str = ""
    statusMessage: str = ""  # as it is sent
    result: dict[str, Any] = Field(default_factory=dict)


class KnowsTasks(ClientExtension):
    """Looks until a task is over, and answers with how it ended."""

    identifier = IDENTIFIER

    def claims(self) -> Sequence[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=Task, resolve=_followed)]


async def about_task(session: ClientSession, method: str, task_id: str) -> TaskSeen:
    """What one of the extension's methods answers."""
    request: Any = Request[Which, str](method=method, params=Which(taskId=task_id))
    return await session.send_request(request, TaskSeen)


async def _followed(task: Task, context: ClaimContext) -> CallToolResult:
    while (seen := await about_task(context.session, "tasks/get", task.task_id)).status == "working":
        await anyio.sleep(0.1)
    return CallToolResult.model_validate(seen.result)
