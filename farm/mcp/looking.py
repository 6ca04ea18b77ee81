"""Tools that look at jobs, shows and the farm itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from farm.mcp.answers import MOST_COUNTED, Allowance, Cut, Cuts, JobSeen, Status, Take, Takes, Why, Worker
from farm.mcp.asking import farm_for
from farm.mcp.following import look
from farm.mcp.hints import LOOKS
from models.access import Scope
from models.nearest import unknown_name
from models.vocabulary import JobState, Phase

if TYPE_CHECKING:
    from farm.client import Farm
    from farm.mcp.asking import AgentServer

#: seconds that one call waits at most; an agent that wants to wait longer calls again
MOST_SECONDS = 30

JobId = Annotated[str, Field(description="The job's id, as submit_order or list_jobs gave it.")]
Project = Annotated[str, Field(description="The show's short name; farm_status lists them.")]
Limit = Annotated[int, Field(ge=1, le=200, description="How many at most.")]
After = Annotated[str | None, Field(description="The `next` of the page before.")]


def join(server: AgentServer) -> None:
    for tool in (farm_status, list_cuts, list_jobs, list_takes, get_job, why_waiting):
        server.tool(annotations=LOOKS)(tool)


def farm_status() -> Status:
    """How the farm stands: workers, shows, what is under way, and what your key may do and has spent."""
    farm = farm_for(Scope.READ)
    health = farm.health()
    live = [worker for worker in farm.workers() if worker.is_live(farm.settings.lease)]
    return Status(
        status=health.status,
        reasons=list(health.reasons),
        workers=[Worker.of(worker) for worker in live],
        jobs_under_way=len(farm.under_way(limit=MOST_COUNTED)),
        shows=[project.slug for project in farm.projects()],
        caller=_allowance(farm),
    )


def list_cuts(project: Project, after: After = None, limit: Limit = 50) -> Cuts:
    """The cuts of a show in story order: what an order may name as `cut`, who is in it, and what is said."""
    cuts = farm_for(Scope.READ).cuts(project)
    paths = [cut.path for cut in cuts]
    if after is not None and after not in paths:
        raise unknown_name(after[:80], paths, "cut")
    first = 0 if after is None else paths.index(after) + 1
    page = cuts[first : first + limit]
    return Cuts(
        items=[Cut.of(cut) for cut in page],
        next=page[-1].path if page and first + limit < len(cuts) else None,
    )


def list_jobs(
    project: Annotated[str | None, Field(description="Only of this show.")] = None,
    phase: Annotated[Phase | None, Field(description="Only of this phase.")] = None,
    state: Annotated[JobState | None, Field(description="Only in this state.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Takes:
    """Jobs, the newest first, page by page: each is one take of an order."""
    page = farm_for(Scope.READ).jobs(project=project, phase=phase, state=state, after=after, limit=limit)
    return Takes(items=[Take.of(row) for row in page.items], next=page.next)


def list_takes(job_id: JobId) -> Takes:
    """Every take of the order that a job belongs to, the retakes that its gate ordered among them."""
    family = farm_for(Scope.READ).job(job_id).family
    return Takes(items=[Take.of(row) for row in sorted(family, key=lambda row: row.take_number)])


async def get_job(
    job_id: JobId,
    wait_seconds: Annotated[
        float,
        Field(ge=0, le=MOST_SECONDS, description="Wait up to so long for the order to be over; 0 looks once."),
    ] = 0,
) -> JobSeen:
    """How an order stands, by its newest take, and what to do next; waits for its end where asked to.

    An order is over when its last take is judged, and no retake follows. Where only a person can pass it,
    waits_for_a_person is true and the sentences say why.
    """
    return await look(farm_for(Scope.READ), job_id, timedelta(seconds=wait_seconds))


def why_waiting(job_id: JobId) -> Why:
    """Why a job is not moving, or why it ended as it did, in plain sentences."""
    farm = farm_for(Scope.READ)
    return Why(job_id=farm.job(job_id).row.id, sentences=farm.why(job_id))


def _allowance(farm: Farm) -> Allowance:
    caller = farm.caller
    whose = Allowance(actor=str(caller.actor), scopes=sorted(caller.scopes))
    if caller.key_prefix is None or caller.caps.is_none:
        return whose
    spent = farm.spent_today(caller.key_prefix)
    return whose.model_copy(
        update={
            "jobs_per_day": caller.caps.jobs_per_day,
            "jobs_today": spent.jobs,
            "gpu_seconds_per_day": caller.caps.gpu_seconds_per_day,
            "gpu_seconds_today": spent.gpu_seconds,
        }
    )
