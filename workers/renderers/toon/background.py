"""The set behind the characters as flat layers of different depth, painted once per take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import skia

from workers.renderers.toon.brush import Brush, box, gradient

if TYPE_CHECKING:
    from workers.renderers.toon.stage import Stage

MARGIN = 1.4
"""Layers are this much larger than the frame, so that a moving camera finds paint everywhere."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One painted depth; `depth` 0 is infinitely far, 1 moves with the characters."""

    image: Any
    depth: float


def paint_layers(stage: Stage) -> list[Layer]:
    """The layers of the take's location, the farthest first."""
    width, height = stage.recipe.width, stage.recipe.height
    surface = skia.Surface(int(width * MARGIN) + 2, int(height * MARGIN) + 2)
    brush = Brush(surface.getCanvas())
    top, middle, low = stage.light.sky
    h = height * MARGIN
    brush.wash(
        box(0, 0, width * MARGIN + 2, h + 2),
        gradient((0, 0), (0, h), [(0, top, 1), (0.5, middle, 1), (1, low, 1)]),
    )
    return [Layer(surface.makeImageSnapshot(), 0.2)]
