"""Our queue as an adapter of the public harness: it inserts, claims, works and settles until SIGTERM.

`python -m tests.bench.harness.adapter` speaks the harness's protocol: settings come from the environment
(`DATABASE_URL`, `PRODUCER_RATE`, `WORKER_COUNT`, `JOB_WORK_MS`, `SAMPLE_EVERY_S`, ...), measurements go to
stdout as JSON lines. It is the bare engine, without Celery: threads claim from the same SQL as a worker does.
A job counts as completed when all three of its steps were claimed and settled, which is three claims and
three commits a job.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import text

from db import queue
from db.engine import Database
from farm.scheduling.failures import Backoff
from farm.scheduling.order import AFFINITY
from models.errors import Unavailable
from models.vocabulary import Step
from tasks.process import endings
from tests.support.history import percentile
from tests.support.queue_jobs import PLAIN, TAKE, add_jobs, add_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.engine import Session
    from db.queue import Claim

MANIFEST = json.loads(Path(__file__).with_name("adapter.json").read_text(encoding="utf-8"))
_LEASE = timedelta(seconds=10)
_BACKOFF = Backoff(base=timedelta(milliseconds=200), cap=timedelta(seconds=2))
_IDLE_S = 0.02
_WINDOW_S = 30.0
_NOW_WAITING = text("SELECT count(*) FROM render_queue WHERE step = 'render' AND status = 'ready'")
_AGE_MS = text("SELECT 1000 * extract(epoch FROM now() - queued_at) FROM render_queue WHERE job_id = :job")


def _number(name: str, default: float) -> float:
    return float(os.environ.get(name) or default)


@dataclass
class Counts:
    """What happened so far; written by many threads, read by one."""

    enqueued: int = 0
    completed: int = 0
    #: (when it was claimed, milliseconds from its insert); bounded
    pickups: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=32_768))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *, enqueued: int = 0, completed: int = 0) -> None:
        with self.lock:
            self.enqueued += enqueued
            self.completed += completed


class Adapter:
    """One replica: a producer, consumers, and somebody who takes back what dead replicas held."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._over = threading.Event()
        self._counts = Counts()
        self._project = self._persistently(lambda: add_project(database))
        self._me = {"worker_id": f"bench:{os.getpid()}", "incarnation": uuid4(), "pid": os.getpid()}

    def run(self) -> None:
        """Until SIGTERM."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._over.set())
        roles: list[Callable[[], None]] = [self._produce, self._take_back]
        roles += [self._consume] * int(_number("WORKER_COUNT", 8))
        threads = [threading.Thread(target=role, daemon=True) for role in roles]
        for thread in threads:
            thread.start()
        self._sample()
        for thread in threads:
            thread.join(timeout=3)

    def _persistently(self, work: Callable[[], Any]) -> Any:
        """As every step of the farm does: again and again while the database is away."""
        while not self._over.is_set():
            try:
                return work()
            except Unavailable as error:
                print(error.message, file=sys.stderr)
                self._over.wait(0.2)
        return None

    def _in_transaction(self, work: Callable[[Session], Any]) -> Any:
        def once() -> Any:
            with self._database.transaction() as session:
                return work(session)

        return self._persistently(once)

    def _produce(self) -> None:
        """By the harness's tokens on stdin, or by real elapsed time."""
        if os.environ.get("PRODUCER_PACING") == "harness":
            for line in sys.stdin:
                word, _, count = line.strip().partition(" ")
                if word == "ENQUEUE" and not self._over.is_set():
                    self._insert(int(count))
            return
        most, pause_s = int(_number("PRODUCER_BATCH_MAX", 128)), _number("PRODUCER_BATCH_MS", 25) / 1000
        credit, then = 0.0, time.monotonic()
        while not self._over.wait(pause_s):
            now = time.monotonic()
            credit += _rate() * (now - then)
            then = now
            count = min(most, int(credit))
            credit -= count
            if count:
                self._insert(count)

    def _insert(self, count: int) -> None:
        self._persistently(
            lambda: add_jobs(self._database, self._project, count, profile=PLAIN, max_retries=1_000)
        )
        self._counts.add(enqueued=count)

    def _consume(self) -> None:
        work_s = _number("JOB_WORK_MS", 1) / 1000
        while not self._over.is_set():
            claim = self._claimed()
            if claim is None:
                self._over.wait(_IDLE_S)
                continue
            if claim.step is Step.RENDER:
                time.sleep(work_s)
            settled = self._in_transaction(lambda session, claim=claim: _settled(session, claim))
            if claim.step is Step.GATE and settled:
                self._counts.add(completed=1)

    def _claimed(self) -> Claim | None:
        """What was begun is finished first, so that jobs complete in the order they came."""
        common = {**self._me, "lease": _LEASE}

        def best(session: Session) -> tuple[Claim | None, float | None]:
            claim = queue.claim_gate(session, **common)
            claim = claim or queue.claim_score(session, **common, networks=(), queue="score")
            if claim is not None:
                return claim, None
            claim = queue.claim_render(session, **common, pools=("null",), affinity=AFFINITY)
            return claim, claim and float(session.execute(_AGE_MS, {"job": claim.job_id}).scalar_one())

        claim, age_ms = self._in_transaction(best) or (None, None)
        if age_ms is not None:
            self._counts.pickups.append((time.monotonic(), age_ms))
        return claim

    def _take_back(self) -> None:
        """What the beat's `retry` does: leases that ran out are due again."""
        while not self._over.wait(1.0):
            self._in_transaction(
                lambda session: endings.take_back(session, backoff=_BACKOFF, time_limit=timedelta(hours=1))
            )

    def _sample(self) -> None:
        """Aligned with the clock, so that samples of several systems line up."""
        every_s = _number("SAMPLE_EVERY_S", 5)
        self._over.wait(every_s - time.time() % every_s)
        then, before = time.monotonic(), replace(self._counts)
        while not self._over.wait(every_s):
            now, counts = time.monotonic(), replace(self._counts)
            self._emit("enqueue_rate", (counts.enqueued - before.enqueued) / (now - then), every_s)
            self._emit("completion_rate", (counts.completed - before.completed) / (now - then), every_s)
            then, before = now, counts
            recent = [age_ms for at, age_ms in tuple(counts.pickups) if at > now - _WINDOW_S]
            for name, share in (("claim_p50_ms", 0.5), ("claim_p95_ms", 0.95), ("claim_p99_ms", 0.99)):
                self._emit(name, percentile(recent, share), _WINDOW_S)
            if _instance() == 0:
                waiting = self._waiting()
                if waiting is not None:
                    self._emit("queue_depth", waiting, 0)

    def _waiting(self) -> float | None:
        try:
            with self._database.transaction() as session:
                return float(session.execute(_NOW_WAITING).scalar_one())
        except Unavailable:
            return None

    def _emit(self, metric: str, value: float, window_s: float) -> None:
        subject = {"kind": "adapter", "subject_kind": "adapter", "subject": ""}
        emit({"t": _now(), **subject, "metric": metric, "value": value, "window_s": window_s})


