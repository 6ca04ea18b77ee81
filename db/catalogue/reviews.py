"""Reviews of takes, the oldest first: all of one take's, or those of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from models.reviews import ReviewReason, ReviewView
from models.rows.reviews import Review

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy.orm import Session

    from models.actors import Actor
    from models.vocabulary import Verdict


def add_review(
    session: Session,
    job_id: UUID,
    *,
    by: Actor,
    verdict: Verdict,
    instead_of: Verdict,
    reasons: Iterable[ReviewReason] = (),
    note: str = "",
    frame: int | None = None,
) -> None:
    """Keep a decision beside those made before; call it under the gate's lock."""
    session.execute(
        insert(Review).values(
            job_id=job_id,
            decided_by=by,
            verdict=verdict,
            instead_of=instead_of,
            reasons=[reason.value for reason in reasons],
            note=note,
            frame=frame,
        )
    )


def reviews_of(session: Session, job_ids: Iterable[UUID]) -> dict[UUID, tuple[ReviewView, ...]]:
    """The reviews of each of these jobs, the oldest first; a job without one is left out."""
    rows = session.scalars(
        select(Review).where(Review.job_id.in_(list(job_ids))).order_by(Review.decided_at, Review.id)
    )
    by_job: dict[UUID, list[ReviewView]] = {}
    for row in rows:
        by_job.setdefault(row.job_id, []).append(_view(row))
    return {job_id: tuple(each) for job_id, each in by_job.items()}


def _view(row: Review) -> ReviewView:
    return ReviewView(
        job_id=row.job_id,
        by=row.decided_by,
        verdict=row.verdict,
        instead_of=row.instead_of,
        reasons=tuple(map(ReviewReason, row.reasons)),
        note=row.note,
        frame=row.frame,
        at=row.decided_at,
    )
