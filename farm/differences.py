"""What is recorded differently of two takes' making, with what most likely explains other pixels first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from db.catalogue_reproductions import MadeTake

#: names the job's own folder, so it differs in every graph
_NAMES_ITS_FILES = "filename_prefix"
#: facts of the environment whose names hold these words, those that most likely explain other pixels first
_LIKELY = ("device", "driver", "cuda", "gpu", "vram", "comfyui", "torch", "skia", "numpy")
#: told by the recipe and by a column of its own
_TOLD_ELSEWHERE = frozenset({"renderer", "renderer_version"})
_EXACT = 2**53


def differences(
    original: MadeTake, again: MadeTake, changed: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Every recorded fact that differs, as `{fact, original, again}`; seeds also as texts, in `..._text`.

    In this order: recipe fields that were changed, files of weights, the renderer's version, the graph, then
    the environment with the hardware first. A fact that only one of the two records is None in the other.
    """
    recipe = [_fact(f"recipe.{name}", *values) for name, values in (changed or {}).items()]
    versions = ({"renderer_version": made.renderer_version} for made in (original, again))
    environment = _differing("environment.", original.environment, again.environment)
    return [
        *recipe,
        *_differing("file_hashes.", original.file_hashes, again.file_hashes),
        *_differing("", *versions),
        *_differing("comfyui_workflow.", *(_inputs(made.comfyui_workflow) for made in (original, again))),
        *sorted((found for found in environment if _word(found) not in _TOLD_ELSEWHERE), key=_rank),
    ]


def _word(found: Mapping[str, Any]) -> str:
    """The fact's name within its group."""
    return str(found["fact"]).partition(".")[2]


def _rank(found: Mapping[str, Any]) -> tuple[int, str]:
    name = _word(found)
    return next((place for place, word in enumerate(_LIKELY) if word in name), len(_LIKELY)), name


def _inputs(graph: Mapping[str, Any] | None) -> dict[str, Any]:
    """`node.input` -> value of a ComfyUI graph, and `node.class_type`."""
    found: dict[str, Any] = {}
    for node, told in (graph or {}).items():
        found[f"{node}.class_type"] = told.get("class_type")
        for name, value in told.get("inputs", {}).items():
            if name != _NAMES_ITS_FILES:
                found[f"{node}.{name}"] = value
    return found


def _differing(prefix: str, original: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys((*original, *again)):
        before, after = original.get(name), again.get(name)
        if before != after:
            yield _fact(f"{prefix}{name}", before, after)


def _fact(name: str, original: Any, again: Any) -> dict[str, Any]:
    told = {"fact": name, "original": original, "again": again}
    if any(isinstance(value, int) and abs(value) > _EXACT for value in (original, again)):
        # JavaScript rounds larger whole numbers, and seeds go to 2^64 - 1.
        told |= {"original_text": str(original), "again_text": str(again)}
    return told
