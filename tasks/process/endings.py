"""Attempts that failed or fell silent: the queue's facts, the policy's decision, and its writing down."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from celery.exceptions import SoftTimeLimitExceeded

from db import queue
from db.fleet import holds, workers
from farm.scheduling import failures
from farm.settings import settings
from models import disk
from models.errors import Busy, FarmError, Locked, NotHere, StepFailed, Unavailable
from models.vocabulary import ErrorKind, HoldScope

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta
    from uuid import UUID

    from db.engine import Session
    from db.queue import Claim, Expired
    from farm.scheduling.failures import Backoff
    from models.scheduling import Decision, NewHold
    from models.vocabulary import QueueStatus


def fail(
    session: Session,
    claim: Claim,
    *,
    error_kind: ErrorKind,
    message: str,
    backoff: Backoff,
    silent_after: timedelta,
) -> QueueStatus | None:
    """End the attempt with an error: READY (tried later), HELD or FAILED; None: it was no longer ours."""
    facts = queue.failure_facts(session, claim, silent_after=silent_after)
    if facts is None:
        return None
    if error_kind.is_of_the_machine:
        sickness = holds.sickness(
            session,
            claim.worker_id,
            cause=error_kind,
            lane=facts.lane,
            silent_after=silent_after,
            step=facts.step.value,
            job_id=claim.job_id,
        )
        facts = replace(facts, sickness=sickness)
    decision = failures.after(facts, error_kind, message, backoff=backoff, jitter=_jitter())
    queue.fail(session, claim, decision)
    if decision.doubts_worker:
        workers.doubt(session, claim.worker_id)
    hold(session, decision.holds, claim.worker_id, error_kind, claim.job_id)
    return decision.status


def hold(
    session: Session, decided: Iterable[NewHold], worker_id: str, cause: ErrorKind, job_id: UUID | None = None
) -> None:
    """Write down what is held because of a worker's machine: by the worker itself, its pool by the farm."""
    for new in decided:
        is_its_own = new.scope is HoldScope.WORKER
        holds.put(session, new, actor=worker_id if is_its_own else holds.FARM, cause=cause, job_id=job_id)


def take_back(session: Session, *, backoff: Backoff, time_limit: timedelta) -> list[tuple[Expired, Decision]]:
    """End every attempt whose lease ran out: due again after a pause, or failed after the last try.

    An attempt that went on for `time_limit` before it fell silent was ended by that limit.
    """
    return _take_back(session, queue.expired(session), failures.SILENT, backoff, time_limit)


def take_back_orphans(
    session: Session, incarnation: UUID, living: Iterable[int], *, backoff: Backoff, soft_time_limit: timedelta
) -> list[tuple[Expired, Decision]]:
    """The same for what a worker's dead processes held; `living` are those that are left.

    What went on past the soft limit did not hear it, and was killed at the hard one.
    """
    orphans = queue.orphaned(session, incarnation, living)
    return _take_back(session, orphans, "The process that did it died.", backoff, soft_time_limit)


def _take_back(
    session: Session, lost: list[Expired], message: str, backoff: Backoff, time_limit: timedelta
) -> list[tuple[Expired, Decision]]:
    decided = [
        (
            expired,
            failures.after_silence(
                expired.facts,
                expired.ran_for,
                message=message,
                time_limit=time_limit,
                backoff=backoff,
                jitter=_jitter(),
            ),
        )
        for expired in lost
    ]
    queue.take_back(session, decided)
    return decided


def as_step_failure(error: BaseException) -> StepFailed:  # noqa: PLR0911 - one line for each kind
    """What any exception means for the queue: who may try again, and one sentence for a person."""
    if isinstance(error, StepFailed):
        return error
    if isinstance(error, SoftTimeLimitExceeded):
        limit = settings().soft_time_limit
        return StepFailed(f"The step took longer than its limit of {limit}.", error_kind=ErrorKind.TIMEOUT)
    if isinstance(error, MemoryError):
        return StepFailed("Memory ran out.", error_kind=ErrorKind.OUT_OF_MEMORY)
    if isinstance(error, (Busy, Locked)):
        return StepFailed(error.message, error_kind=ErrorKind.BUSY, hint=error.hint)
    if disk.is_full(error):
        return StepFailed("The disk is full.", error_kind=ErrorKind.DISK_FULL, hint="Free some space.")
    if isinstance(error, Unavailable):
        return StepFailed(error.message, error_kind=ErrorKind.UNAVAILABLE, hint=error.hint)
    if isinstance(error, NotHere):
        return StepFailed(error.message, error_kind=ErrorKind.MISSING_NETWORK, hint=error.hint)
    if isinstance(error, FarmError):
        return StepFailed(error.message, error_kind=ErrorKind.BAD_RECIPE, hint=error.hint)
    return StepFailed(f"{type(error).__name__}: {error}", error_kind=ErrorKind.BUG)


def _jitter() -> float:
    return random.random()  # noqa: S311 - spreads retries, keeps no secret
