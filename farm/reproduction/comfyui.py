"""Recorded ComfyUI recipes, changed or not: held against the take's workflow and what the servers have."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from farm.orders import limits
from farm.orders.comfyui import workflows
from farm.orders.comfyui.fleet import Fleet
from farm.orders.comfyui.planning import required_packages
from farm.orders.plan import Plan
from farm.reproduction.changes import changed_recipe
from models import pools
from models.errors import BadInput, OrderRefused
from workers.renderers import registry
from workers.renderers.comfyui import preflight
from workers.renderers.comfyui.recorded import workflow_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from db.engine import Session
    from farm.settings import Settings
    from models.recipe import Recipe
    from workers.renderers.comfyui.workflow import Workflow

#: fields that reach the picture without an input of their own
_WITHOUT_A_PLACE = frozenset(
    {"frame_count", "fps", "lora_models", "controlnet_models", "ipadapter_refs", "workflow_inputs"}
)
#: list and part of a recipe -> the loader's input that lists its file, and what people call it
_LISTED = {
    ("lora_models", "path"): ("lora_name", "LoRA"),
    ("controlnet_models", "model"): ("control_net_name", "ControlNet"),
}


def planned(
    session: Session, settings: Settings, recorded: Recipe, changes: Mapping[str, Any]
) -> tuple[Plan, dict[str, list[Any]]]:
    """The recipe with its changes, where it waits and what its worker must have; and what is really changed.

    Raises:
        UnknownName: no such field or parameter; the hint names the nearest.
        OrderRefused: a change cannot work, would be ignored, or no ComfyUI of this farm can run it.
    """
    try:
        workflow = workflow_of(recorded)
        fleet = Fleet.of(session, settings)
        spelled = _spelled(fleet, workflow, changes)
        recipe, changed = changed_recipe(recorded, spelled, workflows.parameters(workflow))
        _refuse_ignored(workflow, changed)
        typed = workflows.workflow_inputs(workflow, dict(recipe.workflow_inputs))
        recipe = replace(recipe, workflow_inputs=typed)
        if not {"width", "height"}.isdisjoint(changed):
            can = limits.in_multiples(registry.capabilities(recipe.renderer), workflow.side_multiple_px)
            limits.refuse_size(workflow.name, can, recipe.width, recipe.height)
        graph = workflow.bind(recipe, "farm/order")
    except BadInput as error:
        raise OrderRefused(error.message, hint=error.hint) from error
    inventory = fleet.require(graph, workflow, required_packages(workflow))
    pool = pools.pool(recipe.renderer, workflow.vram_mib)
    return Plan(recipe=recipe, pool=pool, needs=preflight.needs_of(graph, inventory)), changed


def _spelled(fleet: Fleet, workflow: Workflow, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes with files by the names that ComfyUI lists, which an order may shorten too."""
    words = {name: value for name, value in changes.items() if isinstance(value, str)}
    spelled = {**changes, **fleet.spelled(words, workflow)}
    for name, word in words.items():
        parts = name.split(".")
        if listed := _LISTED.get((parts[0], parts[-1])):
            spelled[name] = fleet.file(listed[0], word, listed[1])
    return spelled


def _refuse_ignored(workflow: Workflow, changed: Mapping[str, Any]) -> None:
    """What is changed and has no input in the workflow would change nothing."""
    for name in changed:
        field, _, part = name.partition(".")
        is_noise = field == "ipadapter_refs" and part.endswith(".noise")
        if is_noise or (field not in _WITHOUT_A_PLACE and field not in workflow.binding.inputs):
            raise OrderRefused(
                f"The workflow '{workflow.name}' has no place for {name}, so it would be ignored.",
                hint="Its pictures come from the prompt: change positive_prompt."
                if field in ("characters", "scene", "style")
                else "Leave it out.",
            )
