"""What is recorded differently of two takes' making, with what most likely explains other pixels first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from db.catalogue import MadeTake

#: names the job's own folder, so it differs in every graph
_NAMES_ITS_FILES = "filename_prefix"
#: facts of the environment whose names hold these words, those that most likely explain other pixels first
_LIKELY = ("device", "driver", "cuda", "gpu", "vram", "comfyui", "torch", "skia", "numpy")
#: told by the recipe and by a column of its own
_TOLD_ELSEWHERE = frozenset({"renderer", "renderer_version"})
_GRAPH = "comfyui_workflow"
#: facts that may be missing because nobody recorded them; a field of a recipe or a graph is just absent
_RECORDED = ("file_hashes.", "renderer_version", "environment.")
_EXACT = 2**53


def differences(
    original: MadeTake, again: MadeTake, changed: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Every recorded fact that differs, as `{fact, original, again}`; seeds also as texts, in `..._text`.

    In this order: recipe fields that were changed, files of weights, the renderer's version, the graph, the
    environment with the hardware first. Then, in the same order, what only one of the two recorded, because
    it explains nothing; see `recorded_once`. There the other's value is None or empty.
    """
    recipe = [_fact(f"recipe.{name}", *values) for name, values in (changed or {}).items()]
    versions = ({"renderer_version": take.renderer_version} for take in (original, again))
    environment = _differing("environment.", original.environment, again.environment)
    differing = [
        *recipe,
        *_differing("file_hashes.", original.file_hashes, again.file_hashes),
        *_differing("", *versions),
        *_graphs(original.comfyui_workflow, again.comfyui_workflow),
        *sorted((fact for fact in environment if _word(fact) not in _TOLD_ELSEWHERE), key=_rank),
    ]
    return sorted(differing, key=recorded_once)


def recorded_once(fact: Mapping[str, Any]) -> bool:
    """Whether only one of the two takes recorded this fact, so that nobody knows whether it differs.

    >>> recorded_once({"fact": "file_hashes.aiko.safetensors", "original": "", "again": "0e1f"})
    True
    >>> recorded_once({"fact": "recipe.negative_prompt", "original": "", "again": "blurry"})
    False
    """
    name = str(fact["fact"])
    is_missing = _is_unknown(fact["original"]) or _is_unknown(fact["again"])
    return is_missing and (name == _GRAPH or name.startswith(_RECORDED))


def _is_unknown(value: Any) -> bool:
    return value is None or value == ""


def _word(fact: Mapping[str, Any]) -> str:
    """The fact's name within its group."""
    return str(fact["fact"]).partition(".")[2]


def _rank(fact: Mapping[str, Any]) -> tuple[int, str]:
    name = _word(fact)
    return next((place for place, word in enumerate(_LIKELY) if word in name), len(_LIKELY)), name


def _graphs(original: Mapping[str, Any] | None, again: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
    """Inputs that differ; a graph that only one of them recorded is one fact, not one for each input."""
    if original and again:
        yield from _differing(f"{_GRAPH}.", _inputs(original), _inputs(again))
    elif original or again:
        yield _fact(_GRAPH, *(f"{len(graph)} nodes" if graph else None for graph in (original, again)))


def _inputs(graph: Mapping[str, Any]) -> dict[str, Any]:
    """`node.input` -> value of a ComfyUI graph, and `node.class_type`."""
    inputs: dict[str, Any] = {}
    for number, node in graph.items():
        inputs[f"{number}.class_type"] = node.get("class_type")
        for name, value in node.get("inputs", {}).items():
            if name != _NAMES_ITS_FILES:
                inputs[f"{number}.{name}"] = value
    return inputs


def _differing(prefix: str, original: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys((*original, *again)):
        before, after = original.get(name), again.get(name)
        fact = _fact(f"{prefix}{name}", before, after)
        # A hash that could not be taken is stored empty: unknown on both sides is no difference.
        is_unknown = fact["fact"].startswith(_RECORDED) and _is_unknown(before) and _is_unknown(after)
        if before != after and not is_unknown:
            yield fact


def _fact(name: str, original: Any, again: Any) -> dict[str, Any]:
    fact = {"fact": name, "original": original, "again": again}
    if any(isinstance(value, int) and abs(value) > _EXACT for value in (original, again)):
        # JavaScript rounds larger whole numbers, and seeds go to 2^64 - 1.
        fact |= {"original_text": str(original), "again_text": str(again)}
    return fact
