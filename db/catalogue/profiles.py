"""A project's own profiles: kept under their names with their evidence, and chosen by a named person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from models.rows.jobs import Job, QueueRow
from models.rows.shows import Project
from models.vocabulary import Phase, QueueStatus, Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.orm import Session

CHOICE = "profile_choice"
"""Beside a project's `profile`: who chose it, and what the show's file said instead (`by`, `instead_of`)."""

EVIDENCE = "calibration"
"""Beside a profile's marks: how they were found; profiles of the show's file have none."""


def keep_profile(session: Session, project_id: UUID, name: str, data: Mapping[str, Any]) -> bool:
    """Store a project's own profile under a new name; False when the name is taken."""
    project = _locked(session, project_id)
    own = project.defaults.get("profiles", {})
    if name in own:
        return False
    project.defaults = {**project.defaults, "profiles": {**own, name: dict(data)}}
    session.flush()
    return True


def choose_profile(session: Session, project_id: UUID, name: str, *, by: str) -> None:
    """Judge the project's next orders by this profile; the name is not looked up here."""
    project = _locked(session, project_id)
    before = project.defaults
    of_file = before[CHOICE]["instead_of"] if CHOICE in before else before.get("profile")
    project.defaults = {**before, "profile": name, CHOICE: {"by": by, "instead_of": of_file}}
    session.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBy:
    """By which profile a job's take is judged, and in which phase."""

    profile: str
    #: the project's own profiles by name, as stored in its defaults
    own: dict[str, Any]
    phase: Phase
    #: one more failure ends the job
    is_last_try: bool = False


def judged_by(session: Session, job_id: UUID) -> JudgedBy | None:
    """What judges a job that waits to be scored; None when it does not wait for that."""
    found = session.execute(
        select(Job.profile, Job.phase, Project.defaults, QueueRow.retry_count, QueueRow.max_retries)
        .join(Project, Project.id == Job.project_id)
        .join(QueueRow, QueueRow.job_id == Job.id)
        .where(Job.id == job_id, QueueRow.step == Step.SCORE, QueueRow.status == QueueStatus.READY)
    ).one_or_none()
    if found is None:
        return None
    return JudgedBy(
        profile=found.profile,
        own=dict(found.defaults.get("profiles", {})),
        phase=found.phase,
        is_last_try=0 < found.max_retries <= found.retry_count,
    )


def with_decisions(before: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """A show file's defaults, with the calibrated profiles it lacks and with the choice of one.

    The choice stands while the file says what it said when the choice was made.
    """
    own = told.get("profiles", {})
    calibrated = {
        name: data
        for name, data in before.get("profiles", {}).items()
        if isinstance(data, dict) and EVIDENCE in data and name not in own
    }
    kept = {**told, **({"profiles": {**calibrated, **own}} if calibrated or "profiles" in told else {})}
    if CHOICE in before and told.get("profile") == before[CHOICE]["instead_of"]:
        kept |= {name: before[name] for name in ("profile", CHOICE)}
    return kept


def _locked(session: Session, project_id: UUID) -> Project:
    return session.scalars(
        select(Project)
        .where(Project.id == project_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
