"""Runs the API: as many processes as the settings say, each with a farm of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import uvicorn

from farm.api.app import create
from farm.client import Farm
from farm.ops import api
from farm.settings import settings as machine_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from farm.settings import Settings

#: seconds that calls under way have when the server is asked to stop; streams are ended at once
_DRAIN_S = 10


def application() -> FastAPI:
    """The API of this machine's farm, for a server that starts processes by name."""
    return create(Farm())


def serve(settings: Settings, say: Callable[[str], None] = lambda sentence: None) -> None:
    """Answer until somebody asks to stop.

    Raises:
        Unavailable: the port is taken.
        NotHere: the farm does not run, or its schema is another one.
    """
    with Farm(settings) as farm:
        farm.database.require_schema()
    access = api.prepare(settings)
    # Each process reads its settings anew.
    os.environ |= api.environment(access)
    machine_settings.cache_clear()
    say(f"The API answers at {access.url}/api/anime; its page is {access.url}/api/anime/docs.")
    uvicorn.run(
        f"{__name__}:application",
        factory=True,
        host=access.host,
        port=access.port,
        workers=settings.api_processes,
        timeout_graceful_shutdown=_DRAIN_S,
        # Whoever calls says nothing about itself that we believe.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
    )
