"""Reads jobs back for people: a page of them, one in full, and the facts of why one has not moved."""

from __future__ import annotations

import base64
import binascii
from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from sqlalchemy import String, literal_column, select, text, tuple_
from sqlalchemy.orm import joinedload, selectinload

from db.catalogue.marks import rows_of
from db.catalogue.reviews import reviews_of
from models.errors import BadInput, UnknownName
from models.jobs import AttemptView, JobDetail, JobPage, JobRow, QueueView
from models.metrics import Measurement
from models.rates import exact_rate
from models.recipe import Recipe
from models.rows.jobs import STATE, Attempt, Job, QueueRow
from models.rows.shows import Cut, Episode, Project, Scene
from models.rows.takes import QualityScores, Take
from models.shows import cut_path
from models.takes import ScoresView, TakeView
from models.vocabulary import JobState, Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.orm import Session

#: the columns that are fields of a `JobRow` under their own names
_OF_JOB = (
    "id",
    "project_id",
    "job_type",
    "phase",
    "verdict",
    "root_job_id",
    "parent_job_id",
    "take_number",
    "current_frame",
    "total_frames",
    "current_step",
    "total_steps",
    "reproduces_job_id",
    "requested_by",
    "created_at",
)
_OF_QUEUE = ("pool", "priority", "completed_at")
_SAME = (*_OF_JOB, *_OF_QUEUE, "project")

# The array is one of a subquery, because the planner weighs each of the ids that it sees.
_MOVED = """
SELECT q.job_id FROM render_queue q
WHERE q.job_id = ANY(ARRAY(SELECT unnest(CAST(:waiting AS uuid[]))))
  AND NOT (q.step = 'render' AND q.status = 'ready')
UNION ALL SELECT unnest(CAST(:begun AS uuid[]))
"""

#: as many as a farm could be asked to wait for
_MOST_UNDER_WAY = 1_000_000

# One short walk of the index for each state.
_UNDER_WAY = """
SELECT newest.job_id FROM unnest(CAST(:states AS varchar[])) AS wanted (state)
CROSS JOIN LATERAL (
    SELECT q.job_id, q.created_at FROM render_queue q
    WHERE {of_project} ({state}) = wanted.state AND q.step <> 'measure'
    ORDER BY q.created_at DESC, q.job_id DESC LIMIT :limit
) newest ORDER BY newest.created_at DESC, newest.job_id DESC LIMIT :limit
"""

View = TypeVar("View", QueueView, AttemptView, TakeView)


def find_job(session: Session, job_id: UUID) -> Job:
    """The job's row; raises `UnknownName`."""
    job = session.get(Job, job_id)
    if job is None:
        raise UnknownName(f"There is no job {job_id}.", hint="`farm jobs` lists them.")
    return job


def list_jobs(
    session: Session,
    *,
    project_id: UUID | None = None,
    phase: Phase | None = None,
    state: JobState | None = None,
    after: str | None = None,
    limit: int = 50,
) -> JobPage:
    """A page of jobs, newest first; `after` is the `next` of the page before; raises `BadInput` for another."""
    query = _rows()
    # Both tables hold project and place: the one that an index leads to is asked.
    listed: Any = QueueRow if state else Job
    place = (QueueRow.created_at, QueueRow.job_id) if state else (Job.created_at, Job.id)
    if project_id:
        query = query.where(listed.project_id == project_id)
    if phase:
        query = query.where(Job.phase == phase)
    if state:
        query = query.where(_is_in(state))
    if after:
        query = query.where(tuple_(*place) < tuple_(*_read_cursor(after)))
    limit = rows_of(limit)
    rows = session.execute(query.order_by(*(column.desc() for column in place)).limit(limit + 1)).all()
    items = tuple(_row(row) for row in rows[:limit])
    return JobPage(items=items, next=_cursor(items[-1]) if len(rows) > limit else None)


def job_rows(session: Session, job_ids: Sequence[UUID]) -> tuple[JobRow, ...]:
    """These jobs as a list shows them, in the order asked; ids nobody knows are left out."""
    by_id = {row.id: row for row in map(_row, session.execute(_rows().where(Job.id.in_(job_ids))))}
    return tuple(by_id[job_id] for job_id in job_ids if job_id in by_id)


def family_rows(session: Session, job_ids: Sequence[UUID]) -> tuple[JobRow, ...]:
    """These jobs and every other take of the same orders, in one statement; ids nobody knows are left out."""
    roots = select(Job.root_job_id).where(Job.id.in_(job_ids))
    query = _rows().where(Job.root_job_id.in_(roots)).order_by(Job.root_job_id, Job.take_number)
    return tuple(map(_row, session.execute(query)))


def moved_families(session: Session, waiting: Sequence[UUID], begun: Sequence[UUID]) -> tuple[JobRow, ...]:
    """The families of those `waiting` jobs that no longer wait for their render, and of all that had `begun`.

    Ten thousand that wait are looked up by their keys and cost nothing more.
    """
    roots = select(Job.root_job_id).where(
        Job.id.in_(text(_MOVED).bindparams(waiting=_listed(waiting), begun=_listed(begun)))
    )
    query = _rows().where(Job.root_job_id.in_(roots)).order_by(Job.root_job_id, Job.take_number)
    return tuple(map(_row, session.execute(query)))


def _listed(job_ids: Iterable[UUID]) -> str:
    """An array as Postgres reads it; the driver would adapt ten thousand ids one by one."""
    return "{" + ",".join(map(str, job_ids)) + "}"


