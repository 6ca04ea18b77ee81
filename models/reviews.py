"""Reviews: what somebody decided about a take in the gate's place, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from models.actors import Actor
    from models.vocabulary import Verdict


class ReviewReason(StrEnum):
    """What a reviewer found, in words that can be counted."""

    ANATOMY = "anatomy"  #: a sixth finger, a bent limb
    IDENTITY = "identity"  #: it is not who was ordered
    MOTION = "motion"
    STYLE = "style"
    CONTINUITY = "continuity"  #: it does not fit the cuts beside it
    ARTEFACT = "artefact"  #: noise, seams, text, flicker
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """One review of a take; the last one decides, the older ones stay."""

    job_id: UUID
    by: Actor
    #: approved or rejected
    verdict: Verdict
    #: the verdict that stood before
    instead_of: Verdict
    reasons: tuple[ReviewReason, ...]
    note: str
    #: position in the file, from 0, that the review points at
    frame: int | None
    at: datetime
