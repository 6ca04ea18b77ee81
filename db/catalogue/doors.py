"""The doors between phases: the lock around them, how they stand, and the takes that decide about them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import joinedload

from db.catalogue.takes import weighed
from models.actors import GATE
from models.errors import Busy
from models.rows.doors import PhaseDoor
from models.rows.jobs import Job, QueueRow
from models.rows.shows import Cut, Episode, Scene
from models.rows.takes import QualityScores, Take
from models.shows import DoorView, cut_path
from models.takes import RootResult, TakeResult
from models.vocabulary import PASSING, Phase, QueueStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from models.actors import Actor

#: of a person or a gate, while another gate is judging: that takes milliseconds
_PATIENCE = timedelta(seconds=5)
#: SQLSTATE
_LOCK_NOT_AVAILABLE = "55P03"
_TERMINAL = tuple(status for status in QueueStatus if status.is_terminal)


def lock_gate(session: Session, project_id: UUID, phase: Phase, patience: timedelta = _PATIENCE) -> None:
    """Wait until no other transaction judges this project's phase; held until the commit.

    Raises:
        Busy: another one has been at it for longer than `patience`; this transaction is over.
    """
    before = session.execute(text("SHOW lock_timeout")).scalar_one()
    limit = text("SELECT set_config('lock_timeout', :limit, true)")
    session.execute(limit, {"limit": f"{patience // timedelta(milliseconds=1)}ms"})
    try:
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
            {"name": f"farm gate {project_id} {phase.value}"},
        )
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise Busy(
            f"Somebody else is judging the phase {phase.value} just now.", hint="Try again in a few seconds."
        ) from error
    session.execute(limit, {"limit": before})


def doors(session: Session, project_id: UUID) -> dict[Phase, DoorView]:
    """Every door somebody or the gate has decided about; a phase without one is as it was at the beginning."""
    rows = session.scalars(
        select(PhaseDoor).where(PhaseDoor.project_id == project_id).execution_options(populate_existing=True)
    )
    return {row.phase: _door_view(row) for row in rows}


def is_open(session: Session, project_id: UUID, phase: Phase) -> bool:
    """Whether orders for a phase are accepted: the first is open until closed, the others the reverse."""
    is_open = session.scalar(
        select(PhaseDoor.is_open).where(PhaseDoor.project_id == project_id, PhaseDoor.phase == phase)
    )
    return phase.before is None if is_open is None else is_open


def latch_open(session: Session, project_id: UUID, phase: Phase, evidence: dict[str, Any]) -> bool:
    """Open a door nobody decided about yet; False when it has been decided, by whomever."""
    opened = session.scalar(
        upsert(PhaseDoor)
        .values(project_id=project_id, phase=phase, is_open=True, evidence=evidence, decided_by=GATE)
        .on_conflict_do_nothing(index_elements=["project_id", "phase"])
        .returning(PhaseDoor.id)
    )
    return opened is not None


def set_door(
    session: Session, project_id: UUID, phase: Phase, *, is_open: bool, evidence: dict[str, Any], by: Actor
) -> None:
    """A person's decision about a door, whatever was decided before."""
    changed = {"is_open": is_open, "evidence": evidence, "decided_by": by, "decided_at": func.now()}
    session.execute(
        upsert(PhaseDoor)
        .values(project_id=project_id, phase=phase, **changed)
        .on_conflict_do_update(index_elements=["project_id", "phase"], set_=changed)
    )


def tally(session: Session, project_id: UUID, phase: Phase) -> tuple[int, int]:
    """How many root jobs of a phase count, and how many of them have a passing take: cheap, for every gate.

    A reproduction proves that a take can be made again; it is no order of its own, here and in `roots`.
    """
    counting = (
        select(Job.id)
        .join(QueueRow, QueueRow.job_id == Job.id)
        .where(
            Job.project_id == project_id,
            Job.phase == phase,
            Job.root_job_id == Job.id,
            Job.reproduces_job_id.is_(None),
            QueueRow.status != QueueStatus.CANCELLED,
        )
        .cte("counting")
    )
    ordered = select(func.count()).select_from(counting).scalar_subquery()
    passed = (
        select(func.count(Job.root_job_id.distinct()))
        .where(Job.root_job_id.in_(select(counting.c.id)), Job.verdict.in_(PASSING))
        .scalar_subquery()
    )
    counts = session.execute(select(ordered, passed)).one()
    return int(counts[0]), int(counts[1])


def roots(
    session: Session, project_id: UUID, phase: Phase, job_ids: Iterable[UUID] | None = None
) -> list[RootResult]:
    """Every root job of a phase with all its takes, oldest first; only the families of `job_ids` when given."""
    query = (
        select(Job, QueueRow, QualityScores, Take, Episode.episode_number, Scene.scene_number, Cut.cut_number)
        .join(QueueRow, QueueRow.job_id == Job.id)
        .outerjoin(QualityScores, QualityScores.job_id == Job.id)
        .outerjoin(Take, Take.job_id == Job.id)
        .outerjoin(Cut, Cut.id == Job.cut_id)
        .outerjoin(Scene, Scene.id == Cut.scene_id)
        .outerjoin(Episode, Episode.id == Scene.episode_id)
        .where(Job.project_id == project_id, Job.phase == phase, Job.reproduces_job_id.is_(None))
        .order_by(Job.created_at, Job.root_job_id, Job.take_number)
        .execution_options(populate_existing=True)
    )
    if job_ids is not None:
        families = select(Job.root_job_id).where(Job.id.in_(list(job_ids)))
        query = query.where(Job.root_job_id.in_(families))
    grouped: dict[UUID, list[Row[*tuple[Any, ...]]]] = {}
    for row in session.execute(query):
        grouped.setdefault(row[0].root_job_id, []).append(row)
    return [_root_result(root_id, family) for root_id, family in grouped.items()]


def job_for_gate(session: Session, job_id: UUID) -> Job:
    """The job with its recipe, queue row and scores, read afresh; raises `NoResultFound`."""
    return session.scalars(
        select(Job)
        .where(Job.id == job_id)
        .options(joinedload(Job.params), joinedload(Job.queue), joinedload(Job.scores))
        .execution_options(populate_existing=True)
    ).one()


def _root_result(root_id: UUID, family: list[Row[*tuple[Any, ...]]]) -> RootResult:
    by_take = sorted(family, key=lambda row: row[0].take_number)
    root, last = by_take[0], by_take[-1]
    episode, scene, cut = root[4:]
    return RootResult(
        job_id=root_id,
        cut=None if cut is None else cut_path(episode, scene, cut),
        cancelled=root[0].id == root_id and root[1].status == QueueStatus.CANCELLED,
        finished=all(row[1].status in _TERMINAL for row in family),
        takes=tuple(TakeResult(**weighed(row[0], row[2], row[3])) for row in by_take),
        error=last[1].error_message if last[1].status == QueueStatus.FAILED else None,
    )


def _door_view(row: PhaseDoor) -> DoorView:
    return DoorView(
        phase=row.phase,
        is_open=row.is_open,
        evidence=dict(row.evidence),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
