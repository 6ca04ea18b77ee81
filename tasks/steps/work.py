"""One claimed step while it runs: keeps its lease alive, notices when it is lost, and ends it exactly once."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Literal, NoReturn

from celery.exceptions import SoftTimeLimitExceeded

from db import queue
from farm.settings import settings
from models import disk
from models.errors import FarmError, LeaseLost, NotHere, StepFailed, Unavailable
from models.vocabulary import ErrorKind, QueueStatus
from tasks.process import endings, runtime

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from db.engine import Session
    from db.queue import Claim, Settlement

_log = logging.getLogger(__name__)


class Work:
    """A claim being worked on.

    with Work(claim) as work:
        ...  # the bench asks `work.alive()` and tells `work.progress(done, total)`
        work.settle(lambda session: ...)
    """

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self._lost = threading.Event()
        self._over = threading.Event()
        self._frame: int | None = None
        self._steps: tuple[int, int] | None = None
        self._extended_at = time.monotonic()
        self._keeper = threading.Thread(target=self._keep, name=f"lease of {claim.job_id}", daemon=True)

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._keeper.join()

    def alive(self) -> bool:
        """Whether the work is still ours: not cancelled, not taken over, and the lease was extended in time."""
        in_time = time.monotonic() - self._extended_at < settings().lease.total_seconds()
        return in_time and not self._lost.is_set()

    def progress(self, done: int, total: int, of: Literal["frames", "steps"] = "frames", /) -> None:
        """What is really finished; written at the next look or heartbeat."""
        if of == "frames":
            self._frame = done
        else:
            self._steps = (done, total)

    def settle(self, write: Callable[[Session], Settlement]) -> Settlement:
        """Commit the result, repeated through an outage of the database until it is written or fenced."""
        return runtime.in_transaction(write)

    def fail(self, error_kind: ErrorKind, message: str) -> QueueStatus | None:
        """End the attempt with an error: READY (tried again), FAILED, or None when it was not ours any more."""
        return runtime.in_transaction(
            partial(
                endings.fail,
                claim=self.claim,
                error_kind=error_kind,
                message=message,
                backoff=runtime.backoff(),
                silent_after=settings().lease,
            )
        )

    def end_badly(self, error: BaseException) -> NoReturn:
        """Write down why the step failed and raise it on, so that Celery and Flower show a failure too.

        Raises:
            LeaseLost: the work was not ours any more; there was nothing to write.
            StepFailed: everything else, with the kind that was written.
        """
        if isinstance(error, LeaseLost):
            raise error
        failure = as_step_failure(error)
        if failure.error_kind is ErrorKind.BUG:
            _log.error("Job %s failed at %s.", self.claim.job_id, self.claim.step, exc_info=error)
        if self.fail(failure.error_kind, str(failure)) is None:
            raise LeaseLost from error
        raise failure from error

    def _keep(self) -> None:
        """Look often, extend less often, until the work is over or lost."""
        heartbeat, look = settings().heartbeat.total_seconds(), settings().look.total_seconds()
        due = time.monotonic() + heartbeat
        told = self._done
        away = False
        while not self._over.wait(min(look, heartbeat)) and not self._lost.is_set():
            started = time.monotonic()
            try:
                # A still may be made between two heartbeats: what is done is told at the next look already.
                if started >= due or told != self._done:
                    told = self._done
                    still_mine = self._extend()
                    due = started + heartbeat
                    self._extended_at = started
                else:
                    still_mine = self._look()
            except Unavailable as error:
                if not away:
                    _log.warning("The lease of %s cannot be extended. %s", self.claim.job_id, error.message)
                away = True
                continue
            away = False
            if not still_mine:
                self._lost.set()

    @property
    def _done(self) -> tuple[int | None, tuple[int, int] | None]:
        return self._frame, self._steps

    def _extend(self) -> bool:
        with runtime.database().transaction() as session:
            return queue.heartbeat(
                session, self.claim, lease=settings().lease, frame=self._frame, steps=self._steps
            )

    def _look(self) -> bool:
        with runtime.database().transaction() as session:
            return queue.is_mine(session, self.claim)


def as_step_failure(error: BaseException) -> StepFailed:  # noqa: PLR0911 - one line for each kind
    """What any exception means for the queue: who may try again, and one sentence for a person."""
    if isinstance(error, StepFailed):
        return error
    if isinstance(error, SoftTimeLimitExceeded):
        limit = settings().soft_time_limit
        return StepFailed(f"The step took longer than its limit of {limit}.", error_kind=ErrorKind.TIMEOUT)
    if isinstance(error, MemoryError):
        return StepFailed("Memory ran out.", error_kind=ErrorKind.OUT_OF_MEMORY)
    if disk.is_full(error):
        return StepFailed(
            "The disk is full.", error_kind=ErrorKind.DISK_FULL, hint="Free space, then retake the job."
        )
    if isinstance(error, Unavailable):
        return StepFailed(error.message, error_kind=ErrorKind.UNAVAILABLE, hint=error.hint)
    if isinstance(error, NotHere):
        return StepFailed(error.message, error_kind=ErrorKind.MISSING_NETWORK, hint=error.hint)
    if isinstance(error, FarmError):
        return StepFailed(error.message, error_kind=ErrorKind.BAD_RECIPE, hint=error.hint)
    return StepFailed(f"{type(error).__name__}: {error}", error_kind=ErrorKind.BUG)
