"""Remembers what watched jobs looked like, so that the next look asks only for what may look different."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.vocabulary import JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from uuid import UUID

    from models.jobs import JobRow


class Families:
    """The rows of watched jobs and of all takes of the same orders; belongs to one thread.

    The first look at a job is whole, and so is one that finds nothing under way any more: whoever waits ends
    with rows as they stand. Between the two, orders that are over are not asked for.
    """

    def __init__(
        self,
        all_rows: Callable[[Sequence[UUID]], tuple[JobRow, ...]],
        moved_rows: Callable[[Sequence[UUID], Sequence[UUID]], tuple[JobRow, ...]],
    ) -> None:
        """`moved_rows` gives the families of those jobs that began (of the first list), and of the second."""
        self._all_rows, self._moved_rows = all_rows, moved_rows
        self._asked: set[UUID] = set()
        self._rows: dict[UUID, JobRow] = {}

    def __call__(self, job_ids: Sequence[UUID]) -> tuple[JobRow, ...]:
        """The rows of these jobs and their families; unknown ids left out."""
        wanted = set(job_ids)
        if self._asked - wanted:
            # Somebody went: what only they watched is forgotten.
            self._asked, self._rows = set(), {}
        if new := [job_id for job_id in job_ids if job_id not in self._asked]:
            self._keep(self._all_rows(new))
            self._asked |= set(new)
        else:
            self._look_again(job_ids)
        return tuple(self._rows.values())

    def _look_again(self, job_ids: Sequence[UUID]) -> None:
        under_way = [row for row in self._rows.values() if not row.state.is_over]
        waiting = [row.id for row in under_way if row.state is JobState.QUEUED]
        begun = [row.id for row in under_way if row.state is not JobState.QUEUED]
        if under_way:
            self._keep(self._moved_rows(waiting, begun))
        if all(row.state.is_over for row in self._rows.values()):
            self._keep(self._all_rows(job_ids))

    def _keep(self, rows: Iterable[JobRow]) -> None:
        self._rows |= {row.id: row for row in rows}
