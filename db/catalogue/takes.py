"""Takes as facts to choose among: how each was judged, and where its master lies; `farm.judging` chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from db.catalogue.jobs import scores_view
from models.rows.jobs import Job
from models.rows.takes import QualityScores, Take
from models.takes import CutTake
from models.vocabulary import PASSING, JobType, Verdict

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session


def passing_stills(session: Session, cut_id: UUID) -> list[CutTake]:
    """Every still image of a cut that passed or was approved, the oldest first; reproductions left out."""
    return _takes(session, Job.cut_id == cut_id, Job.job_type == JobType.STILL_IMAGE, Job.verdict.in_(PASSING))


def takes_to_join(session: Session, cut_id: UUID) -> list[CutTake]:
    """Every take of a cut that another may be continuous with, the oldest first: nobody refused it.

    Reproductions and character sheets are left out.
    """
    is_refused = Job.verdict.in_([Verdict.RETAKE, Verdict.REJECTED])
    return _takes(
        session,
        Job.cut_id == cut_id,
        Job.job_type != JobType.CHARACTER_SHEET,
        Job.verdict.is_(None) | ~is_refused,
    )


def weighed(job: Job, scores: QualityScores | None) -> dict[str, Any]:
    """The fields of `TakeResult`."""
    seen = scores_view(scores) if scores else None
    return {
        "job_id": job.id,
        "take_number": job.take_number,
        "verdict": job.verdict,
        "blocking": seen.blocking if seen else (),
        "not_measured": seen.not_measured if seen else (),
        "values": seen.values if seen else {},
        "limits": seen.limits if seen else {},
    }


def _takes(session: Session, *conditions: ColumnElement[bool]) -> list[CutTake]:
    rows = session.execute(
        select(Job, QualityScores, Take)
        .join(Take, Take.job_id == Job.id)
        .outerjoin(QualityScores, QualityScores.job_id == Job.id)
        .where(Job.reproduces_job_id.is_(None), *conditions)
        .order_by(Job.created_at, Job.id)
        .execution_options(populate_existing=True)
    )
    return [
        CutTake(
            **weighed(job, scores),
            phase=job.phase,
            width=take.width,
            height=take.height,
            master_path=take.master_path,
            file_sha256=take.file_sha256,
        )
        for job, scores, take in rows
    ]
