"""The command by which an agent on this machine speaks to the farm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.cli.opened import here, opened

if TYPE_CHECKING:
    import typer


def join(app: typer.Typer) -> None:
    app.command(rich_help_panel="Run the farm")(mcp)


def mcp() -> None:
    """Speak MCP over stdin and stdout, for an agent that starts this; over HTTP it is served at /mcp."""
    from farm.mcp.server import serve_here

    with opened() as farm:
        serve_here(farm, is_far_away=bool(here().url))
