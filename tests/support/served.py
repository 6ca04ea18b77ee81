"""A farm served over HTTP on a port of its own, in a thread of the test."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from farm.api import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farm.client import Farm


@contextmanager
def served(farm: Farm) -> Iterator[str]:
    """The address at which the farm answers until the end of the block; then the farm is closed."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app.create(farm), log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="served", daemon=True)
    thread.start()
    try:
        # The socket listens already: whoever calls before the server is there is answered once it is.
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        listening.close()
