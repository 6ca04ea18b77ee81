"""What is still to be sent to whom: leased to one deliverer for each endpoint, in order for each job.

An event is sent at least once: what is noted after the answer is lost with a deliverer that dies before, and
then it is sent again, under the same id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from models.events import EventView
from models.plain import storable

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """An endpoint that is leased to this deliverer, with what signs what it is sent."""

    id: UUID
    url: str
    task_id: str | None
    #: the present one first; none: what is sent is not signed
    secrets: tuple[str, ...] = field(repr=False)
    #: until then nobody else sends to it
    leased_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event that is due at an endpoint."""

    event: EventView
    #: tries before this one; all of them failed
    attempts: int
    #: its job, else its project: when it cannot be delivered, the later ones of its subject wait
    subject: UUID


# Behind an event of its subject that is tried again later, an event waits; the others overtake both.
_IS_DUE = """d.delivered_at IS NULL AND d.next_at <= now()
  AND NOT EXISTS (
      SELECT 1 FROM deliveries b
      WHERE b.endpoint_id = d.endpoint_id AND b.subject = d.subject AND b.delivered_at IS NULL
        AND b.event_id < d.event_id AND b.next_at > now())"""

# Whoever waited longest first; SKIP LOCKED, because another deliverer takes its own at the same time. One short
# look for each endpoint that may be sent to: a million events that wait for a paused one are not walked.
_LEASE = text(f"""
UPDATE endpoints SET next_at = now() + CAST(:lease AS interval)
WHERE id IN (
    SELECT p.id FROM endpoints p
    CROSS JOIN LATERAL (SELECT 1 FROM deliveries d WHERE d.endpoint_id = p.id AND {_IS_DUE} LIMIT 1) due
    WHERE p.paused_at IS NULL AND p.next_at <= now()
    ORDER BY p.next_at LIMIT :at_most FOR UPDATE OF p SKIP LOCKED
)
RETURNING id, url, task_id, next_at, secret,
          CASE WHEN previous_secret_until > now() THEN previous_secret END AS previous_secret
""")

_DUE = text(f"""
SELECT d.attempts, d.subject, e.id, e.webhook_id, e.type, p.slug AS project, e.job_id, e.root_job_id, e.at,
       e.facts
FROM deliveries d JOIN events e ON e.id = d.event_id LEFT JOIN projects p ON p.id = e.project_id
WHERE d.endpoint_id = :endpoint_id AND {_IS_DUE}
ORDER BY d.event_id LIMIT :at_most
""")

_DELIVERED = text("""
WITH delivered AS (
    UPDATE deliveries SET delivered_at = now(), attempts = attempts + 1, last_error = NULL
    WHERE endpoint_id = :endpoint_id AND event_id = :event_id
), well AS (
    UPDATE endpoints SET failing_since = NULL, last_error = NULL
    WHERE id = :endpoint_id AND failing_since IS NOT NULL
)
SELECT paused_at IS NULL FROM endpoints WHERE id = :endpoint_id
""")

# Somebody else may have delivered it meanwhile, when this took longer than the lease.
_FAILED = text("""
WITH failed AS (
    UPDATE deliveries SET attempts = attempts + 1, last_error = :error,
                          next_at = now() + CAST(:pause AS interval)
    WHERE endpoint_id = :endpoint_id AND event_id = :event_id AND delivered_at IS NULL
), unwell AS (
    UPDATE endpoints SET failing_since = COALESCE(failing_since, now()), last_error = :error
    WHERE id = :endpoint_id
)
SELECT paused_at IS NULL FROM endpoints WHERE id = :endpoint_id
""")

_PAUSE = text("""
UPDATE endpoints SET paused_at = now(), paused_reason = :reason WHERE id = :endpoint_id AND paused_at IS NULL
""")

_GIVE_BACK = text("""
UPDATE endpoints SET next_at = now() + CAST(:rest AS interval)
WHERE id = :endpoint_id AND next_at = :leased_until
""")

