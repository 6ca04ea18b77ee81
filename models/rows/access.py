"""Who may call the farm: keys, people, their sessions, and the answers that are said again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, PrimaryKeyConstraint, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.actors import Actor
from models.rows.base import Base, CreatedAt, UuidKey, Who, empty


class ApiKeyRow(Base):
    """One key; stays when it is revoked, because the audit and jobs name its prefix."""

    __tablename__ = "api_keys"
    __table_args__ = (
        #: an address is one caller's
        Index(
            "uq_api_keys_bound_address",
            "bound_address",
            unique=True,
            postgresql_where=text("bound_address IS NOT NULL AND revoked_at IS NULL"),
        ),
    )

    id: Mapped[UuidKey]
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(32), unique=True)
    key_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    actor: Mapped[Actor] = mapped_column(Who)
    scopes: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    #: from midnight to midnight UTC; NULL: as much as it likes
    jobs_per_day: Mapped[int | None]
    gpu_seconds_per_day: Mapped[int | None]
    #: whoever calls from here needs not show the key
    bound_address: Mapped[str | None] = mapped_column(String(45))
    created_at: Mapped[CreatedAt]
    created_by: Mapped[Actor] = mapped_column(Who)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    #: written once a minute at most
    last_used_at: Mapped[datetime | None]


class PersonRow(Base):
    """Somebody who logs in."""

    __tablename__ = "people"

    id: Mapped[UuidKey]
    name: Mapped[str] = mapped_column(String(255), unique=True)
    #: argon2id, with its salt and figures
    password_hash: Mapped[str] = mapped_column(String(255))
    scopes: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    created_at: Mapped[CreatedAt]
    created_by: Mapped[Actor] = mapped_column(Who)
    disabled_at: Mapped[datetime | None]


class LoginRow(Base):
    """One session of a person, from logging in until it is ended or expires."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_person_id", "person_id"),)

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    csrf_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]


class AnswerRow(Base):
    """What a request with an idempotency key was answered; stored with all that the request changed."""

    __tablename__ = "idempotent_answers"
    __table_args__ = (
        PrimaryKeyConstraint("caller", "key"),
        Index("ix_idempotent_answers_created_at", "created_at"),
    )

    #: `models.access.Caller.identity`
    caller: Mapped[str] = mapped_column(String(300))
    key: Mapped[str] = mapped_column(String(255))
    request_sha256: Mapped[str] = mapped_column(String(64))
    http_status: Mapped[int] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=empty("object"))
    body: Mapped[bytes]
    created_at: Mapped[CreatedAt]
