"""Where a task stands, read from its jobs: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.dispatch import TaskState
from models.vocabulary import JobState, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from models.jobs import JobDetail, JobRow
    from models.takes import ScoresView

_OF_JOB = {JobState.PENDING: TaskState.WAITING, JobState.QUEUED: TaskState.QUEUED}


def state_of(takes: Sequence[JobRow]) -> TaskState:
    """Where an order stands by all of its takes, the first one first; there is at least one."""
    in_work = [row.state for row in takes if not row.state.is_over]
    if in_work:
        return _OF_JOB.get(in_work[-1], TaskState.PROCESSING)
    if any(row.state is JobState.COMPLETED for row in takes):
        return TaskState.COMPLETED
    return TaskState.CANCELLED if takes[-1].state is JobState.CANCELLED else TaskState.FAILED


def state_of_batch(states: Collection[TaskState]) -> TaskState:
    """Where a batch stands by its tasks: as the least of them that is not over."""
    for state in (TaskState.PROCESSING, TaskState.QUEUED, TaskState.WAITING):
        if state in states:
            return state
    for state in (TaskState.FAILED, TaskState.CANCELLED):
        if state in states:
            return state
    return TaskState.COMPLETED


def result_of(job: JobDetail) -> dict[str, Any]:
    """What an order came to, by its best take."""
    scores = job.scores
    return {
        "take_job_id": str(job.row.id),
        "take_number": job.row.take_number,
        "takes": len(job.family),
        "verdict": job.row.verdict.value if job.row.verdict else None,
        "waits_for_review": job.row.verdict is Verdict.REVIEW,
        "blocking": list(scores.blocking) if scores else [],
        "not_measured": list(scores.not_measured) if scores else [],
        "seed_used": job.recipe.seed,
        "not_drawn": list(job.not_drawn),
    }


def scores_of(scores: ScoresView | None) -> dict[str, float | None] | None:
    """Each measured number by its metric; a metric that another network measured too has the mark's own."""
    if scores is None:
        return None
    numbers = {each.metric.value: each.value for each in scores.measurements}
    return numbers | scores.values


def error_of(job: JobDetail, state: TaskState) -> str | None:
    """Why an order came to nothing, or what it waits for."""
    if state is TaskState.WAITING:
        return f"It is held: {job.queue.held_for}."
    is_lost = state in (TaskState.FAILED, TaskState.CANCELLED)
    return job.queue.error_message or "Nobody wrote down why." if is_lost else None
