"""The order's form: its fields and their ranges; anything else is refused, with the nearest fix."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from farm.orders.complaints import refusal
from models.actors import Actor
from models.errors import BadInput
from models.jobs import DEFAULT_RETRIES
from models.metrics import Metric
from models.plain import refuse_unkeepable
from models.rates import Rate
from models.recipe import SEED_LIMIT
from models.vocabulary import Defect, JobType

if TYPE_CHECKING:
    from pydantic import ModelWrapValidatorHandler


#: frames a second
_MOST_FPS = 120


def keepable(value: Any) -> Any:
    """The value, where rows can keep it; raises `ValueError`, which a form turns into a sentence."""
    # Postgres cannot store everything; refused here, the sentence names the field.
    if isinstance(value, str) and "\0" in value:
        raise ValueError("it holds a zero byte")
    try:
        refuse_unkeepable(value, "it")
    except BadInput as error:
        raise ValueError(error.message.rstrip(".")) from error
    return value


def _plain_value(value: Any) -> Any:
    if not isinstance(value, str | int | float):
        raise ValueError("it must be a text, a number, or true or false")
    return keepable(value)


def _no_truth(value: Any) -> Any:
    # `True` is a number in Python: `seed: true` would become the seed 1.
    if isinstance(value, bool):
        raise ValueError("it must be a number, not true or false")
    return value


def _a_rate_in_reach(rate: Any) -> Any:
    if not 1 <= rate <= _MOST_FPS:
        raise ValueError(f"it must be 1 to {_MOST_FPS} frames a second")
    return rate


Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(keepable)]
Text = Annotated[str, Field(max_length=20_000), AfterValidator(keepable)]
Word100 = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(keepable)]
Word255 = Annotated[str, Field(max_length=255), AfterValidator(keepable)]
FilePath = Annotated[str, Field(max_length=1024), AfterValidator(keepable)]
Whole = Annotated[int, BeforeValidator(_no_truth)]
Finite = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_no_truth)]
Seed = Annotated[Whole, Field(ge=0, lt=SEED_LIMIT)]
Weight = Annotated[Finite, Field(ge=0, le=10)]
#: frames a second
FramesPerSecond = Annotated[Rate, AfterValidator(_a_rate_in_reach)]
#: a value of a workflow's own parameter; a number stays the kind of number it was given as
Parameter = Annotated[Any, AfterValidator(_plain_value)]
#: a value whose form the farm does not know, that its rows can keep
Free = Annotated[Any, AfterValidator(keepable)]


def _actor_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, Actor) else value


def _by_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


#: whether a form around this one is being read
_within: ContextVar[bool] = ContextVar("_within", default=False)


class _Form(BaseModel):
    #: what a person calls it, and what one looks like
    said_as: ClassVar[str] = "form"
    such_as: ClassVar[str] = "fields"

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=True,
        protected_namespaces=(),
        # Built with the first order: importing the SDK stays quick.
        defer_build=True,
    )

    @model_validator(mode="wrap")
    @classmethod
    def _refuse_in_a_sentence(cls, fields: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        """However an order is made, a person reads sentences, not a validator's list."""
        if _within.get():
            # The order around it says everything at once.
            return handler(fields)
        outermost = _within.set(True)
        try:
            return handler(fields)
        except ValidationError as error:
            raise refusal(error, cls) from error
        finally:
            _within.reset(outermost)


class LoraOrder(_Form):
    """A LoRA: for toon a file here, for comfyui a name in ComfyUI's own folder of LoRAs.

    Where `path` is empty, ComfyUI's file is found by `name`, with or without its ending and folder.
    """

    said_as = "LoRA"
    such_as = "{name: ..., weight: 0.8}"

    name: Name
    path: FilePath = ""
    weight: Weight = 0.8


class ControlNetOrder(_Form):
    """A ControlNet and its prepared picture: the pose, the depth or the lines that it holds the render to."""

    said_as = "ControlNet"
    such_as = "{name: pose, model: ..., image_path: ...}"

    name: Name
    model: Name
    weight: Weight = 1.0
    #: what the picture was prepared with; recorded
    preprocessor: Text = ""
    image_path: FilePath = ""


