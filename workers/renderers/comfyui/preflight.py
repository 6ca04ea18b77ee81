"""Holds a graph against what a ComfyUI has, before anything is queued; pure, so that admission uses it too."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeGuard

from models.nearest import listed, the_nearest_is
from models.plain import is_keepable
from models.pools import fits
from workers.renderers.comfyui.checkpoints import names_weights
from workers.renderers.comfyui.graph import is_link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydantic import TypeAdapter

    from workers.renderers.comfyui.client import ComfyUIClient
    from workers.renderers.comfyui.graph import Graph
    from workers.renderers.comfyui.workflow import Place

#: folders whose files are shown to people; what a graph may name is read from the nodes' own lists
MODEL_FOLDERS = (
    "checkpoints",
    "diffusion_models",
    "loras",
    "vae",
    "text_encoders",
    "controlnet",
    "clip_vision",
    "ipadapter",
)
#: inputs whose lists are files that are uploaded first
_UPLOADED = frozenset({"image", "video", "audio"})
_OWN_MODULES = ("nodes", "comfy_extras.", "comfy_api_nodes.")
#: the module of the nodes that every ComfyUI has had for years; the others come and go with its version
_EVERYWHERE = "nodes"


@dataclass(frozen=True, slots=True)
class NodeType:
    """What a node type takes, as far as it can be checked from outside."""

    module: str
    required: tuple[str, ...] = ()
    #: input -> the values it accepts
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: input -> (least, most); whole numbers stay whole, for seeds are too large for a float
    ranges: dict[str, tuple[int | float, int | float]] = field(default_factory=dict)
    #: how many outputs it has; None: unknown
    outputs: int | None = None
    #: input of whole numbers -> how far apart they are, counted from the least
    steps: dict[str, int] = field(default_factory=dict)

    @property
    def is_custom(self) -> bool:
        """Whether it came with a package of its own rather than with ComfyUI."""
        return not self.module.startswith(_OWN_MODULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What one ComfyUI can do."""

    version: str
    device: str
    vram_mib: int
    nodes: dict[str, NodeType]
    models: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def custom_packages(self) -> tuple[str, ...]:
        """The packages its custom nodes came with."""
        modules = {node.module.rpartition(".")[2] for node in self.nodes.values() if node.is_custom}
        return tuple(sorted(modules))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Inventory:
        return _adapter().validate_python(data)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reason why a graph cannot run at a ComfyUI."""

    sentence: str
    hint: str = ""


def take_inventory(client: ComfyUIClient) -> Inventory:
    """Ask a ComfyUI what it has; raises `Unavailable` when it does not answer."""
    stats = client.stats()
    return Inventory(
        version=stats.version,
        device=stats.device,
        vram_mib=stats.vram_total // 2**20,
        nodes={
            name: _node_type(description)
            for name, description in client.object_info().items()
            if is_keepable(name) and isinstance(description, Mapping)
        },
        models={folder: names for folder in MODEL_FOLDERS if (names := _names(client.models(folder)))},
    )


def troubles(
    graph: Graph,
    inventory: Inventory,
    *,
    requires: Mapping[str, str],
    vram_mib: int,
    counted: Iterable[Place] = (),
) -> Iterator[Trouble]:
    """Everything that keeps this graph from running there, with the nearest that would.

    `counted` are the inputs that hold its number of frames.
    """
    if not fits(vram_mib, inventory.vram_mib):
        yield Trouble(
            f"The workflow needs {vram_mib / 1024:.0f} GiB on the card; {inventory.device} has "
            f"{inventory.vram_mib / 1024:.0f} GiB.",
            "Choose a smaller workflow, or a worker with a bigger card.",
        )
    for node_id, node in graph.items():
        kind = inventory.nodes.get(node["class_type"])
        if kind is None:
            yield _unknown_node(node["class_type"], node_id, inventory, requires)
        else:
            yield from _input_troubles(node_id, node, kind)
            yield from _link_troubles(node_id, graph, inventory)
    for place in counted:
        yield from _count_troubles(place, graph[place.node], inventory)


def needs_of(graph: Graph, inventory: Inventory) -> tuple[str, ...]:
    """What a ComfyUI must have to run this graph, in sorted words: files that loaders name, and node types.

    `lora_name=aiko.safetensors` is a file; `node=IPAdapterAdvanced` a node type that not every ComfyUI has.
    `inventory` is of a ComfyUI that can run it, and tells files from other values, core nodes from others.
    """
    words = set()
    for node in graph.values():
        kind = inventory.nodes.get(node["class_type"])
        if kind is None or kind.module != _EVERYWHERE:
            words.add(_node_word(node["class_type"]))
        for name, value in node["inputs"].items():
            is_listed = kind is None or name in kind.lists
            if isinstance(value, str) and is_listed and _is_file(name, value):
                words.add(_file_word(name, value))
    return tuple(sorted(words))


def has_of(inventory: Inventory) -> tuple[str, ...]:
    """Everything a graph may need that this ComfyUI has, in the sorted words of `needs_of`."""
    words = {_node_word(name) for name, kind in inventory.nodes.items() if kind.module != _EVERYWHERE}
    for kind in inventory.nodes.values():
        for name, values in kind.lists.items():
            words.update(_file_word(name, value) for value in values if _is_file(name, value))
    return tuple(sorted(words))


def _is_file(name: str, value: str) -> bool:
    return name not in _UPLOADED and names_weights(name, value)


def _file_word(name: str, value: str) -> str:
    return f"{name}={value}"


def _node_word(name: str) -> str:
    return f"node={name}"


def _unknown_node(kind: str, node_id: str, inventory: Inventory, requires: Mapping[str, str]) -> Trouble:
    sentence = f"This ComfyUI has no node {kind} (node {node_id})."
    if kind in requires:
        return Trouble(sentence, f"Install {requires[kind]} there.")
    return Trouble(sentence, the_nearest_is(kind, inventory.nodes, "Install the package that brings it."))


def _input_troubles(node_id: str, node: Mapping[str, Any], kind: NodeType) -> Iterator[Trouble]:
    where = f"{node['class_type']} (node {node_id})"
    for name in kind.required:
        if name not in node["inputs"]:
            yield Trouble(f"{where} lacks its input {name}.", "Bind it, or set it in the graph.")
    for name, value in node["inputs"].items():
        if is_link(value):
            continue
        offered = kind.lists.get(name)
        if offered is not None and name not in _UPLOADED and str(value) not in offered:
            it_has = f"It has: {listed(offered)}." if offered else "It has none."
            given = f"'{value}'" if value != "" else "no name given"
            yield Trouble(f"{where} has no {name} {given}.", the_nearest_is(str(value), offered, it_has))
        low_high = kind.ranges.get(name)
        if low_high and isinstance(value, int | float) and not low_high[0] <= value <= low_high[1]:
            yield Trouble(f"{where} takes {name} from {low_high[0]:g} to {low_high[1]:g}, not {value:g}.")


def _count_troubles(place: Place, node: Mapping[str, Any], inventory: Inventory) -> Iterator[Trouble]:
    """A number of frames between two steps: ComfyUI takes it, and the node makes fewer without a word."""
    kind, value = inventory.nodes.get(node["class_type"]), node["inputs"].get(place.input)
    step = kind.steps.get(place.input) if kind else None
    if kind is None or step is None or not isinstance(value, int):
        return
    least = int(kind.ranges[place.input][0])
    if (value - least) % step:
        yield Trouble(
            f"{node['class_type']} (node {place.node}) counts {place.input} from {least} in steps of {step}, "
            f"so {value} is impossible.",
            f"Write `multiple: {step}` under `frames` in the workflow's file.",
        )


def _link_troubles(node_id: str, graph: Graph, inventory: Inventory) -> Iterator[Trouble]:
    """Links of this node to outputs that the other node does not have."""
    mine = graph[node_id]
    for name, value in mine["inputs"].items():
        if not is_link(value) or value[0] not in graph:
            continue
        source, slot = graph[value[0]]["class_type"], value[1]
        kind = inventory.nodes.get(source)
        if kind is None or kind.outputs is None or 0 <= slot < kind.outputs:
            continue
        yield Trouble(
            f"{mine['class_type']} (node {node_id}) takes its {name} from output {slot} of {source} "
            f"(node {value[0]}), which has no such output.",
            f"Its outputs are 0 to {kind.outputs - 1}." if kind.outputs else "It has none.",
        )


def _node_type(description: Mapping[str, Any]) -> NodeType:
    inputs = _mapping(description.get("input"))
    required = _mapping(inputs.get("required"))
    lists: dict[str, tuple[str, ...]] = {}
    ranges: dict[str, tuple[int | float, int | float]] = {}
    steps: dict[str, int] = {}
    for name, config in {**required, **_mapping(inputs.get("optional"))}.items():
        if not isinstance(config, list) or not config:
            # A custom node says of its inputs what it likes; the others must not go unread for that.
            continue
        kind, more = config[0], (config[1] if len(config) > 1 and isinstance(config[1], dict) else {})
        values = kind if isinstance(kind, list) else more.get("options") if kind == "COMBO" else None
        if isinstance(values, list):
            lists[name] = _names(values)
        low, high = more.get("min"), more.get("max")
        if kind in ("INT", "FLOAT") and _is_finite(low) and _is_finite(high):
            ranges[name] = (low, high)
            if kind == "INT" and isinstance(step := more.get("step"), int) and step > 1:
                steps[name] = step
    module = str(description.get("python_module", "nodes"))
    return NodeType(module, tuple(required), lists, ranges, _output_count(description.get("output")), steps)


@cache
def _adapter() -> TypeAdapter[Inventory]:
    from pydantic import TypeAdapter

    return TypeAdapter(Inventory)


def _mapping(answer: Any) -> Mapping[str, Any]:
    return answer if isinstance(answer, Mapping) else {}


def _names(values: Sequence[Any]) -> tuple[str, ...]:
    """All but those that no order could name and no database keep: a file's name may be any bytes."""
    return tuple(name for value in values if is_keepable(name := str(value)))


def _is_finite(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and abs(value) < math.inf


def _output_count(output: Any) -> int | None:
    """A node with an output of any type may have more of them than it lists."""
    return len(output) if isinstance(output, list) and "*" not in output else None
