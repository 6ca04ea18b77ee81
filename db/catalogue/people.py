"""People who log in, and their sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from models.access import PersonView, Scope
from models.rows.access import LoginRow, PersonRow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

    from models.actors import Actor


@dataclass(frozen=True, slots=True)
class StoredPerson:
    """A person, and what is kept of their password."""

    view: PersonView
    password_hash: str


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that goes on, and what is kept of the token that changes bring along."""

    person: PersonView
    csrf_sha256: str


def insert_person(
    session: Session, name: str, *, password_hash: str, scopes: Iterable[Scope], by: Actor
) -> PersonView | None:
    """Keep a person; None where the name is taken."""
    values = {"name": name, "password_hash": password_hash, "scopes": sorted(scopes), "created_by": by}
    row = session.scalar(insert(PersonRow).values(values).on_conflict_do_nothing().returning(PersonRow))
    return None if row is None else _view(row)


def find_person(session: Session, name: str) -> StoredPerson | None:
    """The person of this name, in capitals or not; disabled ones too."""
    row = session.scalars(select(PersonRow).where(func.lower(PersonRow.name) == name.lower())).first()
    return None if row is None else StoredPerson(_view(row), row.password_hash)


def list_people(session: Session) -> tuple[PersonView, ...]:
    """Everybody, by name."""
    return tuple(_view(row) for row in session.scalars(select(PersonRow).order_by(PersonRow.name)))


def disable_person(session: Session, name: str) -> PersonView | None:
    """Let a person in no more, and end their sessions; None where that was so, or nobody bears the name."""
    row = session.scalar(
        update(PersonRow)
        .where(PersonRow.name == name, PersonRow.disabled_at.is_(None))
        .values(disabled_at=func.now())
        .returning(PersonRow)
    )
    if row is None:
        return None
    session.execute(delete(LoginRow).where(LoginRow.person_id == row.id))
    return _view(row)


def begin_session(
    session: Session, name: str, *, token_sha256: str, csrf_sha256: str, lasts: timedelta
) -> datetime:
    """Keep a session of somebody; when it expires."""
    person = select(PersonRow.id).where(PersonRow.name == name).scalar_subquery()
    values = {"person_id": person, "token_sha256": token_sha256, "csrf_sha256": csrf_sha256}
    begun = insert(LoginRow).values(**values, expires_at=func.now() + lasts)
    return session.scalars(begun.returning(LoginRow.expires_at)).one()


def open_session(session: Session, token_sha256: str) -> OpenSession | None:
    """The session of this token; None where it was ended or has expired, or its person is let in no more."""
    row = session.execute(
        select(PersonRow, LoginRow.csrf_sha256)
        .join(LoginRow, LoginRow.person_id == PersonRow.id)
        .where(
            LoginRow.token_sha256 == token_sha256,
            LoginRow.expires_at > func.now(),
            PersonRow.disabled_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else OpenSession(_view(row[0]), row[1])


def end_session(session: Session, token_sha256: str) -> None:
    """End a session, if there is one."""
    session.execute(delete(LoginRow).where(LoginRow.token_sha256 == token_sha256))


def forget_sessions(session: Session) -> None:
    """Remove those that have expired."""
    session.execute(delete(LoginRow).where(LoginRow.expires_at <= func.now()))


def _view(row: PersonRow) -> PersonView:
    return PersonView(
        name=row.name,
        scopes=frozenset(map(Scope, row.scopes)),
        created_at=row.created_at,
        created_by=row.created_by,
        disabled_at=row.disabled_at,
    )
