"""What people ask of pictures beside all orders: the question, who asked, and the answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.access import Door
from models.actors import Actor
from models.rows import jobs  # noqa: F401 - importing maps the table that measurements point at
from models.rows.base import Base, Who, Word
from models.vocabulary import MeasureKind


class MeasurementRow(Base):
    """One question; where it stands is told by its row of the queue, with which it goes."""

    __tablename__ = "measurements"
    __table_args__ = (CheckConstraint("num_nonnulls(answer, error) < 2", name="one_answer"),)

    id: Mapped[UUID] = mapped_column(ForeignKey("render_queue.job_id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[MeasureKind] = mapped_column(Word(MeasureKind))
    #: what a person calls it: `reference of mio`
    subject: Mapped[str] = mapped_column(Text)
    #: `models.measuring` has the form of each kind
    request: Mapped[dict[str, Any]]
    asked_by: Mapped[Actor] = mapped_column(Who)
    door: Mapped[Door] = mapped_column(Word(Door))
    address: Mapped[str] = mapped_column(String(255), server_default=text("''"))
    key_prefix: Mapped[str | None] = mapped_column(String(32))
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: kind, message and hint of a refusal, which is an answer too
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
