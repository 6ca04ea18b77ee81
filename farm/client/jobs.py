"""Verbs that look at jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.client.connection import Connection, job_id_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from models.jobs import JobDetail, JobPage, JobRow
    from models.vocabulary import JobState, Phase


class Jobs(Connection):
    """One job, a page of them, and why one stands where it stands."""

    def job(self, job_id: UUID | str) -> JobDetail:
        """One job in full; raises `UnknownName`."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.job_detail(session, job_id_of(job_id))

    def jobs(
        self,
        *,
        project: str | None = None,
        phase: Phase | None = None,
        state: JobState | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> JobPage:
        """A page of jobs, newest first; `after` is the `next` of the page before."""
        from db import catalogue

        with self.database.transaction() as session:
            project_id = catalogue.project(session, project).id if project else None
            return catalogue.list_jobs(
                session, project_id=project_id, phase=phase, state=state, after=after, limit=limit
            )

    def under_way(self, *, project: str | None = None, limit: int | None = None) -> list[UUID]:
        """The jobs that are not over, the newest first; all of them without a `limit`."""
        from db import catalogue

        with self.database.transaction() as session:
            project_id = catalogue.project(session, project).id if project else None
            return catalogue.under_way(session, project_id, limit=limit)

    def rows(self, job_ids: Sequence[UUID | str]) -> tuple[JobRow, ...]:
        """These jobs as a list shows them."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.job_rows(session, [job_id_of(each) for each in job_ids])

    def why(self, job_id: UUID | str) -> list[str]:
        """Why a job is not moving, or why it ended as it did, in plain sentences."""
        from db import catalogue
        from farm.explaining import why
        from farm.explaining.scores import scores_of

        with self.database.transaction() as session:
            facts = catalogue.why_facts(session, job_id_of(job_id), self.settings.lease)
            scores = catalogue.job_detail(session, job_id_of(job_id)).scores
        return why.explain(facts, scores_of(scores) if scores else ())
