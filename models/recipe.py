"""The recipe: everything that decides a take's pixels, as one frozen value that goes to JSON and back."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from models.rates import Rate
from models.vocabulary import Defect, JobType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import TypeAdapter


#: the fields that say where on the farm's machines a file lies
_PLACES = ("path", "image_path", "reference_image_path")
SEED_LIMIT = 2**64
"""ComfyUI's seeds go to 2^64 - 1; 0 is a seed like any other."""
#: what a take is drawn with where neither order, project nor workflow says
DEFAULT_STEPS, DEFAULT_CFG_SCALE = 20, 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """A low-rank adapter to a checkpoint."""

    name: str
    path: str = ""
    weight: float = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlNet:
    """A conditioning network and what prepares its picture."""

    name: str
    model: str
    weight: float = 1.0
    preprocessor: str = ""
    #: the prepared picture that conditions the render
    image_path: str = ""
    image_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IpAdapter:
    """A reference picture that pulls the render towards it."""

    reference_image_path: str
    weight: float = 0.8
    noise: float = 0.0
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputPicture:
    """A picture that a render starts from, known by its content."""

    path: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterLook:
    """One character as this take shows it: normalised attributes with the variation already applied."""

    name: str
    #: normalised type -> value: hair_color, hair_style, eye_color, skin, outfit, expression, pose, view, ...
    attributes: dict[str, str] = field(default_factory=dict)
    #: where in the frame: `left`, `center`, `right`, or empty for the renderer to choose
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneLook:
    """Where and when the take happens, and how the camera sees it; free words, empty when unsaid."""

    location: str = ""
    time_of_day: str = ""
    mood: str = ""
    camera_angle: str = ""
    camera_move: str = ""
    #: what the characters do, in words; a renderer reads what it understands (`walks`, `waves`, `talks`)
    action: str = ""
    #: what is said; a renderer that moves lips takes its rhythm from it
    dialogue: str = ""
    #: the same for every take of one scene, so that its background stays the same
    background_seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleLook:
    """The story bible's art direction."""

    art_style: str = ""
    line_weight: str = ""
    shading_style: str = ""
    color_palette: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything needed to make the same pixels again, before and after it is resolved by a renderer."""

    renderer: str
    job_type: JobType
    seed: int  #: 0 <= seed < SEED_LIMIT
    width: int  #: pixels
    height: int  #: pixels
    frame_count: int = 1
    fps: Rate = 24  #: frames a second; in JSON 24, or "24000/1001"
    positive_prompt: str = ""
    negative_prompt: str = ""
    subseed: int | None = None
    model_name: str = ""
    vae_name: str | None = None
    sampler_name: str | None = None
    scheduler: str | None = None
    steps: int = DEFAULT_STEPS
    cfg_scale: float = DEFAULT_CFG_SCALE
    lora_models: tuple[Lora, ...] = ()
    controlnet_models: tuple[ControlNet, ...] = ()
    ipadapter_refs: tuple[IpAdapter, ...] = ()
    #: the renderer's workflow by name; empty: its own for this kind of job
    workflow: str = ""
    #: a studio's own workflow, graph and binding, as it was when the take was ordered; else empty
    workflow_source: dict[str, Any] = field(default_factory=dict)
    #: the workflow's own parameters, where this take sets them
    workflow_inputs: dict[str, str | int | float | bool] = field(default_factory=dict)
    #: what a loop or a video begins with
    start_image: InputPicture | None = None
    characters: tuple[CharacterLook, ...] = ()
    scene: SceneLook = field(default_factory=SceneLook)
    style: StyleLook = field(default_factory=StyleLook)
    #: 0..1: how strongly a video moves; a retake for jitter or smoothness lowers it
    motion_strength: float = 1.0
    #: a fault drawn on purpose (a fire drill for the gate); None in production
    defect: Defect | None = None

    def to_json(self) -> dict[str, Any]:
        plain: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return plain

    def fingerprint(self) -> str:
        """SHA-256 of everything that decides the pixels; pictures count by content, wherever they lie."""
        return fingerprint_of(self.to_json())

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Recipe:
        """The inverse of `to_json`; raises `pydantic.ValidationError` on anything else."""
        return _adapter().validate_python(stored)


def fingerprint_of(recipe: Mapping[str, Any]) -> str:
    """`Recipe.fingerprint` of a recipe that was already turned into JSON, which it leaves as it is."""
    counted = {
        **recipe,
        "start_image": _by_content(recipe["start_image"]) if recipe["start_image"] else None,
        "controlnet_models": [_by_content(net) for net in recipe["controlnet_models"]],
        "ipadapter_refs": [_by_content(ref) for ref in recipe["ipadapter_refs"]],
    }
    return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()


def without_places(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's JSON as it may leave the studio: files are told by name and hash, not by where they lie.

    A picture of known content keeps its last name only; so does whatever an absolute path names. A LoRA's path
    within ComfyUI's folders stays, because that is its name there.

    >>> without_places({"start_image": {"path": "/takes/a/master.png", "sha256": "ab"}})
    {'start_image': {'path': 'master.png', 'sha256': 'ab'}}
    """
    reduced = dict(recipe)
    if reduced.get("start_image"):
        reduced["start_image"] = _by_name(reduced["start_image"])
    for several in ("lora_models", "controlnet_models", "ipadapter_refs"):
        if several in reduced:
            reduced[several] = [_by_name(file) for file in reduced[several]]
    return reduced


def _by_name(file: Mapping[str, Any]) -> dict[str, Any]:
    """With the last part of its path alone, where the folders say nothing to others."""
    is_known = _is_known(file)
    return {
        name: value.rpartition("/")[2] if name in _PLACES and (is_known or value.startswith("/")) else value
        for name, value in file.items()
    }


def _by_content(picture: Mapping[str, Any]) -> dict[str, Any]:
    """Without its path, where its content is known."""
    is_known = _is_known(picture)
    return {name: value for name, value in picture.items() if not (is_known and name in _PLACES)}


def _is_known(picture: Mapping[str, Any]) -> bool:
    return bool(picture.get("sha256") or picture.get("image_sha256"))


@cache
def _adapter() -> TypeAdapter[Recipe]:
    from pydantic import TypeAdapter

    return TypeAdapter(Recipe)


def environment_sha256(environment: Mapping[str, str]) -> str:
    """SHA-256 of the recorded facts (renderer, libraries, device, driver), in any order.

    >>> environment_sha256({"a": "1", "b": "2"}) == environment_sha256({"b": "2", "a": "1"})
    True
    """
    canonical = json.dumps(dict(environment), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
