"""One claimed step while it runs: keeps its lease alive, notices when it is lost, and ends it exactly once."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Literal

from db import queue
from farm.settings import settings
from models import failpoints
from models.errors import LeaseLost, StepFailed, Unavailable
from models.vocabulary import ErrorKind
from tasks.process import endings, fitness, runtime

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from db.engine import Session
    from db.queue import Claim, Settlement

_log = logging.getLogger(__name__)


class Work:
    """A claim being worked on, and every way it can end.

    with Work(claim, task) as work:
        ...  # the bench asks `work.alive()` and tells `work.progress(done, total)`
        work.settle(lambda session: ...)
    return work.why_lost or ...

    An error is written down and raised on, as a `StepFailed`, so that Celery and Flower show a failure too.
    Work that is not ours any more (`LeaseLost`) ends the chain quietly.
    """

    def __init__(self, claim: Claim, task: Any) -> None:
        """`task` is the Celery task whose chain ends with the work where that is lost."""
        self.claim = claim
        #: one sentence, once the work turned out to be no longer ours
        self.why_lost = ""
        self._task = task
        self._lost = threading.Event()
        self._over = threading.Event()
        self._frame: int | None = None
        self._steps: tuple[int, int] | None = None
        self._keeper = threading.Thread(target=self._keep, name=f"lease of {claim.job_id}", daemon=True)

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            with runtime.untimed():
                return isinstance(error, Exception) and self._end_badly(error)
        finally:
            # The lease is kept until the end is written.
            self._over.set()
            self._keeper.join()

    def alive(self) -> bool:
        """Whether the work is still ours: the database never said that it was cancelled or taken over.

        While the database does not answer nobody can take the work, and the epoch fences a finish that is late.
        """
        return not self._lost.is_set()

    def progress(self, done: int, total: int, of: Literal["frames", "steps"] = "frames", /) -> None:
        """What is really finished; written at the next look or heartbeat."""
        if of == "frames":
            self._frame = done
        else:
            self._steps = (done, total)

    def settle(self, write: Callable[[Session], Settlement]) -> None:
        """Commit the result, repeated through an outage of the database until it is written or fenced.

        Raises:
            LeaseLost: it was fenced; nothing was written.
        """
        with runtime.untimed():
            settlement = runtime.in_transaction(write)
            failpoints.hit(failpoints.Window.SETTLE)
        if not settlement.counts:
            raise LeaseLost("Another worker took the job over.")
        fitness.trust(self.claim.step)

    def _end_badly(self, error: Exception) -> bool:
        """Whether the work was not ours any more, so that there is no failure to show.

        Raises:
            StepFailed: what the error means, as it was written down.
        """
        if not isinstance(error, LeaseLost):
            failure = endings.as_step_failure(error)
            if failure.error_kind is ErrorKind.BUG:
                _log.error("Job %s failed at %s.", self.claim.job_id, self.claim.step, exc_info=error)
            if self._fail(failure):
                if failure.error_kind.is_of_the_machine:
                    fitness.doubt(failure)
                raise failure from error
            error = LeaseLost()
        self.why_lost = runtime.end_chain(self._task, error.message)
        return True

    def _fail(self, failure: StepFailed) -> bool:
        """Whether the failure was written down; False: the work was not ours any more."""
        status = runtime.in_transaction(
            lambda session: endings.fail(
                session,
                self.claim,
                error_kind=failure.error_kind,
                message=str(failure),
                backoff=runtime.backoff(),
                silent_after=settings().lease,
            )
        )
        failpoints.hit(failpoints.Window.FAIL)
        return status is not None

    def _keep(self) -> None:
        """Look often, extend less often, until the work is over or lost."""
        heartbeat, look = settings().heartbeat.total_seconds(), settings().look.total_seconds()
        due = time.monotonic() + heartbeat
        written = self._done
        away = False
        while not self._over.wait(min(look, heartbeat)) and not self._lost.is_set():
            started = time.monotonic()
            try:
                # A still may be made between two heartbeats: what is done is told at the next look already.
                if started >= due or written != self._done:
                    written = self._done
                    still_mine = self._extend()
                    due = started + heartbeat
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
