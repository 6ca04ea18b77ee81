"""Faults of servers, of the lines to them and of processes, while work stands at every step at once.

Each cell lets jobs queue up before the render, the score, the gate and the comparison of a reproduction, lets
them all go, and breaks something as soon as each step is worked at. Afterwards nothing is lost, nothing is done
twice, and no file is left over. Faults of a ComfyUI are in `steps/test_comfyui_traps.py`, a full disk is in
`test_sick_workers.py`, and the windows between a commit and what follows it are in `test_fault_windows.py`.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from db.engine import Database
from models.vocabulary import HoldScope
from tests.support import faults
from tests.support.floor import Floor
from tests.support.queue_jobs import PLAIN, add_jobs, add_project, execute
from tests.support.servers_fixture import servers_of_their_own
from tests.support.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from uuid import UUID

    from farm.servers import EmbeddedServers
    from tests.support.floor import Cast

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

STEPS = ("render", "score", "gate", "reproduce")
#: the lanes that are held while jobs queue up, the last step first
_LANES = ("gate", "score", "null")
_EACH = 3
_LEASE_S = 3.0
_STUTTER = """
from farm import broker
from models.vocabulary import CHAIN
for _ in range(60):
    for step in CHAIN:
        broker.pass_on("null", step=step)
"""


@dataclass
class Stage:
    """A farm whose servers are its own, reached by wires that can be cut."""

    floor: Floor
    cast: Cast
    servers: EmbeddedServers
    to_postgres: Wire
    to_broker: Wire

    def at(self, step: str) -> str:
        """The role that works at a step."""
        return "score" if step == "reproduce" else step


@pytest.fixture(scope="module")
def lasting_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with servers_of_their_own() as servers:
        urls = servers.start()
        database = Database(urls.database_url)
        database.migrate()
        with Wire(urls.database_url) as to_postgres, Wire(urls.redis_url) as to_broker:
            floor = Floor(database, tmp_path_factory.mktemp("floor"), to_postgres.url, to_broker.url)
            yield Stage(floor, floor.cast(), servers, to_postgres, to_broker)
            floor.clear()
        database.close()


@pytest.fixture
def stage(lasting_stage: Stage) -> Stage:
    execute(lasting_stage.floor.database, "DELETE FROM holds")
    lasting_stage.cast.revive()
    return lasting_stage


@contextmanager
def lasting(seconds: float, during: AbstractContextManager[object]) -> Iterator[None]:
    """The fault lasts so long, whatever the farm does meanwhile: that is what the fault is."""
    with during:
        time.sleep(seconds)
        yield


@contextmanager
def sessions_ended_again_and_again(stage: Stage) -> Iterator[None]:
    for _ in range(15):
        faults.end_every_session(stage.floor.database)
        time.sleep(0.2)
    yield


@contextmanager
def five_messages_for_each(stage: Stage) -> Iterator[None]:
    stage.floor.python(_STUTTER)
    yield


@contextmanager
def two_beats(stage: Stage) -> Iterator[None]:
    second = stage.floor.beat()
    yield
    second.kill()


@contextmanager
def no_beat(stage: Stage) -> Iterator[None]:
    stage.cast.beat.kill()
    yield


@contextmanager
def at_once(what: Callable[[], object]) -> Iterator[None]:
    what()
    yield


@contextmanager
def both(one: AbstractContextManager[object], other: AbstractContextManager[object]) -> Iterator[None]:
    with one, other:
        yield


def _url(stage: Stage) -> str:
    return stage.servers.start().database_url


_PAST_LEASE = _LEASE_S + 1.5
_LOCKED = "SELECT * FROM render_queue WHERE status = 'ready' LIMIT 1 FOR UPDATE"

FAULTS: dict[str, Callable[[Stage], AbstractContextManager[object]]] = {
    "the broker is flushed": lambda s: at_once(lambda: faults.flush_everything(s.floor)),
    "the broker is killed": lambda s: at_once(lambda: faults.restart_server(s.servers, "valkey")),
    "the broker is away past the lease": lambda s: lasting(
        _PAST_LEASE, faults.server_away(s.servers, "valkey")
    ),
    "Postgres is killed": lambda s: at_once(lambda: faults.restart_server(s.servers, "postgres")),
    "Postgres is gone for 20 s": lambda s: lasting(20, faults.server_away(s.servers, "postgres")),
    "every session is ended again and again": sessions_ended_again_and_again,
    "every connection is taken": lambda s: lasting(_PAST_LEASE, faults.every_connection_taken(_url(s))),
    "a transaction stays open": lambda s: lasting(_PAST_LEASE, faults.open_transaction(_url(s), _LOCKED)),
    "cut off from Postgres": lambda s: lasting(_PAST_LEASE, s.to_postgres.cut()),
    "cut off from the broker": lambda s: lasting(_PAST_LEASE, s.to_broker.cut()),
    "cut off from both": lambda s: lasting(_PAST_LEASE, both(s.to_postgres.cut(), s.to_broker.cut())),
    "silence from Postgres": lambda s: lasting(_PAST_LEASE, s.to_postgres.silent()),
    "silence from the broker": lambda s: lasting(_PAST_LEASE, s.to_broker.silent()),
    "silence from both": lambda s: lasting(_PAST_LEASE, both(s.to_postgres.silent(), s.to_broker.silent())),
    "messages come five times": five_messages_for_each,
    "there are two beats": two_beats,
    "there is no beat": no_beat,
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda name: name.replace(" ", "_"))
def test_a_fault_while_every_step_is_at_work_loses_nothing_and_repeats_nothing(
    stage: Stage, fault: str
) -> None:
    with waiting_everywhere(stage.floor) as waiting:
        everybody = [job for jobs in waiting.values() for job in jobs]
    each_step_began(stage.floor, waiting)

    with FAULTS[fault](stage):
        pass
    faults.wait_for_answer(stage.floor.database)
    stage.cast.revive()

    stage.floor.wait_until_over(everybody, seconds=90)
    stage.floor.settled()
    completed = "SELECT count(*) FROM render_queue WHERE job_id = ANY(:jobs) AND status = 'completed'"
    assert stage.floor.scalar(completed, jobs=everybody) == len(everybody)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("victim", ["worker", "pool child", "sleeper"])
def test_a_worker_that_dies_or_sleeps_while_every_step_is_at_work_loses_nothing(
    stage: Stage, victim: str, step: str
) -> None:
    with waiting_everywhere(stage.floor) as waiting:
        everybody = [job for jobs in waiting.values() for job in jobs]
    each_step_began(stage.floor, waiting)
    worker = stage.cast.at(stage.at(step))

    if victim == "worker":
        worker.kill()
    elif victim == "pool child":
        worker.kill_child()
    else:
        with lasting(_PAST_LEASE, faults.asleep(worker)):
            pass
    stage.cast.revive()

    stage.floor.wait_until_over(everybody, seconds=90)
    stage.floor.settled()
    lost = "SELECT count(*) FROM render_queue WHERE job_id = ANY(:jobs) AND status <> 'completed'"
    assert stage.floor.scalar(lost, jobs=everybody) == 0


@contextmanager
def waiting_everywhere(floor: Floor) -> Iterator[dict[str, list[UUID]]]:
    """Jobs by the step they wait for; at the end of the block all of them may begin."""
    project = add_project(floor.database)
    originals = _jobs(floor, project)
    floor.wait_until_over(originals)
    waiting: dict[str, list[UUID]] = {}
    with ExitStack() as held:
        for lane in _LANES:
            held.enter_context(floor.held(HoldScope.POOL, lane))
            if lane == "gate":
                waiting["gate"] = _jobs(floor, project)
                _all_stand(floor, waiting["gate"], "gate")
            elif lane == "score":
                waiting["score"] = _jobs(floor, project)
                waiting["reproduce"] = [
                    add_jobs(floor.database, project, profile=PLAIN, seed=seed, reproduces_job_id=original)[0]
                    for seed, original in enumerate(originals)
                ]
                _all_stand(floor, [*waiting["score"], *waiting["reproduce"]], "score")
            else:
                waiting["render"] = _jobs(floor, project)
        yield waiting


def each_step_began(floor: Floor, waiting: dict[str, list[UUID]]) -> None:
    """Wait until one job of each step was claimed for it."""
    claimed = """SELECT count(DISTINCT a.step) FROM attempts a
                 WHERE (a.job_id = ANY(:render) AND a.step = 'render')
                    OR (a.job_id = ANY(:score) AND a.step = 'score')
                    OR (a.job_id = ANY(:gate) AND a.step = 'gate')"""
    wanted = {step: waiting[step] for step in ("render", "score", "gate")}
    floor.wait(lambda: floor.scalar(claimed, **wanted) == len(wanted), "every step to be worked at")


def _jobs(floor: Floor, project: UUID) -> list[UUID]:
    return add_jobs(
        floor.database, project, _EACH, model_name="null:seconds=0.2", profile=PLAIN, max_retries=20
    )


def _all_stand(floor: Floor, jobs: list[UUID], step: str) -> None:
    there = "SELECT count(*) FROM render_queue WHERE job_id = ANY(:jobs) AND step = :step AND status = 'ready'"
    floor.wait(lambda: floor.scalar(there, jobs=jobs, step=step) == len(jobs), f"all to stand at {step}")
