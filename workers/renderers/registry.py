"""Every renderer by name, and what each can make, without loading any of them.

Light on purpose: admission asks for `capabilities` and `words` in the front, which must never load skia. A
renderer's module is named as text and imported when it is asked to draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module, invalidate_caches
from typing import TYPE_CHECKING, cast

from models.errors import NotHere
from models.nearest import unknown_name
from models.vocabulary import JobType
from workers.renderers.renderer import Capabilities

if TYPE_CHECKING:
    from collections.abc import Hashable

    from workers.renderers.renderer import Renderer
    from workers.renderers.words import Words


@dataclass(frozen=True, slots=True)
class _Entry:
    module: str
    factory: str
    can: Capabilities
    #: the module that knows the words it draws from; empty: it takes any words, as a network does
    words: str = ""


#: fields that only a ComfyUI reads, and what a network is told beside them
_ONLY_COMFYUI = frozenset(
    {"workflow", "workflow_source", "workflow_inputs", "start_image", "sampler_name", "scheduler", "vae_name"}
)
_OF_NETWORKS = frozenset({
    "prompt", "positive_prompt", "negative_prompt", "steps", "cfg_scale", "model_name", "subseed",
    "lora_models", "controlnet_models", "ipadapter_refs",
})  # fmt: skip

#: what only somebody who draws could heed
_OF_DRAWINGS = frozenset({
    "defect", "motion_strength", "scene", "style", "attributes", "variations",
    "location", "time_of_day", "mood", "camera_angle", "camera_move", "action", "dialogue",
})  # fmt: skip

_ENTRIES = {
    "toon": _Entry(
        "workers.renderers.toon.renderer",
        "ToonRenderer",
        Capabilities(
            job_types=tuple(JobType),
            min_side_px=64,
            max_side_px=4096,
            max_frames=3000,
            ignores=_ONLY_COMFYUI | _OF_NETWORKS,
            shown_by=("characters", "location"),
        ),
        words="workers.renderers.toon.undrawn",
    ),
    "comfyui": _Entry(
        "workers.renderers.comfyui.renderer",
        "ComfyUIRenderer",
        Capabilities(
            job_types=tuple(JobType),
            min_side_px=64,
            max_side_px=8192,
            max_frames=1000,
            side_multiple_px=8,
            # What else of an order it ignores, its workflow says: `farm.orders.comfyui.planning`.
            shown_by=(
                *("cut", "characters", "prompt", "location", "time_of_day", "mood", "camera_angle", "action"),
                *("workflow", "workflow_inputs", "start_image", "controlnet_models", "ipadapter_refs"),
            ),
        ),
    ),
    "imported": _Entry(
        "workers.renderers.imported",
        "ImportedRenderer",
        Capabilities(
            job_types=tuple(JobType),
            min_side_px=1,
            max_side_px=16384,
            max_frames=3000,
            # It shows what its file shows.
            ignores=(_ONLY_COMFYUI - {"start_image"}) | _OF_NETWORKS | _OF_DRAWINGS,
        ),
    ),
    "null": _Entry(
        "workers.renderers.null",
        "NullRenderer",
        Capabilities(
            job_types=tuple(JobType), min_side_px=1, max_side_px=4096, max_frames=3000, ignores=_ONLY_COMFYUI
        ),
    ),
}


def names() -> tuple[str, ...]:
    return tuple(_ENTRIES)


def capabilities(name: str) -> Capabilities:
    """What the renderer `name` can make.

    Raises:
        UnknownName: there is no such renderer.
    """
    return _entry(name).can


def words(name: str) -> Words | None:
    """The words that the renderer `name` draws from; None where it takes any.

    Raises:
        UnknownName: there is no such renderer.
    """
    module = _entry(name).words
    return cast("Words", import_module(module)) if module else None


@cache
def renderer(name: str, **equipment: Hashable) -> Renderer:
    """The renderer `name`, loaded once per process; `equipment` is what its own factory asks for.

    Raises:
        UnknownName: there is no such renderer.
        NotHere: a library it needs is missing.
    """
    entry = _entry(name)
    try:
        return cast("Renderer", getattr(import_module(entry.module), entry.factory)(**equipment))
    except ImportError as error:
        # What is installed meanwhile is found the next time.
        invalidate_caches()
        raise NotHere(
            f"The renderer '{name}' cannot be loaded here: {error}.",
            hint="Install the worker extra; skia also needs libEGL and libGL (Debian: libegl1, libgl1).",
        ) from error


def _entry(name: str) -> _Entry:
    entry = _ENTRIES.get(name)
    if entry is None:
        raise unknown_name(name, _ENTRIES, "renderer")
    return entry
