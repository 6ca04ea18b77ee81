"""One run: so many jobs, with or without faults, until all are over; then the audit from rows and files."""

from __future__ import annotations

import hashlib
import math
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from sqlalchemy import text

from db.engine import Database
from models.errors import Unavailable
from models.vocabulary import AttemptOutcome
from tests.chaos.crew import EVERYTHING, FAULTS, Crew
from tests.support import faults
from tests.support.database_fixture import made_database
from tests.support.floor import Floor
from tests.support.history import histories, is_lost, percentile, told, violations
from tests.support.queue_jobs import PLAIN, add_jobs, add_project, execute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from farm.servers import EmbeddedServers
    from tests.chaos.crew import Faults, Interruption
    from tests.support.history import History

#: seconds between two faults
EVERY_S = 2.0
#: no job is given up because its workers died too often
_RETRIES = 100
_LEFT = text("SELECT count(*) FROM render_queue WHERE status NOT IN ('completed', 'failed', 'cancelled')")
_TAKES = text("SELECT job_id, epoch, master_path, file_sha256 FROM takes")
_TIDY = "from tasks.beat.upkeep import tidy; print(tidy())"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run."""

    seed: int
    jobs: int
    #: the queues of each worker
    roles: tuple[tuple[str, ...], ...] = (EVERYTHING,) * 4
    render_s: float = 0.3
    lease_s: float = 3.0
    every_s: float = EVERY_S
    #: after so many it stays quiet
    faults_at_most: float = math.inf
    #: seconds after which what is not over is stuck
    patience_s: float = 1800.0
    failpoints: str = ""

    @property
    def settings(self) -> dict[str, str]:
        """The farm's times, scaled to the lease."""
        return {
            "FARM_LEASE": str(self.lease_s),
            "FARM_HEARTBEAT": str(self.lease_s / 4),
            "FARM_SEND_TASK_EVENTS": "false",
        }


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of the jobs."""

    seconds: float
    histories: list[History]
    stuck: int
    unreadable_takes: list[str]
    orphaned_files: list[str]
    faults: Counter[str] = field(default_factory=Counter)
    recoveries_s: list[float] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Jobs that are over without what was ordered; those that are not over count as stuck."""
        over = [each for each in self.histories if each.status.is_terminal]
        return sum(is_lost(each) or each.status != "completed" for each in over)

    @property
    def duplicate_commits(self) -> int:
        """Commits of a step beyond its first."""
        return sum(len(each.settled) - len({one.step for one in each.settled}) for each in self.histories)

    @property
    def broken(self) -> list[str]:
        """The line of each job whose history breaks a rule, and the rules."""
        return [f"{told(each)}: {' '.join(rules)}" for each in self.histories if (rules := violations(each))]

    @property
    def recovery_p95_s(self) -> float:
        return percentile(self.recoveries_s, 0.95)


@contextmanager
def opened_floor(servers: EmbeddedServers, plan: Plan, name: str, *, failpoints: str = "") -> Iterator[Floor]:
    """A floor on an empty database of its own; at the end nobody is left on it."""
    urls = servers.start()
    with (
        tempfile.TemporaryDirectory(prefix="farm-chaos-") as folder,
        made_database(urls.database_url, name) as url,
    ):
        database = Database(url)
        database.migrate()
        settings = {**plan.settings, **({"FARM_FAILPOINTS": failpoints} if failpoints else {})}
        floor = Floor(database, Path(folder), url, urls.redis_url, extra=settings)
        try:
            yield floor
        finally:
            floor.clear()
            database.close()


def quiet(servers: EmbeddedServers, plan: Plan) -> Result:
    """The same work without a fault."""
    with opened_floor(servers, plan, "quiet") as floor:
        return _run(floor, servers, plan, {})


def chaos(servers: EmbeddedServers, plan: Plan) -> Result:
    """A fault every few seconds until all jobs are over."""
    seeded = f"{plan.failpoints};seed={plan.seed}" if plan.failpoints else ""
    with opened_floor(servers, plan, "chaos", failpoints=seeded) as floor:
        return _run(floor, servers, plan, FAULTS)


def _run(floor: Floor, servers: EmbeddedServers, plan: Plan, faults_drawn: Faults) -> Result:
    crew = Crew(floor, servers, Random(plan.seed), plan.roles)  # noqa: S311 - faults that repeat, no secrets
    _warmed_up(crew, plan)
    jobs = ordered(floor, plan, plan.jobs)
    happened: Counter[str] = Counter()
    seconds = worked_off(crew, plan, jobs, happened, faults_drawn)
    return audited(crew, jobs, seconds, happened)


def say(line: str) -> None:
    """Progress, for whoever watches."""
    print(line, file=sys.stderr, flush=True)


