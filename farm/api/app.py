"""The application: what is installed around the routes, and in which order."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI

from farm.access.rates import Buckets
from farm.api import (
    agents,
    files,
    headers,
    health,
    openapi,
    ordering,
    page,
    problems,
    quality,
    sessions,
    shows,
    streams,
    verbs,
)
from farm.api.tail import Tail
from farm.client.routes import PREFIX

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.routing import BaseRoute

    from farm.client import Farm

_ABOUT = """Order takes, follow them, judge them, and have everything that was made of them.

Send a key (`farm keys create`) as `Authorization: Bearer KEY`. Every change takes `Idempotency-Key`: the same
key again gives the same answer; and `dry_run=true`: it is done, answered, and taken back. What two people can
edit has an `ETag`, and is written with `If-Match`. Lists have `items` and `next`, the `after` of the next page.
What is refused is a problem (RFC 9457) whose `detail` is a sentence and whose `hint` says what to do.
"""

#: tries to log in from one address: some at once, then one every few seconds
_LOG_INS, _LOG_INS_PER_SECOND = 10, 0.2


def create(farm: Farm) -> FastAPI:
    """The application over this farm, whose connections all callers share; both are closed together."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.tail.start()
        async with app.state.agents.running():
            yield
        app.state.tail.close()
        farm.close()

    app = FastAPI(
        title="anime-render-farm",
        version=version("anime-render-farm"),
        description=_ABOUT,
        lifespan=lifespan,
        # The framework's page runs scripts from elsewhere; ours is in `page`.
        docs_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        redoc_url=None,
        max_body_size=farm.settings.api_max_body_bytes,
    )
    app.state.farm, app.state.tail = farm, Tail(farm)
    app.state.rates = Buckets(per_second=farm.settings.api_calls_per_second, burst=farm.settings.api_burst)
    app.state.log_ins = Buckets(per_second=_LOG_INS_PER_SECOND, burst=_LOG_INS)
    app.router.routes.extend(_routes())
    app.state.agents = agents.install(app)
    problems.install(app)
    openapi.install(app)
    headers.install(app)
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Every route, read once: that costs a second, and they say nothing of any one farm."""
    whole = APIRouter()
    for router in (
        ordering.router,
        quality.router,
        shows.router,
        files.router,
        streams.router,
        sessions.router,
        page.router,
        verbs.router(),
    ):
        whole.include_router(router, prefix=PREFIX)
    whole.include_router(health.router)
    return tuple(whole.routes)
