"""Endpoints: who is sent events, since when that fails, and what a person does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, func, insert, select, text, update

from db.events.outbox import wants
from models.errors import UnknownName
from models.events import EndpointView
from models.rows.events import DeliveryRow, EndpointRow
from models.rows.shows import Project

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

    from models.actors import Actor
    from models.events import NewEndpoint

# What it was sent before is due anew, under the same ids.
_REPLAY = text(f"""
INSERT INTO deliveries AS d (endpoint_id, event_id, subject)
SELECT p.id, e.id, COALESCE(e.job_id, e.project_id)
FROM endpoints p JOIN events e ON (p.job_id IS NULL OR p.job_id = e.root_job_id) AND {wants("p", "e")}
WHERE p.id = :endpoint_id AND e.id > :after AND (CAST(:since AS timestamptz) IS NULL OR e.at >= :since)
ON CONFLICT (endpoint_id, event_id) DO UPDATE
SET delivered_at = NULL, attempts = 0, next_at = now(), last_error = NULL
RETURNING 1
""")


def add_endpoint(session: Session, new: NewEndpoint, by: Actor) -> EndpointView:
    """Send events to an address from now on."""
    row = insert(EndpointRow).values(
        url=new.url,
        types=[each.value for each in new.types],
        project_id=new.project_id,
        job_id=new.job_id,
        task_id=new.task_id,
        secret=new.secret,
        created_by=by,
    )
    return endpoint(session, session.execute(row.returning(EndpointRow.id)).scalar_one())


def endpoint(session: Session, endpoint_id: UUID) -> EndpointView:
    """One endpoint; raises `UnknownName`."""
    row = session.execute(_query().where(EndpointRow.id == endpoint_id)).one_or_none()
    if row is None:
        raise UnknownName(f"There is no endpoint {endpoint_id}.", hint="`farm endpoints list` has them all.")
    return _view(row)


def endpoints(session: Session, job_id: UUID | None = None) -> tuple[EndpointView, ...]:
    """The endpoints that are there for good, the oldest first; with `job_id`, those of one order instead."""
    whose = EndpointRow.job_id.is_(None) if job_id is None else EndpointRow.job_id == job_id
    rows = session.execute(_query().where(whose).order_by(EndpointRow.created_at, EndpointRow.id))
    return tuple(map(_view, rows))


def unwell_endpoints(session: Session, at_most: int = 20) -> tuple[EndpointView, ...]:
    """Endpoints that are paused or failing, the newest trouble first."""
    since = func.coalesce(EndpointRow.paused_at, EndpointRow.failing_since)
    rows = session.execute(_query().where(since.is_not(None)).order_by(since.desc()).limit(at_most))
    return tuple(map(_view, rows))


def rotate_secret(session: Session, endpoint_id: UUID, secret: str, *, keep: timedelta) -> None:
    """Sign with `secret` from now on, and with the one before as well until `keep` has passed."""
    _change(
        session,
        endpoint_id,
        previous_secret=EndpointRow.secret,
        previous_secret_until=case((EndpointRow.secret.is_not(None), func.now() + keep)),
        secret=secret,
    )


def pause_endpoint(session: Session, endpoint_id: UUID, reason: str) -> None:
    """Send nothing until it is resumed; what happens meanwhile waits for it."""
    _change(session, endpoint_id, paused_at=func.now(), paused_reason=reason)


def resume_endpoint(session: Session, endpoint_id: UUID) -> None:
    """Send again, what waits first; nothing that failed before counts any more."""
    _change(session, endpoint_id, paused_at=None, paused_reason=None, failing_since=None, next_at=func.now())
    waiting = (DeliveryRow.endpoint_id == endpoint_id) & DeliveryRow.delivered_at.is_(None)
    session.execute(update(DeliveryRow).where(waiting).values(attempts=0, next_at=func.now()))


def remove_endpoint(session: Session, endpoint_id: UUID) -> None:
    """Forget it, with what was still to be sent to it."""
    session.execute(delete(EndpointRow).where(EndpointRow.id == endpoint_id))


def replay(session: Session, endpoint_id: UUID, *, after: int = 0, since: datetime | None = None) -> int:
    """Let events that are kept be due again: those numbered above `after` that happened `since`; how many."""
    values = {"endpoint_id": endpoint_id, "after": after, "since": since}
    return len(session.execute(_REPLAY, values).all())


def _change(session: Session, endpoint_id: UUID, **values: Any) -> None:
    session.execute(update(EndpointRow).where(EndpointRow.id == endpoint_id).values(**values))


def _query() -> Select[*tuple[Any, ...]]:
    """Everything that is shown of an endpoint, and of its secrets whether there are any."""
    shown = ("id", "url", "types", "job_id", "task_id", "previous_secret_until", "created_at", "created_by")
    state = ("failing_since", "last_error", "paused_at", "paused_reason")
    waiting = (DeliveryRow.endpoint_id == EndpointRow.id) & DeliveryRow.delivered_at.is_(None)
    return select(
        *(getattr(EndpointRow, name) for name in (*shown, *state)),
        EndpointRow.secret.is_not(None).label("is_signed"),
        Project.slug.label("project"),
        select(func.count()).where(waiting).scalar_subquery().label("waiting"),
    ).outerjoin(Project, Project.id == EndpointRow.project_id)


def _view(row: Row[*tuple[Any, ...]]) -> EndpointView:
    return EndpointView(**{**row._mapping, "types": tuple(row.types)})
