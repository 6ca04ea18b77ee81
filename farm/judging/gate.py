"""The gate: judges a scored take, orders its retake, and opens the next door when 80 % of the cuts passed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from db import catalogue
from db.catalogue import NewJob
from db.events import outbox
from farm.judging import news, profiles
from farm.judging import reviews as reviewing
from farm.judging.best_take import place_of
from farm.judging.ladder import beyond_retakes, next_recipe
from farm.judging.reports import PhaseReport, has_earned, phase_report
from farm.judging.verdicts import judge
from models.actors import GATE, Actor, ActorKind
from models.errors import Conflict, Forbidden
from models.metrics import Measurement, Metric
from models.plain import refuse_unkeepable
from models.recipe import Recipe
from models.vocabulary import Phase, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from db.engine import Session
    from models.jobs import JobRow
    from models.metrics import Judgement
    from models.rows.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class RetakeJob:
    """The retake a gate ordered."""

    job_id: UUID
    pool: str
    take_number: int
    changed: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOutcome:
    """What the gate did about one take."""

    verdict: Verdict
    judgement: Judgement
    retake: RetakeJob | None = None
    door_opened: Phase | None = None


def gate_job(session: Session, job_id: UUID) -> GateOutcome:
    """Everything the gate step does about one scored take, in the caller's transaction.

    Under the lock of its project and phase: the verdict is kept; a take that failed is retaken by the ladder
    while its budget lasts and a retake can help, else its verdict is `review`; the next phase's door is opened
    when that is earned.
    Safe to run twice: a retake exists once, a door opens once, and a person's verdict stays. A reproduction is
    judged like any take, but nothing follows from it: no retake, no open door.
    """
    job = _locked(session, job_id)
    outcome = _gated(session, job)
    retake = asdict(outcome.retake) if outcome.retake else None
    outbox.put(session, news.of_gate(job, outcome.judgement, outcome.verdict, retake))
    return outcome


def _gated(session: Session, job: Job) -> GateOutcome:
    job_id, judgement = job.id, _judged(session, job)
    if job.reproduces_job_id is not None:
        _keep(session, job_id, judgement, judgement.verdict)
        return GateOutcome(verdict=judgement.verdict, judgement=judgement)
    if job.verdict in (Verdict.APPROVED, Verdict.REJECTED):
        return GateOutcome(verdict=job.verdict, judgement=judgement)
    verdict, retake = judgement.verdict, None
    if verdict is Verdict.RETAKE:
        judgement = _with_hopes(job, judgement)
        verdict, retake = _retake(session, job, judgement)
    _keep(session, job_id, judgement, verdict)
    opened = _open_if_earned(session, job.project_id, job.phase) if verdict.passes else None
    return GateOutcome(verdict=verdict, judgement=judgement, retake=retake, door_opened=opened)


def project_report(session: Session, project_id: UUID, phase: Phase) -> PhaseReport:
    """How a project's phase stands against its gate; opens nothing."""
    units = catalogue.standings(session, project_id, phase)
    return phase_report(units, phase, cuts=catalogue.tally(session, project_id, phase).cuts)


def open_if_earned(session: Session, project_id: UUID, phase: Phase) -> Phase | None:
    """Open the door behind `phase` if that is earned by now; the phase it opened.

    A verdict opens doors by itself; a cut that the show does without from now on leaves the count without one.
    """
    catalogue.lock_gate(session, project_id, phase)
    return _open_if_earned(session, project_id, phase)


def called_off(session: Session, rows: Iterable[JobRow]) -> list[Phase]:
    """Count anew what jobs belong to that were just called off; the phases that are open for want of them.

    A cut whose orders are all called off no longer counts, and without it the gate may be passed.
    """
    jobs = list(rows)
    phases = sorted({(row.project_id, row.phase) for row in jobs})
    for project_id, phase in phases:
        catalogue.lock_gate(session, project_id, phase)
    units = catalogue.units_of(session, [row.id for row in jobs]).values()
    catalogue.stand(session, [unit for unit in units if unit is not None])
    opened = [_open_if_earned(session, project_id, phase) for project_id, phase in phases]
    return [phase for phase in opened if phase is not None]


