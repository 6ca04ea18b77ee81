"""Whether what a studio's binding says can have its effect: fields, kinds of values, the way to the take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.errors import BadInput
from models.nearest import did_you_mean
from models.recipe import Recipe
from workers.renderers.comfyui.graph import is_link, links, upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.renderers.comfyui.graph import Link
    from workers.renderers.comfyui.workflow import Binding, Place, Workflow

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
            if place.suffix and not (isinstance(value, str) and _FIELDS.get(name, str) is str):
                raise BadInput(
                    f"The binding of '{workflow.name}' puts {name} before {place.node}.{place.input}, "
                    f"but not both are texts: there stands {value!r}.",
                    hint=f"Write {place.node}.{place.input} without +.",
                )


def refuse_covered_links(workflow: Workflow) -> None:
    """Raises `BadInput` where a value would be written over a connection of the graph; names the node."""
    for name, place in _written(workflow.binding):
        node = workflow.graph[place.node]
        value = node["inputs"][place.input]
        if is_link(value):
            raise BadInput(
                f"The binding of '{workflow.name}' writes {name} to the input {place.input} "
                f"of node {place.node} ({node['class_type']}), which is connected to node {value[0]}.",
                hint=f"Bind an input of node {value[0]}, or one that holds a value.",
            )


def refuse_idle(workflow: Workflow) -> None:
    """Raises `BadInput` where the binding says something that would have no effect on the take."""
    _refuse_unread_defaults(workflow)
    _refuse_written_twice(workflow)
    used = upstream(workflow.graph, workflow.binding.output)
    for name, places in workflow.binding.inputs.items():
        if name in _FIELDS and used.isdisjoint(place.node for place in places):
            raise BadInput(
                f"The binding of '{workflow.name}' names {name}, but {_called(workflow, places[0].node)} "
                f"leads to nothing that node {workflow.binding.output} saves.",
                hint="Bind a node on the way to it.",
            )
    _refuse_idle_slots(workflow, {source for node_id, _, source in links(workflow.graph) if node_id in used})


def _refuse_idle_slots(workflow: Workflow, taken: set[Link]) -> None:
    """`taken` are the outputs that something on the way to the take is connected to."""
    seen: set[tuple[str, Link]] = set()
    for section, slot in slots(workflow):
        if (section, slot) in seen:
            raise BadInput(
                f"The binding of '{workflow.name}' names output {slot[1]} of {_called(workflow, slot[0])} "
                f"twice for {section}.",
                hint="Name each output once.",
            )
        seen.add((section, slot))
        if slot not in taken:
            raise BadInput(
                f"The binding of '{workflow.name}' puts {section} behind output {slot[1]} of "
                f"{_called(workflow, slot[0])}, which nothing takes.",
                hint="Name an output that is connected on the way to the take.",
            )


def _refuse_unread_defaults(workflow: Workflow) -> None:
    """A default for a field of the recipe says what the graph brings; any other needs its input."""
    inputs = workflow.binding.inputs
    for name in workflow.binding.defaults:
        if name not in inputs and name not in _FIELDS:
            raise BadInput(
                f"The binding of '{workflow.name}' gives a default for {name}, which its inputs do not name.",
                hint=did_you_mean(name, inputs, otherwise="Name its input, or leave it out."),
            )


def _refuse_written_twice(workflow: Workflow) -> None:
    written = {(workflow.binding.output, "filename_prefix"): "the name of its files"}
    for name, place in _written(workflow.binding):
        before = written.setdefault((place.node, place.input), name)
        if before != name:
            raise BadInput(
                f"The binding of '{workflow.name}' writes both {before} and {name} "
                f"to {place.node}.{place.input}.",
                hint="Bind each to an input of its own.",
            )


def _written(binding: Binding) -> Iterator[tuple[str, Place]]:
    """(what is written, where) of everything that a recipe writes."""
    for name, places in binding.inputs.items():
        for place in places:
            yield name, place
    for place in binding.frame_inputs:
        yield "the number of frames", place


def slots(workflow: Workflow) -> Iterator[tuple[str, Link]]:
    """(section, output) of everything that sections are spliced in behind."""
    sections = workflow.binding.sections
    for slot in sections.loras:
        yield "loras", slot.model
        if slot.clip:
            yield "loras", slot.clip
    if sections.controls:
        yield "controls", sections.controls.positive
        yield "controls", sections.controls.negative
    if sections.ip_adapter:
        yield "ip_adapter", sections.ip_adapter


def _called(workflow: Workflow, node_id: str) -> str:
    return f"node {node_id} ({workflow.graph[node_id]['class_type']})"


def _own_values(workflow: Workflow) -> Iterator[tuple[str, str, Any]]:
    """(field, where it stands, value) of every value set in the workflow itself; links hold none yet."""
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
