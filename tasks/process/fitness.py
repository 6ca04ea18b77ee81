"""Whether this machine can do its work: looked at before a claim, for a sick one fails a queue in seconds."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from db import queue
from db.fleet import holds, workers
from farm.ops.store import refuse_anothers, require_ours
from farm.scheduling.holds import of_the_machine
from farm.settings import settings
from models.errors import NotHere, StepFailed
from models.pools import COMFYUI, renderer_of
from models.scheduling import lane
from models.vocabulary import Step
from tasks.process import endings, runtime

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Session

_log = logging.getLogger(__name__)

#: what was the matter when this process last could not work; empty once it was seen to work
_doubts: set[str] = set()


def is_fit(step: Step) -> bool:
    """Whether the store and, for a render, room and the renderers are there; the worker steps aside if not.

    Raises:
        Unavailable: the database does not answer.
    """
    farm_id = runtime.farm_id()
    try:
        _look(step, farm_id)
    except (StepFailed, NotHere) as error:
        _step_aside(endings.as_step_failure(error), step)
        return False
    return True


def doubt(failure: StepFailed) -> None:
    """Work came back because of this machine: from now on it is looked at more closely."""
    if failure.message not in _doubts:
        _log.warning("This worker steps aside. %s", failure)
    _doubts.add(failure.message)


def trust(step: Step) -> None:
    """Work was done here: whatever was the matter is over."""
    if not _doubts:
        return
    _log.warning("This worker works again.")
    _doubts.clear()

    def come_back(session: Session) -> None:
        name = workers.name_of(session, runtime.incarnation())
        if name is not None:
            holds.come_back(session, name, _lanes(step))

    runtime.in_transaction(come_back, patience=settings().lease)


def _look(step: Step, farm_id: UUID) -> None:
    renders, store = step is Step.RENDER, runtime.store()
    # A question may come before the first render: a farm without takes misses no store, and founds it.
    founds = renders or (not store.root.is_dir() and not runtime.in_transaction(queue.has_takes))
    store.require_usable(writes=founds, tries=renders and bool(_doubts))
    if founds:
        require_ours(store.root, farm_id, runtime.database())
    else:
        refuse_anothers(store.root, farm_id)
    # ComfyUI is watched by the worker's parent, which leaves its queues while it is away.
    for name in {renderer_of(pool) for pool in runtime.pools()} - {COMFYUI} if renders else ():
        runtime.bench().load(name)


def _step_aside(failure: StepFailed, step: Step) -> None:
    """Until the next look; nothing was claimed, so nothing is handed back."""
    doubt(failure)

    def write(session: Session) -> None:
        name = workers.name_of(session, runtime.incarnation())
        if name is None:
            return
        for each in _lanes(step):
            known = holds.sickness(
                session, name, cause=failure.error_kind, lane=each, silent_after=settings().lease
            )
            decided = of_the_machine(
                known, worker_id=name, lane=each, reason=str(failure), pause=settings().heartbeat
            )
            endings.hold(session, decided, name, failure.error_kind)

    runtime.in_transaction(write, patience=settings().lease)


def _lanes(step: Step) -> list[str]:
    return [lane(step, pool) for pool in (runtime.pools() if step is Step.RENDER else [""])]
