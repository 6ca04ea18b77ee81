"""A render floor for tests: real Celery workers and beats on real servers, their times scaled down."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import redis
from sqlalchemy import text

from db.fleet import holds
from farm.servers.supervisor import end, spawn, wait_until
from models.scheduling import NewHold
from tests.support import ROOT
from tests.support.invariants import assert_nothing_lost_nothing_twice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from uuid import UUID

    from db.engine import Database
    from farm.servers.supervisor import ProcessMark
    from models.vocabulary import HoldScope


RENDER, SCORE = "render_queue.null", "score"
CONTROL = "gate,control"
"""Gates beside the ticks: `farm up` keeps them apart, a small floor saves the process."""

TIMES = {
    "FARM_LEASE": "3",
    "FARM_HEARTBEAT": "0.8",
    "FARM_LOOK": "0.2",
    "FARM_RELAY_EVERY": "0.5",
    "FARM_RETRY_EVERY": "0.5",
    "FARM_BEAT_SILENT_AFTER": "2",
    "FARM_BACKOFF_BASE": "0.2",
    "FARM_BACKOFF_CAP": "1",
}

# Ends with the test run even when that is killed: the kernel sends the signal when the parent dies. The child
# that Celery forks or spawns ends with the worker in the same way.
_DIE_WITH_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() != int(sys.argv[1]):
    raise SystemExit("the test run is over")
os.execv(sys.argv[2], sys.argv[2:])
"""

_QUEUE = "SELECT job_id, step, status, epoch, retry_count, worker_id, error_message FROM render_queue"
_ATTEMPTS = "SELECT job_id, step, epoch, worker_id, outcome, error_kind FROM attempts ORDER BY started_at"


def _command(process: psutil.Process) -> str:
    """Its command line; empty when it has just died."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


@dataclass
class Hand:
    """One process on the floor: a worker or a beat."""

    name: str
    mark: ProcessMark
    log: Path

    @property
    def pid(self) -> int:
        return self.mark.pid

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def children(self) -> list[psutil.Process]:
        """The pool's children that run tasks; not the tracker of semaphores that billiard keeps beside them."""
        return [child for child in psutil.Process(self.pid).children() if "spawn_main" in _command(child)]

    def kill(self) -> None:
        """As the kernel's out-of-memory killer would."""
        end(self.mark, [(signal.SIGKILL, 5.0)])

    def kill_child(self) -> None:
        """Only the process that works, not the one that watches it."""
        for child in self.children():
            child.kill()

    def stop(self, seconds: float = 20) -> None:
        """Drain, then end."""
        end(self.mark, [(signal.SIGTERM, seconds)])


@dataclass
class Cast:
    """Who works on the floor; `revive` replaces those that a test killed."""

    floor: Floor
    render: Hand
    score: Hand
    gate: Hand
    beat: Hand

    def at(self, step: str) -> Hand:
        return {"render": self.render, "score": self.score, "gate": self.gate}[step]

    def revive(self) -> None:
        """Start again who is gone."""
        for role, queue in (("render", RENDER), ("score", SCORE), ("gate", CONTROL)):
            if not getattr(self, role).mark.is_running():
                setattr(self, role, self.floor.worker(queue, ready=False))
        if not self.beat.mark.is_running():
            self.beat = self.floor.beat()


