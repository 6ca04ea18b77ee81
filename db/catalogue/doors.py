"""The doors between phases: the lock around them, and how they stand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import joinedload

from models.actors import GATE
from models.errors import Busy
from models.rows.doors import PhaseDoor
from models.rows.jobs import Job
from models.shows import DoorView
from models.vocabulary import Phase

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from models.actors import Actor

#: of a person or a gate, while another gate is judging: that takes milliseconds
_PATIENCE = timedelta(seconds=5)
#: SQLSTATE
_LOCK_NOT_AVAILABLE = "55P03"


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


def is_decided(session: Session, project_id: UUID, phase: Phase) -> bool:
    """Whether anybody, or the gate, has decided about a door; asked by every gate, so without the evidence."""
    wanted = select(PhaseDoor.id).where(PhaseDoor.project_id == project_id, PhaseDoor.phase == phase)
    return session.scalar(wanted) is not None


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


def job_for_gate(session: Session, job_id: UUID) -> Job:
    """The job with its recipe, queue row and scores, read afresh; raises `NoResultFound`."""
    return session.scalars(
        select(Job)
        .where(Job.id == job_id)
        .options(joinedload(Job.params), joinedload(Job.queue), joinedload(Job.scores))
        .execution_options(populate_existing=True)
    ).one()


def _door_view(row: PhaseDoor) -> DoorView:
    return DoorView(
        phase=row.phase,
        is_open=row.is_open,
        evidence=dict(row.evidence),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
