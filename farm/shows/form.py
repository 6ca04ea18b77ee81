"""The form of a show: project, story bible, characters, episodes, scenes, cuts, as a writer says them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from farm.orders.form import Finite, FramesPerSecond, Free, Parameter, Whole, keepable
from models.recipe import SEED_LIMIT
from models.vocabulary import JobType, VariationType


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=100)]
Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(keepable)]
Text = Annotated[str, Field(max_length=20_000), AfterValidator(keepable)]
Short = Annotated[str, Field(max_length=100), AfterValidator(keepable)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_one_or_many)]
Number = Annotated[Whole, Field(ge=0, le=999_999)]
Frames = Annotated[Whole, Field(gt=0, le=1_000_000)]
#: a position in a scene, from 0
Frame = Annotated[Whole, Field(ge=0, le=1_000_000)]
Pixels = Annotated[Whole, Field(gt=0, le=100_000)]
AttributeType = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(keepable)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, protected_namespaces=())


class Defaults(_Part):
    """What the project's orders start from.

    `model_name`, `vae_name`, `sampler_name`, `scheduler`, `steps` and `cfg_scale` belong together. A comfyui
    workflow that brings its own model brings its own sampling too, and keeps all of it.
    """

    renderer: Name | None = None
    #: True: what the renderer will not draw is accepted, in this file and in orders, and listed as `not_drawn`
    lenient: bool | None = None
    profile: Name | None = None
    model_name: Name | None = None
    vae_name: Name | None = None
    sampler_name: Short | None = None
    scheduler: Short | None = None
    #: kind -> the comfyui workflow for it, the farm's or the studio's
    workflows: dict[JobType, Name] = Field(default_factory=dict)
    #: workflow -> its own parameters, as this show sets them; an order's own win
    workflow_inputs: dict[Name, dict[Name, Parameter]] = Field(default_factory=dict)
    width: Pixels | None = None
    height: Pixels | None = None
    #: kind -> (width, height), where one kind differs
    sizes: dict[JobType, tuple[Pixels, Pixels]] = Field(default_factory=dict)
    fps: FramesPerSecond | None = None
    steps: Whole | None = Field(default=None, gt=0, le=1000)
    cfg_scale: Finite | None = Field(default=None, ge=0, le=100)
    negative_prompt: Text | None = None
    max_retakes: Whole | None = Field(default=None, ge=0, le=20)
    #: profiles of its own by name (`farm.judging.profiles`)
    profiles: dict[Name, dict[str, Free]] = Field(default_factory=dict)


class ProjectPart(_Part):
    """The show itself."""

    slug: Slug
    name: Name
    description: Text | None = None
    defaults: Defaults = Field(default_factory=Defaults)


class StoryBibleHead(_Part):
    """The art direction of the whole show, without the pictures that only loading can take in."""

    art_style: Text | None = None
    color_palette: dict[Name, Name] = Field(default_factory=dict)
    line_weight: Short | None = None
    shading_style: Short | None = None
    setting_description: Text | None = None
    time_period: Short | None = None
    mood_keywords: Names = ()
    narrative_themes: Names = ()
    global_seed: Annotated[Whole, Field(ge=0, lt=SEED_LIMIT)] | None = None


class StoryBiblePart(StoryBibleHead):
    """The art direction of the whole show."""

    #: approved pictures of the style; where there are none, loading draws some
    references: tuple[Name, ...] = ()


class AttributePart(_Part):
    """One trait with its own words for the prompt."""

    value: Name
    tokens: Names = ()
    priority: Whole = Field(default=0, ge=-1000, le=1000)


class TypedAttribute(AttributePart):
    """One trait, and what it is a trait of."""

    type: AttributeType


class VariationPart(_Part):
    """How one outfit, expression, pose or age differs from the character's default."""

    name: Name
    type: VariationType
    attributes: dict[Name, Name] = Field(default_factory=dict)
    prepend: Names = ()
    append: Names = ()
    replace: dict[Name, Text] = Field(default_factory=dict)
    reference_image: Name | None = None


class CharacterHead(_Part):
    """Somebody in the show, without the pictures that only loading can take in."""

    slug: Slug
    name: Name
    description: Text | None = None
    base_prompt: Text | None = None
    negative_tokens: Names = ()
    color_palette: dict[Name, Name] = Field(default_factory=dict)
    #: for a toon show a file below the allowed folders, for a comfyui show a name in ComfyUI's loras folder
    lora_model_path: Name | None = None
    attributes: dict[AttributeType, AttributePart | Name] = Field(default_factory=dict)
    variations: tuple[VariationPart, ...] = ()


class CharacterPart(CharacterHead):
    """Somebody in the show."""

    #: approved pictures; where there are none, loading draws a character sheet
    references: tuple[Name, ...] = ()


class SceneCharacterPart(_Part):
    """Who is in a scene, from when to when, and where they stand."""

    character: Slug
    entrance_frame: Frame = 0
    exit_frame: Frame | None = None
    position: Text | None = None


class CutPart(_Part):
    """The unit that gets rendered."""

    number: Number
    description: Text | None = None
    camera_angle: Short | None = None
    camera_move: Short | None = None
    duration_frames: Frames | None = None
    characters: tuple[Slug, ...] = Field(default=(), max_length=16)
    #: character -> names of their variations
    variations: dict[Slug, Names] = Field(default_factory=dict)
    dialogue: Text | None = None
    action_notes: Text | None = None
    #: the show does without it; its takes stay, and no gate counts them
    omit: bool = False


class SceneHead(_Part):
    """One place and time, without its cuts."""

    number: Number
    name: Name | None = None
    description: Text | None = None
    location: Name | None = None
    time_of_day: Short | None = None
    mood: Short | None = None
    duration_frames: Frames | None = None
    style_overrides: dict[Name, Free] = Field(default_factory=dict)
    characters: tuple[SceneCharacterPart, ...] = ()


class ScenePart(SceneHead):
    """One place and time."""

    cuts: tuple[CutPart, ...] = ()


class EpisodeHead(_Part):
    """One episode without its scenes."""

    number: Number
    title: Name | None = None
    synopsis: Text | None = None
    target_duration_seconds: Whole | None = Field(default=None, gt=0, le=1_000_000)


class EpisodePart(EpisodeHead):
    """One episode."""

    scenes: tuple[ScenePart, ...] = ()


class Show(_Part):
    """A whole show as its file says it."""

    project: ProjectPart
    story_bible: StoryBiblePart = Field(default_factory=StoryBiblePart)
    characters: tuple[CharacterPart, ...] = ()
    episodes: tuple[EpisodePart, ...] = ()
