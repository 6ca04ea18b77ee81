"""The doors between phases."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.actors import Actor
from models.rows.base import Base, UuidKey, Who, Word
from models.vocabulary import (
    Phase,
)


class PhaseDoor(Base):
    """The door to a phase; once open it stays open, with its evidence, until a named person closes it."""

    __tablename__ = "phase_doors"
    __table_args__ = (UniqueConstraint("project_id", "phase"),)

    id: Mapped[UuidKey]
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    #: the phase this door lets into
    phase: Mapped[Phase] = mapped_column(Word(Phase))
    is_open: Mapped[bool]
    #: the gate's report at the moment it opened or was overridden
    evidence: Mapped[dict[str, Any]]
    decided_by: Mapped[Actor] = mapped_column(Who)
    decided_at: Mapped[datetime] = mapped_column(server_default=func.now())
