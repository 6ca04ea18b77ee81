"""The server that agents speak to, over HTTP or over stdin and stdout."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from farm.mcp import judging, looking, orders, resources
from farm.mcp.asking import AgentServer, let_in
from farm.mcp.tasks import Tasks
from models.access import Door

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from farm.client import Farm

_ABOUT = """A render farm for generated anime that measures every take and says whether it may pass.

Begin with farm_status (shows, workers, what your key may do) and list_cuts. plan_order tries an order,
submit_order places it and answers at once; get_job with wait_seconds=30 waits for it. Rendered is not done:
an order is over when its take is judged, and a take that fails is made again by itself. explain_take says why,
with pictures of the worst frames. Where waits_for_a_person is true, show a person explain_take and let them
decide. What is refused says why, and what to do instead.
"""


def create(farm: Farm | None = None) -> AgentServer:
    """The server; `farm` is asked by everybody who does not come over HTTP, where each call brings its own."""
    # The library would give the whole process a handler of its own; whoever logs already is left alone.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")

    @asynccontextmanager
    async def whose(server: Any) -> AsyncIterator[Farm | None]:
        yield farm

    server = AgentServer(
        name="anime-render-farm",
        title="Anime render farm",
        version=version("anime-render-farm"),
        instructions=_ABOUT,
        lifespan=whose,
        log_level="WARNING",
        # Nobody is told of changes: a stream an agent keeps open would be one more to serve.
        subscriptions=False,
        middleware=[let_in],
        extensions=[Tasks()],
    )
    for tools in (looking, orders, judging, resources):
        tools.join(server)
    return server


def serve_here(farm: Farm, *, is_far_away: bool) -> None:
    """Answer an agent on this machine over stdin and stdout until it hangs up."""
    # A farm far away notes by itself who called, and by which door.
    asked = farm if is_far_away else farm.on_behalf_of(replace(farm.caller, door=Door.MCP))
    create(asked).run("stdio")
