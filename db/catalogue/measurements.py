"""Questions about pictures: asked into the queue, answered in the transaction that ends their step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import select, text

from models import measuring
from models.access import Caller
from models.errors import UnknownName
from models.measuring import MeasurementView
from models.plain import storable
from models.rows.jobs import QueueRow
from models.rows.measurements import MeasurementRow
from models.rows.shows import Project
from models.vocabulary import Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from sqlalchemy.orm import Session

    from models.measuring import NewMeasurement, Question

# What was asked so long ago is of no use to anybody: what came of it stands elsewhere, or was read.
_FORGET = text("""
DELETE FROM render_queue q USING measurements m
WHERE q.job_id = m.id AND q.completed_at < now() - CAST(:older_than AS interval)
  AND q.status IN ('completed', 'failed', 'cancelled')
""")


def ask(session: Session, new: NewMeasurement) -> UUID:
    """Put a question into the queue; wake score workers after the commit."""
    measurement_id = uuid4()
    session.add(
        QueueRow(
            job_id=measurement_id,
            project_id=new.project_id,
            step=Step.MEASURE,
            pool=Step.MEASURE.value,
            networks=sorted(new.networks),
        )
    )
    session.flush()
    session.add(
        MeasurementRow(
            id=measurement_id,
            kind=measuring.kind_of(new.question),
            subject=storable(new.subject),
            request=storable(measuring.to_json(new.question)),
            asked_by=new.asked_by.actor,
            door=new.asked_by.door,
            address=new.asked_by.address,
            key_prefix=new.asked_by.key_prefix,
        )
    )
    session.flush()
    return measurement_id


def measurement(session: Session, measurement_id: UUID) -> MeasurementView:
    """One question and how it stands; raises `UnknownName`."""
    asked = session.execute(
        select(MeasurementRow, QueueRow, Project.slug)
        .join(QueueRow, QueueRow.job_id == MeasurementRow.id)
        .outerjoin(Project, Project.id == QueueRow.project_id)
        .where(MeasurementRow.id == measurement_id)
    ).one_or_none()
    if asked is None:
        raise _unknown(measurement_id)
    row, queue, project = asked
    return MeasurementView(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        project=project,
        asked_by=row.asked_by,
        status=queue.status,
        answer=row.answer,
        error=row.error,
        error_kind=queue.error_kind,
        error_message=queue.error_message,
        held_for=queue.held_for,
        retry_count=queue.retry_count,
        worker_id=queue.worker_id,
        asked_at=queue.queued_at,
        completed_at=queue.completed_at,
    )


def question(session: Session, measurement_id: UUID) -> tuple[Question, Caller]:
    """What was asked, and on whose behalf; raises `UnknownName`, and `ValueError` for a damaged question."""
    row = session.get(MeasurementRow, measurement_id)
    if row is None:
        raise _unknown(measurement_id)
    asked_by = Caller(actor=row.asked_by, door=row.door, address=row.address, key_prefix=row.key_prefix)
    return measuring.from_json(row.kind, row.request), asked_by


def store_answer(
    session: Session,
    measurement_id: UUID,
    answer: Mapping[str, Any] | None,
    error: Mapping[str, str] | None = None,
) -> None:
    """Keep the answer, or the refusal that is one, in the transaction that also ends the step."""
    row = session.get_one(MeasurementRow, measurement_id)
    row.answer = None if answer is None else storable(dict(answer))
    row.error = None if error is None else storable(dict(error))
    session.flush()


def forget_measurements(session: Session, *, older_than: timedelta) -> None:
    """Remove questions that have been over for so long."""
    session.execute(_FORGET, {"older_than": older_than})


def _unknown(measurement_id: UUID) -> UnknownName:
    return UnknownName(f"There is no measurement {measurement_id}.", hint="Ask again: old ones are forgotten.")
