"""A worker process from start to end: which queues it serves, its row in `workers`, its regular beat."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from celery import signals

from farm.broker import CONTROL_QUEUE, ECHO_QUEUE, SCORE_QUEUE, direct_queue, pool_of, render_queue
from farm.settings import settings
from models.errors import FarmError, Unavailable
from models.pools import renderer_of
from models.vocabulary import JobType
from tasks.worker.comfyui_watch import RENDERER, Sighting, Watch
from tasks.worker.listening import Listening

if TYPE_CHECKING:
    from db.fleet.workers import WorkerIdentity

_log = logging.getLogger(__name__)


class _Presence:
    """This worker process's row in `workers`, kept alive by a thread of the parent, which never renders."""

    def __init__(self, worker_id: str, identity: WorkerIdentity) -> None:
        self._id = worker_id
        self._identity = identity
        self._draining = False
        self._changing = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="worker beat", daemon=True)

    @property
    def id(self) -> str:
        return self._id

    def start(self) -> None:
        self._thread.start()

    def equip(self, seen: Sighting) -> None:
        """Write down what a look at ComfyUI came to.

        Raises:
            Unavailable: the database does not answer.
        """
        from db.fleet import inventories
        from tasks.process import runtime
        from workers import machine

        others = tuple(pool for pool in self._identity.pools if renderer_of(pool) != RENDERER)
        told = {RENDERER: seen.told, "gpu_info": machine.card(seen.told)}
        with runtime.database().transaction() as session:
            if seen.content is not None:
                inventories.store(session, seen.content, has=seen.has)
            self._tell(session, told, pools=(*others, *seen.pools))

    def _tell(self, session: Any, told: dict[str, Any], *, pools: tuple[str, ...] | None = None) -> None:
        """Write down what this worker has by now, also for the day when it has to register again."""
        from db.fleet import workers

        # The look at ComfyUI and the beat are two threads, and each knows its own part.
        with self._changing:
            now = replace(
                self._identity,
                pools=self._identity.pools if pools is None else pools,
                capabilities={**self._identity.capabilities, **told},
            )
            workers.equip(session, self._id, now.incarnation, pools=now.pools, capabilities=now.capabilities)
            self._identity = now

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
                for claim in queue.left_behind(session, self._id):
                    queue.release(session, claim)
                workers.leave(session, self._id, self._identity.incarnation)
            if self._identity.slots:
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
            except Exception:  # noqa: BLE001 - see below
                # The thread must outlive a bug in one of its rounds: a silent worker would be declared lost.
                _log.exception("The worker's beat failed.")
            self._over.wait(standin.pause().total_seconds())

    def _say_once(self) -> None:
        try:
            self._say()
        except Unavailable as error:
            _log.warning("%s", error.message)

    def _say(self) -> None:
        from db.fleet import workers
        from tasks.process import runtime

        with runtime.database().transaction() as session:
            is_ours = workers.beat(session, self._id, self._identity.incarnation, draining=self._draining)
        if is_ours:
            self._say_networks()
        elif not self._over.is_set():
            self._register_again()

    def _say_networks(self) -> None:
        """Networks are pulled, and removed, while workers run: scores must find the way to who has them now.

        Not in the beat's transaction: that holds the row, which the look at ComfyUI may be waiting for.
        """
        from tasks.process import runtime

        if SCORE_QUEUE not in self._identity.queues:
            return
        told = _networks()
        if self._identity.capabilities | told != self._identity.capabilities:
            with runtime.database().transaction() as session:
                self._tell(session, told)

    def _register_again(self) -> None:
        """A row that was tidied away or taken by a successor: come back under a name of our own."""
        _log.warning("The row of worker %s is not ours any more; registering again.", self._id)
        self._id = _register(self._identity)


_presence: list[_Presence] = []
_listening: list[Listening] = []
_watches: list[Watch] = []


def choose_queues(instance: Any = None, options: dict[str, Any] | None = None, **_: Any) -> None:
    """Started by hand without `-Q`, a worker serves the renderers it has, and everything else a farm needs."""
    if (options or {}).get("queues"):
        return
    renderers = [render_queue(name) for name in _renderers_here()]
    instance.app.amqp.queues.select([*renderers, SCORE_QUEUE, CONTROL_QUEUE, ECHO_QUEUE])


def register_worker(instance: Any = None, **_: Any) -> None:
    """Enter this worker in the table before its pool starts, so that the children inherit its name."""
    _listen_to_oneself(instance)
    queues = tuple(instance.app.amqp.queues.consume_from)
    listed = tuple(pool for queue in queues if (pool := pool_of(queue)))
    identity = _identity(instance, queues, listed)
    try:
        worker_id = _register(identity)
    except FarmError as error:
        raise SystemExit(f"This worker cannot start: {error}") from error
    presence = _Presence(worker_id, identity)
    _presence.append(presence)
    _watch_comfyui(instance, presence, listed)
    # Celery announces the end of a warm shutdown only; a cold one is noticed when the process ends.
    atexit.register(say_goodbye)
    presence.start()
    _log.warning("Worker %s serves %s.", worker_id, ", ".join(identity.queues))


