"""What a reproduction came to, as one line for a person and a short list of the facts that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: `fact` begins with -> how a person calls it; `{}` is the rest
_CALLED = {
    "recipe.": "{}",
    "file_hashes.": "the file {}",
    "renderer_version": "the renderer's version",
    "comfyui_workflow.": "the graph's {}",
    "environment.": "the {}",
}
_LONGEST = 48


def sentence(told: Mapping[str, Any]) -> str:
    """`jobs.reproduction` in one line: the equality, its numbers, and what most likely explains it.

    >>> sentence({"equality": "not_compared", "reason": "The original has no take any more."})
    'not compared: The original has no take any more.'
    """
    equality, comparison = told["equality"], told.get("comparison") or {}
    if equality == "identical":
        return f"identical: {_count(comparison)} the same pixels (sha256 {comparison['pixel_sha256'][0]})."
    parts = [_numbers(comparison)] if comparison.get("worst_frame") is not None else []
    reason, differing = told.get("reason", ""), told.get("differences") or []
    if reason:
        parts.append(reason.rstrip("."))
    if differing:
        parts.append(explained(differing[0]))
    elif comparison:
        parts.append("no recorded fact differs")
    return f"{equality.replace('_', ' ')}: {'; '.join(parts)}."


def explained(fact: Mapping[str, Any]) -> str:
    """One fact that differs, as part of a sentence.

    >>> explained({"fact": "environment.device", "original": "RTX 3090", "again": "RTX 4090"})
    'the device differs: RTX 3090 -> RTX 4090'
    """
    name = str(fact["fact"])
    verb = "was changed" if name.startswith("recipe.") else "differs"
    return f"{called(name)} {verb}: {shown(fact['original'])} -> {shown(fact['again'])}"


def called(name: str) -> str:
    """A recorded fact as people call it.

    >>> called("file_hashes.aiko.safetensors"), called("recipe.seed")
    ('the file aiko.safetensors', 'seed')
    """
    for prefix, words in _CALLED.items():
        if name.startswith(prefix):
            return words.format(name.removeprefix(prefix))
    return name


def shown(value: Any) -> str:
    """A recorded value, short enough for a line."""
    if value in (None, ""):
        return "unknown"
    text = str(value)
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return text[:12]
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _count(comparison: Mapping[str, Any]) -> str:
    ordered, equal = comparison["frames"][0], comparison["equal_frames"]
    return f"{equal} of {ordered} {'frame has' if ordered == 1 else 'frames have'}"


def _numbers(comparison: Mapping[str, Any]) -> str:
    ordered = comparison["frames"][0]
    lpips = comparison.get("lpips")
    looks = f"LPIPS {lpips:.3g} at most, " if lpips is not None else ""
    where = f", worst in frame {comparison['worst_frame']}" if ordered > 1 else ""
    count = f"{ordered - comparison['equal_frames']} of {ordered} frames differ, " if ordered > 1 else ""
    return f"{count}{looks}mean error {comparison['mean_error']:.2g} of 255{where}"
