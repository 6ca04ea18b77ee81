"""What the stand-in refuses before it queues a graph, in the words of the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.comfyui_server.nodes import NODES

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: (error of the whole prompt or None, errors by node, the output nodes that would run)
    Checked = tuple[dict[str, Any] | None, dict[str, Any], list[str]]


def checked(graph: dict[str, Any], uploaded: list[str], version: str) -> Checked:
    """Hold a graph against the node table; `uploaded` are the pictures that loaders may name.

    Outputs that can be made are made, whatever is wrong with the others: the errors then come with a 200.
    """
    for node_id, node in graph.items():
        if (kind := node.get("class_type")) not in NODES:
            return _unknown_node(str(kind), node_id, version), {}, []
    outputs = [node_id for node_id, node in graph.items() if NODES[node["class_type"]]["output_node"]]
    if not outputs:
        return _error("prompt_no_outputs", "Prompt has no outputs"), {}, []
    needed = {output: upstream(graph, output) for output in outputs}
    node_errors = {
        node_id: {
            "errors": errors,
            "dependent_outputs": [output for output in outputs if node_id in needed[output]],
            "class_type": node["class_type"],
        }
        for node_id, node in graph.items()
        if any(node_id in nodes for nodes in needed.values()) and (errors := [*_node_errors(node, uploaded)])
    }
    good = [output for output in outputs if not needed[output] & node_errors.keys()]
    if not good:
        return _error("prompt_outputs_failed_validation", "Prompt outputs failed validation"), node_errors, []
    return None, node_errors, good


def _unknown_node(kind: str, node_id: str, version: str) -> dict[str, Any]:
    if version.startswith("0.3."):
        message = f"Cannot execute because node {kind} does not exist."
        return _error("invalid_prompt", message, f"Node ID '#{node_id}'")
    message = f"Node '{kind}' not found. The custom node may not be installed."
    told = _error("missing_node_type", message, f"Node ID '#{node_id}'")
    return told | {"extra_info": {"node_id": node_id, "class_type": kind, "node_title": kind}}


def upstream(graph: dict[str, Any], node_id: str) -> set[str]:
    """The node and all it takes something from."""
    found, left = set(), [node_id]
    while left:
        if (here := left.pop()) not in found:
            found.add(here)
            left += [value[0] for value in graph[here]["inputs"].values() if isinstance(value, list)]
    return found


def prompt_id_error(prompt_id: str, version: str) -> dict[str, Any] | None:
    """Later releases take a caller's id only where it is a UUID as `str(uuid4())` writes it."""
    if version.startswith("0.3."):
        return None
    try:
        is_good = str(UUID(prompt_id)) == prompt_id
    except ValueError:
        is_good = False
    return None if is_good else _error("invalid_prompt_id", "prompt_id must be a valid UUID", "canonical form")


def _error(kind: str, message: str, details: str = "") -> dict[str, Any]:
    return {"type": kind, "message": message, "details": details, "extra_info": {}}


def _node_errors(node: dict[str, Any], uploaded: list[str]) -> Iterator[dict[str, Any]]:
    for name, config in NODES[node["class_type"]]["input"]["required"].items():
        info = {"input_name": name, "input_config": config}
        if name not in node["inputs"]:
            yield _error("required_input_missing", "Required input is missing", name) | {"extra_info": info}
            continue
        value = node["inputs"][name]
        if isinstance(value, list):
            continue
        known = uploaded if config == ["FILE"] else config[0]
        if isinstance(known, list) and value not in known:
            info = {**info, "input_config": [known, {}], "received_value": value}
            told = _error("value_not_in_list", "Value not in list", f"{name}: '{value}' not in {known}")
            yield told | {"extra_info": info}
        if known in ("INT", "FLOAT") and not config[1]["min"] <= value <= config[1]["max"]:
            told = _error("value_out_of_range", "Value out of range", f"{name}: {value}")
            yield told | {"extra_info": info}