@dataclass
class Floor:
    """Where a test's workers stand."""

    database: Database
    folder: Path
    database_url: str
    redis_url: str
    extra: dict[str, str] = field(default_factory=dict)
    hands: list[Hand] = field(default_factory=list)
    prefix: str = field(default_factory=lambda: f"test-{secrets.token_hex(4)}:")

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FARM_")}
        return {
            **kept,
            "FARM_TESTING": "1",
            "PYTHONPATH": os.pathsep.join([*filter(None, [kept.get("PYTHONPATH")]), str(ROOT)]),
            "OMP_NUM_THREADS": "1",
            "FARM_STATE_DIR": str(self.folder),
            "FARM_NETWORKS_DIR": str(self.folder / "networks"),
            "FARM_DATABASE_URL": self.database_url,
            "FARM_REDIS_URL": self.redis_url,
            "FARM_QUEUE_PREFIX": self.prefix,
            **TIMES,
            **self.extra,
        }

    def worker(
        self,
        *queues: str,
        pool: str = "prefork",
        concurrency: int = 1,
        ready: bool = True,
        config: tuple[str, ...] = (),
        **env: str,
    ) -> Hand:
        """Start a worker of these queues (all of them when none is named) and wait until it is ready.

        `config` overrides Celery's settings (`worker.soft_shutdown_timeout=1`), `env` the farm's.
        """
        listed = ",".join(queues)
        kinds = "+".join(queue.partition(".")[0] for queue in listed.split(","))
        name = f"{len(self.hands)}-{kinds or 'all'}"
        chosen = ["--queues", listed] if listed else []
        hand = self._start(
            name,
            [
                *("worker", *chosen, "--pool", pool, "--concurrency", str(concurrency), "--loglevel", "INFO"),
                *("--hostname", f"{name}@%h", "--without-gossip", "--without-mingle"),
                *(("--", *config) if config else ()),
            ],
            env,
        )
        if ready:
            self.wait_ready(hand)
        return hand

    def cast(self) -> Cast:
        """A full shift: one worker for each step and a beat, started side by side."""
        hands = [self.worker(queue, ready=False) for queue in (RENDER, SCORE, CONTROL)]
        cast = Cast(self, *hands, beat=self.beat())
        for hand in hands:
            self.wait_ready(hand)
        return cast

    def python(self, code: str, **env: str) -> str:
        """Run a piece of Python in a process of its own, as a script would; gives what it printed."""
        argv = [sys.executable, "-c", code]
        done = subprocess.run(
            argv,
            env={**self.env, **env},
            cwd=self.folder,
            timeout=60,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def wait_ready(self, hand: Hand) -> None:
        self.wait(
            lambda: " ready." in hand.said() or not hand.mark.is_running(), f"{hand.name} to be ready", 60
        )
        assert hand.mark.is_running(), f"{hand.name} ended instead of starting:\n{hand.said()[-3000:]}"

    def beat(self) -> Hand:
        """Start a beat."""
        return self._start(f"{len(self.hands)}-beat", ["beat", "--loglevel", "INFO"], {})

    def wait(
        self, condition: Callable[[], bool], what: str, seconds: float = 40, *, fails: bool = True
    ) -> None:
        """Wait until the condition holds, or fail and show what every process said last."""
        if wait_until(condition, seconds) or not fails:
            return
        told = "\n".join(f"--- {hand.name}\n{hand.said()[-2500:]}" for hand in self.hands)
        raise AssertionError(f"Waited {seconds} s in vain for {what}.\n{self.rows()}\n{told}")

    @contextmanager
    def held(self, scope: HoldScope, *targets: str) -> Iterator[None]:
        """Nothing is begun there meanwhile."""
        for target in targets:
            hold = NewHold(scope=scope, target=target, reason="A test holds it.", pause=timedelta(hours=1))
            with self.database.transaction() as session:
                holds.put(session, hold, actor="test", cause=None)
        yield
        with self.database.transaction() as session:
            for target in targets:
                holds.lift(session, scope, target, actor="test")

    def sign(self) -> Path:
        """A file that is not there yet: `null:until={sign}` renders until somebody touches it."""
        return self.folder / f"sign-{secrets.token_hex(4)}"

    def wait_until_over(self, jobs: Iterable[UUID], seconds: float = 60) -> None:
        """Wait until every one of `jobs` is completed, failed or cancelled."""
        wanted = list(jobs)
        left = """SELECT count(*) FROM render_queue
                  WHERE job_id = ANY(:jobs) AND status NOT IN ('completed', 'failed', 'cancelled')"""
        self.wait(lambda: self.scalar(left, jobs=wanted) == 0, f"{len(wanted)} jobs to be over", seconds)

    def wait_for(self, job: UUID, *, step: str, status: str = "running", seconds: float = 40) -> None:
        """Wait until the job's row stands there."""
        query = "SELECT step || ' ' || status FROM render_queue WHERE job_id = :job"
        self.wait(
            lambda: self.scalar(query, job=job) == f"{step} {status}", f"the job to be {step} {status}", seconds
        )

    def scalar(self, sql: str, **values: Any) -> Any:
        with self.database.transaction() as session:
            return session.execute(text(sql), values).scalar_one()

    def rows(self) -> str:
        """The queue and the attempts, for a message about what went wrong."""
        with self.database.transaction() as session:
            queue = session.execute(text(_QUEUE)).all()
            attempts = session.execute(text(_ATTEMPTS)).all()
        return "\n".join(map(str, [*queue, *attempts]))

    def settled(self) -> None:
        """Wait until nothing is left of a fault, then check that nothing was lost and nothing came twice."""
        running = "SELECT count(*) FROM render_queue WHERE status = 'running'"
        self.wait(lambda: self.scalar(running) == 0, "the floor to be quiet")
        artifacts = self.folder / "artifacts"
        try:
            assert_nothing_lost_nothing_twice(self.database, artifacts)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.rows()}") from error

    def forget_messages(self) -> None:
        """Delete every key of this floor in the broker, as a flush would."""
        client = redis.Redis.from_url(self.redis_url)
        with client:
            keys = list(client.scan_iter(match=f"{self.prefix}*"))
            if keys:
                client.delete(*keys)

    def clear(self) -> None:
        """End every process."""
        for hand in self.hands:
            # One that a test stopped would not hear anything else.
            end(hand.mark, [(signal.SIGCONT, 0.0), (signal.SIGKILL, 5.0)])
        self.hands.clear()

    def _start(self, name: str, arguments: list[str], env: dict[str, str]) -> Hand:
        logs = self.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        log = logs / f"{name}-{secrets.token_hex(2)}.log"
        argv = [sys.executable, "-c", _DIE_WITH_PARENT, str(os.getpid())]
        argv += [sys.executable, "-m", "celery", "--app", "tasks", *arguments]
        hand = Hand(name, spawn(argv, log=log, env={**self.env, **env}, cwd=self.folder), log)
        self.hands.append(hand)
        return hand
