"""A worker process from start to end: which queues it serves, its row in `workers`, its regular beat."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from celery import signals

from farm.broker import CONTROL_QUEUE, ECHO_QUEUE, EVENTS_QUEUE, GATE_QUEUE, SCORE_QUEUE, pool_of, render_queue
from farm.settings import settings
from models.errors import FarmError
from models.pools import COMFYUI, renderer_of
from models.vocabulary import JobType
from tasks.worker import names
from tasks.worker.comfyui_watch import Sighting, Watch
from tasks.worker.listening import Listening
from tasks.worker.presence import Presence

if TYPE_CHECKING:
    from db.fleet.workers import WorkerIdentity

_log = logging.getLogger(__name__)

_OTHER_QUEUES = (SCORE_QUEUE, GATE_QUEUE, CONTROL_QUEUE, ECHO_QUEUE, EVENTS_QUEUE)

_presence: list[Presence] = []
_listening: list[Listening] = []
_watches: list[Watch] = []
#: Celery's own answer to SIGQUIT, once ours stands before it
_hooked: list[Any] = []


def choose_queues(instance: Any = None, options: dict[str, Any] | None = None, **_: Any) -> None:
    """Started by hand without `-Q`, a worker serves the renderers it has, and everything else a farm needs."""
    if (options or {}).get("queues"):
        return
    renderers = [render_queue(name) for name in _renderers_here()]
    instance.app.amqp.queues.select([*renderers, *_OTHER_QUEUES])


def register_worker(instance: Any = None, **_: Any) -> None:
    """Enter this worker in the table before its pool starts, so that the children inherit its name."""
    queues = tuple(instance.app.amqp.queues.consume_from)
    listed = tuple(pool for queue in queues if (pool := pool_of(queue)))
    identity = _identity(instance, queues, listed)
    from db import schema
    from tasks.process import runtime

    try:
        runtime.in_transaction(schema.require_fitting)
        worker_id = names.take(identity, patience=settings().lease)
    except FarmError as error:
        raise SystemExit(f"This worker cannot start: {error}") from error
    listening = Listening(instance.app.amqp.queues)
    listening.always([render_queue(pool) for pool in identity.pools] + [SCORE_QUEUE] * (SCORE_QUEUE in queues))
    _listening.append(listening)
    presence = Presence(worker_id, identity, aside=listening.stand_aside)
    _presence.append(presence)
    _watch_comfyui(instance, presence, listening, listed)
    # Celery announces the end of a warm shutdown only; a cold one is noticed when the process ends.
    atexit.register(say_goodbye)
    presence.start()
    _log.warning("Worker %s serves %s.", worker_id, ", ".join(identity.queues))


def _watch_comfyui(instance: Any, presence: Presence, listening: Listening, listed: tuple[str, ...]) -> None:
    """ComfyUI's pools are served from the first look at it on that finds it answering."""
    comfyui = tuple(pool for pool in listed if renderer_of(pool) == COMFYUI)
    if not comfyui:
        return
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
            return not workers.equipment(session, presence.id).inventory

    watch = Watch(comfyui, client_ids=client_ids, tell=tell, is_doubted=is_doubted)
    _watches.append(watch)
    watch.start()


def begin_to_listen(sender: Any = None, **_: Any) -> None:
    """The consumer is ready, for the first time or after the broker came back."""
    for listening in _listening:
        listening.ready(sender)


def expect_to_be_sent_away(**_: Any) -> None:
    """A cold shutdown ends the children before Celery says a word of it: it is noted as the signal comes."""
    celerys = signal.getsignal(signal.SIGQUIT)
    if _hooked or threading.current_thread() is not threading.main_thread():
        return
    _hooked.append(celerys)

    def sent_away(number: int, frame: Any) -> None:
        for presence in _presence:
            presence.children_will_end()
        if callable(celerys):
            celerys(number, frame)

    signal.signal(signal.SIGQUIT, sent_away)


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
    from tasks.process.serving import networks_here
    from workers import machine

    slot = os.environ.get("FARM_SLOT") or os.environ.get("CUDA_VISIBLE_DEVICES")
    return WorkerIdentity(
        host=socket.gethostname(),
        role=_role(queues, listed),
        pid=os.getpid(),
        incarnation=uuid4(),
        birth=machine.birth(),
        queues=queues,
        pools=tuple(pool for pool in listed if renderer_of(pool) != COMFYUI),
        slots=int(instance.concurrency or 1),
        capabilities=_capabilities(listed),
        networks=tuple(networks_here()) if SCORE_QUEUE in queues else (),
        slot=int(slot) if slot and slot.isdigit() else None,
    )


def _role(queues: tuple[str, ...], pools: tuple[str, ...]) -> str:
    """`render`, `score`, `gate`, `control`, `echo`, or several joined by `+`."""
    others = [queue for queue in _OTHER_QUEUES if queue in queues]
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


def _renderers_here() -> list[str]:
    """Every renderer, but ComfyUI only where this machine names one."""
    from workers.renderers import registry

    return [name for name in registry.names() if name != COMFYUI or settings().comfyui_url]


signals.celeryd_init.connect(choose_queues)
signals.celeryd_after_setup.connect(register_worker)
signals.worker_ready.connect(begin_to_listen)
signals.worker_ready.connect(expect_to_be_sent_away)
signals.worker_shutting_down.connect(say_draining)
signals.worker_shutdown.connect(say_goodbye)
