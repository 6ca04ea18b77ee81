"""Takes of a project with what was measured of them and what a person said: what calibration learns from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from db.catalogue.reviews import reviews_of
from models.metrics import Measurement
from models.rows.jobs import Job
from models.rows.shows import Cut, Episode, Scene
from models.rows.takes import QualityScores
from models.shows import cut_path

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from models.reviews import ReviewView
    from models.vocabulary import Phase, Verdict

#: rows fetched together; each holds the curves of all its metrics
_AT_A_TIME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedTake:
    """One measured and judged take."""

    job_id: UUID
    root_job_id: UUID
    cut: str | None
    take_number: int
    phase: Phase
    verdict: Verdict
    #: the order's own limits
    quality_thresholds: dict[str, float]
    #: without their detail: the curves of thousands of takes would fill the memory
    measurements: tuple[Measurement, ...]
    evaluated_at: datetime
    #: what was decided about it in the gate's place, the oldest first
    reviews: tuple[ReviewView, ...]

    @property
    def unit(self) -> str:
        """The cut, or the root job: takes of one unit resemble one another."""
        return self.cut or str(self.root_job_id)


def judged_takes(session: Session, project_id: UUID, phase: Phase) -> tuple[JudgedTake, ...]:
    """Every take of a project's phase that was measured and judged, oldest first; reproductions left out."""
    query = (
        select(Job, QualityScores, Episode.episode_number, Scene.scene_number, Cut.cut_number)
        .join(QualityScores, QualityScores.job_id == Job.id)
        .outerjoin(Cut, Cut.id == Job.cut_id)
        .outerjoin(Scene, Scene.id == Cut.scene_id)
        .outerjoin(Episode, Episode.id == Scene.episode_id)
        .where(Job.project_id == project_id, Job.phase == phase, Job.verdict.is_not(None))
        .where(Job.reproduces_job_id.is_(None))
        .order_by(Job.created_at, Job.id)
        .execution_options(populate_existing=True, yield_per=_AT_A_TIME)
    )
    of_this_phase = select(Job.id).where(Job.project_id == project_id, Job.phase == phase)
    reviewed = reviews_of(session, session.scalars(of_this_phase))
    return tuple(
        _take(row, reviewed.get(row[0].id, ())) for row in session.execute(query) if row[0].verdict is not None
    )


def _take(columns: Row[*tuple[Any, ...]], reviews: tuple[ReviewView, ...]) -> JudgedTake:
    job, scores, episode, scene, cut = columns
    return JudgedTake(
        job_id=job.id,
        root_job_id=job.root_job_id,
        cut=None if cut is None else cut_path(episode, scene, cut),
        take_number=job.take_number,
        phase=job.phase,
        verdict=job.verdict,
        quality_thresholds=dict(job.quality_thresholds),
        measurements=tuple(_bare(each) for each in scores.measurements),
        evaluated_at=scores.evaluated_at,
        reviews=reviews,
    )


def _bare(stored: dict[str, Any]) -> Measurement:
    return replace(Measurement.from_json(stored), detail={})
