"""The forms of a task and of what is in it; another field is refused, with the nearest there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from farm.orders.complaints import refusal
from farm.orders.form import Name, Text, Whole, keepable
from models.dispatch import TASK_PRIORITIES, Condition, SequenceMode, TaskType
from models.errors import OrderRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

#: words of Echo's own protocol for the same tasks
_ALIASES = {
    "compose_scene": TaskType.SCENE_COMPOSITION,
    "story_bible_update": TaskType.STORY_UPDATE,
    "character_design_session": TaskType.CHARACTER_DESIGN,
    "character_feedback": TaskType.CHARACTER_DESIGN,
}
_MOST_TASKS = 1000


def _known_priority(value: int) -> int:
    if value not in TASK_PRIORITIES:
        raise ValueError(f"it must be one of {', '.join(map(str, TASK_PRIORITIES))}")
    return value


def _type_word(value: Any) -> Any:
    return _ALIASES.get(value, value) if isinstance(value, str) else value


Kind = Annotated[TaskType, BeforeValidator(_type_word)]
#: whatever the sender wants to keep with it
Free = Annotated[dict[str, Any], AfterValidator(keepable)]


class Sent(BaseModel):
    """Something that another program sent."""

    said_as: ClassVar[str] = "part"
    such_as: ClassVar[str] = "{...}"

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, protected_namespaces=())


class Task(Sent):
    """One thing to do."""

    task_id: Name
    task_type: Kind
    #: a slug or an id; None: the farm's default project
    project_id: Name | None = None
    priority: Annotated[Whole, AfterValidator(_known_priority)] = 5
    payload: Free = Field(default_factory=dict)
    #: hears of the order's events
    callback_url: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
    #: what its sender knows of the story; kept with the task
    context: Free | None = None


class BatchTask(Task):
    """One task of a batch."""

    #: tasks of the same batch that it waits for, where the batch is conditional
    after: tuple[Name, ...] = Field(default=(), max_length=100)
    condition: Condition = Condition.PASSED


class Batch(Sent):
    """What a `batch_dispatch` holds."""

    tasks: tuple[BatchTask, ...] = Field(min_length=1, max_length=_MOST_TASKS)
    sequence_mode: SequenceMode = SequenceMode.PARALLEL


class Review(Sent):
    """What a `quality_review` asks about; scores and path of the sender's own are kept with the task."""

    job_id: Name
    output_path: Text | None = None
    technical_scores: Free | None = None


class Composition(Sent):
    """What a `scene_composition` says; what it leaves out stays as it is."""

    #: an existing cut (`1/10/20`) that is composed anew; None: a new one
    cut: Name | None = None
    #: an existing scene (`1/10`) that a new cut stands in; None: a new scene
    scene: Name | None = None
    #: where a new scene stands; None: the last one there is
    episode: Name | None = None
    scene_description: Text | None = None
    #: slugs or ids
    character_ids: tuple[Name, ...] | None = Field(default=None, max_length=16)
    #: character -> where they stand
    positions: dict[Name, Text] = Field(default_factory=dict)
    location: Text | None = None
    time_of_day: Text | None = None
    mood: Text | None = None
    lighting: Text | None = None
    camera_angle: Text | None = None
    camera_move: Text | None = None
    action: Text | None = None
    dialogue: Text | None = None
    duration_frames: Whole | None = None
    #: accept words that the renderer will not draw
    lenient: bool = False


class Variant(Sent):
    """One proposal of how somebody looks."""

    name: Name
    #: attribute -> value, beside those that all variants share
    attributes: dict[Name, Name] = Field(min_length=1)


class Design(Sent):
    """What a `character_design` says: the start of a session, or, with a `session_id`, an answer to it."""

    session_id: Name | None = None
    character_name: Name | None = None
    initial_description: Text | None = None
    #: words; kept with the task
    style_reference: Text | None = None
    mode: Literal["interactive"] = "interactive"
    #: attribute -> value
    attributes: dict[Name, Name] = Field(default_factory=dict)
    variants: tuple[Variant, ...] = Field(default=(), max_length=16)
    feedback: Text | None = None
    selected_variant: Name | None = None
    #: accept words that the renderer will not draw
    lenient: bool = False


class StoryUpdate(Sent):
    """What a `story_update` says."""

    #: a word of the sender's; kept with the task
    update_type: Text = ""
    #: fields of the story bible
    content: Free
    #: accept words that the renderer will not draw
    lenient: bool = False


_Form = TypeVar("_Form", bound=Sent)


def read(form: type[_Form], given: Mapping[str, Any], whole: str) -> _Form:
    """What was sent as a value; raises `OrderRefused`, whose sentences call it a `whole`."""
    if not isinstance(given, dict):
        raise OrderRefused(f"A {whole} is a mapping of fields, not {given!r:.60}.")
    try:
        return form.model_validate(given)
    except ValidationError as error:
        raise refusal(error, form, whole) from error
