"""This worker process's row in `workers`: kept alive, told what the worker has, and left."""

from __future__ import annotations

import logging
import os
import signal
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from farm.broker import SCORE_QUEUE, pool_of
from farm.settings import settings
from models import failpoints
from models.errors import Busy, NotHere, Unavailable
from models.pools import COMFYUI, renderer_of
from tasks.worker import names
from tasks.worker.comfyui_watch import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.fleet.workers import WorkerIdentity
    from models.errors import FarmError


_log = logging.getLogger(__name__)


class Presence:
    """This worker process's row in `workers`, kept alive by a thread of the parent, which never renders."""

    def __init__(self, worker_id: str, identity: WorkerIdentity, *, aside: Callable[[bool], None]) -> None:
        """`aside` is told at every beat whether the worker begins nothing just now."""
        self._aside = aside
        self._id = worker_id
        self._identity = identity
        self._draining = False
        self._children_end = False
        self._changing = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="worker beat", daemon=True)
        self._children = threading.Thread(target=self._watch_children, name="children", daemon=True)

    @property
    def id(self) -> str:
        return self._id

    def start(self) -> None:
        self._thread.start()
        self._children.start()

    def equip(self, seen: Sighting) -> None:
        """Write down what a look at ComfyUI came to.

        Raises:
            Unavailable: the database does not answer.
        """
        from db.fleet import inventories, workers
        from tasks.process import runtime
        from workers import machine

        others = tuple(pool for pool in self._identity.pools if renderer_of(pool) != COMFYUI)
        report = {COMFYUI: seen.report, "gpu_info": machine.card(seen.report)}
        with runtime.database().transaction() as session:
            if seen.content is not None:
                inventories.store(session, seen.content, has=seen.has)
            now = self._change(pools=(*others, *seen.pools), capabilities=self._identity.capabilities | report)
            workers.equip(session, self._id, now.incarnation, pools=now.pools, capabilities=now.capabilities)

    def _change(self, **facts: Any) -> WorkerIdentity:
        """Remember what this worker has by now, for the day when it has to register again."""
        # The look at ComfyUI and the beat are two threads, and each knows its own part.
        with self._changing:
            self._identity = replace(self._identity, **facts)
            return self._identity

    def drain(self) -> None:
        """Say that no new work is taken."""
        self._draining = True
        self._say_once()

    def leave(self) -> None:
        """Hand back what a cold shutdown cut off, and say goodbye; the pool's children are gone by now."""
        from db import queue
        from db.fleet import workers
        from tasks.beat import echo
        from tasks.process import runtime

        self._over.set()
        self._thread.join(timeout=settings().heartbeat.total_seconds())
        try:
            with runtime.database().transaction() as session:
                for claim in queue.held_by(session, self._identity.incarnation):
                    queue.release(session, claim)
                workers.leave(session, self._id, self._identity.incarnation)
            failpoints.hit(failpoints.Window.LEAVE)
            if any(pool_of(name) for name in self._identity.queues):
                echo.say_goodbye(self._id, self._identity.incarnation)
        except Unavailable as error:
            _log.warning("%s What this worker held comes back when its lease ends.", error.message)

    def _beat(self) -> None:
        from tasks.beat import standin

        away = False
        while not self._over.is_set():
            try:
                self._say()
                standin.relay_and_retry_if_beat_is_silent()
                away = False
            except Unavailable as error:
                if not away:
                    _log.warning("This worker cannot say that it lives. %s", error.message)
                away = True
            except NotHere as error:
                self._stop(error)
            except Exception:  # noqa: BLE001 - see below
                # The thread must outlive a bug in one of its rounds: a silent worker would be declared lost.
                _log.exception("The worker's beat failed.")
            self._over.wait(standin.pause().total_seconds())

    def children_will_end(self) -> None:
        """The worker is sent away and ends its children itself: what they hold is handed back as it leaves."""
        self._children_end = True

    def _watch_children(self) -> None:
        """What a child held that died need not wait for its lease to run out."""
        from tasks.beat.upkeep import take_back_orphans
        from workers import machine

        known: set[int] = set()
        while not self._over.wait(settings().look.total_seconds()):
            living = machine.living_children()
            if self._draining or self._children_end:
                return
            try:
                if known - living:
                    take_back_orphans(self._identity.incarnation, {os.getpid(), *living})
                known = living
            except Unavailable as error:
                _log.warning("What a dead child held is taken back later. %s", error.message)
            except Exception:  # noqa: BLE001 - as above
                _log.exception("The look at the children failed.")

    def _say_once(self) -> None:
        try:
            self._say()
        except Unavailable as error:
            _log.warning("%s", error.message)

    def _say(self) -> None:
        from db import schema
        from db.fleet import holds, workers
        from tasks.process import runtime

        with runtime.database().transaction() as session:
            schema.require_fitting(session)
            is_ours = workers.beat(session, self._id, self._identity.incarnation, draining=self._draining)
            is_aside = holds.is_aside(session, self._id)
        if is_ours:
            self._aside(is_aside)
            self._say_networks()
        elif not self._over.is_set():
            self._register_again()

    def _say_networks(self) -> None:
        """Networks are pulled, and removed, while workers run: scores must find the way to who has them now.

        Not in the beat's transaction: that holds the row, which the look at ComfyUI may be waiting for.
        """
        from db.fleet import workers
        from tasks.process import runtime, serving

        if SCORE_QUEUE not in self._identity.queues:
            return
        networks = tuple(serving.networks_here())
        if networks != self._identity.networks:
            with runtime.database().transaction() as session:
                workers.say_networks(session, self._id, self._identity.incarnation, networks)
            self._change(networks=networks)

    def _register_again(self) -> None:
        """A row that was tidied away, or taken while we were silent: come back under a name of our own.

        Pool children ask for the name at every claim. Without the slot it was asked for a worker stops.
        """
        _log.warning("The row of worker %s is not ours any more; registering again.", self._id)
        try:
            self._id = names.take(self._identity, patience=timedelta(0))
        except Busy as error:
            self._stop(error)

    def _stop(self, why: FarmError) -> None:
        """End this worker as a warm shutdown does: what it holds is finished first."""
        _log.error("This worker stops. %s", why)
        os.kill(os.getpid(), signal.SIGTERM)
        self._over.set()
