"""Attempts that failed or fell silent: the queue's facts, the policy's decision, and its writing down."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from db import queue
from db.fleet import workers
from farm.scheduling import failures

if TYPE_CHECKING:
    from datetime import timedelta

    from db.engine import Session
    from db.queue import Claim, Expired
    from farm.scheduling.failures import Backoff
    from models.scheduling import Decision
    from models.vocabulary import ErrorKind, QueueStatus


def fail(
    session: Session,
    claim: Claim,
    *,
    error_kind: ErrorKind,
    message: str,
    backoff: Backoff,
    silent_after: timedelta,
) -> QueueStatus | None:
    """End the attempt with an error: READY (tried again later) or FAILED; None: it was no longer ours."""
    facts = queue.failure_facts(session, claim, silent_after=silent_after)
    if facts is None:
        return None
    decision = failures.after(facts, error_kind, message, backoff=backoff, jitter=_jitter())
    queue.fail(session, claim, decision)
    if decision.doubts_worker:
        workers.doubt(session, claim.worker_id)
    return decision.status


def take_back(session: Session, *, backoff: Backoff, time_limit: timedelta) -> list[tuple[Expired, Decision]]:
    """End every attempt whose lease ran out: due again after a pause, or failed after the last try.

    An attempt that went on for `time_limit` before it fell silent was ended by that limit.
    """
    decided = [
        (
            expired,
            failures.after_silence(
                expired.facts, expired.ran_for, time_limit=time_limit, backoff=backoff, jitter=_jitter()
            ),
        )
        for expired in queue.expired(session)
    ]
    queue.take_back(session, decided)
    return decided


def _jitter() -> float:
    return random.random()  # noqa: S311 - spreads retries, keeps no secret
