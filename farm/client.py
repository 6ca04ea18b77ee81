"""The SDK: everything a script or a command asks of the farm, on one small object.

The database layer is imported by what needs it: importing the name `Farm` takes a twentieth of a second.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from models.errors import BadInput, Unavailable, UnknownName
from models.vocabulary import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from db.catalogue import ReferenceView
    from farm.delivery.words import Delivery, Progress
    from farm.judging.calibration import Calibration
    from farm.judging.gate import GateOutcome
    from farm.judging.reports import PhaseReport
    from farm.orders.form import Order
    from farm.orders.submission import SubmittedJob
    from farm.settings import Settings
    from models.fleet import WorkerView
    from models.jobs import JobDetail, JobPage, JobRow
    from models.metrics import Profile
    from models.shows import CutView, ProjectView
    from models.vocabulary import JobState, Phase

#: a server that died is up again well within this; only then does a watcher give up
_PATIENCE = timedelta(minutes=1)


class Farm:
    """One farm, found through this machine's settings.

    >>> with Farm() as farm:                                                    # doctest: +SKIP
    ...     job = farm.submit(project="paper-lanterns", cut="ep001/sc010/c0010")
    ...     print(farm.wait([job.job_id])[0].verdict)
    """

    def __init__(self) -> None:
        """Raises `NotHere` when the farm does not run here and no servers were named."""
        from db.engine import Database
        from db.files.artifacts import ArtifactStore
        from farm.settings import settings

        self.settings: Settings = settings()
        self.database = Database(self.settings.database_url)
        self.store = ArtifactStore(self.settings.artifacts_dir)

    # ordering

    def submit(self, order: Order | Mapping[str, Any] | None = None, /, **fields: Any) -> SubmittedJob:
        """Store one order and wake a worker; the order as a value, a mapping, or keyword arguments.

        Raises:
            Refused: it cannot be accepted, and the hint names the nearest fix; nothing was stored.
        """
        given = fields if order is None else order
        return self.submit_many([given])[0]

    def submit_many(self, given: Iterable[Order | Mapping[str, Any]]) -> list[SubmittedJob]:
        """Store many orders in one transaction: all of them or none.

        Raises:
            Refused: one of them cannot be accepted; nothing was stored.
        """
        from farm.orders import submission

        wanted = [submission.parse(each) for each in given]
        with self.database.transaction() as session:
            submitted = submission.submit(session, wanted)
        self._wake(job.pool for job in submitted)
        return submitted

    def cancel(self, job_ids: Iterable[UUID | str]) -> list[UUID]:
        """Call jobs off; the ids of those that were not over yet. A running render stops within seconds.

        Raises:
            UnknownName: one of them is no job; none was called off.
        """
        from db import catalogue, queue
        from farm.judging import gate as gates

        wanted = [job_id_of(each) for each in job_ids]
        with self.database.transaction() as session:
            _require_all(wanted, catalogue.job_rows(session, wanted))
            called_off = queue.cancel(session, wanted)
            # What is called off leaves the count, and with that a gate may have been passed.
            left = {(row.project_id, row.phase) for row in catalogue.job_rows(session, called_off)}
            for project_id, phase in sorted(left):
                gates.open_if_earned(session, project_id, phase)
            return called_off

    def retake(self, job_id: UUID | str, *, reason: str, requested_by: str, **changes: Any) -> SubmittedJob:
        """Order another take of a finished job; without `changes` the seed is new.

        Raises:
            UnknownName: there is no such job.
            Conflict: a take of it is still in work, or it is a reproduction.
            Refused: the changes cannot be accepted.
        """
        from farm.orders import submission

        with self.database.transaction() as session:
            submitted = submission.retake(
                session, job_id_of(job_id), reason=reason, requested_by=requested_by, changes=changes
            )
        self._wake([submitted.pool])
        return submitted

    def reproduce(
        self,
        job_id: UUID | str,
        changes: Mapping[str, Any] | None = None,
        /,
        *,
        requested_by: str = "unknown",
        **more: Any,
    ) -> SubmittedJob:
        """Make a take again from its recorded recipe; `farm.job(...).reproduction` then says how equal it is.

        `changes` are recipe fields, dotted in the mapping: `reproduce(job, {"scene.mood": "tense"}, seed=7)`.

        Raises:
            UnknownName: there is no such job or field.
            Conflict: it has no take to compare with.
            OrderRefused: a change cannot work; nothing was stored.
        """
        from farm.reproduction import ordering

        with self.database.transaction() as session:
            submitted = ordering.reproduce(
                session, job_id_of(job_id), requested_by=requested_by, changes={**(changes or {}), **more}
            )
        self._wake([submitted.pool])
        return submitted

    def review(self, job_id: UUID | str, *, approve: bool, by: str, note: str = "") -> GateOutcome:
        """A named person's verdict on a judged take, in place of the gate's; the gate counts it from now on.

        Raises:
            UnknownName: there is no such job.
            Conflict: it was not judged yet, or is a reproduction.
            Forbidden: nobody is named.
        """
        from farm.judging import gate as gates

        with self.database.transaction() as session:
            return gates.review(session, job_id_of(job_id), approve=approve, by=by, note=note)

    # looking

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

    def watch(
        self, job_ids: Iterable[UUID | str], *, every: timedelta = timedelta(milliseconds=400)
    ) -> Iterator[tuple[JobRow, ...]]:
        """The rows of these jobs and of every retake that follows, again and again until all are over.

        Raises:
            UnknownName: one of them is no job.
            Unavailable: the database did not answer for a minute; the jobs go on.
        """
        watched = [job_id_of(each) for each in job_ids]
        followed: set[UUID] = set()
        while True:
            rows = self._followed(watched, followed)
            yield rows
            if all(row.state.is_over for row in rows):
                return
            time.sleep(every.total_seconds())

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

    def gate(self, project: str, phase: Phase) -> PhaseReport:
        """How a project's phase stands against its gate; reports, never opens or closes a door."""
        from db import catalogue
        from farm.judging import gate as gates

        with self.database.transaction() as session:
            return gates.project_report(session, catalogue.project(session, project).id, phase)

    def deliver(
        self,
        project: str,
        *,
        phase: Phase | None = None,
        cuts: Iterable[str] = (),
        to: Path | str | None = None,
        form: str = "frames",
        progress: Progress | None = None,
    ) -> Delivery:
        """Put the best passing take of each cut under editorial's names; see `delivery.delivering`.

        `form` is `frames` or `clip`, for what moves. Raises `UnknownName`, `BadInput`, `NotHere`.
        """
        from farm.delivery import delivering
        from farm.delivery.words import form_of

        return delivering.deliver(
            self.database,
            self.store,
            project,
            phase=phase,
            cuts=cuts,
            to=to,
            form=form_of(form),
            progress=progress,
        )

    def calibrate(
        self, project: str, *, phase: Phase | None = None, profile: str | None = None, labels: str = "person"
    ) -> Calibration:
        """What approved and rejected takes say about the marks of a profile; changes nothing.

        `profile` is the one the project's orders are judged by unless named; `labels` may be `verdicts`.
        Keep the result with `keep_calibration`. Raises `UnknownName`, `BadInput`.
        """
        from db import catalogue
        from farm.judging import calibration, profiles

        with self.database.transaction() as session:
            defaults = catalogue.project(session, project).defaults
            return calibration.calibrate(
                session,
                project,
                profile=profiles.chosen(defaults, self.settings.default_profile, profile),
                phase=phase,
                labels=calibration.Labels(labels),
            )

    def keep_calibration(self, found: Calibration, name: str, *, by: str) -> None:
        """Store proposed marks as a new profile of the project; `choose_profile` is what puts it to use.

        Raises:
            Forbidden: nobody is named.
            BadInput: the name is empty or too long.
            Conflict: nothing was proposed, or the name is taken.
        """
        from farm.judging import calibration

        with self.database.transaction() as session:
            calibration.keep(session, found, name, by=by)

    def choose_profile(self, project: str, name: str, *, by: str) -> Profile:
        """Judge the project's next orders by this profile; raises `UnknownName`, `BadInput`, `Forbidden`."""
        from farm.judging import calibration

        with self.database.transaction() as session:
            return calibration.choose(session, project, name, by=by)

    def projects(self) -> tuple[ProjectView, ...]:
        """Every project."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.projects(session)

    def references(self, project: str) -> tuple[ReferenceView, ...]:
        """What each network holds a project's characters and style to; `farm reference` makes them."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.list_references(session, catalogue.project(session, project).id)

    def cuts(self, project: str) -> tuple[CutView, ...]:
        """Every cut of a project in story order; raises `UnknownName`."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.cuts(session, catalogue.project(session, project).id)

    def workers(self) -> tuple[WorkerView, ...]:
        """Every worker ever heard of."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.workers(session)

    def close(self) -> None:
        """Give all connections back."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ending: object) -> None:
        self.close()

    def _followed(self, watched: list[UUID], followed: set[UUID]) -> tuple[JobRow, ...]:
        """The rows of `watched`, which grows by every retake; patient with a database that is restarted."""
        deadline = time.monotonic() + _PATIENCE.total_seconds()
        while True:
            try:
                rows = self.rows(watched)
                _require_all(watched, rows)
                for row in rows:
                    if row.verdict is Verdict.RETAKE and row.id not in followed and row.state.is_over:
                        family = self.job(row.id).family
                        followed.add(row.id)
                        watched += [each.id for each in family if each.id not in watched]
                return self.rows(watched)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)

    def _wake(self, pools: Iterable[str]) -> None:
        """Tell workers that something is due: after the commit, and only as a favour."""
        from farm import broker

        broker.wake_pools(pools)


def _require_all(wanted: Sequence[UUID], rows: Sequence[JobRow]) -> None:
    found = {row.id for row in rows}
    for job_id in wanted:
        if job_id not in found:
            raise UnknownName(f"There is no job {job_id}.", hint="`farm jobs` lists them.")


def job_id_of(text: UUID | str) -> UUID:
    """A job's id as a person writes it; raises `BadInput`."""
    if isinstance(text, UUID):
        return text
    try:
        return UUID(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is not a job's id.", hint="`farm jobs` lists them.") from error
