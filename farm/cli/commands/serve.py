"""The command that serves the HTTP API."""

from __future__ import annotations

from typing import Annotated

import typer

from farm.cli.console import note
from farm.cli.opened import here


def join(app: typer.Typer) -> None:
    app.command(rich_help_panel="Run the farm")(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on; by default loopback.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 finds a free one.")] = None,
    processes: Annotated[int | None, typer.Option(min=1, max=64, help="Processes that answer.")] = None,
) -> None:
    """Serve the HTTP API of a farm that is up, until Ctrl-C; `farm up` starts one by itself."""
    from farm.api.serving import serve as answer

    chosen = {"api_host": host, "api_port": port, "api_processes": processes}
    settings = here().model_copy(update={name: value for name, value in chosen.items() if value is not None})
    answer(settings, note)
