"""A project's own profiles: kept under their names with their evidence, and chosen by a named person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from models.rows.jobs import Job
from models.rows.shows import Project
from models.shows import ProfileChoice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.orm import Session

    from models.vocabulary import Phase


def keep_profile(session: Session, project_id: UUID, name: str, profile: Mapping[str, Any]) -> bool:
    """Store a project's own profile under a new name; False when the name is taken."""
    project = _locked(session, project_id)
    own = project.defaults.profiles
    if name in own:
        return False
    project.defaults = replace(project.defaults, profiles={**own, name: dict(profile)})
    session.flush()
    return True


def choose_profile(session: Session, project_id: UUID, name: str, *, by: str) -> None:
    """Judge the project's next orders by this profile; the name is not looked up here."""
    project = _locked(session, project_id)
    before = project.defaults
    of_file = before.profile_choice.instead_of if before.profile_choice else before.profile
    choice = ProfileChoice(by=by, instead_of=of_file)
    project.defaults = replace(before, profile=name, profile_choice=choice)
    session.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBy:
    """By which profile a job's take is judged, and in which phase."""

    profile: str
    #: the project's own profiles by name, as stored in its defaults
    own: dict[str, Any]
    phase: Phase


def judged_by(session: Session, job_id: UUID) -> JudgedBy | None:
    """What judges a job's take; None where there is no such job."""
    job = session.execute(
        select(Job.profile, Job.phase, Project.defaults)
        .join(Project, Project.id == Job.project_id)
        .where(Job.id == job_id)
    ).one_or_none()
    return None if job is None else JudgedBy(profile=job.profile, own=job.defaults.profiles, phase=job.phase)


def _locked(session: Session, project_id: UUID) -> Project:
    return session.scalars(
        select(Project)
        .where(Project.id == project_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
