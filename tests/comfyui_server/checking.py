"""What the stand-in refuses before it queues a graph, in the words of the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.comfyui_server.nodes import NODES

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: (error of the whole prompt or None, errors by node, the output nodes that would run)
    Checked = tuple[dict[str, Any] | None, dict[str, Any], list[str]]


def checked(graph: dict[str, Any], uploaded: list[str]) -> Checked:
    """Hold a graph against the node table; `uploaded` are the pictures that loaders may name."""
    for node_id, node in graph.items():
        if (kind := node.get("class_type")) not in NODES:
            message = f"Cannot execute because node {kind} does not exist."
            return _error("invalid_prompt", message, f"Node ID '#{node_id}'"), {}, []
    outputs = [node_id for node_id, node in graph.items() if NODES[node["class_type"]]["output_node"]]
    if not outputs:
        return _error("prompt_no_outputs", "Prompt has no outputs"), {}, []
    node_errors = {
        node_id: {"errors": errors, "dependent_outputs": outputs, "class_type": node["class_type"]}
        for node_id, node in graph.items()
        if (errors := list(_node_errors(node, uploaded)))
    }
    if node_errors:
        return _error("prompt_outputs_failed_validation", "Prompt outputs failed validation"), node_errors, []
    return None, {}, outputs


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
            told = _error("value_not_in_list", "Value not in list", f"{name}: '{value}'")
            yield told | {"extra_info": info}
        if known in ("INT", "FLOAT") and not config[1]["min"] <= value <= config[1]["max"]:
            told = _error("value_out_of_range", "Value out of range", f"{name}: {value}")
            yield told | {"extra_info": info}
