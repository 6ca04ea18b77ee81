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
from models.vocabulary import CHAIN, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from celery.canvas import Signature
    from kombu.messaging import Producer

    from farm.settings import Settings

_log = logging.getLogger(__name__)

RESERVE = 4
"""Wake-ups kept waiting beyond the slots that listen, so that a worker finds the next one without a pause."""

SCORE_QUEUE = "score"
GATE_QUEUE = "gate"
CONTROL_QUEUE = "control"
ECHO_QUEUE = "echo"
EVENTS_QUEUE = "events"
_RENDER_PREFIX = "render_queue."


class TaskName(StrEnum):
    """The names under which `tasks` registers its functions."""

    RENDER = "farm.render"
    SCORE = "farm.score"
    GATE = "farm.gate"
    RELAY = "farm.relay"
    RETRY = "farm.retry"
    TIDY = "farm.tidy"
    ECHO_HEARTBEAT = "farm.echo_heartbeat"
    EVENTS = "farm.events"

    @property
    def queue(self) -> str | None:
        """The queue of every task but RENDER, whose queue is that of its pool."""
        return _QUEUE_OF.get(self)


#: whoever looks for a score looks for what is to be measured as well
_TASK_OF = {
    Step.RENDER: TaskName.RENDER,
    Step.SCORE: TaskName.SCORE,
    Step.GATE: TaskName.GATE,
    Step.MEASURE: TaskName.SCORE,
}

_QUEUE_OF = {
    TaskName.SCORE: SCORE_QUEUE,
    # Apart from the ticks: gates wait for one another, and work may never stop the upkeep.
    TaskName.GATE: GATE_QUEUE,
    TaskName.RELAY: CONTROL_QUEUE,
    TaskName.RETRY: CONTROL_QUEUE,
    TaskName.TIDY: CONTROL_QUEUE,
    TaskName.ECHO_HEARTBEAT: ECHO_QUEUE,
    # Of its own: a machine that must reach nothing outside does not listen to it.
    TaskName.EVENTS: EVENTS_QUEUE,
}

QUEUE_AFTER_RENDER = {Step.SCORE: SCORE_QUEUE, Step.GATE: GATE_QUEUE, Step.MEASURE: SCORE_QUEUE}
"""Where wake-ups for the later steps wait, whatever the pool."""

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
    """Register a function of `tasks` under one of our names; with `bind` its first argument is the task.

    Those that go on for ever by themselves send no events: among thousands of them nobody finds the work.
    """
    # Expected errors are told in one line; `tasks.steps.work` logs the traceback of the others.
    options = {"name": name.value, "bind": bind, "throws": (FarmError,), "from_config": _FROM_CONFIG}
    options["send_events"] = name in _TASK_OF.values()
    decorate: Callable[[Callable[..., str]], Any] = app.task(**options)
    return decorate


def render_queue(pool: str) -> str:
    """The name of the Celery queue of a pool."""
    return f"{_RENDER_PREFIX}{pool}"


def pool_of(queue: str) -> str | None:
    """The pool whose queue this is; None for other queues."""
    return queue.removeprefix(_RENDER_PREFIX) if queue.startswith(_RENDER_PREFIX) else None


def known_queues() -> list[str]:
    """The queues every farm has; those of ComfyUI's classes of cards come with the workers that serve them."""
    from workers.renderers import registry

    others = (SCORE_QUEUE, GATE_QUEUE, CONTROL_QUEUE, ECHO_QUEUE, EVENTS_QUEUE)
    return [*map(render_queue, registry.names()), *others]


def wake(pool: str, count: int, *, slots: int = 0, step: Step = Step.RENDER, sender: Celery = app) -> int:
    """Top up the wake-ups for `count` rows that are due at `step`; returns how many were sent.

    Never more wait than `slots` (those that listen) plus a small reserve: workers that take one leave one
    behind while more is due, and `relay` fills up what is missing. Only renders wait by `pool`. Call it after
    the commit.

    Raises:
        Unavailable: the broker does not answer; nothing is lost, `relay` sends it later.
    """
    wanted = min(count, slots + RESERVE) - queue_length(_queue_of(step, pool), sender)
    if wanted > 0:
        with publish_batch(sender) as producer:
            for _ in range(wanted):
                _send(_wake_up(step, pool, sender), producer)
    return max(wanted, 0)


def pass_on(pool: str, *, step: Step = Step.RENDER, once: bool = False) -> None:
    """Leave one wake-up behind for the one just taken, because more is due; `once`: it is not passed on again.

    Raises:
        Unavailable: the broker does not answer.
    """
    with publish_batch() as producer:
        _send(_wake_up(step, pool, passed_on=once), producer)


def has_room(step: Step) -> bool:
    """Whether one more wake-up for a step after the render would be of use: few wait already.

    Raises:
        Unavailable: the broker does not answer.
    """
    return queue_length(_queue_of(step, "")) < RESERVE


def wake_pools(pools: Iterable[str], sender: Celery = app) -> None:
    """Wake each pool for as many due jobs as it is named times; after the commit, and as best it can."""
    for pool, count in Counter(pools).items():
        with best_effort():
            wake(pool, count, sender=sender)


def wake_scorers(sender: Celery = app) -> None:
    """Wake a score worker for a question; after the commit, and as best it can."""
    with best_effort():
        wake("", 1, step=Step.MEASURE, sender=sender)


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


def announce(task_id: str, hostname: str, subject: str) -> None:
    """Tell those who watch events, Flower first, what a task that has started is about.

    Raises:
        Unavailable: the broker does not answer.
    """
    with _translated(), app.events.default_dispatcher(hostname=hostname) as events:
        # The second event of its kind: the arguments were not known when the worker sent the first.
        events.send("task-started", uuid=task_id, args=subject)


def close() -> None:
    """Give the connections to the broker back."""
    app.close()


def _queue_of(step: Step, pool: str) -> str:
    """The list in which wake-ups for a step wait."""
    return _TASK_OF[step].queue or render_queue(pool)


def _wake_up(step: Step, pool: str, sender: Celery = app, *, passed_on: bool = False) -> Signature:
    """A message that lets somebody look for work at `step`, and the rest of the chain as people see it."""
    begins_at = Step.SCORE if step is Step.MEASURE else step
    steps = CHAIN[CHAIN.index(begins_at) :]
    first, *rest = (sender.signature(_TASK_OF[each].value).set(queue=_queue_of(each, pool)) for each in steps)
    if step is Step.RENDER:
        first.args = (pool,)
    if passed_on:
        first.kwargs = {"passed_on": True}
    return chain(first, *rest, app=sender) if rest else first


def _send(message: Signature, producer: Producer) -> None:
    # Whoever sends goes on at once; `relay` is what tries again.
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
