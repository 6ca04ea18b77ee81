"""What changes when a take failed its gate: the ladder from a new seed to a person, as a pure function."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from models.metrics import Metric
from models.pools import COMFYUI
from models.recipe import SEED_LIMIT, Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from models.recipe import CharacterLook

#: these say that somebody does not look like themselves
IDENTITY_METRICS = frozenset({Metric.FACE_SIMILARITY, Metric.IDENTITY, Metric.SUBJECT_CONSISTENCY})
#: these say that the picture does not move as it should
MOTION_METRICS = frozenset(
    {
        Metric.TEMPORAL_LPIPS,
        Metric.MOTION_SMOOTHNESS,
        Metric.LUMA_FLICKER,
        Metric.JITTER,
        Metric.FRAME_ORDER,
        Metric.LOOP_SEAM,
        Metric.SUBJECT_CONSISTENCY,
    }
)
#: these the job, the workflow and the renderer decide; nothing that a retake changes reaches them
_BEYOND_INPUTS = frozenset({Metric.FRAME_COUNT, Metric.SIZE, Metric.FPS})
#: these get into a graph of ComfyUI even where its binding names no input for them
_SPLICED = frozenset({"lora_models", "ipadapter_refs"})
#: of what a retake changes, the farm's own graphs also take these
_TAKEN_BY_OWN_GRAPHS = frozenset({"seed"})
WEIGHT_STEP = 0.15
MOTION_FACTOR = 0.6
#: a view that shows more of the face, and a camera that comes nearer to it
_CLEARER_VIEW = {
    "back": "three_quarter_right",
    "side_left": "three_quarter_left",
    "side_right": "three_quarter_right",
}
_CLOSER_CAMERA = {"wide": "medium", "medium": "close_up"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RetakePlan:
    """The next take's recipe, and what is different about it."""

    recipe: Recipe
    #: what changed -> [before, after], in plain JSON types
    changed: dict[str, list[Any]] = field(default_factory=dict)
    reason: str


def beyond_retakes(
    recipe: Recipe, blocking: Collection[Metric], blocking_before: Collection[Metric] = ()
) -> dict[Metric, str]:
    """The blocking metrics that no retake can mend, each with the reason in one clause: a person must look.

    `blocking_before` is what blocked the take before this one. A defect drawn on purpose is gone in the next
    take, so nothing is beyond one.
    """
    if recipe.defect is not None:
        return {}
    reasons = {metric: _why_beyond(recipe, metric, blocking_before) for metric in blocking}
    return {metric: reason for metric, reason in reasons.items() if reason}


def _why_beyond(recipe: Recipe, metric: Metric, blocking_before: Collection[Metric]) -> str:
    if metric in _BEYOND_INPUTS:
        return "another seed makes a file of the same length, size and rate"
    if metric is not Metric.SCENE_CONTINUITY:
        return ""
    if recipe.renderer != COMFYUI:
        return "the place is drawn from the scene, whatever the seed"
    if metric in blocking_before:
        return "another seed did not mend it in the take before either"
    return ""


def next_recipe(
    recipe: Recipe, take_number: int, blocking: Collection[Metric], root_seed: int
) -> RetakePlan | None:
    """The recipe after take `take_number` (1 is the first) was blocked; None when a person must look.

    Takes 2 and 3 get a new seed. Take 4 also gets what the blocking metrics ask for: a stronger hold on
    identity, less motion. Seeds follow from the root's, so that the same failure is retaken the
    same way everywhere. A defect drawn on purpose is never repeated. A studio's workflow that takes no seed
    would draw the same picture again: its ladder is what else can change, once.
    """
    taken = _taken(recipe)
    takes_seed = taken is None or "seed" in taken
    ladder = _LADDER if takes_seed else tuple(rung for rung in _LADDER if rung is not new_seed)
    if take_number > len(ladder):
        return None
    retaken, reason = ladder[take_number - 1](recipe, frozenset(blocking))
    seed = _derived_seed(root_seed, take_number + 1) if takes_seed else recipe.seed
    retaken = replace(retaken, seed=seed, defect=None)
    changed = _differences(recipe, retaken)
    if not changed:
        return None
    return RetakePlan(recipe=retaken, changed=changed, reason=reason)