def _watch_comfyui(instance: Any, presence: _Presence, listed: tuple[str, ...]) -> None:
    """ComfyUI's pools are served from the first look at it on that finds it answering."""
    comfyui = tuple(pool for pool in listed if renderer_of(pool) == RENDERER)
    if not comfyui:
        return
    listening = Listening(instance.app.amqp.queues)
    listening.leave_to_change(comfyui)

    def tell(seen: Sighting) -> None:
        # Written down before the queues are joined: whoever is woken reads there what may be claimed.
        presence.equip(seen)
        listening.serve(seen.pools)

    def client_ids() -> list[str]:
        from tasks.process.serving import client_id

        return [client_id(presence.id, child) for child in range(int(instance.concurrency or 1))]

    def is_doubted() -> bool:
        from db.fleet import workers
        from tasks.process import runtime

        with runtime.database().transaction() as session:
            return not workers.equipment(session, presence.id, renderer=RENDERER).inventory

    watch = Watch(comfyui, client_ids=client_ids, tell=tell, is_doubted=is_doubted)
    _listening.append(listening)
    _watches.append(watch)
    watch.start()


def begin_to_listen(sender: Any = None, **_: Any) -> None:
    """The consumer is ready, for the first time or after the broker came back."""
    for listening in _listening:
        listening.ready(sender)


def _listen_to_oneself(instance: Any) -> None:
    """A score worker can be addressed alone, so that a take comes to the one that has its networks."""
    queues = instance.app.amqp.queues
    if SCORE_QUEUE in queues.consume_from:
        # Looked up first, so that it is declared just as the sender declares it.
        queues.select_add(queues[direct_queue(instance.hostname)])


def say_draining(**_: Any) -> None:
    """A warm shutdown begins: the current work is finished, none is begun."""
    for presence in _presence:
        # In a thread of its own: this runs in a signal handler, which may have interrupted the same lock.
        threading.Thread(target=presence.drain, name="drain", daemon=True).start()


def say_goodbye(**_: Any) -> None:
    """The pool has ended."""
    while _watches:
        _watches.pop().stop()
    while _presence:
        _presence.pop().leave()


def _identity(instance: Any, queues: tuple[str, ...], listed: tuple[str, ...]) -> WorkerIdentity:
    """`listed` are the pools of `queues`; those of ComfyUI are served once it was seen to answer."""
    import socket

    from db.fleet.workers import WorkerIdentity

    slot = os.environ.get("FARM_SLOT") or os.environ.get("CUDA_VISIBLE_DEVICES")
    return WorkerIdentity(
        host=socket.gethostname(),
        role=_role(queues, listed),
        pid=os.getpid(),
        incarnation=uuid4(),
        queues=queues,
        pools=tuple(pool for pool in listed if renderer_of(pool) != RENDERER),
        slots=int(instance.concurrency or 1) if listed else 0,
        capabilities=_capabilities(listed) | (_networks() if SCORE_QUEUE in queues else {}),
        slot=int(slot) if slot and slot.isdigit() else None,
    )


def _register(identity: WorkerIdentity) -> str:
    from db import queue
    from db.fleet import workers
    from tasks.process import runtime

    def enter(session: Any) -> str:
        worker_id = workers.register(session, identity, lives_here=_is_a_living_worker)
        # What the predecessor under this name was doing when it died need not wait for its lease to end.
        queue.end_leases(session, worker_id)
        return worker_id

    worker_id = runtime.in_transaction(enter)
    os.environ[runtime.WORKER_ID] = worker_id
    os.environ[runtime.WORKER_QUEUES] = ",".join(identity.queues)
    return worker_id


def _is_a_living_worker(pid: int) -> bool:
    """Whether a process of this id on this host is a Celery worker; ids are given out again after a restart."""
    import psutil

    try:
        return any("celery" in word for word in psutil.Process(pid).cmdline())
    except psutil.Error:
        return False


def _role(queues: tuple[str, ...], pools: tuple[str, ...]) -> str:
    """`render`, `score`, `control`, `echo`, or several joined by `+`."""
    others = [queue for queue in (SCORE_QUEUE, CONTROL_QUEUE, ECHO_QUEUE) if queue in queues]
    return "+".join([*(["render"] if pools else []), *others]) or "idle"


def _capabilities(pools: tuple[str, ...]) -> dict[str, Any]:
    """What Echo and `farm doctor` are told: renderers, kinds of job, the machine."""
    from workers import machine
    from workers.renderers import registry

    named = {renderer_of(pool) for pool in pools}
    renderers = [name for name in registry.names() if name in named]
    kinds = {kind.value for name in renderers for kind in registry.capabilities(name).job_types}
    return {
        "renderers": renderers,
        "job_types": [kind.value for kind in JobType if kind.value in kinds],
        **machine.describe(),
    }


def _networks() -> dict[str, Any]:
    """What this worker can measure with, as the other score workers are told."""
    from tasks.steps.hand_over import networks_here

    return {"networks": networks_here()}


def _renderers_here() -> list[str]:
    """Every renderer, but ComfyUI only where this machine names one."""
    from workers.renderers import registry

    return [name for name in registry.names() if name != "comfyui" or settings().comfyui_url]


signals.celeryd_init.connect(choose_queues)
signals.celeryd_after_setup.connect(register_worker)
signals.worker_ready.connect(begin_to_listen)
signals.worker_shutting_down.connect(say_draining)
signals.worker_shutdown.connect(say_goodbye)
