"""A studio's own workflow: an API-format graph beside a small YAML file that says where a recipe goes in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from models import documents
from models.errors import BadInput
from models.plain import refuse_unkeepable
from models.vocabulary import JobType
from workers.renderers.comfyui.bindable import refuse_covered_links, refuse_idle, refuse_unfit, slots
from workers.renderers.comfyui.graph import Graph, Link, checked
from workers.renderers.comfyui.sections import ControlSlot, LoraSlot, Sections
from workers.renderers.comfyui.workflow import Binding, Frames, Place, Workflow

if TYPE_CHECKING:
    from collections.abc import Mapping

Several = Annotated[
    tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class _Frames(_Form):
    inputs: Several = ()
    multiple: int = Field(default=1, ge=1, le=64)
    drop_last: bool = False


class BindingForm(_Form):
    """The YAML file; see the example in `examples/workflows`."""

    job_types: tuple[JobType, ...] = Field(min_length=1)
    output: str
    inputs: dict[str, Several]
    defaults: dict[str, str | int | float | bool] = Field(default_factory=dict)
    frames: _Frames = _Frames()
    loras: tuple[LoraSlot, ...] | LoraSlot = ()
    controls: ControlSlot | None = None
    ip_adapter: Link | None = None
    requires: dict[str, str] = Field(default_factory=dict)
    vram_gib: float = Field(default=0, ge=0, le=1024)
    side_multiple: int = Field(default=8, ge=1, le=256)


def load(folder: Path) -> dict[str, Workflow]:
    """Every workflow of a folder by name: `NAME.json` beside `NAME.yaml`.

    Raises:
        BadInput: one of them cannot be used; the sentence names the file and the node.
    """
    return {path.stem: load_one(path) for path in sorted(folder.glob("*.yaml"))}


def load_one(path: Path) -> Workflow:
    """The workflow of one binding file and the graph beside it; raises as `load`."""
    graph_path = path.with_suffix(".json")
    workflow = parse(path.stem, _read(graph_path), _read(path), graph_path.name)
    # Not in `parse`: a recipe that was recorded with such a binding can still be made again.
    refuse_covered_links(workflow)
    refuse_idle(workflow)
    return workflow


def parse(name: str, graph: Any, binding: Any, graph_name: str = "") -> Workflow:
    """The workflow of a graph and its binding, both as plain data; raises `BadInput`, naming the node."""
    nodes = checked(graph, graph_name or f"the workflow '{name}'")
    form = _form(name, binding)
    source = {"graph": nodes, "binding": form.model_dump(mode="json", exclude_defaults=True)}
    refuse_unkeepable(source["binding"], f"The binding of '{name}'")
    workflow = Workflow(
        name=name,
        job_types=form.job_types,
        graph=nodes,
        binding=Binding(
            inputs={
                field: tuple(_place(nodes, text) for text in texts) for field, texts in form.inputs.items()
            },
            output=form.output,
            frames=Frames(multiple=form.frames.multiple, drop_last=form.frames.drop_last),
            frame_inputs=tuple(Place.parse(text) for text in form.frames.inputs),
            sections=Sections(
                loras=form.loras if isinstance(form.loras, tuple) else (form.loras,),
                controls=form.controls,
                ip_adapter=form.ip_adapter,
            ),
            defaults=form.defaults,
        ),
        requires=form.requires,
        vram_mib=round(form.vram_gib * 1024),
        side_multiple_px=form.side_multiple,
        source=source,
    )
    _refuse_missing(workflow)
    refuse_unfit(workflow)
    return workflow


def _place(graph: Graph, text: str) -> Place:
    """As `Place.parse`; `6.text+` puts a text before the one that stands there in the graph."""
    place = Place.parse(text.removesuffix("+"))
    own = graph.get(place.node, {"inputs": {}})["inputs"].get(place.input)
    return replace(place, suffix=f", {own}") if text.endswith("+") else place


def _refuse_missing(workflow: Workflow) -> None:
    """Every node that the binding names must be in the graph, and every input at its node."""
    binding, graph = workflow.binding, workflow.graph
    places = [*binding.frame_inputs, *(place for places in binding.inputs.values() for place in places)]
    taken = [node_id for _, (node_id, _) in slots(workflow)]
    if binding.sections.controls and binding.sections.controls.vae:
        taken.append(binding.sections.controls.vae[0])
    for node_id in [binding.output, *(place.node for place in places), *taken]:
        if node_id not in graph:
            raise BadInput(
                f"The binding of '{workflow.name}' names node {node_id}, which its graph does not have.",
                hint=f"Nodes: {', '.join(_listed(graph))}.",
            )
    for place in places:
        if place.input not in graph[place.node]["inputs"]:
            known = ", ".join(graph[place.node]["inputs"])
            raise BadInput(
                f"The binding of '{workflow.name}' names the input {place.input} of node {place.node} "
                f"({graph[place.node]['class_type']}), which has none of that name.",
                hint=f"It has: {known}.",
            )
    output = graph[binding.output]
    if "filename_prefix" not in output["inputs"]:
        raise BadInput(
            f"The output node {binding.output} ({output['class_type']}) of '{workflow.name}' has no "
            "filename_prefix, so that its files cannot be told from others.",
            hint="Name a SaveImage node as output.",
        )


def _listed(graph: Graph) -> list[str]:
    return [f"{node_id} ({node['class_type']})" for node_id, node in graph.items()][:20]


def _form(name: str, binding: Any) -> BindingForm:
    if not isinstance(binding, dict):
        raise BadInput(f"The binding of '{name}' is no mapping.", hint="See examples/workflows.")
    try:
        return BindingForm.model_validate(binding)
    except ValidationError as error:
        first: Mapping[str, Any] = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"The binding of '{name}' cannot be used at '{where}': {first['msg']}.",
            hint="See examples/workflows.",
        ) from error


def _read(path: Path) -> Any:
    """What stands in one of a workflow's two files; a pipe, which would never answer, is refused."""
    try:
        if not path.exists():
            raise BadInput(f"There is no {path.name} in {path.parent}.", hint="Each workflow needs both.")
        if not path.is_file():
            raise BadInput(f"{path.name} is no file.", hint="Is it the right one?")
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.", hint="Correct its rights.") from error
    return documents.read(path, path.name).content