# Of the oldest only, which a walk of the key finds: what an active endpoint still waits for is kept.
_TIDY = text("""
DELETE FROM events e WHERE e.id IN (SELECT id FROM events ORDER BY id LIMIT :at_most)
  AND e.at < now() - CAST(:keep AS interval)
  AND NOT EXISTS (
      SELECT 1 FROM deliveries d JOIN endpoints p ON p.id = d.endpoint_id
      WHERE d.event_id = e.id AND d.delivered_at IS NULL AND p.paused_at IS NULL)
""")

# An order's own endpoint goes when nothing more comes of it by itself, and nobody's review is waited for.
_TIDY_ENDPOINTS = text("""
DELETE FROM endpoints p WHERE p.job_id IS NOT NULL AND p.created_at < now() - CAST(:keep AS interval)
  AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.endpoint_id = p.id)
  AND NOT EXISTS (
      SELECT 1 FROM jobs j JOIN render_queue q ON q.job_id = j.id
      WHERE j.root_job_id = p.job_id AND (q.status IN ('held', 'ready', 'running') OR j.verdict = 'review'))
""")

_FORGET_SECRETS = text("""
UPDATE endpoints SET previous_secret = NULL, previous_secret_until = NULL WHERE previous_secret_until < now()
""")


def lease(session: Session, *, lease: timedelta, at_most: int) -> list[Destination]:
    """Endpoints with something due, which nobody else sends to until `lease` is over or they are given back."""
    rows = session.execute(_LEASE, {"lease": lease, "at_most": at_most})
    return [
        Destination(
            id=row.id,
            url=row.url,
            task_id=row.task_id,
            secrets=tuple(filter(None, (row.secret, row.previous_secret))),
            leased_until=row.next_at,
        )
        for row in rows
    ]


def due(session: Session, endpoint_id: UUID, *, at_most: int) -> list[Delivery]:
    """What is to be sent to an endpoint now, the oldest first."""
    rows = session.execute(_DUE, {"endpoint_id": endpoint_id, "at_most": at_most})
    return [
        Delivery(
            attempts=row.attempts,
            subject=row.subject,
            event=EventView(
                id=row.id,
                webhook_id=row.webhook_id,
                type=row.type,
                project=row.project,
                job_id=row.job_id,
                root_job_id=row.root_job_id,
                at=row.at,
                facts=row.facts,
            ),
        )
        for row in rows
    ]


def note_delivered(session: Session, endpoint_id: UUID, event_id: int) -> bool:
    """The endpoint has taken the event; False: it was paused or removed meanwhile, so send no more."""
    values = {"endpoint_id": endpoint_id, "event_id": event_id}
    return bool(session.execute(_DELIVERED, values).scalar_one_or_none())


def note_failed(session: Session, endpoint_id: UUID, event_id: int, *, error: str, pause: timedelta) -> bool:
    """The endpoint did not take the event, which is due again after `pause`; False as `note_delivered`."""
    values = {"endpoint_id": endpoint_id, "event_id": event_id, "error": storable(error), "pause": pause}
    return bool(session.execute(_FAILED, values).scalar_one_or_none())


def pause(session: Session, endpoint_id: UUID, reason: str) -> None:
    """Send nothing to the endpoint until it is resumed; a reason that stands already stays."""
    session.execute(_PAUSE, {"endpoint_id": endpoint_id, "reason": storable(reason)})


def give_back(session: Session, destination: Destination, *, rest: timedelta) -> None:
    """Let others send to the endpoint, after a `rest`; harmless when the lease was over."""
    values = {"endpoint_id": destination.id, "leased_until": destination.leased_until, "rest": rest}
    session.execute(_GIVE_BACK, values)


def tidy(session: Session, *, keep: timedelta, at_most: int = 5000) -> None:
    """Forget events older than `keep` that no active endpoint waits for, and what only served them."""
    session.execute(_TIDY, {"keep": keep, "at_most": at_most})
    session.execute(_TIDY_ENDPOINTS, {"keep": keep})
    session.execute(_FORGET_SECRETS)