def new_seed(recipe: Recipe, blocking: frozenset[Metric]) -> tuple[Recipe, str]:
    """Nothing but another seed."""
    return recipe, f"another seed, because of {_names(blocking)}"


def firmer_hold(recipe: Recipe, blocking: frozenset[Metric]) -> tuple[Recipe, str]:
    """A stronger identity where identity failed, less motion where motion failed."""
    changes = []
    for metrics, firmer, what in (
        (IDENTITY_METRICS, _with_stronger_identity, "a stronger hold on identity"),
        (MOTION_METRICS, _with_less_motion, "less motion"),
    ):
        if blocking & metrics and (held := _as_taken(recipe, firmer(recipe))) != recipe:
            recipe = held
            changes.append(what)
    return recipe, f"{' and '.join(changes) or 'another seed'}, because of {_names(blocking)}"


_LADDER: tuple[Callable[[Recipe, frozenset[Metric]], tuple[Recipe, str]], ...] = (
    new_seed,
    new_seed,
    firmer_hold,
)


def _taken(recipe: Recipe) -> frozenset[str] | None:
    """The fields that reach a graph of ComfyUI; None: this renderer reads the whole recipe."""
    if recipe.workflow_source:
        return _SPLICED | frozenset(recipe.workflow_source["binding"]["inputs"])
    return _SPLICED | _TAKEN_BY_OWN_GRAPHS if recipe.renderer == COMFYUI else None


def _as_taken(before: Recipe, after: Recipe) -> Recipe:
    """`after`, where it makes a difference to the picture; elsewhere as `before`."""
    taken = _taken(before)
    if taken is None:
        return after
    reaching = taken & Recipe.__dataclass_fields__.keys()
    return replace(before, **{name: getattr(after, name) for name in reaching})


def _with_less_motion(recipe: Recipe) -> Recipe:
    if not recipe.job_type.is_motion:
        return recipe
    return replace(recipe, motion_strength=round(recipe.motion_strength * MOTION_FACTOR, 4))


def _with_stronger_identity(recipe: Recipe) -> Recipe:
    angle = recipe.scene.camera_angle
    return replace(
        recipe,
        lora_models=tuple(replace(lora, weight=_stronger(lora.weight)) for lora in recipe.lora_models),
        ipadapter_refs=tuple(replace(ref, weight=_stronger(ref.weight)) for ref in recipe.ipadapter_refs),
        characters=tuple(_clearer(look) for look in recipe.characters),
        scene=replace(recipe.scene, camera_angle=_CLOSER_CAMERA.get(angle, angle)),
    )


def _stronger(weight: float) -> float:
    """A weight somebody set above 1 on purpose is left alone."""
    return max(weight, min(1.0, round(weight + WEIGHT_STEP, 4)))


def _clearer(look: CharacterLook) -> CharacterLook:
    view = look.attributes.get("view", "")
    if view not in _CLEARER_VIEW:
        return look
    return replace(look, attributes={**look.attributes, "view": _CLEARER_VIEW[view]})


def _derived_seed(root_seed: int, take_number: int) -> int:
    digest = hashlib.sha256(f"retake {root_seed} {take_number}".encode()).digest()
    seed = int.from_bytes(digest[:8], "big")
    # By a chance of one in 2^64 it is the seed that failed, and the retake would be the same picture.
    return (seed + 1) % SEED_LIMIT if seed == root_seed else seed


def _differences(before: Recipe, after: Recipe) -> dict[str, list[Any]]:
    """Each top-level part of the recipe that is not as it was."""
    old, new = before.to_json(), after.to_json()
    return {name: [old[name], new[name]] for name in old if old[name] != new[name]}


def _names(blocking: frozenset[Metric]) -> str:
    return ", ".join(sorted(metric.value for metric in blocking)) or "the reviewer's wish"
