"""Weighs jobs that somebody names as a gate weighs cuts: each by its own take, whatever else its cut has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.judging.reports import MINIMUM, phase_report
from models.errors import WrongJobs
from models.takes import TakeResult
from models.units import UnitStanding
from models.vocabulary import UnitKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.judging.reports import PhaseReport
    from models.jobs import JobDetail
    from models.vocabulary import Phase


def refuse_too_few(count: int) -> None:
    """Raises `WrongJobs` for fewer than a gate ever weighs."""
    if count < MINIMUM:
        raise WrongJobs(f"A gate weighs at least {MINIMUM} jobs, not {count}.", hint="Name more of them.")


def report(jobs: Sequence[JobDetail], phase: Phase) -> PhaseReport:
    """How these jobs stand; raises `WrongJobs` for one of another phase."""
    other = next((job.row for job in jobs if job.row.phase is not phase), None)
    if other is not None:
        raise WrongJobs(
            f"The job {other.id} belongs to the {other.phase.value} phase, not to {phase.value}.",
            hint="Name jobs of one phase.",
        )
    return phase_report([_standing(job) for job in jobs], phase)


def _standing(job: JobDetail) -> UnitStanding:
    row, scores = job.row, job.scores
    judged = None
    if scores is not None and row.verdict is not None:
        judged = TakeResult(
            job_id=row.id,
            take_number=row.take_number,
            verdict=row.verdict,
            blocking=scores.blocking,
            not_measured=scores.not_measured,
            values=scores.values,
            limits=scores.limits,
        )
    return UnitStanding(
        kind=UnitKind.ORDER,
        cut=row.cut,
        best=judged,
        in_work=not row.state.is_over,
        last_job_id=row.id,
        error=job.queue.error_message,
    )
