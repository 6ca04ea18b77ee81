"""Keys as they are kept, and what was spent with one since midnight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from models.access import Caps, KeyView, Scope
from models.rows.access import ApiKeyRow

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

    from models.actors import Actor

# What the gate orders again is no order of the key's, though it costs its GPU time.
_JOBS_TODAY = text("""
SELECT count(*) FROM jobs
WHERE key_prefix = :prefix AND created_at >= date_trunc('day', now(), 'UTC') AND requested_by <> 'gate'
""")

# No attempt lasts for a day: those from before yesterday are over, and the index need not be asked for them.
_GPU_SECONDS_TODAY = text("""
SELECT coalesce(sum(extract(epoch FROM coalesce(a.ended_at, now()) - greatest(a.started_at, today.began))), 0)
FROM (SELECT date_trunc('day', now(), 'UTC') AS began) today
JOIN attempts a ON a.started_at >= today.began - interval '1 day'
JOIN jobs j ON j.id = a.job_id
WHERE j.key_prefix = :prefix AND a.step <> 'gate' AND coalesce(a.ended_at, now()) > today.began
""")

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('spending of ' || :prefix, 0))")

_USED = text("""
UPDATE api_keys SET last_used_at = now()
WHERE prefix = :prefix AND (last_used_at < now() - interval '1 minute') IS NOT FALSE
""")


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as it is kept; `now` is the database's time at which it was read."""

    view: KeyView
    sha256: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """What is kept of a key that was just made."""

    name: str
    prefix: str
    key_sha256: str
    actor: Actor
    scopes: frozenset[Scope]
    caps: Caps
    #: None: it never expires
    expires_in: timedelta | None
    bound_address: str | None
    created_by: Actor


def insert_key(session: Session, new: NewApiKey) -> KeyView | None:
    """Keep a key; None where its address is another key's already."""
    row = session.scalar(
        insert(ApiKeyRow)
        .values(
            name=new.name,
            prefix=new.prefix,
            key_sha256=new.key_sha256,
            actor=new.actor,
            scopes=sorted(new.scopes),
            jobs_per_day=new.caps.jobs_per_day,
            gpu_seconds_per_day=new.caps.gpu_seconds_per_day,
            bound_address=new.bound_address,
            created_by=new.created_by,
            expires_at=None if new.expires_in is None else func.now() + new.expires_in,
        )
        .on_conflict_do_nothing()
        .returning(ApiKeyRow)
    )
    return None if row is None else _view(row)


def key_by_prefix(session: Session, prefix: str) -> StoredKey | None:
    """The key of this prefix, revoked and expired ones too."""
    return _stored(session, ApiKeyRow.prefix == prefix)


def key_bound_to(session: Session, address: str) -> StoredKey | None:
    """The key whose caller needs not show it from this address; a revoked one is bound to nothing."""
    return _stored(session, (ApiKeyRow.bound_address == address) & ApiKeyRow.revoked_at.is_(None))


def list_keys(session: Session) -> tuple[KeyView, ...]:
    """Every key ever made, the newest first."""
    rows = session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created_at.desc(), ApiKeyRow.prefix))
    return tuple(_view(row) for row in rows)


def revoke_key(session: Session, prefix: str) -> KeyView | None:
    """Let a key open nothing any more; None where it opened nothing before, or there is none."""
    row = session.scalar(
        update(ApiKeyRow)
        .where(ApiKeyRow.prefix == prefix, ApiKeyRow.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(ApiKeyRow)
    )
    return None if row is None else _view(row)


def note_key_used(session: Session, prefix: str) -> None:
    """Write down that a key was used, unless that was done within the last minute."""
    session.execute(_USED, {"prefix": prefix})


def lock_spending(session: Session, prefix: str) -> None:
    """Hold what a key spends until the end of the transaction: two orders do not both get the last job."""
    session.execute(_LOCK, {"prefix": prefix})


def jobs_today(session: Session, prefix: str) -> int:
    """How many jobs were ordered with a key since midnight (UTC)."""
    return int(session.execute(_JOBS_TODAY, {"prefix": prefix}).scalar_one())


def gpu_seconds_today(session: Session, prefix: str) -> float:
    """For how many seconds workers have rendered and scored a key's jobs since midnight (UTC)."""
    return float(session.execute(_GPU_SECONDS_TODAY, {"prefix": prefix}).scalar_one())


def _stored(session: Session, which: ColumnElement[bool]) -> StoredKey | None:
    row = session.execute(select(ApiKeyRow, func.now()).where(which)).one_or_none()
    return None if row is None else StoredKey(_view(row[0]), row[0].key_sha256, row[1])


def _view(row: ApiKeyRow) -> KeyView:
    return KeyView(
        name=row.name,
        prefix=row.prefix,
        actor=row.actor,
        scopes=frozenset(map(Scope, row.scopes)),
        caps=Caps(jobs_per_day=row.jobs_per_day, gpu_seconds_per_day=row.gpu_seconds_per_day),
        bound_address=row.bound_address,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
