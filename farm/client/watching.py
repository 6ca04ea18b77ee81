"""Verbs that wait for jobs."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from farm.client.connection import Connection, job_id_of, require_all
from models.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from models.jobs import JobRow


class Watching(Connection):
    """Watch jobs until they are over."""

    def watch(
        self, job_ids: Iterable[UUID | str], *, every: timedelta = timedelta(milliseconds=400)
    ) -> Iterator[tuple[JobRow, ...]]:
        """The rows of these jobs and of every retake that follows, again and again until all are over.

        Raises:
            UnknownName: one of them is no job.
            Unavailable: the database did not answer for a minute; the jobs go on.
        """
        watched = [job_id_of(each) for each in job_ids]
        with closing(self._follower.follow(watched, every)) as looks:
            for rows in looks:
                require_all(watched, rows)
                yield rows
                if all(row.state.is_over for row in rows):
                    return

    def wait(
        self, job_ids: Iterable[UUID | str], *, timeout: timedelta | float | None = None
    ) -> tuple[JobRow, ...]:
        """The rows of these jobs and their retakes once all are over.

        Raises `Unavailable` when they were not over within `timeout`, a timedelta or seconds; they go on.
        """
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        deadline = None if seconds is None else time.monotonic() + seconds
        rows: tuple[JobRow, ...] = ()
        for rows in self.watch(job_ids):
            if (
                deadline is not None
                and time.monotonic() > deadline
                and not all(row.state.is_over for row in rows)
            ):
                raise Unavailable("The jobs are not over yet.", hint="They go on; `farm watch` shows them.")
        return rows