def emit(record: dict[str, Any]) -> None:
    """One line of what the harness reads."""
    print(json.dumps({"system": MANIFEST["system"], "instance_id": _instance(), **record}), flush=True)


def _settled(session: Session, claim: Claim) -> bool:
    if claim.step is Step.RENDER:
        return queue.settle_render(session, claim, TAKE).counts
    settle = queue.settle_score if claim.step is Step.SCORE else queue.settle_gate
    return settle(session, claim).counts


def _rate() -> float:
    control = os.environ.get("PRODUCER_RATE_CONTROL_FILE")
    try:
        return float(Path(control).read_text()) if control else _number("PRODUCER_RATE", 100)
    except (OSError, ValueError):
        return _number("PRODUCER_RATE", 100)


def _instance() -> int:
    return int(_number("BENCH_INSTANCE_ID", 0))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def main() -> None:
    """Migrate, describe, and work until SIGTERM."""
    database = Database(os.environ["DATABASE_URL"])
    database.migrate()
    facts = {name: MANIFEST[name] for name in ("event_tables", "extensions", "db_name")}
    version = {"version": "0.1.0", "schema_version": database.revision(), "started_at": _now()}
    emit({"kind": "descriptor", **facts, **version})
    Adapter(database).run()
    database.close()


if __name__ == "__main__":
    main()