def review(
    session: Session,
    job_id: UUID,
    *,
    approve: bool,
    by: Actor | str,
    note: str = "",
    reasons: Iterable[str] = (),
    frame: int | None = None,
) -> GateOutcome:
    """Somebody's verdict on a judged take, in place of the gate's, whatever that was.

    The gate counts it from now on, and calibration learns from it. Earlier reviews stay beside it. A door that
    has opened stays open. `reasons` are words of `ReviewReason`, `frame` a position in the file.

    Raises:
        UnknownName: there is no such job, or reason.
        Conflict: it was not judged yet, or is a reproduction.
        BadInput: it has no such frame.
        Forbidden: nobody is named, or the gate.
    """
    who, why = Actor.named(by, "A review names no reviewer."), reviewing.reasons_of(reasons)
    refuse_unkeepable(note, "The note")
    if who.kind is ActorKind.GATE:
        raise Forbidden("The gate judges by its marks and reviews nothing.", hint="Say who decides.")
    original = catalogue.find_job(session, job_id).reproduces_job_id
    if original is not None:
        raise Conflict(
            f"The job {job_id} is a reproduction and counts nowhere.", hint=f"Review its original: {original}."
        )
    job = _locked(session, job_id)
    if job.verdict is None:
        raise Conflict(f"The job {job_id} has not been judged yet.", hint="Wait for its verdict.")
    reviewing.refuse_frame(frame, job.total_frames)
    verdict, instead_of = Verdict.APPROVED if approve else Verdict.REJECTED, job.verdict
    decision: dict[str, Any] = {
        "by": who,
        "instead_of": instead_of,
        "reasons": why,
        "note": note,
        "frame": frame,
    }
    catalogue.add_review(session, job_id, verdict=verdict, **decision)
    judgement = _judged(session, job)
    _keep(session, job_id, judgement, verdict)
    opened = _open_if_earned(session, job.project_id, job.phase) if approve else None
    outbox.put(session, news.of_review(job, judgement, verdict, **decision))
    return GateOutcome(verdict=verdict, judgement=judgement, door_opened=opened)


def open_door(session: Session, project_id: UUID, phase: Phase, *, by: Actor | str, reason: str) -> None:
    """Open a phase by a named person's decision, recorded with how its gate stood.

    Raises:
        Conflict: the phase before is itself still closed.
        Forbidden: nobody is named, or no reason is given.
    """
    before = phase.before
    if before is not None and not catalogue.is_open(session, project_id, before):
        raise Conflict(
            f"The {phase.value} phase cannot open before the {before.value} phase.",
            hint=f"Open {before.value} first.",
        )
    _decide(session, project_id, phase, is_open=True, by=by, reason=reason)


def close_door(session: Session, project_id: UUID, phase: Phase, *, by: Actor | str, reason: str) -> None:
    """Close a phase by a named person's decision; the gate does not open it again. Raises `Forbidden`."""
    _decide(session, project_id, phase, is_open=False, by=by, reason=reason)


def _locked(session: Session, job_id: UUID) -> Job:
    """The job as it is once the lock of its project and phase is held."""
    job = catalogue.job_for_gate(session, job_id)
    catalogue.lock_gate(session, job.project_id, job.phase)
    # Read again: who held the lock before may have decided about this very take.
    return catalogue.job_for_gate(session, job_id)


def _judged(session: Session, job: Job) -> Judgement:
    measurements = [Measurement.from_json(each) for each in (job.scores.measurements if job.scores else ())]
    return judge(measurements, profiles.of_job(session, job.id), job.phase, job.quality_thresholds)


