"""What this process may claim just now: the pools its worker serves and what its ComfyUI has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import inventories, workers
from farm.settings import settings
from models.errors import StepFailed, Unavailable
from models.pools import renderer_of
from tasks.inventory import RENDERER, concerns

if TYPE_CHECKING:
    from db.engine import Session

#: seconds to connect and to answer: a ComfyUI that is idle answers in milliseconds
_IS_THERE = (2.0, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What a claim may look for."""

    pools: tuple[str, ...]
    #: the words of `render_queue.needs` that are met here
    has: tuple[str, ...] = ()


def without_the_silent(listed: tuple[str, ...]) -> tuple[str, ...]:
    """The pools a worker was started for, but ComfyUI's only while it answers: a dead one is given no work.

    The worker's row says so too, but is some seconds old.
    """
    if not concerns(listed) or _answers():
        return listed
    return tuple(pool for pool in listed if renderer_of(pool) != RENDERER)


def now(session: Session, worker_id: str, listed: tuple[str, ...]) -> Serving:
    """Of the pools `listed`, those this worker's card fits, and what its ComfyUI has, as its row tells it."""
    if not concerns(listed):
        return Serving(pools=listed)
    others = tuple(pool for pool in listed if renderer_of(pool) != RENDERER)
    equipment = workers.equipment(session, worker_id, renderer=RENDERER)
    pools = tuple(pool for pool in equipment.pools if renderer_of(pool) == RENDERER)
    has = inventories.words(session, equipment.inventory) if pools else ()
    return Serving(pools=(*others, *pools), has=has)


def _answers() -> bool:
    from workers.renderers.comfyui.server import Server

    url = settings().comfyui_url
    if url is None:
        return False
    try:
        Server(url, timeout=_IS_THERE).stats()
    except (Unavailable, StepFailed):
        return False
    return True
