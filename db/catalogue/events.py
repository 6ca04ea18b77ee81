"""Events as they are read back: a page of them, and what a stream goes on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String, func, select, type_coerce

from db.catalogue.marks import read_mark, rows_of
from models.events import EventPage, EventView
from models.rows.events import EventRow
from models.rows.shows import Project

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

    from models.events import EventType


def events_after(
    session: Session, event_id: int, limit: int = 500, job_ids: Iterable[UUID] | None = None
) -> tuple[EventView, ...]:
    """The events numbered higher than `event_id`, the oldest first, at most `limit`; of these jobs, or of all.

    Whoever goes on from the last of them misses none: what is numbered later has a higher number.
    """
    query = _query().where(EventRow.id > event_id).order_by(EventRow.id).limit(rows_of(limit))
    if job_ids is not None:
        query = query.where(EventRow.job_id.in_(list(job_ids)))
    return tuple(map(_view, session.execute(query)))


def newest_event_id(session: Session) -> int:
    """The number of the newest event, from which a new stream goes on; 0 before there was any."""
    return session.scalar(select(func.max(EventRow.id))) or 0


def events(
    session: Session,
    *,
    types: Iterable[EventType] = (),
    job_id: UUID | None = None,
    project_id: UUID | None = None,
    after: str | None = None,
    limit: int = 50,
) -> EventPage:
    """A page of events, the oldest first; of one job (whatever take), of one project, of some types.

    `after` is the `next` of the page before, or the number of an event; None: the newest ones, and no more.
    Raises `BadInput` for another.
    """
    query = _query()
    wanted = [each.value for each in types]
    if wanted:
        query = query.where(EventRow.type.in_(wanted))
    if job_id is not None:
        query = query.where(EventRow.job_id == job_id)
    if project_id is not None:
        query = query.where(EventRow.project_id == project_id)
    limit = rows_of(limit)
    if after is None:
        newest = session.execute(query.order_by(EventRow.id.desc()).limit(limit)).all()
        return EventPage(items=tuple(map(_view, reversed(newest))))
    query = query.where(EventRow.id > read_mark(after)).order_by(EventRow.id)
    rows = session.execute(query.limit(limit + 1)).all()
    items = tuple(map(_view, rows[:limit]))
    return EventPage(items=items, next=str(items[-1].id) if len(rows) > limit else None)


def _query() -> Select[*tuple[Any, ...]]:
    # As text: a later release beside this one may write words that are not known here.
    word = type_coerce(EventRow.type, String).label("type")
    columns = (EventRow.id, EventRow.webhook_id, word, EventRow.job_id, EventRow.root_job_id)
    return select(*columns, EventRow.at, EventRow.facts, Project.slug.label("project")).outerjoin(
        Project, Project.id == EventRow.project_id
    )


def _view(row: Row[*tuple[Any, ...]]) -> EventView:
    return EventView(**row._mapping)
