"""How far each reader of the farm's own has come among the events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from models.rows.events import EventMarkRow, EventRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def mark_of(session: Session, reader: str) -> int:
    """The number of the last event that a reader has dealt with; a new one begins with what comes next."""
    newest = select(func.coalesce(func.max(EventRow.id), 0)).scalar_subquery()
    new = insert(EventMarkRow).values(reader=reader, event_id=newest)
    session.execute(new.on_conflict_do_nothing(index_elements=["reader"]))
    return session.scalars(select(EventMarkRow.event_id).filter_by(reader=reader)).one()


def set_mark(session: Session, reader: str, event_id: int) -> None:
    """The reader has dealt with everything up to this event; a mark never goes back."""
    row = insert(EventMarkRow).values(reader=reader, event_id=event_id)
    later = EventMarkRow.event_id < row.excluded.event_id
    session.execute(
        row.on_conflict_do_update(
            index_elements=["reader"], set_={"event_id": row.excluded.event_id}, where=later
        )
    )
