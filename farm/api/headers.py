"""What stands around all else: headers on every answer, whoever gives it, and a bound for what is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from farm.api.problems import too_long

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: they keep a browser from doing what nobody meant; no page of others may read any answer
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def install(app: FastAPI) -> None:
    """Stand around the framework's own answers too: to what is too long, and to what went wrong."""
    inside = app.build_middleware_stack

    def whole() -> ASGIApp:
        return SafeHeaders(_Bounded(inside(), app.max_body_size))

    app.build_middleware_stack = whole  # type: ignore[method-assign]  # what is added lies within the framework's


class SafeHeaders:
    """Sets the headers where an answer does not say otherwise itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, safe if scope["type"] == "http" else send)


class _Bounded:
    """Refuses a body by the length that it says itself; the framework counts those that say none."""

    def __init__(self, app: ASGIApp, most_bytes: int | None) -> None:
        self._app, self._most_bytes = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        if self._most_bytes is not None and declared.isdecimal() and int(declared[:20]) > self._most_bytes:
            await too_long()(scope, receive, send)
            return
        await self._app(scope, receive, send)
