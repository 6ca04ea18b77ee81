"""What happened, who is to hear of it, and what was delivered."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.actors import Actor
from models.events import EventType
from models.rows.base import Base, CreatedAt, UuidKey, Who, Word, empty


class OutboxRow(Base):
    """What a transaction did, not numbered yet; few at any time, with no index but the key."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    type: Mapped[EventType] = mapped_column(Word(EventType))
    #: no keys, here and below: an event outlives what it tells of
    project_id: Mapped[UUID]
    job_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))


class EventRow(Base):
    """One event with its number, which rises in the order of commits."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_job_id", "job_id", "id", postgresql_where=text("job_id IS NOT NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    webhook_id: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    type: Mapped[EventType] = mapped_column(Word(EventType))
    project_id: Mapped[UUID]
    job_id: Mapped[UUID | None]
    root_job_id: Mapped[UUID | None]
    at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]


class EndpointRow(Base):
    """One address that is sent events: for good, or those of one order."""

    __tablename__ = "endpoints"
    __table_args__ = (
        Index("ix_endpoints_job_id", "job_id", postgresql_where=text("job_id IS NOT NULL")),
        #: those that hear of everything are few, whatever the number of orders with one of their own
        Index("ix_endpoints_lasting", "id", postgresql_where=text("job_id IS NULL")),
    )

    id: Mapped[UuidKey]
    url: Mapped[str] = mapped_column(Text)
    #: empty: all
    types: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    task_id: Mapped[str | None] = mapped_column(String(255))
    #: as it is, because what is sent is signed with it; never shown, never logged
    secret: Mapped[str | None] = mapped_column(String(255))
    previous_secret: Mapped[str | None] = mapped_column(String(255))
    previous_secret_until: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    created_by: Mapped[Actor] = mapped_column(Who)
    #: whoever delivers sets it to the end of its lease, and afterwards to when to look again
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    failing_since: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    paused_at: Mapped[datetime | None]
    paused_reason: Mapped[str | None] = mapped_column(Text)


class DeliveryRow(Base):
    """One event for one endpoint."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_event_id", "event_id"),
        #: what is still to be sent, in order, and what goes before it
        Index(
            "ix_deliveries_waiting", "endpoint_id", "event_id", postgresql_where=text("delivered_at IS NULL")
        ),
        Index(
            "ix_deliveries_order",
            "endpoint_id",
            "subject",
            "event_id",
            postgresql_where=text("delivered_at IS NULL"),
        ),
    )

    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("endpoints.id", ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    #: its job, else its project: events of one subject are delivered in their order
    subject: Mapped[UUID]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    delivered_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)


class EventMarkRow(Base):
    """How far a reader of the farm's own has come."""

    __tablename__ = "event_marks"

    reader: Mapped[str] = mapped_column(String(100), primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger)
