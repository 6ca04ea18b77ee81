"""How a worker comes by its name: a free one, or the slot it was asked for, never one that is in use."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from db import queue
from db.fleet import holds, workers
from farm.scheduling.names import free_slot
from farm.settings import settings
from models import failpoints
from models.errors import Busy
from models.vocabulary import HoldScope
from tasks.process import runtime
from workers import machine

if TYPE_CHECKING:
    from datetime import timedelta

    from db.engine import Session
    from db.fleet.workers import WorkerIdentity
    from models.fleet import Holder


def take(identity: WorkerIdentity, *, patience: timedelta) -> str:
    """Enter this worker in the table; its id, which its pool children to come inherit.

    For the slot it was asked to have it waits until the holder falls silent, `patience` at most.

    Raises:
        Busy: that slot is in use by another worker.
    """
    deadline = time.monotonic() + patience.total_seconds()
    first_seen: Holder | None = None
    while True:
        entered = runtime.in_transaction(lambda session: _enter(session, identity))
        if isinstance(entered, str):
            os.environ[runtime.WORKER_ID] = entered
            os.environ[runtime.INCARNATION] = str(identity.incarnation)
            os.environ[runtime.WORKER_QUEUES] = ",".join(identity.queues)
            failpoints.hit(failpoints.Window.REGISTER)
            return entered
        first_seen = first_seen or entered
        # One beat more than we found: it lives, and waiting for its silence is in vain.
        if entered.last_seen_at > first_seen.last_seen_at or time.monotonic() >= deadline:
            raise _in_use(identity, entered)
        time.sleep(min(settings().look, settings().heartbeat / 3).total_seconds())


def _enter(session: Session, identity: WorkerIdentity) -> str | Holder:
    """The id, or who holds the slot that was asked for."""
    known = {
        holder.slot: replace(holder, is_running=machine.is_running(holder.pid, holder.birth))
        for holder in workers.holders(session, identity)
    }
    for holder in known.values():
        # What it was doing when it died need not wait for its lease to end.
        if holder.is_running is False:
            queue.end_leases(session, holder.incarnation)
    slot = free_slot(known.values(), lease=settings().lease, asked=identity.slot)
    if slot is None:
        return known[identity.slot or 0]
    worker_id = workers.register(session, identity, slot)
    # Whoever starts looks anew.
    holds.lift(session, HoldScope.WORKER, worker_id, actor=worker_id)
    return worker_id


def _in_use(identity: WorkerIdentity, holder: Holder) -> Busy:
    return Busy(
        f"The name {identity.prefix}{holder.slot} is in use: its worker, process {holder.pid}, was heard of "
        f"{holder.silent.total_seconds():.0f} s ago.",
        hint="Stop that worker first, or give this one another FARM_SLOT (or CUDA_VISIBLE_DEVICES).",
    )