class IpAdapterOrder(_Form):
    """A reference picture to pull the render towards."""

    said_as = "reference picture"
    such_as = "{reference_image_path: ..., weight: 0.8}"

    reference_image_path: Annotated[FilePath, Field(min_length=1)]
    weight: Weight = 0.8
    noise: Weight = 0.0


class Order(_Form):
    """One take to make; what is left out comes from the cut, the project and this machine's settings.

    Making one raises `OrderRefused` for an unknown field or a value out of range; everything that needs the
    database is asked at `farm.orders.submission.submit`.
    """

    such_as = "{project: ..., cut: 1/10/10}"

    project: Name
    job_type: JobType = JobType.STILL_IMAGE
    #: `ep001/sc010/c0010`, or `1/10/10`
    cut: Name | None = None
    #: slugs; empty: whoever is in the cut
    characters: tuple[Name, ...] = Field(default=(), max_length=16)
    #: character -> names of their variations; a character that is left out is shown as in the cut
    variations: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    #: character -> attributes for this take alone
    attributes: dict[Name, dict[Name, Name]] = Field(default_factory=dict)

    prompt: Text = ""
    negative_prompt: Text = ""
    location: Text = ""
    time_of_day: Text = ""
    mood: Text = ""
    camera_angle: Text = ""
    camera_move: Text = ""
    action: Text = ""
    dialogue: Text = ""

    width: Whole | None = Field(default=None, gt=0)
    height: Whole | None = Field(default=None, gt=0)
    frame_count: Whole | None = Field(default=None, gt=0)
    #: whole, or as television has them: 23.976, "24000/1001"
    fps: FramesPerSecond | None = None
    steps: Whole | None = Field(default=None, gt=0, le=1000)
    cfg_scale: Finite | None = Field(default=None, ge=0, le=100)
    motion_strength: Finite = Field(default=1.0, ge=0, le=1)
    seed: Seed | None = None
    subseed: Seed | None = None

    renderer: Name | None = None
    #: True: what the renderer will not draw is accepted and listed as `not_drawn`; None: as the project says
    lenient: bool | None = None
    #: comfyui: which workflow, the farm's or the studio's (`farm workflows`); empty: the one for this kind
    workflow: Name | None = None
    #: comfyui: parameters of the workflow's own
    workflow_inputs: dict[Name, Parameter] = Field(default_factory=dict, max_length=100)
    #: comfyui: the picture a render starts from; a loop or a video takes its cut's best still by itself
    start_image: Annotated[FilePath, Field(min_length=1)] | None = None
    model_name: Word255 = ""
    sampler_name: Word100 | None = None
    scheduler: Word100 | None = None
    vae_name: Name | None = None
    #: a plain name is a LoRA at its usual weight
    lora_models: tuple[Annotated[LoraOrder, BeforeValidator(_by_name)], ...] = Field(default=(), max_length=16)
    controlnet_models: tuple[ControlNetOrder, ...] = Field(default=(), max_length=16)
    ipadapter_refs: tuple[IpAdapterOrder, ...] = Field(default=(), max_length=16)
    #: False: without the LoRAs that belong to the characters
    use_character_loras: bool = True
    #: False: rendered anew, even where an equal take exists
    reuse: bool = True

    #: 1..10, higher first
    priority: Whole = Field(default=5, ge=1, le=10)
    #: infrastructure failures that are repeated, after the first try
    max_retries: Whole = Field(default=DEFAULT_RETRIES, ge=0, le=20)
    #: takes with changed inputs after a failed gate; None: the project's or this machine's budget
    max_retakes: Whole | None = Field(default=None, ge=0, le=20)
    profile: Name | None = None
    #: metric -> limit, in place of the profile's
    quality_thresholds: dict[Metric, Finite] = Field(default_factory=dict)
    idempotency_key: Name | None = None
    #: an `Actor`, or the text of one
    requested_by: Annotated[Name, BeforeValidator(_actor_as_text)] = "unknown"
    #: a fire drill: a fault drawn on purpose
    defect: Defect | None = None
