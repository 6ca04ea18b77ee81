"""Events: what happened in the farm, in words that other programs wait for, and who is sent them.

An event is written into the outbox by the transaction of what it tells of, so it stands if that does and is
never lost. It gets its number, by which pages and streams go on, once that transaction is committed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from models.actors import Actor


class EventType(StrEnum):
    """What happened; beside each stands what `facts` say of it."""

    JOB_COMPLETED = "job.completed"  #: its take is judged: verdict, blocking, not_measured, take_number, phase
    JOB_FAILED = "job.failed"  #: it ended without a take: step, error_kind, message
    JOB_CANCELLED = "job.cancelled"  #: somebody called it off: reason
    JOB_RETAKEN = "job.retaken"  #: another take was ordered, by the gate or a person: retake_job_id, changed
    QUALITY_PASSED = "quality.passed"  #: by its marks, or because a person approved it: as of job.completed
    QUALITY_FAILED = (
        "quality.failed"  #: a mark was missed, or a person rejected it; retake_job_id where retaken
    )
    TAKE_WAITS = "take.waits_for_review"  #: a person must decide: what failed, and what was not measured
    REVIEW_DECIDED = "review.decided"  #: somebody decided: verdict, instead_of, by, reasons, frame, note
    PHASE_OPENED = "phase.opened"  #: orders for a phase are accepted: phase, by, reason
    PHASE_CLOSED = "phase.closed"  #: they are not any more: phase, by, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """Something that just happened, to be written down in the transaction that did it."""

    type: EventType
    project_id: UUID
    #: None: it is about the project
    job_id: UUID | None = None
    #: small, as JSON
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """One event as it is read back."""

    #: rises with time, and nothing with a lower one appears later: streams go on by it
    id: int
    #: by which receivers know it again, however often it is sent
    webhook_id: UUID
    type: str
    #: a slug; None: the project is gone
    project: str | None
    job_id: UUID | None
    #: the first job of its order
    root_job_id: UUID | None
    at: datetime
    facts: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As lists and streams show it; `event_type`, `job_id`, `timestamp` and `data` as webhooks say it."""
        return {
            "id": self.id,
            "webhook_id": str(self.webhook_id),
            "event_type": self.type,
            "job_id": str(self.job_id) if self.job_id else None,
            "root_job_id": str(self.root_job_id) if self.root_job_id else None,
            "timestamp": self.at.isoformat(),
            "data": {"project": self.project, **self.facts},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """One page of events, the oldest first; `next` asks for the page after it and is None at the end."""

    items: tuple[EventView, ...] = ()
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndpoint:
    """Where events are to be sent, and which."""

    url: str
    #: words of `EventType`; empty: all
    types: tuple[EventType, ...] = ()
    #: of one project only
    project_id: UUID | None = None
    #: of one order only, its retakes included: the `callback_url` of a dispatch
    job_id: UUID | None = None
    #: what the dispatcher calls that order; it stands in each body
    task_id: str | None = None
    #: None: what is sent is not signed
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointView:
    """Where events are sent, and how that goes; its secret is never shown."""

    id: UUID
    url: str
    types: tuple[str, ...]
    #: a slug
    project: str | None
    job_id: UUID | None
    task_id: str | None
    is_signed: bool
    #: until then the secret before the present one signs as well
    previous_secret_until: datetime | None
    created_at: datetime
    created_by: Actor
    #: nothing was delivered since then
    failing_since: datetime | None
    last_error: str | None
    #: nothing is sent while this stands
    paused_at: datetime | None
    paused_reason: str | None
    #: events that are still to be delivered
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedEndpoint:
    """A new endpoint with its secret, which is shown this once; None: it has none."""

    endpoint: EndpointView
    secret: str | None = field(repr=False)
