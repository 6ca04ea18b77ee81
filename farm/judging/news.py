"""What a gate or a person decided, as the events that others hear of it; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.actors import GATE
from models.events import EventType, NewEvent
from models.plain import plain
from models.vocabulary import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from models.actors import Actor
    from models.metrics import Judgement
    from models.rows.jobs import Job
    from models.vocabulary import Phase

#: letters of a note; whoever wants all of it asks for the job
_NOTE = 500


def of_gate(
    job: Job, judgement: Judgement, verdict: Verdict, retake: Mapping[str, Any] | None
) -> list[NewEvent]:
    """The events of a take that was just judged: it is complete, how it was judged, and what follows.

    `retake` are job_id, take_number and changed of the one that was ordered. A reproduction counts nowhere, so
    of its quality nobody hears.
    """
    facts = _facts(job, judgement, verdict)
    if job.reproduces_job_id is not None:
        facts["reproduces_job_id"] = str(job.reproduces_job_id)
        return [_of(job, EventType.JOB_COMPLETED, facts)]
    events = [_of(job, EventType.JOB_COMPLETED, facts)]
    again = {"retake_job_id": str(retake["job_id"])} if retake else {}
    events += _quality(job, judgement, verdict, facts | again)
    if verdict is Verdict.REVIEW:
        events.append(_of(job, EventType.TAKE_WAITS, facts))
    if retake:
        changed = {"take_number": retake["take_number"], "changed": plain(retake["changed"])}
        events.append(_of(job, EventType.JOB_RETAKEN, again | changed | {"by": str(GATE)}))
    return events


def of_review(
    job: Job, judgement: Judgement, verdict: Verdict, *, by: Actor, instead_of: Verdict, **more: Any
) -> list[NewEvent]:
    """The events of a take about which somebody just decided; `more` are reasons, note and frame."""
    decided = plain({"verdict": verdict, "by": by, "instead_of": instead_of, **more})
    decided["note"] = decided["note"][:_NOTE]
    facts = _facts(job, judgement, verdict)
    return [_of(job, EventType.REVIEW_DECIDED, decided), *_quality(job, judgement, verdict, facts)]


def of_door(project_id: UUID, phase: Phase, *, is_open: bool, by: Actor, reason: str = "") -> NewEvent:
    """The event of a phase that was just opened or closed."""
    kind = EventType.PHASE_OPENED if is_open else EventType.PHASE_CLOSED
    return NewEvent(
        type=kind, project_id=project_id, facts={"phase": phase.value, "by": str(by), "reason": reason}
    )


def _quality(job: Job, judgement: Judgement, verdict: Verdict, facts: Mapping[str, Any]) -> list[NewEvent]:
    """Passed, failed, or neither: of what was not measured, and missed no mark, only a person can say."""
    if verdict.passes:
        return [_of(job, EventType.QUALITY_PASSED, facts)]
    if verdict is Verdict.REJECTED or judgement.blocking:
        return [_of(job, EventType.QUALITY_FAILED, facts)]
    return []


def _facts(job: Job, judgement: Judgement, verdict: Verdict) -> dict[str, Any]:
    return {
        "phase": job.phase.value,
        "take_number": job.take_number,
        "verdict": verdict.value,
        "blocking": [metric.value for metric in judgement.blocking],
        "not_measured": [metric.value for metric in judgement.not_measured],
    }


def _of(job: Job, kind: EventType, facts: Mapping[str, Any]) -> NewEvent:
    return NewEvent(type=kind, project_id=job.project_id, job_id=job.id, facts=dict(facts))
