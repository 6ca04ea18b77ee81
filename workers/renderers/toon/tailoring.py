"""The pieces every garment is sewn from: patches, bows, open collars, printed blossoms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workers.renderers.toon.brush import Brush, Point, box, ellipse, smooth
from workers.renderers.toon.palette import Rgb, ink, lighter, shadow

if TYPE_CHECKING:
    from workers.renderers.toon.design import Design
    from workers.renderers.toon.torso import Torso


def patch(brush: Brush, path: Any, color: Rgb, width: float = 3.0, clip: Any = None) -> None:
    """A piece of cloth with its seam."""
    brush.fill(path, color, clip=clip)
    brush.outline(path, ink(color), width, clip=clip)


def bow(brush: Brush, color: Rgb, at: Point, sway: float, squeeze: float, size: float = 1.0) -> None:  # noqa: PLR0917 - one drawing, its whole context
    """A bow with two loops and two tails; `squeeze` narrows it on a turned trunk."""
    x, y = at
    for side in (-1, 1):
        s = side * squeeze * size
        tail = smooth([(x, y), (x + s * 10, y + 44 * size), (x + s * 30 + sway, y + 92 * size),
                       (x + s * 8 + sway, y + 86 * size)], tension=0.6)  # fmt: skip
        patch(brush, tail, shadow(color, 0.6), 2.6)
        loop = smooth(
            [
                (x, y),
                (x + s * 28, y - 22 * size),
                (x + s * 56, y - 18 * size),
                (x + s * 58, y + 22 * size),
                (x + s * 30, y + 18 * size),
            ]
        )
        brush.fill(loop, color)
        brush.shade(
            smooth([(x, y + 2), (x + s * 56, y + 4), (x + s * 60, y + 30), (x + s * 20, y + 26)]),
            shadow(color),
            clip=loop,
        )
        brush.outline(loop, ink(color), 2.8)
    patch(brush, box(x - 9, y - 11, x + 9, y + 13, 6), lighter(color, 0.1), 2.6)


def squeeze(torso: Torso) -> float:
    """How narrow things on the front look on a turned trunk."""
    return torso.turn.keyed(1.0, 0.78, 0.4)


def skin_v(brush: Brush, design: Design, torso: Torso, low: float, wide: float) -> None:
    """The throat inside a collar."""
    v = smooth([torso.at(-wide * 0.7, 158), torso.at(wide * 0.7, 158), torso.at(0.0, low)], tension=0.3)
    brush.fill(v, design.skin)
    brush.ink([torso.at(-wide * 0.5, low - 42), torso.at(-0.06, low - 26)], shadow(design.skin), 3)


def draw_blossoms(brush: Brush, design: Design, places: list[Point], clip: object) -> None:
    for x, y in places:
        for j in range(5):
            a = j * 2 * math.pi / 5
            brush.fill(
                ellipse(x + 12 * math.cos(a), y + 12 * math.sin(a), 9, 9),
                lighter(design.accent, 0.45),
                clip=clip,
            )
        brush.fill(ellipse(x, y, 5, 5), design.accent, clip=clip)
