"""Routes that order work: the farm's own form, one or many, and the shapes that old callers send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Path, Response
from pydantic import ConfigDict, Field

from farm.access.rights import acting_as
from farm.api.asking import Answer, Submitting
from farm.api.examples import EXAMPLES
from farm.api.openapi import answers
from farm.api.reading import ReadingRoute
from farm.api.verbs import Sent
from farm.client.routes import PREFIX
from farm.orders.form import Finite, FramesPerSecond, Seed, Text, Whole
from models.errors import OrderRefused
from models.jobs import Ordered
from models.metrics import Metric
from models.vocabulary import JobType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from farm.client import Farm
    from farm.orders.submission import SubmittedJob

#: what `/generate` has always taken for a size that is left out
_WIDTH_PX, _HEIGHT_PX = 512, 768

JobId = Annotated[str, Path(description="The job's id.")]
router = APIRouter(tags=["orders"], route_class=ReadingRoute)


class Generate(Sent):
    """An order as Echo and old scripts send it; a prompt alone is accepted."""

    model_config = ConfigDict(json_schema_extra={"examples": list(EXAMPLES["generate"])})

    project_id: str | None = Field(None, description="A slug or an id; without it the farm's default project.")
    character_ids: list[str] = Field(default_factory=list, max_length=16, description="Slugs or ids.")
    job_type: JobType = JobType.STILL_IMAGE
    prompt: Text = ""
    negative_prompt: Text = ""
    width: Whole = Field(_WIDTH_PX, gt=0)
    height: Whole = Field(_HEIGHT_PX, gt=0)
    steps: Whole | None = Field(None, gt=0, le=1000)
    cfg_scale: Finite | None = Field(None, ge=0, le=100)
    seed: Seed | None = None
    frame_count: Whole | None = Field(None, gt=0)
    fps: FramesPerSecond | None = None
    use_character_loras: bool = True
    use_ipadapter: bool = False
    ipadapter_weight: Finite = Field(0.8, ge=0, le=10)
    pose_reference_path: str | None = Field(None, max_length=1024)
    pose_weight: Finite | None = Field(None, ge=0, le=10)
    save_params: bool = Field(True, description="Every take keeps what it was made with; false is refused.")
    auto_quality_check: bool = Field(True, description="Every take is measured; false is refused.")
    quality_thresholds: dict[Metric, Finite] = Field(default_factory=dict)


class Modifications(Sent):
    """What is changed of the recipe that is made again."""

    model_config = ConfigDict(json_schema_extra={"examples": list(EXAMPLES["reproduce"])})

    modifications: dict[str, Any] = Field(
        default_factory=dict, description="Recipe fields: `seed`, `scene.mood`."
    )
    requested_by: str | None = None


class Retake(Sent):
    """Why another take is wanted, and what is to be different; by default the seed."""

    model_config = ConfigDict(json_schema_extra={"examples": list(EXAMPLES["retake"])})

    reason: Text
    requested_by: str | None = None
    changes: dict[str, Any] = Field(default_factory=dict, description="Fields of the order.")


class Orders(Sent):
    """Orders that are stored together, or none of them."""

    model_config = ConfigDict(json_schema_extra={"examples": list(EXAMPLES["submit_many"])})

    orders: list[dict[str, Any]] = Field(
        min_length=1, max_length=20_000, description="Each as `POST /jobs` takes it."
    )


_EXAMPLES: Any = {
    name: {"value": each} for name, each in zip(("cut", "words"), EXAMPLES["submit"], strict=True)
}


@router.post("/generate", operation_id="generate", status_code=201, **answers(Ordered, 201))
def generate(asked: Submitting, body: Generate) -> Response:
    """Order one take, as old callers do."""
    return asked.change(lambda farm: _ordered(farm, farm.submit(_order_of(farm, body))))


@router.post("/jobs", operation_id="submit", status_code=201, **answers(Ordered, 201))
def submit(asked: Submitting, order: Annotated[dict[str, Any], Body(openapi_examples=_EXAMPLES)]) -> Response:
    """Order one take; every field of an order is taken."""
    return asked.change(lambda farm: _ordered(farm, farm.submit(_by(farm, order))))


@router.post("/jobs/batch", operation_id="submit_many", status_code=201, **answers(list[Ordered], 201))
def submit_many(asked: Submitting, body: Orders) -> Response:
    """Order many takes in one transaction: all of them or none."""

    def verb(farm: Farm) -> Answer:
        jobs = farm.submit_many([_by(farm, order) for order in body.orders])
        return Answer(_answers(farm, jobs), list[Ordered], 201)

    return asked.change(verb)


@router.post("/jobs/{job_id}/retake", operation_id="retake", status_code=201, **answers(Ordered, 201))
def retake(asked: Submitting, job_id: JobId, body: Retake) -> Response:
    """Order another take of a finished job; without changes the seed is new."""
    return asked.change(
        lambda farm: _ordered(
            farm,
            farm.retake(job_id, reason=body.reason, requested_by=_who(farm, body.requested_by), **body.changes),
        )
    )


@router.post("/jobs/{job_id}/reproduce", operation_id="reproduce", status_code=201, **answers(Ordered, 201))
def reproduce(asked: Submitting, job_id: JobId, body: Modifications | None = None) -> Response:
    """Make a take again from its recorded recipe; the job's page then says how equal it is."""
    wanted = body or Modifications()
    return asked.change(
        lambda farm: _ordered(
            farm, farm.reproduce(job_id, wanted.modifications, requested_by=_who(farm, wanted.requested_by))
        )
    )


