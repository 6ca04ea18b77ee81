"""The workers of a chaos run and its beat; whoever dies is started again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from models.errors import Unavailable
from tests.support import faults
from tests.support.floor import CONTROL, RENDER, SCORE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from random import Random

    from farm.servers import EmbeddedServers
    from tests.support.floor import Floor, Hand

#: who does everything takes over from anybody
EVERYTHING = (RENDER, SCORE, CONTROL)

_HELD = text("""
SELECT q.job_id, q.epoch, now() AS at FROM render_queue q JOIN attempts a USING (job_id, epoch)
WHERE q.status = 'running'
  AND (a.pid = ANY(:pids) OR q.incarnation IN (SELECT incarnation FROM workers WHERE pid = ANY(:pids)))
""")


@dataclass(frozen=True, slots=True)
class Interruption:
    """An attempt that a fault cut off, and when."""

    job_id: UUID
    epoch: int
    at: datetime


@dataclass
class Crew:
    """Who works, who sleeps until when, and what was cut off so far."""

    floor: Floor
    #: None: they are others' too, and live on
    servers: EmbeddedServers | None
    chance: Random
    #: the queues of each worker
    roles: tuple[tuple[str, ...], ...] = (EVERYTHING,) * 4
    at_work: dict[int, Hand] = field(default_factory=dict)
    beat: Hand | None = None
    interruptions: list[Interruption] = field(default_factory=list)
    #: (when they wake, who, their process ids)
    sleepers: list[tuple[float, Hand, list[int]]] = field(default_factory=list)

    @property
    def workers(self) -> list[Hand]:
        return list(self.at_work.values())

    def start(self) -> None:
        """Everybody at work, and ready."""
        self.revive()
        for hand in self.workers:
            self.floor.wait_ready(hand)

    def revive(self) -> None:
        """Start again who is gone, and wake who has slept long enough."""
        for number, queues in enumerate(self.roles):
            if number not in self.at_work or not self.at_work[number].mark.is_running():
                self.at_work[number] = self.floor.worker(*queues, ready=False)
        if self.beat is None or not self.beat.mark.is_running():
            self.beat = self.floor.beat()
        for sleeper in [each for each in self.sleepers if each[0] <= time.monotonic()]:
            faults.wake_up(sleeper[2])
            self.sleepers.remove(sleeper)

    def someone(self) -> Hand:
        """A worker that is awake, or any where none is."""
        sleeping = {hand.pid for _, hand, _ in self.sleepers}
        return self.chance.choice([hand for hand in self.workers if hand.pid not in sleeping] or self.workers)

    def interrupt(self, pids: Iterable[int]) -> None:
        """Note what these processes are at, just before they are hurt."""
        try:
            with self.floor.database.transaction() as session:
                rows = session.execute(_HELD, {"pids": list(pids)}).all()
        except Unavailable:
            return
        self.interruptions += [Interruption(row.job_id, row.epoch, row.at) for row in rows]


def kill_worker(crew: Crew) -> None:
    hand = crew.someone()
    crew.interrupt([hand.pid])
    hand.kill()


def kill_child(crew: Crew) -> None:
    hand = crew.someone()
    if hand.mark.is_running():
        crew.interrupt(child.pid for child in hand.children())
        hand.kill_child()


def flush(crew: Crew) -> None:
    faults.flush_everything(crew.floor)


def kill_postgres(crew: Crew) -> None:
    assert crew.servers is not None
    faults.restart_server(crew.servers, "postgres")


def kill_broker(crew: Crew) -> None:
    assert crew.servers is not None
    faults.restart_server(crew.servers, "valkey")


def sleep_past_the_lease(crew: Crew) -> None:
    hand = crew.someone()
    if hand.mark.is_running():
        crew.interrupt([hand.pid])
        until = time.monotonic() + float(crew.floor.env["FARM_LEASE"]) + 1
        crew.sleepers.append((until, hand, faults.put_to_sleep(hand)))


def kill_beat(crew: Crew) -> None:
    if crew.beat is not None:
        crew.beat.kill()


def forget_messages(crew: Crew) -> None:
    crew.floor.forget_messages()


def end_sessions(crew: Crew) -> None:
    faults.end_every_session(crew.floor.database)


Faults = dict[str, Callable[[Crew], Any]]

#: what `make chaos` draws from
FAULTS: Faults = {
    "worker": kill_worker,
    "child": kill_child,
    "flushall": flush,
    "postgres": kill_postgres,
    "sigstop": sleep_past_the_lease,
    "broker": kill_broker,
    "beat": kill_beat,
}

#: what takes no server from others who use it, and no worker, which needs seconds to start again
LIGHT_FAULTS: Faults = {
    "child": kill_child,
    "messages": forget_messages,
    "sessions": end_sessions,
    "sigstop": sleep_past_the_lease,
    "beat": kill_beat,
}
