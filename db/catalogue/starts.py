"""Which finished stills of a cut a loop or a video may start from, and where their masters lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from models.rows.jobs import Job
from models.rows.takes import Take
from models.vocabulary import PASSING, JobType

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class PassingStill:
    """A take of a cut that passed."""

    job_id: UUID
    #: relative to the artifact store
    master_path: str
    file_sha256: str


def passing_stills(session: Session, cut_id: UUID) -> list[PassingStill]:
    """Every still image of a cut that passed or was approved, the oldest first; reproductions left out."""
    rows = session.execute(
        select(Job.id, Take.master_path, Take.file_sha256)
        .join(Take, Take.job_id == Job.id)
        .where(Job.cut_id == cut_id, Job.job_type == JobType.STILL_IMAGE, Job.verdict.in_(PASSING))
        .where(Job.reproduces_job_id.is_(None))
        .order_by(Job.created_at, Job.id)
    )
    return [PassingStill(job_id=job_id, master_path=path, file_sha256=sha256) for job_id, path, sha256 in rows]
