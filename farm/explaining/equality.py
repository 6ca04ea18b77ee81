"""What a reproduction came to, as one line for a person and a short list of the facts that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.explaining.differences import recorded_once

if TYPE_CHECKING:
    from collections.abc import Mapping

#: `fact` begins with -> how a person calls it; `{}` is the rest
_CALLED = {
    "recipe.": "{}",
    "file_hashes.": "the file {}",
    "renderer_version": "the renderer's version",
    "comfyui_workflow.": "the graph's {}",
    "comfyui_workflow": "the graph",
    "environment.": "the {}",
}
_LONGEST = 48
_NOT_THEN, _NOT_NOW = "not recorded then", "not recorded now"


def sentence(reproduction: Mapping[str, Any]) -> str:
    """`jobs.reproduction` in one line: the equality, its numbers, and what most likely explains it.

    >>> sentence({"equality": "not_compared", "reason": "The original has no take any more."})
    'not compared: The original has no take any more.'
    """
    equality, comparison = reproduction["equality"], reproduction.get("comparison") or {}
    if equality == "identical" and not comparison:
        return f"identical: the same pixels, by the hash that was recorded. {reproduction['reason']}"
    if equality == "identical":
        return f"identical: {_count(comparison)} the same pixels (sha256 {comparison['pixel_sha256'][0]})."
    if equality == "not_compared" and reproduction.get("reason"):
        # Whatever is recorded differently, it is not why nobody compared them.
        return f"not compared: {reproduction['reason'].rstrip('.')}."
    parts = [_numbers(comparison)] if comparison.get("worst_frame") is not None else []
    reason, differing = reproduction.get("reason", ""), reproduction.get("differences") or []
    if reason:
        parts.append(reason.rstrip("."))
    known = [fact for fact in differing if not recorded_once(fact)]
    if known:
        parts.append(explained(known[0]))
    elif differing:
        parts.append(f"no fact that both recorded differs, and {explained(differing[0])}")
    elif comparison:
        parts.append("no recorded fact differs")
    return f"{equality.replace('_', ' ')}: {'; '.join(parts)}."


def explained(fact: Mapping[str, Any]) -> str:
    """One fact that differs, as part of a sentence.

    >>> explained({"fact": "environment.device", "original": "RTX 3090", "again": "RTX 4090"})
    'the device differs: RTX 3090 -> RTX 4090'
    >>> explained({"fact": "environment.device", "original": None, "again": "RTX 4090"})
    'the device was not recorded then'
    """
    name = str(fact["fact"])
    if recorded_once(fact):
        return f"{called(name)} was {_NOT_THEN if fact['original'] in (None, '') else _NOT_NOW}"
    verb = "was changed" if name.startswith("recipe.") else "differs"
    return f"{called(name)} {verb}: {' -> '.join(sides(fact))}"


def sides(fact: Mapping[str, Any]) -> tuple[str, str]:
    """The two values of one fact, for a table's columns: original, again.

    >>> sides({"fact": "environment.device", "original": None, "again": "RTX 4090"})
    ('not recorded then', 'RTX 4090')
    """
    values = (fact["original"], fact["again"])
    if recorded_once(fact):
        words = zip(values, (_NOT_THEN, _NOT_NOW), strict=True)
        original, again = (word if value in (None, "") else shown(value) for value, word in words)
    else:
        original, again = (shown(value) for value in values)
    return original, again


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
        return "none" if value is None else "empty"
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
    # Reproductions of an earlier version have no `spot_error`.
    spot = comparison.get("spot_error")
    local = f", {spot:.2g} in one spot" if spot is not None else ""
    return f"{count}{looks}mean error {comparison['mean_error']:.2g} of 255{local}{where}"
