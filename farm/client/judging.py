"""Verbs by which people judge: takes, phases and marks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from farm.client.connection import Connection, job_id_of, require_all
from models.access import Change
from models.actors import Actor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from farm.judging.calibration import Calibration
    from farm.judging.gate import GateOutcome
    from farm.judging.reports import PhaseReport
    from models.shows import DoorView
    from models.vocabulary import Phase


class Judging(Connection):
    """Reviews, the gate and its doors, calibration."""

    def review(
        self,
        job_id: UUID | str,
        *,
        approve: bool,
        by: Actor | str,
        note: str = "",
        reasons: Iterable[str] = (),
        frame: int | None = None,
    ) -> GateOutcome:
        """Somebody's verdict on a judged take, in place of the gate's; the gate counts it from now on.

        `reasons` are words of `models.reviews.ReviewReason`, `frame` is a position in the file, from 0. The
        last review decides; `job(...).reviews` has all of them.

        Raises:
            UnknownName: there is no such job, or reason.
            Conflict: it was not judged yet, or is a reproduction.
            BadInput: it has no such frame.
            Forbidden: nobody is named, or somebody in whose name the caller may not decide.
        """
        from farm.judging import gate as gates

        words, by = tuple(reasons), self._acting_as(by)
        with self.database.transaction() as session:
            outcome = gates.review(
                session, job_id_of(job_id), approve=approve, by=by, note=note, reasons=words, frame=frame
            )
            after = {"verdict": outcome.verdict.value, "reasons": list(words), "frame": frame}
            self._note(session, _decided("job.review", f"job {job_id}", by, note, after))
            return outcome

    def gate(self, project: str, phase: Phase) -> PhaseReport:
        """How a project's phase stands against its gate; reports, never opens or closes a door."""
        from db import catalogue
        from farm.judging import gate as gates

        with self.database.transaction() as session:
            return gates.project_report(session, catalogue.project(session, project).id, phase)

    def weigh(self, phase: Phase, job_ids: Iterable[UUID | str]) -> PhaseReport:
        """These jobs as the phase's gate weighs its cuts, each by its own take; opens nothing.

        Raises:
            UnknownName: one of them is no job.
            WrongJobs: they are fewer than five, or of another phase.
        """
        from db import catalogue
        from farm.judging import weighing

        wanted = list(dict.fromkeys(job_id_of(each) for each in job_ids))
        weighing.refuse_too_few(len(wanted))
        with self.database.transaction() as session:
            require_all(wanted, catalogue.job_rows(session, wanted))
            return weighing.report([catalogue.job_detail(session, each) for each in wanted], phase)

    def open_phase(self, project: str, phase: Phase, *, by: Actor | str, reason: str) -> DoorView:
        """Open a phase by a named person's decision, whatever its gate says; the door as it stands then.

        Raises:
            UnknownName: there is no such project.
            Forbidden: no person or no reason is named.
            Conflict: the phase before is still closed.
        """
        from farm.judging import gate as gates

        return self._decide_door(gates.open_door, project, phase, by, reason)

    def close_phase(self, project: str, phase: Phase, *, by: Actor | str, reason: str) -> DoorView:
        """Close a phase by a named person's decision; its gate does not open it again.

        Raises:
            UnknownName: there is no such project.
            Forbidden: no person or no reason is named.
        """
        from farm.judging import gate as gates

        return self._decide_door(gates.close_door, project, phase, by, reason)

    def networks_lacking(self, project: str, profile: str | None = None) -> tuple[str, ...]:
        """The networks that a profile asks for and no live worker has, by default of the profile in use.

        Raises `UnknownName` for no such project or profile.
        """
        from db import catalogue
        from farm.judging import profiles
        from farm.judging.lacking import lacking

        with self.database.transaction() as session:
            own = profiles.of_project(session, project, self.settings.default_profile)
            judged_by = profiles.named(own.own, profile or own.chosen)
            return lacking(judged_by, catalogue.workers(session), self.settings.lease)

    def _decide_door(
        self, decide: Callable[..., None], project: str, phase: Phase, by: Actor | str, reason: str
    ) -> DoorView:
        from db import catalogue

        by = self._acting_as(by)
        with self.database.transaction() as session:
            project_id = catalogue.project(session, project).id
            was_open = catalogue.is_open(session, project_id, phase)
            decide(session, project_id, phase, by=by, reason=reason)
            door = catalogue.doors(session, project_id)[phase]
            change = _decided(
                "phase.decide", f"{phase.value} of {project}", by, reason, {"is_open": door.is_open}
            )
            self._note(session, replace(change, before={"is_open": was_open}, project=project))
            return door

    def calibrate(
        self, project: str, *, phase: Phase | None = None, profile: str | None = None, labels: str = "person"
    ) -> Calibration:
        """What approved and rejected takes say about the marks of a profile; changes nothing.

        `profile` is the one the project's orders are judged by unless named; `labels` may be `verdicts`.
        Keep the result with `keep_calibration`. Raises `UnknownName`, `BadInput`.
        """
        from farm.judging import calibration, profiles

        with self.database.transaction() as session:
            return calibration.calibrate(
                session,
                project,
                profile=profile or profiles.of_project(session, project, self.settings.default_profile).chosen,
                phase=phase,
                labels=calibration.labels_called(labels),
            )

    def keep_calibration(self, calibrated: Calibration, name: str, *, by: Actor | str) -> None:
        """Store proposed marks as a new profile of the project; `choose_profile` is what puts it to use.

        Raises:
            Forbidden: nobody is named.
            BadInput: the name is empty or too long.
            Conflict: nothing was proposed, or the name is taken.
        """
        from farm.judging import calibration

        by = self._acting_as(by)
        with self.database.transaction() as session:
            calibration.keep(session, calibrated, name, by=by)
            self._note(session, _decided("profile.keep", f"profile {name}", by, "", {"profile": name}))


def _decided(action: str, subject: str, by: Actor | str, why: str, after: dict[str, Any]) -> Change:
    return Change(action=action, subject=subject, by=Actor.named(by), why=why, after=after)
