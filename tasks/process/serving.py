"""What this process may claim just now: the pools its worker serves, what its ComfyUI has, its networks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from db.fleet import inventories, workers
from farm.settings import settings
from models.errors import StepFailed, Unavailable
from models.pools import COMFYUI, renderer_of
from workers.scoring.network_files import NETWORK_FILES
from workers.scoring.network_table import installed

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.engine import Session
    from workers.renderers.comfyui.client import ComfyUIClient

#: seconds to connect and to answer: a ComfyUI that is idle answers in milliseconds
_IS_THERE = (2.0, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What a claim may look for."""

    pools: tuple[str, ...]
    #: the words of `render_queue.needs` that are met here
    has: tuple[str, ...] = ()


def now(listed: tuple[str, ...], *, from_row: Callable[[], Serving]) -> Serving:
    """Of the pools a worker was started for, those it can serve at this moment.

    `from_row` reads what the worker's row says of its ComfyUI. The row may be some seconds old, and a dead
    ComfyUI is given no work: it is asked whether it answers.
    """
    others = tuple(pool for pool in listed if renderer_of(pool) != COMFYUI)
    if others == listed:
        return Serving(pools=listed)
    comfyui = from_row()
    if not comfyui.pools or not _answers(settings().comfyui_url):
        return Serving(pools=others)
    return replace(comfyui, pools=(*others, *comfyui.pools))


def by_row(session: Session, worker_id: str) -> Serving:
    """ComfyUI's pools that this worker serves and what its ComfyUI has; nothing before the first look at it."""
    equipment = workers.equipment(session, worker_id)
    pools = tuple(pool for pool in equipment.pools if renderer_of(pool) == COMFYUI)
    return Serving(pools=pools, has=inventories.words(session, equipment.inventory) if pools else ())


def networks_here() -> list[str]:
    """The networks whose files lie on this machine now."""
    return list(installed(settings().networks_dir, {item.name: item.file for item in NETWORK_FILES}))


def client_id(worker_id: str, child: int) -> str:
    """The name under which one pool child hands prompts in, so that children never cancel each other's.

    >>> client_id("atelier-1:render:0", 0), client_id("atelier-1:render:0", 1)
    ('atelier-1:render:0', 'atelier-1:render:0/1')
    """
    return worker_id if child == 0 else f"{worker_id}/{child}"


def _answers(url: str | None) -> bool:
    if url is None:
        return False
    try:
        _server(url).stats()
    except (Unavailable, StepFailed):
        return False
    return True


@cache
def _server(url: str) -> ComfyUIClient:
    """Kept with its connection, because every claim asks; one that broke is opened again."""
    from workers.renderers.comfyui.client import ComfyUIClient

    return ComfyUIClient(url, timeout=_IS_THERE)
