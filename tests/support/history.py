"""What happened to each job, told from the database's rows alone, and what must never have happened.

The queue's rows say how a job stands; `attempts` says how it came there: every claim opened a row and every
end closed it, by the database's own clock. So whatever faults there were, the history of a job can be held
against the rules by which jobs move.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from models.vocabulary import CHAIN, AttemptOutcome, QueueStatus, Step, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from db.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One row of `attempts`."""

    step: Step
    epoch: int
    worker: str
    started_at: datetime
    #: None: it runs
    ended_at: datetime | None = None
    outcome: AttemptOutcome | None = None
    error: str = ""

    @property
    def settled(self) -> bool:
        return self.outcome is AttemptOutcome.SETTLED


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One job: how it stands, and its attempts in the order of their epochs."""

    job_id: UUID
    step: Step
    status: QueueStatus
    epoch: int
    tries: tuple[Try, ...]
    #: when its row was over
    completed_at: datetime | None = None
    #: its lease ran out, and nobody took it back
    is_overdue: bool = False
    #: of the attempt that the take names
    take_epoch: int | None = None
    has_scores: bool = False
    verdict: Verdict | None = None
    #: there is a next take of its root
    was_retaken: bool = False
    #: it makes another's take again, and nothing follows from its verdict
    reproduces: bool = False
    was_compared: bool = False

    @property
    def settled(self) -> tuple[Try, ...]:
        return tuple(each for each in self.tries if each.settled)


_ROWS = text("""
SELECT q.job_id, q.step, q.status, q.epoch, q.completed_at, j.verdict, t.epoch AS take_epoch,
       q.status = 'running' AND q.lease_until < now() AS is_overdue,
       EXISTS (SELECT 1 FROM quality_scores s WHERE s.job_id = q.job_id) AS has_scores,
       EXISTS (SELECT 1 FROM jobs later WHERE later.root_job_id = j.root_job_id
               AND later.take_number = j.take_number + 1) AS was_retaken,
       j.reproduces_job_id IS NOT NULL AS reproduces, j.reproduction IS NOT NULL AS was_compared
FROM render_queue q JOIN jobs j ON j.id = q.job_id LEFT JOIN takes t ON t.job_id = q.job_id
WHERE CAST(:jobs AS uuid[]) IS NULL OR q.job_id = ANY(:jobs)
ORDER BY q.queued_at, q.id
""")
_TRIES = text("""
SELECT job_id, step, epoch, worker_id, started_at, ended_at, outcome, error_kind FROM attempts
WHERE CAST(:jobs AS uuid[]) IS NULL OR job_id = ANY(:jobs)
ORDER BY epoch
""")


def histories(database: Database, jobs: Iterable[UUID] | None = None) -> list[History]:
    """The history of each of `jobs`, or of every job there is; read in one snapshot."""
    wanted = {"jobs": None if jobs is None else list(jobs)}
    with database.transaction() as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        tries: dict[UUID, list[Try]] = {}
        for row in session.execute(_TRIES, wanted):
            tries.setdefault(row.job_id, []).append(
                Try(
                    step=Step(row.step),
                    epoch=row.epoch,
                    worker=row.worker_id,
                    started_at=row.started_at,
                    ended_at=row.ended_at,
                    outcome=AttemptOutcome(row.outcome) if row.outcome else None,
                    error=row.error_kind or "",
                )
            )
        return [
            History(
                job_id=row.job_id,
                step=Step(row.step),
                status=QueueStatus(row.status),
                epoch=row.epoch,
                tries=tuple(tries.get(row.job_id, ())),
                completed_at=row.completed_at,
                is_overdue=row.is_overdue,
                take_epoch=row.take_epoch,
                has_scores=row.has_scores,
                verdict=Verdict(row.verdict) if row.verdict else None,
                was_retaken=row.was_retaken,
                reproduces=row.reproduces,
                was_compared=row.was_compared,
            )
            for row in session.execute(_ROWS, wanted)
        ]


def told(history: History) -> str:
    """One line: what happened to the job, try by try, and how it stands."""
    tries = ", ".join(_told(each) for each in history.tries) or "never claimed"
    standing = f"{history.status} at {history.step}"
    if history.status is QueueStatus.COMPLETED:
        standing = f"completed with the verdict {history.verdict}"
    return f"{history.job_id}: {tries}; {standing}, epoch {history.epoch}"


def _told(each: Try) -> str:
    if each.ended_at is None or each.outcome is None:
        return f"{each.step} at {each.worker} runs"
    seconds = (each.ended_at - each.started_at).total_seconds()
    why = f" ({each.error})" if each.error else ""
    return f"{each.step} at {each.worker} {each.outcome}{why} after {seconds:.1f} s"


def violations(history: History) -> list[str]:
    """Every rule that the history breaks, each as a sentence; empty where all is as it must be."""
    return [
        *_twice(history),
        *_at_once(history),
        *_out_of_order(history),
        *_open_ends(history),
        *_unexplained(history),
        *_unfinished(history),
    ]


def is_lost(history: History) -> bool:
    """Whether a job that nobody called off is not over, or is over without what it was ordered for."""
    is_over = history.status.is_terminal
    return not is_over or (history.status is QueueStatus.COMPLETED and bool(_unfinished(history)))


def _twice(history: History) -> list[str]:
    steps = [each.step for each in history.settled]
    return [
        f"The step {step} was settled {steps.count(step)} times." for step in CHAIN if steps.count(step) > 1
    ]


def _at_once(history: History) -> list[str]:
    """The lease is what keeps two from working at once: by the database's clock no two tries overlap."""
    by_start = sorted(history.tries, key=lambda each: each.started_at)
    return [
        f"Attempts {earlier.epoch} and {later.epoch} ran at once."
        for earlier, later in pairwise(by_start)
        if earlier.ended_at is None or earlier.ended_at > later.started_at
    ]


