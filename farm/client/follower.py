"""Follows jobs for everybody of a process who watches some: one question to the database an interval.

Every watcher asking for itself would be a thousand queries a second for a few hundred open pages. Nothing is
announced by the database either: a NOTIFY inside the transaction of a claim or a settle would make all commits
queue behind one lock, so whoever wants to be told asks here, or is told after the commit by one sender.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from models.errors import Unavailable
from models.vocabulary import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from uuid import UUID

    from models.jobs import JobRow

#: a server that died is up again well within this; only then does a watcher give up
PATIENCE = timedelta(minutes=1)


@dataclass(eq=False, slots=True)
class _Watcher:
    """Somebody who waits for the next look at some jobs."""

    job_ids: tuple[UUID, ...]
    every: timedelta
    #: nobody has looked for it yet: the next look comes at once
    is_new: bool = True
    #: the rows of these jobs' families, or why there are none; None: nothing since the last look
    news: tuple[JobRow, ...] | BaseException | None = None


class Follower:
    """Asks once an interval for all watched jobs; its thread lives while somebody watches."""

    def __init__(
        self,
        families: Callable[[Sequence[UUID]], tuple[JobRow, ...]],
        *,
        patience: timedelta = PATIENCE,
        again_after: timedelta = timedelta(seconds=1),
    ) -> None:
        """`families` gives the rows of jobs and of all takes of the same orders, in one question."""
        self._families, self._patience, self._again_after = families, patience, again_after
        self._watchers: list[_Watcher] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def follow(self, job_ids: Iterable[UUID], every: timedelta) -> Generator[tuple[JobRow, ...]]:
        """Look after look at these jobs and their retakes, at least `every` so often; it has no end of its own.

        Jobs that nobody knows are left out. Raises `Unavailable` when the database stays away.
        """
        watcher = _Watcher(tuple(job_ids), every)
        self._join(watcher)
        try:
            while True:
                yield with_retakes(watcher.job_ids, self._next(watcher))
        finally:
            self._leave(watcher)

    def close(self) -> None:
        """End the thread; whoever still watches gets `Unavailable`."""
        with self._changed:
            watchers, self._watchers = self._watchers, []
            self._publish(watchers, Unavailable("The farm was closed while jobs were watched."))
            thread = self._thread
        if thread is not None:
            thread.join()

    def _join(self, watcher: _Watcher) -> None:
        with self._changed:
            self._watchers.append(watcher)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="farm-follower", daemon=True)
                self._thread.start()

    def _leave(self, watcher: _Watcher) -> None:
        with self._changed:
            if watcher in self._watchers:
                self._watchers.remove(watcher)
            self._changed.notify_all()

    def _next(self, watcher: _Watcher) -> tuple[JobRow, ...]:
        with self._changed:
            self._changed.wait_for(lambda: watcher.news is not None)
            news, watcher.news = watcher.news, None
        if isinstance(news, BaseException):
            raise news
        return news or ()

    def _run(self) -> None:
        silent_since: float | None = None
        while watchers := self._present():
            news = self._look(watchers)
            if isinstance(news, Unavailable):
                silent_since = silent_since or time.monotonic()
                if time.monotonic() - silent_since < self._patience.total_seconds():
                    self._pause(self._again_after)
                    continue
            silent_since = None
            self._publish(watchers, news)
            self._pause(min(watcher.every for watcher in watchers))

    def _present(self) -> list[_Watcher]:
        with self._changed:
            if not self._watchers:
                # Under the lock: whoever joins from now on starts a new thread.
                self._thread = None
            for watcher in self._watchers:
                watcher.is_new = False
            return list(self._watchers)

    def _look(self, watchers: Sequence[_Watcher]) -> tuple[JobRow, ...] | BaseException:
        try:
            return self._families(list(dict.fromkeys(each for watcher in watchers for each in watcher.job_ids)))
        except Exception as error:  # noqa: BLE001 - it is raised again where somebody watches
            return error

    def _publish(self, watchers: Iterable[_Watcher], news: tuple[JobRow, ...] | BaseException) -> None:
        with self._changed:
            for watcher in watchers:
                watcher.news = news
            self._changed.notify_all()

    def _pause(self, interval: timedelta) -> None:
        """Until the next look is due: at once for somebody new, and when nobody watches any more."""
        with self._changed:
            self._changed.wait_for(
                lambda: not self._watchers or any(watcher.is_new for watcher in self._watchers),
                timeout=interval.total_seconds(),
            )


def with_retakes(job_ids: Iterable[UUID], rows: Iterable[JobRow]) -> tuple[JobRow, ...]:
    """The rows of these jobs, and of all takes of an order whose take was sent back; unknown ids left out."""
    by_id = {row.id: row for row in rows}
    watched = {job_id: by_id[job_id] for job_id in job_ids if job_id in by_id}
    sent_back = {
        row.root_job_id for row in watched.values() if row.verdict is Verdict.RETAKE and row.state.is_over
    }
    more = {row.id: row for row in by_id.values() if row.root_job_id in sent_back}
    return tuple((watched | more).values())
