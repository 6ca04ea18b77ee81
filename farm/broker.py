"""Wake-ups: the Celery app, the tasks' names and the only place in the front that sends messages.

A message says "there may be something to do", never what: the rows of `render_queue` are the truth. So a lost
message is sent again by `relay`, a message that comes five times finds nothing four times, and ten thousand
waiting jobs are ten thousand rows but only a handful of messages.
"""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from celery import Celery, Task, chain
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from farm.settings import settings as machine_settings
from models.errors import FarmError, Unavailable
from models.vocabulary import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from uuid import UUID

    from celery.canvas import Signature
    from kombu.messaging import Producer

    from farm.settings import Settings

_log = logging.getLogger(__name__)

RESERVE = 4
"""Wake-ups kept waiting beyond a pool's live slots, so that a worker finds the next one without a pause."""

SCORE_QUEUE = "score"
CONTROL_QUEUE = "control"
ECHO_QUEUE = "echo"
_RENDER_PREFIX = "render_queue."
_DIRECT_PREFIX = f"{SCORE_QUEUE}."


class TaskName(StrEnum):
    """The names under which `tasks` registers its functions."""

    RENDER = "farm.render"
    SCORE = "farm.score"
    GATE = "farm.gate"
    RELAY = "farm.relay"
    RETRY = "farm.retry"
    TIDY = "farm.tidy"
    ECHO_HEARTBEAT = "farm.echo_heartbeat"

    @property
    def queue(self) -> str | None:
        """The queue of every task but RENDER, whose queue is that of its pool."""
        return _QUEUE_OF.get(self)


_QUEUE_OF = {
    TaskName.SCORE: SCORE_QUEUE,
    TaskName.GATE: CONTROL_QUEUE,
    TaskName.RELAY: CONTROL_QUEUE,
    TaskName.RETRY: CONTROL_QUEUE,
    TaskName.TIDY: CONTROL_QUEUE,
    TaskName.ECHO_HEARTBEAT: ECHO_QUEUE,
}

# A task that knows the time limits writes them into every message it sends, and the sender's limits would then
# win over those of the machine that does the work. Left out here, they come from the worker itself.
_FROM_CONFIG = tuple(pair for pair in Task.from_config if pair[0] not in ("time_limit", "soft_time_limit"))

app = Celery("farm")
# Read when the first message is sent or the worker starts, not when this module is imported.
app.config_from_object("celeryconfig")


def transport_options(settings: Settings) -> dict[str, Any]:
    """How a process with these settings speaks to its broker."""
    return {
        "global_keyprefix": settings.queue_prefix,
        # Longer than any render: redelivery is never what recovers a job.
        "visibility_timeout": 12 * 3600,
        "unacked_restore_interval": 10,
        "health_check_interval": 25,
        "socket_keepalive": True,
        "socket_connect_timeout": 5,
        # Longer than a consumer waits for a message (1 s): only a broker that does not answer is given up.
        "socket_timeout": 5,
        # Whoever could not send says so at once: the relay sends it later.
        "max_retries": 0,
    }


@cache
def sender(settings: Settings) -> Celery:
    """The app that sends to the broker of these settings: `app`, but for a farm other than this machine's."""
    if settings == machine_settings():
        return app
    other = Celery("farm", broker=settings.redis_url, set_as_current=False)
    other.conf.update(broker_transport_options=transport_options(settings), task_ignore_result=True)
    return other


def task(name: TaskName, *, bind: bool = False) -> Callable[[Callable[..., str]], Any]:
    """Register a function of `tasks` under one of our names; with `bind` its first argument is the task."""
    # Expected errors are told in one line; `tasks.steps.work` logs the traceback of the others.
    options = {"name": name.value, "bind": bind, "throws": (FarmError,), "from_config": _FROM_CONFIG}
    decorate: Callable[[Callable[..., str]], Any] = app.task(**options)
    return decorate


def render_queue(pool: str) -> str:
    """The name of the Celery queue of a pool."""
    return f"{_RENDER_PREFIX}{pool}"


def pool_of(queue: str) -> str | None:
    """The pool whose queue this is; None for other queues."""
    return queue.removeprefix(_RENDER_PREFIX) if queue.startswith(_RENDER_PREFIX) else None


def direct_queue(node: str) -> str:
    """The queue by which one score worker is addressed; `node` is its Celery name."""
    return f"{_DIRECT_PREFIX}{node}"