def _with_hopes(job: Job, judgement: Judgement) -> Judgement:
    """The judgement with what no retake can mend."""
    before = [Metric(name) for name in (job.retake_reason or {}).get("blocking", ())]
    beyond = beyond_retakes(Recipe.from_json(job.params.recipe), judgement.blocking, before)
    return replace(judgement, beyond_retakes=beyond)


def _keep(session: Session, job_id: UUID, judgement: Judgement, verdict: Verdict) -> None:
    marked = {
        score.mark.metric.value: (score.measurement.value, score.mark.limit)
        for score in judgement.scores
        if score.mark
    }
    values = {name: value for name, (value, _) in marked.items() if value is not None}
    limits = {name: limit for name, (_, limit) in marked.items()}
    place = place_of(verdict, len(judgement.blocking), values, limits)
    catalogue.store_judgement(session, job_id, judgement, verdict, place)


def _retake(session: Session, job: Job, judgement: Judgement) -> tuple[Verdict, RetakeJob | None]:
    """Order the next take; `review` when the ladder or the budget ends here, or no retake can help."""
    if judgement.beyond_retakes or job.take_number > job.max_retakes:
        return Verdict.REVIEW, None
    recipe = Recipe.from_json(job.params.recipe)
    plan = next_recipe(recipe, job.take_number, judgement.blocking, catalogue.seed_of(session, job.root_job_id))
    if plan is None:
        return Verdict.REVIEW, None
    new = NewJob.again(
        job,
        plan.recipe,
        reuse=job.queue.fingerprint is not None,
        requested_by=GATE,
        max_retakes=job.max_retakes,
        root_job_id=job.root_job_id,
        take_number=job.take_number + 1,
        retake_reason={
            "reason": plan.reason,
            "blocking": [metric.value for metric in judgement.blocking],
            "changed": plan.changed,
        },
    )
    (job_id,) = catalogue.insert_jobs(session, [new], key_prefix=job.key_prefix)
    if job_id is None:
        # It exists: this gate ran before, or a person was quicker.
        return Verdict.RETAKE, None
    return Verdict.RETAKE, RetakeJob(
        job_id=job_id, pool=new.pool, take_number=new.take_number, changed=plan.changed
    )


def _open_if_earned(session: Session, project_id: UUID, phase: Phase) -> Phase | None:
    behind = phase.after
    if behind is None or catalogue.is_decided(session, project_id, behind):
        return None
    # Counted before it is weighed: the full report is only read when it can matter.
    if not has_earned(catalogue.tally(session, project_id, phase)):
        return None
    if not catalogue.is_open(session, project_id, phase):
        return None
    report = project_report(session, project_id, phase)
    if not report.can_open:
        return None
    if not catalogue.latch_open(session, project_id, behind, report.to_json()):
        return None
    outbox.put(session, [news.of_door(project_id, behind, is_open=True, by=GATE)])
    return behind


def _decide(
    session: Session, project_id: UUID, phase: Phase, *, is_open: bool, by: Actor | str, reason: str
) -> None:
    unnamed = "An override needs a name and a reason."
    who = Actor.named(by, unnamed)
    if who.kind is not ActorKind.PERSON:
        raise Forbidden(f"Only a person opens or closes a phase, and {who} is none.", hint="Say who decides.")
    refuse_unkeepable(reason, "The reason")
    if not reason.strip():
        raise Forbidden(unnamed, hint="Say why: --reason WHY.")
    gate = phase.before
    if gate is not None:
        catalogue.lock_gate(session, project_id, gate)
    evidence = {
        "override": {"by": str(who), "reason": reason, "is_open": is_open},
        "report": project_report(session, project_id, gate).to_json() if gate else None,
    }
    catalogue.set_door(session, project_id, phase, is_open=is_open, evidence=evidence, by=who)
    outbox.put(session, [news.of_door(project_id, phase, is_open=is_open, by=who, reason=reason)])
