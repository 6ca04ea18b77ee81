"""Routes about quality, in the shapes that callers have always read: scores, gates by job, likeness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from farm.api.asking import Answer, Reading, Reviewing, Submitting
from farm.api.openapi import answers
from farm.api.reading import ReadingRoute
from farm.api.verbs import Sent
from farm.client.routes import PREFIX
from farm.judging.reports import BlockingIssue, UnitReport
from models.errors import UnknownName
from models.jobs import JobDetail
from models.measuring import MeasurementView
from models.metrics import Metric
from models.takes import ScoresView
from models.vocabulary import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from farm.api.asking import Asked
    from farm.client import Farm

router = APIRouter(tags=["quality"], route_class=ReadingRoute)

JobId = Annotated[str, Path(description="The job's id.")]
CharacterId = Annotated[str, Path(description="The character's id.")]

#: seconds that a call waits for a score worker, before it says where to ask
_PATIENCE_S = 10.0
#: a call may wait for so long that nobody between takes it for dead
_LONGEST_S = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """Jobs weighed as a gate weighs cuts; it opens nothing."""

    phase: Phase
    passed: bool
    tests_run: int
    tests_passed: int
    overall_score: float | None
    individual_results: tuple[UnitReport, ...]
    can_advance: bool
    blocking_issues: tuple[BlockingIssue, ...]


class Embedding(Sent):
    """An approved picture that a character is held to from now on."""

    reference_image_path: str = Field(max_length=1024)
    force_recompute: bool = False


class Likeness(Sent):
    """A picture that may show a character."""

    image_path: str = Field(max_length=1024)
    threshold: float = Field(0.7, ge=-1, le=1)


class Evaluation(Sent):
    """A file that is weighed as the take of a job; without one the job's own take."""

    job_id: str
    output_path: str | None = Field(None, max_length=1024)
    character_ids: list[str] = Field(default_factory=list, max_length=16)
    thresholds: dict[Metric, float] = Field(default_factory=dict)


@router.get("/jobs/{job_id}/params", operation_id="job_params", **answers(JobDetail))
def job_params(asked: Reading, job_id: JobId) -> Response:
    """Everything a job's take is made with, and was made with."""
    return asked.read(lambda farm: Answer(farm.job(job_id), JobDetail))


@router.get("/jobs/{job_id}/quality", operation_id="job_quality", **answers(ScoresView))
def job_quality(asked: Reading, job_id: JobId) -> Response:
    """What was measured of a job's take, and what the gate said of it."""

    def scores(farm: Farm) -> Answer:
        scores = farm.job(job_id).scores
        if scores is None:
            raise UnknownName(
                f"Nothing was measured of the job {job_id} yet.",
                hint=f"GET {PREFIX}/jobs/{job_id}/why says why.",
            )
        return Answer(scores, ScoresView)

    return asked.read(scores)


@router.post("/jobs/{job_id}/cancel", operation_id="cancel_job", **answers(list[str]))
def cancel_job(asked: Submitting, job_id: JobId) -> Response:
    """Call one job off; a running render stops within seconds."""
    return asked.change(lambda farm: Answer([str(each) for each in farm.cancel([job_id])], list[str]))


@router.post("/quality/phase-gate/{phase}", operation_id="phase_gate", **answers(GateReport))
def phase_gate(
    asked: Reading,
    phase: Phase,
    job_ids: Annotated[list[str], Body(max_length=10_000, description="At least five jobs of the phase.")],
) -> Response:
    """Weigh these jobs as the phase's gate weighs its cuts; it opens nothing."""

    def weigh(farm: Farm) -> Answer:
        report = farm.weigh(phase, job_ids)
        weighed = GateReport(
            phase=phase,
            passed=report.can_open,
            tests_run=report.ordered,
            tests_passed=report.passed,
            overall_score=report.overall_score,
            individual_results=report.individual_results,
            can_advance=report.can_open,
            blocking_issues=report.blocking_issues,
        )
        return Answer(weighed, GateReport)

    return asked.read(weigh)


@router.put("/characters/{character}/embedding", operation_id="embed", **answers(dict[str, Any]))
def embed(asked: Reviewing, character: CharacterId, body: Embedding) -> Response:
    """Hold a character to one approved picture; 400 when it shows no face."""

    def ask(farm: Farm) -> MeasurementView:
        who = farm.character(character)
        picture, force = body.reference_image_path, body.force_recompute
        return farm.embed_character(who.project, who.known_as, picture, by=farm.caller.actor, force=force)

    return _measured(asked, ask)


@router.post("/characters/{character}/consistency-check", operation_id="check", **answers(dict[str, Any]))
def check(asked: Submitting, character: CharacterId, body: Likeness) -> Response:
    """How much a picture shows a character, against a threshold."""

    def ask(farm: Farm) -> MeasurementView:
        who = farm.character(character)
        return farm.check_consistency(who.project, who.known_as, body.image_path, threshold=body.threshold)

    return _measured(asked, ask)


@router.post("/quality/evaluate", operation_id="evaluate_output", **answers(dict[str, Any]))
def evaluate(asked: Submitting, body: Evaluation) -> Response:
    """Measure a file as the take of a job; changes nothing."""

    def ask(farm: Farm) -> MeasurementView:
        slugs = [farm.character(name).known_as for name in body.character_ids]
        thresholds = {metric.value: limit for metric, limit in body.thresholds.items()}
        return farm.evaluate(body.job_id, body.output_path, characters=slugs, thresholds=thresholds)

    return _measured(asked, ask)


@router.get("/measurements/{measurement}", operation_id="measurement", **answers(MeasurementView))
def measurement(
    asked: Reading,
    measurement: Annotated[str, Path(description="As the 202 that was answered names it.")],
    wait: Annotated[float, Query(ge=0, le=_LONGEST_S, description="Seconds to wait for the answer.")] = 0.0,
) -> Response:
    """How a question to the score workers stands, with its answer once there is one."""
    return asked.read(lambda farm: Answer(farm.measurement(measurement, wait=wait), MeasurementView))


def _measured(asked: Asked, ask: Callable[[Farm], MeasurementView]) -> Response:
    """The answer of a score worker, where it comes soon; else 202 and where to ask for it.

    Raises the worker's own refusal.
    """

    def question(farm: Farm) -> Answer:
        view = ask(farm)
        return Answer(view, MeasurementView, 202, location=f"{PREFIX}/measurements/{view.id}")

    response = asked.change(question)
    if asked.dry_run:
        return response
    view = asked.farm.measurement(response.headers["location"].rpartition("/")[2], wait=_PATIENCE_S)
    return JSONResponse(view.answered()) if view.is_over else response
