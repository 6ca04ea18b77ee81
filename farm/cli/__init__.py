"""The `farm` command: thin Typer functions over the SDK, one file per group of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; every ending is an exit code that `farm --help` explains."""
    from farm.cli.app import run

    return run(argv)