def is_direct(queue: str) -> bool:
    """Whether a message of this queue was meant for the one worker that took it."""
    return queue.startswith(_DIRECT_PREFIX)


def wake(pool: str, count: int, *, slots: int = 0, sender: Celery = app) -> int:
    """Top up the wake-ups of `pool` for `count` due jobs; returns how many were sent.

    Never more wait than `slots` (its live GPU slots) plus a small reserve: workers that take one leave one
    behind while more is due, and `relay` fills up what is missing. Call it after the commit.

    Raises:
        Unavailable: the broker does not answer; nothing is lost, `relay` sends it later.
    """
    wanted = min(count, slots + RESERVE) - queue_length(render_queue(pool), sender)
    if wanted > 0:
        with publish_batch(sender) as producer:
            for _ in range(wanted):
                _send(_whole_chain(pool, sender), producer)
    return max(wanted, 0)


def pass_on(pool: str) -> None:
    """Leave one wake-up behind for the one just taken, because more is due in `pool`.

    Raises:
        Unavailable: the broker does not answer.
    """
    with publish_batch() as producer:
        _send(_whole_chain(pool), producer)


def wake_tails(jobs: Iterable[tuple[UUID, Step]]) -> None:
    """Send the rest of many chains at once.

    Raises:
        Unavailable: the broker does not answer; some may have been sent.
    """
    with publish_batch() as producer:
        for job_id, step in jobs:
            _send(_tail(str(job_id), step), producer)


def hand_on(job_id: UUID, queue: str) -> None:
    """Send the rest of a job's chain, from its score on, to the one worker that listens to this direct queue.

    Raises:
        Unavailable: the broker does not answer.
    """
    score = _signature(TaskName.SCORE, str(job_id)).set(queue=queue)
    with publish_batch() as producer:
        _send(chain(score, _signature(TaskName.GATE), app=app), producer)


def wake_pools(pools: Iterable[str], sender: Celery = app) -> None:
    """Wake each pool for as many due jobs as it is named times; after the commit, and as best it can."""
    for pool, count in Counter(pools).items():
        with best_effort():
            wake(pool, count, sender=sender)


@contextmanager
def best_effort() -> Iterator[None]:
    """Send what only saves time: the rows are stored, and without the broker `relay` sends it later."""
    try:
        yield
    except Unavailable as error:
        _log.warning("%s Nothing is lost: `relay` tells the workers when it does.", error.message)


def queue_length(queue: str, sender: Celery = app) -> int:
    """How many messages wait in a queue.

    Raises:
        Unavailable: the broker does not answer.
    """
    with _translated(), sender.producer_pool.acquire(block=True) as producer:
        return int(producer.channel.client.llen(queue))


@contextmanager
def publish_batch(sender: Celery = app) -> Iterator[Producer]:
    """A producer that sends everything published in the block in one round trip, at its end.

    Raises:
        Unavailable: the broker does not answer.
    """
    with _translated(), sender.producer_pool.acquire(block=True) as producer, producer.batch():
        yield producer


def close() -> None:
    """Give the connections to the broker back."""
    app.close()


def _whole_chain(pool: str, sender: Celery = app) -> Signature:
    render = _signature(TaskName.RENDER, pool, sender=sender).set(queue=render_queue(pool))
    tail = (_signature(name, sender=sender) for name in (TaskName.SCORE, TaskName.GATE))
    return chain(render, *tail, app=sender)


def _tail(job_id: str, step: Step) -> Signature:
    if step is Step.GATE:
        return _signature(TaskName.GATE, job_id)
    return chain(_signature(TaskName.SCORE, job_id), _signature(TaskName.GATE), app=app)


def _signature(name: TaskName, *args: str, sender: Celery = app) -> Signature:
    signature = sender.signature(name.value, args=args)
    return signature.set(queue=name.queue) if name.queue else signature


def _send(message: Signature, producer: Producer) -> None:
    message.apply_async(producer=producer, retry=False)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the transport raises when the broker is away into `Unavailable`."""
    try:
        yield
    except (OperationalError, RedisError, ConnectionError, TimeoutError) as error:
        raise _unavailable(error) from error


def _unavailable(error: Any) -> Unavailable:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return Unavailable(
        f"The broker does not answer: {reason.rstrip('.')}.", hint="It is tried again by itself."
    )
