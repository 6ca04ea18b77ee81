"""What was changed, by whom, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.access import Door
from models.actors import Actor
from models.rows.base import Base, Who, Word


class AuditRow(Base):
    """One change; refers to nothing by key, so that it outlives what it tells of."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_project_id", "project", "id"),)

    #: rises with time; pages go by it
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    by: Mapped[Actor] = mapped_column(Who)
    #: `cut.edit`, `job.cancel`
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text, server_default=text("''"))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    #: a slug
    project: Mapped[str | None] = mapped_column(String(100))
    door: Mapped[Door] = mapped_column(Word(Door))
    address: Mapped[str] = mapped_column(String(255), server_default=text("''"))
    key_prefix: Mapped[str | None] = mapped_column(String(32))
