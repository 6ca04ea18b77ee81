"""What a ComfyUI's refusals and errors mean: who may try again, and in which words it is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models.errors import StepFailed
from models.nearest import the_nearest_is
from models.vocabulary import ErrorKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: as CUDA, ROCm, Metal, DirectML and Level Zero say it, torch of the machine's own memory, numpy and Python
_OUT_OF_MEMORY = re.compile(
    r"out of (?:\w+ ){0,2}memory|OutOf\w*Memory|OUT_OF_\w*MEMORY|Allocation on device|can.?t allocate memory"
    r"|cannot allocate memory|not enough (?:\w+ ){0,3}memory|STATUS_ALLOC_FAILED|\bMemoryError\b"
    r"|Unable to allocate",
    re.I,
)
#: the machine's own memory: a bigger card would not help
_HOST_MEMORY = re.compile(r"CPUAllocator|alloc_cpu|\bMemoryError\b|Unable to allocate", re.I)
_DISK_FULL = re.compile(r"No space left on device|Errno 28", re.I)
#: graph errors of a whole prompt that name a node type the server does not have
_UNKNOWN_NODE = re.compile(r"node (?:type )?'?(?P<name>[\w .:+-]+?)'? (?:does not exist|not found)")


def refused(status: int, answer: Mapping[str, Any]) -> StepFailed:
    """Why a graph was not accepted, from the answer to POST /prompt."""
    # Whatever stands between here and ComfyUI may answer too, in a shape of its own.
    node_errors = {number: _mapping(node) for number, node in _mapping(answer.get("node_errors")).items()}
    sentences = list(_node_sentences(node_errors))
    error = answer.get("error") or {}
    error = {"message": error} if isinstance(error, str) else _mapping(error)
    if missing := _missing_value(node_errors):
        return StepFailed(missing[0], error_kind=ErrorKind.MISSING_CHECKPOINT, hint=missing[1])
    unknown = _UNKNOWN_NODE.search(str(error.get("message", "")))
    if error.get("type") == "missing_node_type" or unknown:
        class_type = _mapping(error.get("extra_info")).get("class_type")
        name = class_type or (unknown and unknown["name"]) or "of the graph"
        return StepFailed(
            f"This ComfyUI has no node {name}.",
            error_kind=ErrorKind.MISSING_CHECKPOINT,
            hint="Install the custom node there, or order another workflow.",
        )
    what = (
        " ".join(sentences) or f"{error.get('message', 'no reason given')} {error.get('details', '')}".strip()
    )
    return StepFailed(f"ComfyUI refused the graph ({status}): {what}", error_kind=ErrorKind.BAD_RECIPE)


def failed(messages: Iterable[Sequence[Any]]) -> StepFailed:
    """Why a prompt that ran ended badly, from the messages of its history."""
    events = {str(name): event for name, event in messages}
    if "execution_interrupted" in events:
        return StepFailed(
            "The prompt was interrupted at ComfyUI by somebody else.", error_kind=ErrorKind.WORKER_LOST
        )
    error = events.get("execution_error") or {}
    where = f"{error.get('node_type', 'a node')} (node {error.get('node_id', '?')})"
    message = str(error.get("exception_message", "no reason given")).strip()
    text = f"{error.get('exception_type', '')} {message}"
    first = message.splitlines()[0] if message else "no reason given"
    if _HOST_MEMORY.search(text) and _OUT_OF_MEMORY.search(text):
        return StepFailed(
            f"The machine ran out of memory in {where}.",
            error_kind=ErrorKind.OUT_OF_MEMORY,
            hint="Order a smaller picture or fewer frames, or give ComfyUI's machine more memory.",
        )
    if _OUT_OF_MEMORY.search(text):
        return StepFailed(
            f"The card ran out of memory in {where}.",
            error_kind=ErrorKind.OUT_OF_MEMORY,
            hint="A bigger card is tried; the picture is never made smaller by itself.",
        )
    kind = ErrorKind.DISK_FULL if _DISK_FULL.search(text) else ErrorKind.BUG
    return StepFailed(f"{where} failed: {first}", error_kind=kind, hint="ComfyUI's log holds the traceback.")


def _mapping(answer: Any) -> Mapping[str, Any]:
    return answer if isinstance(answer, Mapping) else {}


def _missing_value(node_errors: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first file or name that a node's list does not hold, and the nearest that it does."""
    for node in node_errors.values():
        for error in node.get("errors", []):
            if error.get("type") != "value_not_in_list":
                continue
            info = error.get("extra_info") or {}
            name, value = str(info.get("input_name", "value")), str(info.get("received_value", ""))
            listed = (info.get("input_config") or [[]])[0]
            known = [str(item) for item in listed] if isinstance(listed, list) else []
            hint = the_nearest_is(value, known, otherwise="Put the file there and order again.")
            return f"{node.get('class_type', 'A node')} has no {name} '{value}' at this ComfyUI.", hint
    return None


def _node_sentences(node_errors: Mapping[str, Any]) -> Iterable[str]:
    for number, node in node_errors.items():
        for error in node.get("errors", []):
            details = f": {error['details']}" if error.get("details") else ""
            kind, message = node.get("class_type", "node"), error.get("message", "error")
            yield f"{kind} (node {number}) - {message}{details}."
