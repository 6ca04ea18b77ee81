"""The light over a whole frame: the figures' tint, sun and moon, mood, the show's palette, a vignette."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import skia

from workers.renderers.toon.brush import Brush, box, glow, gradient
from workers.renderers.toon.palette import Light, Rgb, from_hex
from workers.renderers.toon.scene_words import PRIMARY

if TYPE_CHECKING:
    from workers.renderers.toon.stage import Stage

_MOODS: dict[str, tuple[Rgb, float]] = {
    "melancholic": ((96, 120, 176), 0.11),
    "tense": ((40, 20, 70), 0.14),
    "romantic": ((255, 150, 186), 0.09),
    "cheerful": ((255, 240, 190), 0.05),
}


@lru_cache(maxsize=16)
def tint_filter(light: Light) -> Any:
    """A colour filter that puts a figure into `light`: multiplied by its tint, moved towards its ambience."""
    keep = 1 - light.ambient_share
    rows: list[float] = []
    for channel in range(3):
        row = [0.0] * 5
        row[channel] = light.tint[channel] / 255 * keep
        row[4] = light.ambient[channel] / 255 * light.ambient_share
        rows += row
    return skia.ColorFilters.Matrix([*rows, 0, 0, 0, 1, 0])


def forget() -> None:
    """Make every filter anew, as a cold render asks for."""
    tint_filter.cache_clear()


def draw_atmosphere(canvas: Any, stage: Stage) -> None:
    """The last washes over set and figures alike, so that they share one air."""
    w, h = stage.recipe.width, stage.recipe.height
    brush, whole = Brush(canvas), box(0, 0, w, h)
    time_of_day = stage.words.time_of_day
    if time_of_day in ("sunset", "morning"):
        near, far = (w, 0) if stage.light.side > 0 else (0, w)
        strength = 0.17 if time_of_day == "sunset" else 0.1
        warm: Rgb = (255, 186, 104) if time_of_day == "sunset" else (255, 240, 200)
        brush.wash(
            whole, gradient((near, 0), (far, h), [(0, warm, strength), (0.7, warm, 0.0), (1, warm, 0.0)])
        )
    elif time_of_day == "night":
        brush.wash(whole, gradient((0, 0), (0, h), [(0, (20, 26, 84), 0.1), (1, (20, 26, 84), 0.02)]))
    if stage.words.mood in _MOODS:
        color, share = _MOODS[stage.words.mood]
        brush.fill(whole, color, share)
    primary = from_hex(stage.recipe.style.color_palette.get(PRIMARY, ""))
    if primary:
        brush.fill(whole, primary, 0.07)
    dark = 0.3 if stage.words.mood == "tense" else 0.15
    edge: Rgb = (24, 14, 50)
    brush.wash(
        whole,
        glow(
            (w / 2, h * 0.46), 0.74 * (w * w + h * h) ** 0.5, [(0, edge, 0), (0.58, edge, 0), (1, edge, dark)]
        ),
    )