#: fields that `/generate` calls otherwise than an order, or that stand for no field of one
_OTHERS = {"project_id", "character_ids"}
#: what old callers may say, and what it would have to be for a take of this farm
_FIXED = {"save_params": True, "auto_quality_check": True}
_ELSEWHERE = {
    "use_ipadapter": "ipadapter_refs",
    "ipadapter_weight": "ipadapter_refs",
    "pose_reference_path": "controlnet_models",
    "pose_weight": "controlnet_models",
}


def _order_of(farm: Farm, body: Generate) -> dict[str, Any]:
    """The order that an old caller means; raises `OrderRefused` for what would have no effect."""
    fields = body.model_dump(exclude_unset=True)
    for name, fixed in _FIXED.items():
        if fields.pop(name, fixed) != fixed:
            raise OrderRefused(f"{name} cannot be switched off here.", hint="Leave it out.")
    for name, field in _ELSEWHERE.items():
        if fields.pop(name, None):
            raise OrderRefused(
                f"{name} says too little to act upon: the picture, its model and its weight belong together.",
                hint=f"POST {PREFIX}/jobs takes {field}.",
            )
    project = body.project_id or farm.default_project()
    order = {name: value for name, value in fields.items() if name not in _OTHERS}
    order |= {"project": project, "width": body.width, "height": body.height}
    if body.character_ids:
        named = (farm.character(name, project=project) for name in body.character_ids)
        order["characters"] = [character.known_as for character in named]
    return _by(farm, order)


def _by(farm: Farm, order: Mapping[str, Any]) -> dict[str, Any]:
    """The order in the caller's name, or in one that the caller may use."""
    asker = order.get("requested_by")
    return {**order, "requested_by": _who(farm, asker if isinstance(asker, str) else None)}


def _who(farm: Farm, named: str | None) -> str:
    return str(acting_as(farm.caller, named))


def _ordered(farm: Farm, job: SubmittedJob) -> Answer:
    (answer,) = _answers(farm, [job])
    return Answer(answer, Ordered, 201, location=f"{PREFIX}/jobs/{job.job_id}")


def _answers(farm: Farm, jobs: Sequence[SubmittedJob]) -> list[Ordered]:
    """As old callers read them; a job that was known before may be anywhere by now."""
    states = {row.id: row.state for row in farm.rows([job.job_id for job in jobs])}
    return [
        Ordered(
            job_id=job.job_id,
            status=states[job.job_id],
            generation_params_id=job.job_id,
            seed_used=job.seed_used,
            estimated_time_seconds=None,
            websocket_url=f"{PREFIX}/ws/jobs/{job.job_id}",
            pool=job.pool,
            not_drawn=job.not_drawn,
            is_new=job.is_new,
        )
        for job in jobs
    ]
