"""The audit: written in the transaction of each change, read by the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from db.catalogue.marks import read_mark, rows_of
from models.access import AuditEntry, AuditPage, Caller, Change
from models.rows.audit import AuditRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def note_change(session: Session, change: Change, caller: Caller) -> None:
    """Keep what was changed; it stands if the change does."""
    session.execute(
        insert(AuditRow).values(
            by=change.by or caller.actor,
            action=change.action,
            subject=change.subject,
            why=change.why,
            before=change.before,
            after=change.after,
            project=change.project,
            door=caller.door,
            address=caller.address,
            key_prefix=caller.key_prefix,
        )
    )


def audit(
    session: Session,
    *,
    project: str | None = None,
    subject: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> AuditPage:
    """A page of changes, the newest first; `after` is the `next` of the page before; raises `BadInput`."""
    limit = rows_of(limit)
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit + 1)
    if project is not None:
        query = query.where(AuditRow.project == project)
    if subject is not None:
        query = query.where(AuditRow.subject == subject)
    if after is not None:
        query = query.where(AuditRow.id < read_mark(after))
    rows = list(session.scalars(query))
    items = tuple(_entry(row) for row in rows[:limit])
    return AuditPage(items=items, next=str(items[-1].id) if len(rows) > limit else None)


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        by=row.by,
        action=row.action,
        subject=row.subject,
        why=row.why,
        before=row.before,
        after=row.after,
        project=row.project,
        door=row.door,
        address=row.address,
        key_prefix=row.key_prefix,
    )
