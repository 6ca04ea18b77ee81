"""Where agents come in: MCP over streamable HTTP, with the same keys, scopes, caps and rates as the routes.

Each call stands by itself: nothing is kept between two of them, so that any process may answer the next.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi.concurrency import run_in_threadpool
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from farm.api.asking import key_of
from farm.api.problems import of_error
from farm.mcp.asking import IN_SCOPE
from farm.mcp.server import create
from models.access import Door
from models.errors import FarmError, Forbidden

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from farm.client import Farm

PATH = "/mcp"


class Agents:
    """The ASGI application at `PATH`; answers within `running` alone."""

    def __init__(self, max_body_bytes: int) -> None:
        server = create()
        server.streamable_http_app(
            stateless_http=True,
            max_request_body_size=max_body_bytes,
            # Nobody is let in for where they come from: a key is asked for, and other sites' pages are refused.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        self._calls = server.session_manager

    def running(self) -> AbstractAsyncContextManager[None]:
        """The time in which calls are answered; once."""
        return self._calls.run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method != "POST":
            # Without sessions there is nothing to listen to or to end.
            answer = Response(status_code=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
            await answer(scope, receive, send)
            return
        try:
            _refuse_other_sites(request)
            farm = await run_in_threadpool(_asked, request)
        except FarmError as error:
            await of_error(error)(scope, receive, send)
            return
        await self._calls.handle_request({**scope, IN_SCOPE: farm}, receive, send)


def install(app: FastAPI) -> Agents:
    """Let agents in; not part of the API's description, because MCP describes itself."""
    agents = Agents(app.state.farm.settings.api_max_body_bytes)
    app.router.routes.append(Route(PATH, endpoint=agents, include_in_schema=False))
    return agents


def _asked(request: Request) -> Farm:
    """The farm as whoever calls asks it; raises `Unauthenticated`, `TooMuch`."""
    farm: Farm = request.app.state.farm
    address = request.client.host if request.client else ""
    caller = farm.authenticate(key_of(request), address=address, door=Door.MCP)
    request.app.state.rates.take(caller.identity)
    return farm.on_behalf_of(caller)


def _refuse_other_sites(request: Request) -> None:
    """Raises `Forbidden` for a call that a page of another site makes."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("A page of another site may not ask this farm.", hint="Call from a program.")
