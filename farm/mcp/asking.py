"""What every call of an agent passes through: whose farm it is, and refusals as sentences."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ResourceNotFoundError,
    ToolError,
    UnexpectedResourceError,
    UnexpectedToolError,
)
from pydantic import ValidationError

from farm.access import rights
from models.errors import BadInput, FarmError, Unauthenticated, UnknownName
from models.nearest import unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
    from mcp.server.lowlevel.helper_types import ReadResourceContents
    from mcp.server.mcpserver import Context
    from mcp_types import CallToolResult, InputRequiredResult

    from farm.client import Farm
    from models.access import Scope

#: where the one who lets a call in leaves the farm that it is asked of
IN_SCOPE = "farm.asked"

_asked: ContextVar[Farm | None] = ContextVar("_asked", default=None)


def farm_for(scope: Scope) -> Farm:
    """The farm of the present call, as its caller asks it; raises `Forbidden` without the scope."""
    farm = _asked.get()
    if farm is None:
        raise Unauthenticated("Nobody knows who asks for this.", hint="Send a key: Authorization: Bearer KEY.")
    rights.require(farm.caller, scope)
    return farm


async def let_in(ctx: ServerRequestContext[Farm | None, Any], call_next: CallNext) -> HandlerResult:
    """Remember for this call whose farm it is: the HTTP request's, else that of the whole server."""
    request = ctx.request
    token = _asked.set(request.scope[IN_SCOPE] if request is not None else ctx.lifespan_context)
    try:
        return await call_next(ctx)
    finally:
        _asked.reset(token)


class AgentServer(MCPServer["Farm | None"]):
    """A server whose refusals are the farm's own sentences, with their hints, and nothing else."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Farm | None, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """As the library's; an unknown argument is refused, where that drops it in silence."""
        tools = {tool.name: tool for tool in await self.list_tools()}
        if name not in tools:
            raise ToolError(str(unknown_name(name[:80], tools, "tool")))
        known = tools[name].input_schema.get("properties", {})
        strangers = sorted(arguments.keys() - known.keys())
        if strangers:
            raise ToolError(str(unknown_name(strangers[0][:80], known, "argument")))
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            raise _in_words(error) from error

    async def read_resource(
        self, uri: Any, context: Context[Farm | None, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """As the library's, with the farm's refusals in their own words."""
        try:
            return await super().read_resource(uri, context)
        except UnexpectedResourceError as error:
            refusal = _refusal(error)
            if refusal is None:
                raise
            kind = ResourceNotFoundError if isinstance(refusal, UnknownName | BadInput) else ResourceError
            raise kind(str(refusal)) from error


def _in_words(error: ToolError) -> ToolError:
    """What an agent reads: the farm's refusal, what is wrong with its arguments, or that there is a bug."""
    refusal = _refusal(error)
    if refusal is not None:
        return ToolError(str(refusal))
    # One that a tool raised itself is a bug, and says nothing about its arguments.
    if isinstance(error.__cause__, ValidationError) and not isinstance(error, UnexpectedToolError):
        return ToolError(_wrong_arguments(error.__cause__))
    return UnexpectedToolError("Something went wrong inside the farm. Its log says what; nothing was stored.")


def _refusal(error: BaseException) -> FarmError | None:
    """The farm's own error that the library wrapped."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, FarmError):
        cause = cause.__cause__
    return cause


def _wrong_arguments(error: ValidationError) -> str:
    """Each wrong argument by its name; never with its value, which may be a secret in the wrong place."""
    sentences = []
    for each in error.errors(include_input=False, include_url=False):
        where = ".".join(str(part) for part in each["loc"]) or "The arguments"
        reason = "this is missing" if each["type"] == "missing" else each["msg"]
        sentences.append(f"{where}: {reason[:1].lower()}{reason[1:].rstrip('.')}.")
    return " ".join(sentences)
