"""What people and programs decided about takes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.actors import Actor
from models.rows.base import Base, UuidKey, Who, Word, empty
from models.vocabulary import Verdict


class Review(Base):
    """One decision about one take; a take has as many as were made."""

    __tablename__ = "reviews"
    __table_args__ = (
        Index("ix_reviews_job_id_decided_at", "job_id", "decided_at"),
        CheckConstraint("verdict IN ('approved', 'rejected')", name="verdict"),
        CheckConstraint("frame >= 0", name="frame"),
    )

    id: Mapped[UuidKey]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    decided_by: Mapped[Actor] = mapped_column(Who)
    verdict: Mapped[Verdict] = mapped_column(Word(Verdict))
    #: the verdict that stood before
    instead_of: Mapped[Verdict] = mapped_column(Word(Verdict))
    #: words of `ReviewReason`
    reasons: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    #: position in the file, from 0
    frame: Mapped[int | None]
    #: taken under the gate's lock, so that the order of reviews is the order in which they counted
    decided_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
