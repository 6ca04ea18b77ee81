"""What all tasks of one process share, opened lazily: database, artifact store, bench, the worker's name."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from db import queue
from db.engine import Database
from db.files.artifacts import ArtifactStore
from db.fleet import identity, workers
from farm.broker import SCORE_QUEUE, pool_of
from farm.scheduling.failures import Backoff
from farm.scheduling.order import AFFINITY
from farm.settings import settings
from models import failpoints
from models.errors import Unavailable
from tasks.process import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from db.engine import Session
    from db.queue import Claim
    from workers.bench import Bench

_log = logging.getLogger(__name__)
T = TypeVar("T")

WORKER_ID = "FARM_WORKER_ID"
"""Its name when its pool children were started, who inherit it; by now it may have another."""

INCARNATION = "FARM_WORKER_INCARNATION"
"""Of the worker process, inherited by its pool children: it stays what it is, whatever the name."""

WORKER_QUEUES = "FARM_WORKER_QUEUES"
"""The queues the worker listens to, separated by commas; its pool children inherit it."""

_LONGEST_PAUSE_S = 2.0


@cache
def database() -> Database:
    """This process's way into Postgres."""
    return Database(settings().database_url)


@cache
def store() -> ArtifactStore:
    """Where takes are kept."""
    return ArtifactStore(settings().artifacts_dir)


@cache
def farm_id() -> UUID:
    """Which farm this process works for, asked once.

    Raises:
        Unavailable: the database stayed away for longer than a lease.
    """
    return in_transaction(identity.farm_id, patience=settings().lease)


@cache
def bench() -> Bench:
    """Renderers and networks of this process; importing and loading them waits until a job needs them."""
    from workers.bench import Bench

    return Bench(networks_dir=settings().networks_dir, equipment=_equipment())


def _equipment() -> dict[str, dict[str, Any]]:
    """What renderers need of this machine, by renderer."""
    if settings().comfyui_url is None:
        return {}
    from workers.renderers.comfyui.queued_prompt import Patience

    poll, silent = settings().comfyui_poll.total_seconds(), settings().comfyui_silent.total_seconds()
    return {
        "comfyui": {
            "url": settings().comfyui_url,
            "client_id": serving.client_id(os.environ.get(WORKER_ID, "farm"), _child()),
            "models_dir": settings().comfyui_models_dir,
            "hash_memory": settings().state_dir / "checkpoint-hashes.json",
            "patience": Patience(poll=poll, unknown=5 * poll, silent=silent, cancel=silent / 2),
        }
    }


def _child() -> int:
    """Which of its worker's pool children this process is, from 0; a successor has the number of the killed."""
    from billiard.process import current_process

    return getattr(current_process(), "index", None) or 0


def worker_id() -> str:
    """The name this process was started under."""
    return os.environ[WORKER_ID]


def incarnation() -> UUID:
    """Which start of a worker this process belongs to."""
    return UUID(os.environ[INCARNATION])


def pools() -> tuple[str, ...]:
    """The pools whose wake-ups this worker listens to."""
    names = (pool_of(queue_name) for queue_name in os.environ.get(WORKER_QUEUES, "").split(","))
    return tuple(name for name in names if name)


def backoff() -> Backoff:
    """The pause before a next try."""
    return Backoff(base=settings().backoff_base, cap=settings().backoff_cap)


def claim_render(pool: str) -> Claim | None:
    """The best render this worker can do now; None when nothing is due."""
    mine = serving.now(pools() or (pool,), from_row=_my_row)
    if not mine.pools:
        return None
    warm = bench().loaded()
    while True:
        try:
            return _claim(queue.claim_render, pools=mine.pools, affinity=AFFINITY, warm=warm, has=mine.has)
        except queue.Collision:
            # Whoever won has committed: the next look sees it at work and finds another row, or none.
            continue


def _my_row() -> serving.Serving:
    def asked(session: Session) -> serving.Serving:
        return serving.by_row(session, workers.name_of(session, incarnation()) or "")

    return in_transaction(asked, patience=settings().lease)


def claim_score() -> Claim | None:
    """The best measurement, or else score, this worker should make now; None when there is none."""
    return _claim(queue.claim_score, networks=serving.networks_here(), queue=SCORE_QUEUE)


def better_scorer() -> str | None:
    """The worker to which something due is left, because it has more of the networks that are asked for."""

    def asked(session: Session) -> str | None:
        name = workers.name_of(session, incarnation()) or ""
        networks, lease = serving.networks_here(), settings().lease
        return queue.better_scorer(session, worker_id=name, lease=lease, networks=networks, queue=SCORE_QUEUE)

    return in_transaction(asked, patience=settings().lease)


def claim_gate() -> Claim | None:
    """The best gate; None when none is due."""
    return _claim(queue.claim_gate)


def _claim(statement: Callable[..., Claim | None], **wanted: Any) -> Claim | None:
    """What `statement` claims for this process; nothing while its worker has no name in the table."""

    def claimed(session: Session) -> Claim | None:
        name = workers.name_of(session, incarnation())
        if name is None:
            return None
        me = {"worker_id": name, "incarnation": incarnation(), "pid": os.getpid()}
        return statement(session, **me, lease=settings().lease, **wanted)

    claim = in_transaction(claimed, patience=settings().lease)
    if claim is not None:
        failpoints.hit(failpoints.Window.CLAIM)
    return claim


def in_transaction(work: Callable[[Session], T], *, patience: timedelta | None = None) -> T:
    """Run `work` in one transaction, again and again while the database is away; None is endless patience.

    `work` may run more than once, and may find that an earlier run was committed although its answer was lost.

    Raises:
        Unavailable: the database stayed away for longer than `patience`.
    """
    deadline = None if patience is None else time.monotonic() + patience.total_seconds()
    pause, away = 0.1, False
    while True:
        try:
            with database().transaction() as session:
                outcome = work(session)
        except Unavailable as error:
            if not away:
                _log.warning("%s Trying again until it does.", error.message)
            away = True
            if deadline is not None and time.monotonic() + pause > deadline:
                raise
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        else:
            if away:
                _log.warning("The database answers again.")
            return outcome


@contextmanager
def untimed() -> Iterator[None]:
    """The work is done and has only to be written down: only the hard time limit still stops it."""
    if threading.current_thread() is not threading.main_thread():
        # Only prefork's children have limits, and they work in their main thread.
        yield
        return
    before = signal.signal(
        signal.SIGUSR1, lambda *_: _log.warning("The time limit passed while a finished step is written down.")
    )
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before or signal.SIG_DFL)


def discard(claim: Claim) -> None:
    """Remove the files of an attempt that did not become the take; `tidy` removes what cannot go now."""
    try:
        with database().transaction() as session:
            if queue.has_take(session, claim):
                return
        store().discard(claim.job_id, claim.epoch)
        failpoints.hit(failpoints.Window.DISCARD)
    except (Unavailable, OSError) as error:
        _log.warning("The files of job %s, attempt %s stay for now: %s", claim.job_id, claim.epoch, error)


def end_chain(task: Any, reason: str) -> str:
    """End the chain without an error: there is nothing to do, or the work was not ours any more."""
    # Not `raise Ignore()`: that sends no final event, and Flower would show the task running for ever.
    task.request.chain = None
    return reason
