"""Long orders as tasks, for clients that know the extension: a job is durable, so it is the task.

As `io.modelcontextprotocol/tasks` has it: an order is answered with a task whose id is the job's; `tasks/get`
asks after it, `tasks/cancel` calls it off. A task never waits for input here: a take that waits for a person is
over, and its answer says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from anyio.to_thread import run_sync
from mcp.server.extension import Extension, MethodBinding
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolResult, RequestParams, TextContent
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import Field

from farm.client.connection import job_id_of
from farm.mcp.answers import JobSeen, Ordered
from farm.mcp.asking import farm_for
from farm.mcp.following import seen
from models.access import Scope
from models.errors import FarmError
from models.vocabulary import JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
    from mcp_types import CallToolRequestParams

    from models.jobs import JobDetail

IDENTIFIER = "io.modelcontextprotocol/tasks"
#: tools whose answer is an order that takes its time
_LONG = frozenset({"submit_order", "reproduce_take"})
_POLL_MS = 2000


class TaskParams(RequestParams):
    """Which task is meant."""

    task_id: str = Field(alias="taskId")


class Tasks(Extension):
    """Orders as tasks."""

    identifier = IDENTIFIER

    def methods(self) -> Sequence[MethodBinding]:
        versions = frozenset(MODERN_PROTOCOL_VERSIONS)
        handlers = {"tasks/get": _get, "tasks/update": _update, "tasks/cancel": _cancel}
        return [MethodBinding(name, TaskParams, handler, versions) for name, handler in handlers.items()]

    async def intercept_tool_call(
        self, params: CallToolRequestParams, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """The order is placed as ever; who can follow a task is answered with one."""
        answer = await call_next(ctx)
        if params.name not in _LONG or not _knows_tasks(ctx) or not isinstance(answer, CallToolResult):
            return answer
        job_id = (answer.structured_content or {}).get("job_id")
        if answer.is_error or job_id is None:
            return answer
        farm = farm_for(Scope.SUBMIT)
        return {"resultType": "task"} | await run_sync(lambda: _as_task(farm.job(job_id), "working"))


def _knows_tasks(ctx: ServerRequestContext[Any, Any]) -> bool:
    capabilities = ctx.session.client_capabilities
    declared = capabilities.extensions if capabilities else None
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS and IDENTIFIER in (declared or {})


async def _get(ctx: ServerRequestContext[Any, Any], params: TaskParams) -> dict[str, Any]:
    """How a task stands, with its answer once it is over."""
    return await _answered(lambda: _task(job_id_of(params.task_id)))


async def _update(ctx: ServerRequestContext[Any, Any], params: TaskParams) -> dict[str, Any]:
    raise MCPError(code=INVALID_PARAMS, message="This task asks for nothing. A person reviews its take.")


async def _cancel(ctx: ServerRequestContext[Any, Any], params: TaskParams) -> dict[str, Any]:
    """Call off whatever of the order is not over."""

    def cancel() -> dict[str, Any]:
        farm = farm_for(Scope.SUBMIT)
        farm.cancel([row.id for row in farm.job(params.task_id).family])
        return {}

    return await _answered(cancel)


async def _answered(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a thread answers; a refusal in the farm's words."""
    try:
        return await run_sync(ask)
    except FarmError as refusal:
        raise MCPError(code=INVALID_PARAMS, message=str(refusal)) from refusal


def _task(job_id: UUID) -> dict[str, Any]:
    farm = farm_for(Scope.READ)
    stands = seen(farm, job_id)
    detail = farm.job(stands.job_id)
    if not stands.is_over:
        return _as_task(detail, "working", stands)
    if stands.state is JobState.CANCELLED:
        return _as_task(detail, "cancelled", stands)
    return _as_task(detail, "completed", stands) | {"result": _end(detail, stands)}


def _end(detail: JobDetail, stands: JobSeen) -> dict[str, Any]:
    """What the tool that placed the order would have answered, had it waited: as it does, and how it ended."""
    ordered = Ordered(
        job_id=stands.job_id,
        seed_text=stands.seed_text,
        pool=detail.queue.pool,
        not_drawn=list(detail.not_drawn),
    )
    answer = CallToolResult(
        content=[TextContent(type="text", text=stands.model_dump_json(indent=2))],
        structured_content=ordered.model_dump(mode="json") | stands.model_dump(mode="json"),
        is_error=stands.state is not JobState.COMPLETED,
    )
    return answer.model_dump(by_alias=True, mode="json", exclude_none=True)


def _as_task(
    detail: JobDetail, status: Literal["working", "completed", "cancelled"], stands: JobSeen | None = None
) -> dict[str, Any]:
    moments = (each.ended_at or each.started_at for each in detail.attempts)
    changed_at = max([detail.row.completed_at or detail.row.created_at, *moments])
    task = {
        "taskId": str(stands.asked_job_id if stands else detail.row.id),
        "status": status,
        "createdAt": detail.row.created_at.isoformat(),
        "lastUpdatedAt": changed_at.isoformat(),
        # Jobs are kept for good.
        "ttlMs": None,
        "pollIntervalMs": _POLL_MS,
    }
    return task | ({"statusMessage": " ".join(stands.sentences)} if stands else {})
