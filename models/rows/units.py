"""What gates count: one row a unit, kept where its jobs are stored, judged and called off."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.rows.base import Base, UuidKey, Word, empty
from models.vocabulary import Phase, UnitKind, Verdict


class GateUnit(Base):
    """One cut, or one character by its sheets, in one phase, with its best take; see `models.units`."""

    __tablename__ = "gate_units"
    __table_args__ = (
        UniqueConstraint("project_id", "phase", "kind", "key"),
        Index("ix_gate_units_cut_id", "cut_id", postgresql_where=text("cut_id IS NOT NULL")),
    )

    id: Mapped[UuidKey]
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    phase: Mapped[Phase] = mapped_column(Word(Phase))
    kind: Mapped[UnitKind] = mapped_column(Word(UnitKind))
    key: Mapped[str] = mapped_column(Text)
    cut_id: Mapped[UUID | None] = mapped_column(ForeignKey("cuts.id", ondelete="SET NULL"))
    #: root jobs, and all jobs, ever stored
    orders: Mapped[int] = mapped_column(server_default=text("0"))
    takes: Mapped[int] = mapped_column(server_default=text("0"))
    #: every job of it was called off
    is_called_off: Mapped[bool] = mapped_column(server_default=text("false"))
    #: the best judged take, and what the gate weighs of it; no key, because both go with their project
    best_job_id: Mapped[UUID | None]
    best_take_number: Mapped[int | None]
    verdict: Mapped[Verdict | None] = mapped_column(Word(Verdict))
    blocking: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    not_measured: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    #: metric -> number by the mark's own network, and metric -> limit
    measured: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    limits: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    #: judged stills that took longer than the specification allows
    slow_takes: Mapped[int] = mapped_column(server_default=text("0"))
    slowest_job_id: Mapped[UUID | None]
    slowest_seconds: Mapped[float | None]
