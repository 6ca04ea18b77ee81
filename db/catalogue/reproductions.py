"""Reproductions: the take that is made again, how both were made, and what comparing them came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from models.errors import UnknownName
from models.rows.jobs import Job
from models.rows.takes import GenerationParams, Take

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeTake:
    """One take and everything that was recorded of its making."""

    job_id: UUID
    #: relative to the artifact store
    master_path: str
    pixel_sha256: str
    recipe: dict[str, Any]
    renderer_version: str | None
    environment: dict[str, Any]
    file_hashes: dict[str, Any]
    comfyui_workflow: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePair:
    """A reproduction and what it makes again."""

    #: None: the original has lost its take
    original: MadeTake | None
    again: MadeTake
    #: recipe field -> [before, after], as it was ordered
    changed: dict[str, Any]


def reproducible(session: Session, job_id: UUID) -> Job:
    """The job whose take a reproduction of `job_id` makes again, with recipe, queue row and take.

    That is the job itself, or what it is an unchanged reproduction of: with changes it is a take that nobody
    else has. Raises `UnknownName`.
    """
    job = session.scalar(
        select(Job)
        .where(Job.id == job_id)
        .options(joinedload(Job.params), joinedload(Job.queue), joinedload(Job.take))
        .execution_options(populate_existing=True)
    )
    if job is None:
        raise UnknownName(f"There is no job {job_id}.", hint="`farm jobs` lists them.")
    if job.reproduces_job_id is None or _changed(job):
        return job
    return reproducible(session, job.reproduces_job_id)


def take_pair(session: Session, job_id: UUID) -> TakePair | None:
    """What a reproduction is to be compared with; None for a job that makes no other's take again."""
    job = session.get_one(Job, job_id)
    if job.reproduces_job_id is None:
        return None
    again = _made_take(session, job_id)
    if again is None:
        return None
    return TakePair(
        original=_made_take(session, job.reproduces_job_id),
        again=again,
        changed=_changed(job),
    )


def store_reproduction(session: Session, job_id: UUID, comparison: dict[str, Any]) -> None:
    """Keep what comparing came to, in the transaction that also ends the score step."""
    session.get_one(Job, job_id).reproduction = comparison
    session.flush()


def _changed(reproduction: Job) -> dict[str, Any]:
    return dict(reproduction.reproduction_changes or {})


def _made_take(session: Session, job_id: UUID) -> MadeTake | None:
    row = session.execute(
        select(Take, GenerationParams)
        .join(GenerationParams, GenerationParams.job_id == Take.job_id)
        .where(Take.job_id == job_id)
        # The engine writes in sessions of its own: read the rows anew.
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    take, params = row
    return MadeTake(
        job_id=job_id,
        master_path=take.master_path,
        pixel_sha256=take.pixel_sha256,
        recipe=dict(params.recipe),
        renderer_version=params.renderer_version,
        environment=dict(params.environment),
        file_hashes=dict(params.file_hashes),
        comfyui_workflow=dict(params.comfyui_workflow) if params.comfyui_workflow else None,
    )
