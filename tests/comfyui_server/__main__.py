"""Serves the stand-in until it is killed: `python -m tests.comfyui_server --port 0 --folder DIR`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from aiohttp import web

from tests.comfyui_server.routes import StandIn


async def serve(folder: Path, port: int) -> None:
    server = StandIn(folder)
    runner = web.AppRunner(server.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    address = runner.addresses[0]
    sys.stdout.write(f"http://127.0.0.1:{address[1]}\n")
    sys.stdout.flush()
    await server.work()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.folder, options.port))
