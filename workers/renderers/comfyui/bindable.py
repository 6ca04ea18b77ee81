"""Which recipe fields a studio's binding may name, and whether what stands there by itself is of their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.errors import BadInput
from models.recipe import Recipe
from workers.renderers.comfyui.graph import is_link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.renderers.comfyui.workflow import Workflow

_KINDS: dict[type, str] = {int: "a whole number", float: "a number", str: "a text"}
#: recipe field -> what it is
_FIELDS: dict[str, type] = {
    **dict.fromkeys(("seed", "subseed", "width", "height", "frame_count", "fps", "steps"), int),
    **dict.fromkeys(("cfg_scale", "motion_strength"), float),
    **dict.fromkeys(("positive_prompt", "negative_prompt", "start_image"), str),
    **dict.fromkeys(("model_name", "vae_name", "sampler_name", "scheduler"), str),
}


def refuse_unfit(workflow: Workflow) -> None:
    """Raises `BadInput` where a recipe's value would not fit the input it is bound to; names the node."""
    binding = workflow.binding
    for name in (*binding.inputs, *binding.defaults):
        if name in Recipe.__dataclass_fields__ and name not in _FIELDS:
            raise BadInput(
                f"The binding of '{workflow.name}' names {name}, which is no single value.",
                hint=f"It may name: {', '.join(_FIELDS)}, and parameters of its own.",
            )
    for name, where, value in _own_values(workflow):
        wanted = _FIELDS.get(name)
        if wanted is not None and not _is(value, wanted):
            raise BadInput(
                f"The binding of '{workflow.name}' names {name}, but {where} is {value!r}, "
                f"which is not {_KINDS[wanted]}.",
                hint="Bind another input, or correct the value.",
            )
    for name, places in binding.inputs.items():
        if not places:
            raise BadInput(
                f"The binding of '{workflow.name}' names {name}, but no input for it.",
                hint="Write NODE.INPUT, as in 6.text, or leave it out.",
            )
        for place in places:
            value = workflow.graph[place.node]["inputs"][place.input]
            if place.divide > 1 and not _is(value, int):
                raise BadInput(
                    f"The binding of '{workflow.name}' divides {place.node}.{place.input} for {name}, "
                    f"but {value!r} is not a whole number.",
                    hint=f"Write {place.node}.{place.input} without /{place.divide}.",
                )


def refuse_covered_links(workflow: Workflow) -> None:
    """Raises `BadInput` where a value would be written over a connection of the graph; names the node."""
    bound = [(name, place) for name, places in workflow.binding.inputs.items() for place in places]
    for name, place in (*bound, *(("the number of frames", place) for place in workflow.binding.frame_inputs)):
        node = workflow.graph[place.node]
        value = node["inputs"][place.input]
        if is_link(value):
            raise BadInput(
                f"The binding of '{workflow.name}' writes {name} to the input {place.input} "
                f"of node {place.node} ({node['class_type']}), which is connected to node {value[0]}.",
                hint=f"Bind an input of node {value[0]}, or one that holds a value.",
            )


def _own_values(workflow: Workflow) -> Iterator[tuple[str, str, Any]]:
    """(field, where it stands, value) of everything that stands there by itself; links hold nothing yet."""
    for name, value in workflow.binding.defaults.items():
        yield name, "its default", value
    for name, places in workflow.binding.inputs.items():
        for place in places:
            value = workflow.graph[place.node]["inputs"][place.input]
            if not is_link(value):
                yield name, f"{place.node}.{place.input}", value


def _is(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)
