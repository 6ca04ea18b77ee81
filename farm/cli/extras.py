"""Commands that other rooms join to the command line through the entry-point group `farm.commands`.

They bring Celery and its friends along, so they are looked for only when somebody needs them.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

    from farm.client import Farm

#: called with the farm and a project after a show was stored; who has networks adds a maker of references
AFTER_LOAD: list[Callable[[Farm, str], dict[str, Any]]] = []


@cache
def joiners() -> tuple[Callable[[typer.Typer], None], ...]:
    """Every function that adds commands; importing them is what costs."""
    return tuple(extra.load() for extra in entry_points(group="farm.commands"))
