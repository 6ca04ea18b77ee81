"""ComfyUI graphs in API format, as plain values: refused when they cannot work, spliced without being changed.

A graph maps node ids to `{class_type, inputs, _meta}`; an input is a value or a link `[node id, output slot]`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from models.errors import BadInput
from models.plain import refuse_unkeepable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Graph = dict[str, dict[str, Any]]
Link = tuple[str, int]

#: inputs that name a place on ComfyUI's disk, as its own nodes and those of others call them
_PATH_INPUT = re.compile(
    r"image|video|audio|(?:\w+_)?(?:path|file|filename|folder|foldername|dir|directory)(?:_prefix)?"
)


def checked(data: Any, name: str) -> Graph:
    """The graph, when it is one; `name` is what the refusal calls it.

    Raises:
        BadInput: it is in the editor's format, a node has no type, a link leads nowhere or in a circle, or a
            path leaves its folder; the sentence names the node.
    """
    if not isinstance(data, Mapping) or not data:
        raise BadInput(f"{name} is no ComfyUI graph.", hint="Export it in ComfyUI with 'Export (API)'.")
    if "nodes" in data and "links" in data:
        raise BadInput(
            f"{name} is in the editor's format, which cannot be run.",
            hint="Export it in ComfyUI with 'Export (API)' instead of 'Save'.",
        )
    refuse_unkeepable(list(data), f"The name of a node of {name}")
    graph: Graph = {str(node_id): _node(name, str(node_id), node) for node_id, node in data.items()}
    for node_id, node in graph.items():
        for field, value in node["inputs"].items():
            _check_input(name, graph, node_id, field, value)
    refuse_escapes(graph, name)
    _refuse_circles(name, graph)
    return graph


def refuse_escapes(graph: Graph, name: str) -> None:
    """Raises `BadInput` where a node names a place outside ComfyUI's folders."""
    for node_id, node in graph.items():
        for field, value in node["inputs"].items():
            if isinstance(value, str) and _PATH_INPUT.fullmatch(field) and _escapes(value):
                raise BadInput(
                    f"Node {node_id} ({node['class_type']}) of {name} names the path '{value}', which leaves "
                    "ComfyUI's folder.",
                    hint="Use a plain name below the folder.",
                )


def links(graph: Graph) -> Iterator[tuple[str, str, Link]]:
    """Every link as (node, input, what it comes from)."""
    for node_id, node in graph.items():
        for field, value in node["inputs"].items():
            if is_link(value):
                yield node_id, field, (str(value[0]), int(value[1]))


def is_link(value: Any) -> bool:
    """Whether an input's value is a link to another node's output."""
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and isinstance(value[0], str)
        and type(value[1]) is int
    )


def upstream(graph: Graph, node_id: str) -> set[str]:
    """A node and all that it takes something from."""
    sources: dict[str, list[str]] = {}
    for taker, _, (source, _) in links(graph):
        sources.setdefault(taker, []).append(source)
    reached, left = set(), [node_id]
    while left:
        if (here := left.pop()) not in reached:
            reached.add(here)
            left += sources.get(here, ())
    return reached


def relinked(graph: Graph, old: Link, new: Link, *, but: Iterable[str] = ()) -> Graph:
    """The graph with everything that took `old` taking `new`, except at the nodes `but`."""
    if old == new:
        return graph
    spared = set(but)
    # Only what is written to is copied: a thousand orders are bound in one submit.
    changed = {node_id: {**node, "inputs": dict(node["inputs"])} for node_id, node in graph.items()}
    for node_id, field, source in links(graph):
        if source == old and node_id not in spared:
            changed[node_id]["inputs"][field] = [new[0], new[1]]
    return changed


def node(class_type: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    """One node; links are given as (node id, slot)."""
    values = {field: list(value) if isinstance(value, tuple) else value for field, value in inputs.items()}
    new: dict[str, Any] = {"class_type": class_type, "inputs": values}
    return new | ({"_meta": {"title": title}} if title else {})


def _node(name: str, node_id: str, data: Any) -> dict[str, Any]:
    if not isinstance(data, Mapping) or not isinstance(data.get("class_type"), str):
        raise BadInput(
            f"Node {node_id} of {name} has no class_type.", hint="Export it again with 'Export (API)'."
        )
    refuse_unkeepable(data, f"Node {node_id} ({data['class_type']}) of {name}")
    inputs = data.get("inputs", {})
    if not isinstance(inputs, Mapping):
        raise BadInput(f"Node {node_id} of {name} has no inputs.", hint="Export it again with 'Export (API)'.")
    clean: dict[str, Any] = {"class_type": data["class_type"], "inputs": dict(copy.deepcopy(inputs))}
    return clean | ({"_meta": dict(data["_meta"])} if isinstance(data.get("_meta"), Mapping) else {})


def _check_input(name: str, graph: Graph, node_id: str, field: str, value: Any) -> None:
    kind = graph[node_id]["class_type"]
    if is_link(value) and value[0] not in graph:
        raise BadInput(
            f"Node {node_id} ({kind}) of {name} takes its {field} from node {value[0]}, which is not there.",
            hint="Export the whole graph again.",
        )


def _escapes(text: str) -> bool:
    posix, windows = PurePosixPath(text), PureWindowsPath(text)
    return posix.is_absolute() or bool(windows.drive or windows.root) or ".." in (*posix.parts, *windows.parts)


def _refuse_circles(name: str, graph: Graph) -> None:
    needs: dict[str, set[str]] = {node_id: set() for node_id in graph}
    for node_id, _, (source, _) in links(graph):
        needs[node_id].add(source)
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle: Sequence[str] = error.args[1]
        path = " -> ".join(f"{node_id} ({graph[node_id]['class_type']})" for node_id in circle)
        raise BadInput(f"{name} goes round in a circle: {path}.", hint="Break one of these links.") from error