def under_way(session: Session, project_id: UUID | None = None, *, limit: int | None = None) -> list[UUID]:
    """The jobs that are not over, the newest first; all of them without a `limit`."""
    states = [state.value for state in JobState if not state.is_over]
    of_project = "" if project_id is None else "q.project_id = :project_id AND"
    query = text(_UNDER_WAY.format(of_project=of_project, state=STATE.format("q.")))
    at_most = None if limit is None else rows_of(limit, _MOST_UNDER_WAY)
    values = {"states": states, "limit": at_most} | ({"project_id": project_id} if project_id else {})
    return list(session.execute(query, values).scalars())


def job_detail(session: Session, job_id: UUID) -> JobDetail:
    """One job in full, with its root's whole family; raises `UnknownName`."""
    job = session.scalar(
        select(Job)
        .where(Job.id == job_id)
        .options(
            joinedload(Job.params),
            joinedload(Job.queue),
            joinedload(Job.take),
            joinedload(Job.scores),
            selectinload(Job.attempts),
        )
        # The engine writes in sessions of its own: without this, a watcher would see the rows it read first.
        .execution_options(populate_existing=True)
    )
    if job is None:
        raise UnknownName(f"There is no job {job_id}.", hint="`farm jobs` lists them.")
    family = session.execute(_rows().where(Job.root_job_id == job.root_job_id).order_by(Job.take_number))
    rows = tuple(_row(row) for row in family)
    return JobDetail(
        row=next(row for row in rows if row.id == job_id),
        recipe=Recipe.from_json(job.params.recipe),
        renderer_version=job.params.renderer_version,
        environment=dict(job.params.environment),
        file_hashes=dict(job.params.file_hashes),
        order_data=dict(job.order_data),
        not_drawn=tuple(job.not_drawn),
        quality_thresholds=dict(job.quality_thresholds),
        retake_reason=dict(job.retake_reason) if job.retake_reason else None,
        max_retakes=job.max_retakes,
        queue=queue_view(job.queue),
        attempts=tuple(attempt_view(attempt) for attempt in job.attempts),
        take=take_view(job.take, job.params.recipe) if job.take else None,
        scores=scores_view(job.scores) if job.scores else None,
        family=rows,
        reviews=reviews_of(session, [job_id]).get(job_id, ()),
        reproduction_changes=job.reproduction_changes,
        reproduction=dict(job.reproduction) if job.reproduction else None,
        fingerprint=job.params.fingerprint,
        environment_sha256=job.params.environment_sha256,
    )


def _seen(kind: type[View], row: object) -> View:
    """The value of that kind, its fields read from the row's columns of the same names."""
    return kind(**{field.name: getattr(row, field.name) for field in fields(kind)})


def queue_view(row: QueueRow) -> QueueView:
    return _seen(QueueView, row)


def attempt_view(row: Attempt) -> AttemptView:
    return _seen(AttemptView, row)


def take_view(row: Take, recipe: Mapping[str, Any]) -> TakeView:
    return replace(_seen(TakeView, row), fps=exact_rate(row.fps, recipe.get("fps")))


def scores_view(row: QualityScores) -> ScoresView:
    return ScoresView(
        profile=row.profile,
        phase=row.phase,
        verdict=row.verdict,
        blocking=tuple(row.blocking),
        not_measured=tuple(row.not_measured),
        thresholds_used=dict(row.thresholds_used),
        measurements=tuple(Measurement.from_json(each) for each in row.measurements),
        evaluated_at=row.evaluated_at,
    )


def _rows() -> Select[*tuple[Any, ...]]:
    """Everything a list shows of a job, in one statement; rows in full would be ten times as long."""
    return (
        select(
            *(getattr(Job, name) for name in _OF_JOB),
            *(getattr(QueueRow, name) for name in _OF_QUEUE),
            Project.slug.label("project"),
            QualityScores.blocking,
            Episode.episode_number,
            Scene.scene_number,
            Cut.cut_number,
            QueueRow.step,
            QueueRow.status,
            QueueRow.error_kind,
        )
        .join(QueueRow, QueueRow.job_id == Job.id)
        .join(Project, Project.id == Job.project_id)
        .outerjoin(QualityScores, QualityScores.job_id == Job.id)
        .outerjoin(Cut, Cut.id == Job.cut_id)
        .outerjoin(Scene, Scene.id == Cut.scene_id)
        .outerjoin(Episode, Episode.id == Scene.episode_id)
    )


def _is_in(state: JobState) -> ColumnElement[bool]:
    """As the index has it."""
    return literal_column(f"({STATE.format('render_queue.')})", String) == state.value


def _row(columns: Row[*tuple[Any, ...]]) -> JobRow:
    *same, blocking, episode, scene, cut, step, status, error_kind = columns
    return JobRow(
        **dict(zip(_SAME, same, strict=True)),
        cut=None if cut is None else cut_path(episode, scene, cut),
        state=JobState.of(step, status, error_kind),
        blocking=tuple(blocking or ()),
    )


def _cursor(row: JobRow) -> str:
    return base64.urlsafe_b64encode(f"{row.created_at.isoformat()} {row.id}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        created_at, job_id = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
        return datetime.fromisoformat(created_at), UUID(job_id)
    except (binascii.Error, ValueError) as error:
        raise BadInput(
            f"The page mark '{cursor}' cannot be read.", hint="Use `next` of the page before, unchanged."
        ) from error