def _out_of_order(history: History) -> list[str]:
    order = [CHAIN.index(each.step) for each in history.settled]
    broken = [] if order == sorted(order) else ["Its steps were settled out of their order."]
    done = {each.step: each.epoch for each in history.settled}
    for each in history.tries:
        before = CHAIN[: CHAIN.index(each.step)]
        broken += [
            f"Attempt {each.epoch} was a {each.step} before the {step} was settled."
            for step in before
            if done.get(step, each.epoch) >= each.epoch
        ]
    return broken


def _open_ends(history: History) -> list[str]:
    opened = [each for each in history.tries if each.outcome is None]
    runs = history.status is QueueStatus.RUNNING
    broken = []
    if opened and not runs:
        broken.append(f"It is {history.status}, and attempt {opened[0].epoch} has no end.")
    if runs and [each.epoch for each in opened] != [history.epoch]:
        broken.append("It is running, and not by the one open attempt of its epoch.")
    if history.is_overdue:
        broken.append("It is running under a lease that ran out.")
    if history.completed_at and any(each.started_at > history.completed_at for each in history.tries):
        broken.append("It was claimed after its end.")
    return broken


def _unexplained(history: History) -> list[str]:
    """Every claim raised the epoch, so did all work that was taken back, and so did whoever called it off."""
    lost = sum(each.outcome is AttemptOutcome.LOST for each in history.tries)
    explained = len(history.tries) + lost + (history.status is QueueStatus.CANCELLED)
    broken = []
    if history.epoch != explained:
        broken.append(f"Its epoch is {history.epoch}, and its attempts explain {explained}.")
    rendered = [each.epoch for each in history.settled if each.step is Step.RENDER]
    if history.take_epoch is not None and history.take_epoch not in rendered:
        broken.append(f"Its take is of attempt {history.take_epoch}, which settled no render.")
    if rendered and history.take_epoch is None:
        broken.append("Its render was settled, and there is no take.")
    needed = CHAIN[: CHAIN.index(history.step)]
    done = {each.step for each in history.settled}
    broken += [f"It stands at {history.step} without a settled {step}." for step in needed if step not in done]
    return broken


def _unfinished(history: History) -> list[str]:
    if history.status is not QueueStatus.COMPLETED:
        return []
    done = {each.step for each in history.settled}
    asks_for_retake = history.verdict is Verdict.RETAKE and not history.reproduces
    missing = [
        *(f"a settled {step}" for step in CHAIN if step not in done),
        *(["a take"] if history.take_epoch is None else []),
        *([] if history.has_scores else ["scores"]),
        *(["a verdict"] if history.verdict is None else []),
        *(["the retake it asks for"] if asks_for_retake and not history.was_retaken else []),
        *(["the comparison it was made for"] if history.reproduces and not history.was_compared else []),
    ]
    return [f"It is completed without {each}." for each in missing]


def recoveries(histories: Iterable[History]) -> list[timedelta]:
    """How long each lost or released try of a step waited, from its end, until the step ran again."""
    return [
        later.started_at - earlier.ended_at
        for history in histories
        for earlier, later in pairwise(history.tries)
        if earlier.outcome in (AttemptOutcome.LOST, AttemptOutcome.RELEASED) and earlier.ended_at is not None
    ]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` (0 to 1) of them do not exceed; 0 of none."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else 0.0


def assert_histories_hold(histories: Iterable[History]) -> None:
    """Raise an `AssertionError` with the line of each job whose history breaks a rule."""
    broken = [(told(each), rules) for each in histories if (rules := violations(each))]
    assert not broken, "\n".join(f"{line}\n    {' '.join(rules)}" for line, rules in broken[:5])