def _warmed_up(crew: Crew, plan: Plan) -> None:
    """Everybody is at work, and has loaded what the steps need."""
    crew.start()
    crew.floor.wait_until_over(ordered(crew.floor, plan, 4 * len(plan.roles)))


def ordered(floor: Floor, plan: Plan, count: int) -> list[UUID]:
    """Orders of stills whose render takes as long as the plan says."""
    project = add_project(floor.database)
    waits = f"null:seconds={plan.render_s}"
    return add_jobs(floor.database, project, count, model_name=waits, max_retries=_RETRIES, profile=PLAIN)


def worked_off(crew: Crew, plan: Plan, jobs: list[UUID], happened: Counter[str], faults_drawn: Faults) -> float:
    """Seconds until all jobs were over, or the patience was; a fault of those again and again until then."""
    began = time.monotonic()
    next_fault, next_word = began + plan.every_s, began
    bag: list[str] = []
    while (left := _left(crew)) != 0 and time.monotonic() - began < plan.patience_s:
        now = time.monotonic()
        if now >= next_word:
            say(f"{now - began:6.1f} s  {left if left is not None else '?'} of {len(jobs)} jobs are not over")
            next_word = now + 10
        crew.revive()
        if faults_drawn and now >= next_fault and happened.total() < plan.faults_at_most:
            # Every kind once before any comes again: drawn evenly, in an order of the seed's.
            bag = bag or crew.chance.sample(sorted(faults_drawn), len(faults_drawn))
            kind = bag.pop()
            happened[kind] += 1
            faults_drawn[kind](crew)
            next_fault = now + plan.every_s
        time.sleep(0.1)
    return time.monotonic() - began


def _left(crew: Crew) -> int | None:
    """How many jobs are not over; None while the database is away."""
    try:
        with crew.floor.database.transaction() as session:
            return int(session.execute(_LEFT).scalar_one())
    except Unavailable:
        return None


def audited(crew: Crew, jobs: list[UUID], seconds: float, happened: Counter[str]) -> Result:
    """What rows and files say of the jobs, once the dust has settled."""
    floor = crew.floor
    faults.wait_for_answer(floor.database)
    for _, _, pids in crew.sleepers:
        faults.wake_up(pids)
    crew.sleepers.clear()
    _tidied(floor)
    told_now = histories(floor.database, jobs)
    unreadable, orphans = _files(floor)
    hits = floor.folder / "failpoints" / "hits"
    happened.update(hits.read_text().splitlines() if hits.exists() else [])
    return Result(
        seconds=seconds,
        histories=told_now,
        # A row that vanished is as bad as one that never ends.
        stuck=sum(not each.status.is_terminal for each in told_now) + len(jobs) - len(told_now),
        unreadable_takes=unreadable,
        orphaned_files=orphans,
        faults=happened,
        recoveries_s=_recoveries(told_now, crew.interruptions),
    )


def _tidied(floor: Floor) -> None:
    """The beat's broom passes, which comes every five minutes, and whoever was fenced has noticed."""
    execute(floor.database, "DELETE FROM ticks WHERE name = 'tidy'")
    say(floor.python(_TIDY, FARM_FAILPOINTS="").strip())
    floor.wait(lambda: not _files(floor)[1], "the last orphan to go", 15, fails=False)


def _files(floor: Floor) -> tuple[list[str], list[str]]:
    """(takes whose file is not there as recorded, files of no take)."""
    store = floor.folder / "artifacts"
    with floor.database.transaction() as session:
        takes = session.execute(_TAKES).all()
    unreadable = [take.master_path for take in takes if _sha256(store / take.master_path) != take.file_sha256]
    kept = {f"takes/{take.job_id}/{take.epoch}" for take in takes}
    # Beside the takes lies what the store itself keeps.
    files = (
        file.relative_to(store).as_posix()
        for file in store.rglob("*")
        if file.is_file() and file.parent != store
    )
    return unreadable, [file for file in files if "/".join(file.split("/")[:3]) not in kept]


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _recoveries(known: list[History], cut_off: list[Interruption]) -> list[float]:
    """For each attempt that a fault cut off, the seconds until its step ran again."""
    by_job = {history.job_id: history for history in known}
    seconds = []
    for each in cut_off:
        history = by_job[each.job_id]
        interrupted = next(one for one in history.tries if one.epoch == each.epoch)
        if interrupted.outcome is AttemptOutcome.SETTLED:
            # It was quicker than the fault.
            continue
        after = [one for one in history.tries if one.epoch > each.epoch]
        seconds.append((after[0].started_at - each.at).total_seconds() if after else float("inf"))
    return seconds
